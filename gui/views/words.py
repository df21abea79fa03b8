"""What the bundle's names are called in the window: a musician's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gui.models import Phase

SLIDERS: Mapping[str, tuple[str, str]] = {
    "density": ("Density", "Few hits to many"),
    "syncopation": ("Syncopation", "On the beat to against it"),
    "swing": ("Swing", "Straight or rushed sixteenths to swung ones"),
    "intensity": ("Intensity", "Soft to loud"),
    "ghosts": ("Ghost notes", "Plain backbeats to ghost notes on the snare"),
    "fill": ("Fill", "The groove to its end, to a fill on toms and crashes in bar 4"),
    "ride": ("Hats to ride", "Time on the hats to time on the ride"),
    "looseness": ("Looseness", "Tight timing to loose"),
}
"""The sliders that calibration knows, in its order: the title, and what it does from left to right."""

_TITLES = {
    "temperature": "Freedom",
    "tap": "Tap tempo",
    "map x": "Map, left to right",
    "map y": "Map, down to up",
    "path bars": "Path, bars",
    "morph bars": "Morph, bars",
    "wander bars": "Wander, bars",
    "last bars": "Last bars",
    "clock out": "MIDI clock out",
    "pin": "Pin what plays",
    "give back": "Give back changes",
    "morph from here": "Morph, take A",
    "morph to here": "Morph, take B",
}
_STYLES = {
    "afrocuban": "Afro-Cuban",
    "hiphop": "Hip-hop",
    "middleeastern": "Middle Eastern",
    "neworleans": "New Orleans",
}


def slider_words(name: str) -> tuple[str, str]:
    """A named slider's title, and what it does; for one that is not known, its own name for both."""
    return SLIDERS.get(name, (name.capitalize(), name.capitalize()))


def waiting(name: str, presses: bool, heard: bool) -> str:
    """What a control that waits for a controller says; `presses`: it is a button; `heard`: a port is."""
    what = "hit a pad or a button" if presses else "turn a knob or fader, both ways"
    port = "" if heard else "choose your controller under “Heard on”, then "
    return f"{target_title(name)}: {port}{what}. Esc ends."


def target_title(name: str) -> str:
    """What one calls a thing that a controller moves."""
    if name in SLIDERS:
        return SLIDERS[name][0]
    if re.fullmatch(r"z\d+", name):
        return f"Raw axis {name}"
    if (of := name.removeprefix("stay ")) != name:
        return f"{target_title(of)}: stay"
    for step, of in (("next", name.removeprefix("next ")), ("before", name.removesuffix(" before"))):
        if of != name and of in _TITLES:
            return f"{_TITLES[of]}: {step}"
    return _TITLES.get(name, name.capitalize())


def style_word(name: str) -> str:
    """A style's name as one writes it."""
    return _STYLES.get(name, name.capitalize())


def unready(phase: Phase) -> str:
    """Why nothing can be done before the model is there."""
    failed = phase is Phase.FAILED
    return (
        "There is no drummer yet: see the line at the bottom." if failed else "The drummer is still loading."
    )
