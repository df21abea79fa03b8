"""The window's colours, dark and light: a stage is dark, a room in daylight is not.

A colour means one thing: four for the families of voices, one for "now", one for "next", one for "attention".
Text on its ground has a contrast of 4.5 : 1 or more, a mark 3 : 1 (WCAG 2.1, 1.4.3 and 1.4.11): a test
holds them to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.groove import Voice


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as "#rrggbb"; grounds first, then what is drawn on them.

    styles   for the map, in the order of the bundle's styles, whose names stand beside them
    """

    ground: str
    panel: str
    well: str
    groove: str
    beat_shade: str
    control: str
    control_hover: str
    now_ground: str
    attention_ground: str
    line: str
    bar_line: str
    edge: str
    text: str
    dim: str
    faint: str
    now: str
    next: str
    attention: str
    focus: str
    skins: str
    cymbals: str
    toms: str
    crash: str
    styles: tuple[str, ...]

    @property
    def voices(self) -> Mapping[Voice, str]:
        """The colour of each voice: that of its family."""
        return {
            Voice.KICK: self.skins,
            Voice.SNARE: self.skins,
            Voice.CLOSED_HAT: self.cymbals,
            Voice.OPEN_HAT: self.cymbals,
            Voice.RIDE: self.cymbals,
            Voice.LOW_TOM: self.toms,
            Voice.MID_TOM: self.toms,
            Voice.HIGH_TOM: self.toms,
            Voice.CRASH: self.crash,
        }


DARK = Palette(
    ground="#14171c",
    panel="#1b1f26",
    well="#0e1115",
    groove="#0e1115",
    beat_shade="#14181e",
    control="#272d36",
    control_hover="#303743",
    now_ground="#1d4a30",
    attention_ground="#3a1f1f",
    line="#262c35",
    bar_line="#4b5564",
    edge="#3a4350",
    text="#eceff4",
    dim="#a3adba",
    faint="#6b7685",
    now="#4ade80",
    next="#ff9ad5",
    attention="#ff7a6b",
    focus="#8fb8ff",
    skins="#f2a65a",
    cymbals="#6fd3e3",
    toms="#c4a5ff",
    crash="#f2dd72",
    styles=(
        "#6fd3e3",
        "#f2a65a",
        "#c4a5ff",
        "#f2dd72",
        "#8fb8ff",
        "#9be28f",
        "#ff9d9d",
        "#e6b8e8",
        "#b9c98a",
        "#7fd1b9",
    ),
)

LIGHT = Palette(
    ground="#e9ecf0",
    panel="#f3f5f7",
    well="#ffffff",
    groove="#d3d9e0",
    beat_shade="#f4f6f8",
    control="#ffffff",
    control_hover="#e6eaef",
    now_ground="#cdeed8",
    attention_ground="#fbe0dd",
    line="#dde2e8",
    bar_line="#9aa4b1",
    edge="#bcc4ce",
    text="#161a20",
    dim="#4b5563",
    faint="#76808d",
    now="#0b6b2e",
    next="#b3127a",
    attention="#b3261e",
    focus="#1f5fc4",
    skins="#a14a00",
    cymbals="#006577",
    toms="#6a3cc2",
    crash="#756000",
    styles=(
        "#006577",
        "#a14a00",
        "#6a3cc2",
        "#756000",
        "#1f5fc4",
        "#2c7022",
        "#b3333b",
        "#93388f",
        "#5a6a16",
        "#0f6b56",
    ),
)
