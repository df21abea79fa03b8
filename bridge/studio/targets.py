"""What a controller can move: every dial and button of the desk under a name that is kept in files.

dials      the named sliders (`density`), the raw axes (`z1`), `temperature`, `morph`, `tempo`, `seed`,
           `wander amount`, `latency`, the place on the map: `map x`, `map y`; for each voice `level kick`
buttons    `play`, `stop`, `panic`, `new idea`, `fill`, `undo`, `redo`, `wander`, `tap`, `morph by itself`,
           `morph from here`, `morph to here`; `flag`, `next flag`, `flag before`, `follow the path`,
           `path goes around` on the map; `reset sliders`, `give back` what was changed by hand, `pin`; when
           changes are heard: `swap now`, `swap step`, `swap bar`, `swap loop`; and for each voice
           `mute kick`, `solo kick`, `lock kick`; for each slider and raw axis `stay density`: it stays
           while others wander
choices    a dial and two buttons each (`style`, `next style`, `style before`): `style`, `path bars`,
           `morph bars`, `wander bars`, `sync`, `drum sound`, `count-in`, `clock out`
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bridge.groove import Voice
from bridge.model import Settings
from bridge.model.settings import AXIS_RANGE, NAMED_RANGE, TEMPERATURE_RANGE
from bridge.player.limits import MAX_COUNT_IN, MAX_LATENCY_MS, MAX_TRIM
from bridge.player.messages import SoundWhen, SwapAt, Sync
from bridge.studio import gestures
from bridge.studio.dials import Dial, Press, Target, choice, dial
from bridge.studio.journey import Journey
from bridge.studio.morphing import BARS, Morpher
from bridge.studio.path import LEGS
from bridge.studio.sketch import Sketch
from bridge.studio.studio import Studio
from bridge.studio.sway import PACES
from bridge.studio.taps import Taps
from bridge.studio.wander import Wander
from bridge.timing import MAX_BPM, MIN_BPM

PlaceOf = Callable[[Sketch], tuple[float, float] | None]
FADER_SEEDS = (0.0, 127.0)
"""The seeds at the ends of a fader: each of its places is one. An encoder goes on from there."""
FADER_BPM = (60.0, 188.0)
"""The tempo at the ends of a fader: one of 128 places moves by about one BPM."""
CLOCKS_OUT = ((False, False), (True, False), (True, True))
"""(clock is sent, also while the song stands)"""


def targets(
    studio: Studio,
    sliders: Sequence[str] = (),
    axes: Sequence[str] = (),
    morpher: Morpher | None = None,
    coordinates: Callable[[Settings], Mapping[str, float]] = lambda _: {},
    wander: Wander | None = None,
    place_of: PlaceOf | None = None,
    journey: Journey | None = None,
    styles: Sequence[str] = (),
) -> dict[str, Target]:
    """All that there is on a desk, in the order of a list of it.

    coordinates   where the axes lie that nobody holds; where it is not known, a knob takes them from
                  anywhere
    journey       the path over the map, where there is one
    styles        what the model can be asked for
    place_of      where on the map a sketch lies; None where the model has no map
    """
    dials: dict[str, Target] = {name: _slider(studio, name) for name in sliders}
    dials["temperature"] = dial(
        lambda: studio.state.settings.temperature, studio.set_temperature, TEMPERATURE_RANGE, 0.02
    )
    if morpher is not None:
        dials["morph"] = dial(lambda: morpher.morphing.share, morpher.move, (0.0, 1.0), 0.02)
        dials["morph from here"] = Press(morpher.take_a)
        dials["morph to here"] = Press(morpher.take_b)
        dials["morph by itself"] = Press(partial(_ride, morpher))
        dials |= choice("morph bars", BARS, lambda: morpher.morphing.bars, morpher.set_bars)
    dials["tempo"] = Dial(
        lambda: studio.state.bpm,
        lambda bpm: studio.set_tempo(round(bpm, 1)),
        *FADER_BPM,
        1.0,
        (MIN_BPM, MAX_BPM),
    )
    dials["seed"] = Dial(
        lambda: float(studio.state.settings.seed),
        lambda seed: studio.set_seed(round(seed)),
        *FADER_SEEDS,
        1.0,
        (0.0, float(2**31 - 1)),
    )
    if place_of is not None:
        dials |= {"map x": _along(studio, place_of, 0), "map y": _along(studio, place_of, 1)}
        dials["flag"] = Press(partial(_flag, studio, place_of))
        dials["next flag"] = Press(partial(gestures.next_flag, studio))
        dials["flag before"] = Press(partial(gestures.next_flag, studio, -1))
    if journey is not None and place_of is not None:
        dials |= _path(journey)
    dials |= {name: _axis(studio, name, coordinates) for name in axes}
    if wander is not None:
        dials["wander amount"] = dial(
            lambda: wander.wandering.manner.amount, wander.set_amount, (0.0, 1.0), 0.02
        )
        dials["wander"] = Press(wander.toggle)
        dials |= {f"stay {name}": Press(partial(_stay, wander, name)) for name in (*sliders, *axes)}
        dials |= choice("wander bars", PACES, lambda: wander.wandering.manner.bars, wander.set_bars)
    dials |= {f"level {voice.title}": _level(studio, voice) for voice in Voice}
    return dials | _choices(studio, styles) | _buttons(studio)


def _stay(wander: Wander, name: str) -> None:
    wander.set_still(name, name not in wander.wandering.still)


def _slider(studio: Studio, name: str) -> Dial:
    return dial(
        lambda: studio.state.settings.sliders.get(name, 0.0),
        partial(studio.set_slider, name),
        NAMED_RANGE,
        0.02,
    )


def _axis(studio: Studio, name: str, coordinates: Callable[[Settings], Mapping[str, float]]) -> Dial:
    def read() -> float | None:
        settings = studio.state.settings
        return settings.axes[name] if name in settings.axes else coordinates(settings).get(name)

    return dial(read, partial(studio.set_slider, name), AXIS_RANGE, 0.1)


def _level(studio: Studio, voice: Voice) -> Dial:
    return dial(
        lambda: studio.state.voicing.trims[voice], partial(studio.set_trim, voice), (0.0, MAX_TRIM), 0.02
    )


def _along(studio: Studio, place_of: PlaceOf, axis: int) -> Dial:
    """One of the two coordinates of the place on the map; the other one stays."""

    def read() -> float | None:
        place = place_of(studio.state.sketch)
        return None if place is None else place[axis]

    def write(value: float) -> None:
        place = place_of(studio.state.sketch) or (0.0, 0.0)
        x, y = (value, place[1]) if axis == 0 else (place[0], value)
        gestures.travel(studio, x, y)

    return dial(read, write, (-1.0, 1.0), 0.02)


def _path(journey: Journey) -> dict[str, Target]:
    """What there is to the path but drawing it."""

    def set_leg(bars: int) -> None:
        journey.draw(replace(journey.journeying.path, leg_bars=bars), "path bars")

    def go_around() -> None:
        path = journey.journeying.path
        if len(path.places) > 1:
            journey.draw(replace(path, around=not path.around))

    def follow() -> None:
        (Journey.stop if journey.journeying.following else Journey.follow)(journey)

    return {
        "follow the path": Press(follow),
        "path goes around": Press(go_around),
        **choice("path bars", LEGS, lambda: journey.journeying.path.leg_bars, set_leg),
    }


def _choices(studio: Studio, styles: Sequence[str]) -> dict[str, Target]:
    """One of several: the style, and what is set up once."""

    def clock_out() -> tuple[bool, bool]:
        state = studio.state
        return state.send_clock, state.send_clock and state.clock_while_stopped

    styled = choice("style", (None, *styles), lambda: studio.state.settings.style, studio.set_style)
    return {
        **(styled if styles else {}),
        **choice("sync", tuple(Sync), lambda: studio.state.sync, studio.set_sync),
        **choice("drum sound", tuple(SoundWhen), lambda: studio.state.sound_when, studio.set_sound),
        **choice("count-in", range(MAX_COUNT_IN + 1), lambda: studio.state.count_in, studio.set_count_in),
        **choice("clock out", CLOCKS_OUT, clock_out, lambda sent: studio.set_send_clock(*sent)),
        "latency": dial(
            lambda: studio.state.latency_ms, studio.set_latency, (-MAX_LATENCY_MS, MAX_LATENCY_MS), 0.5
        ),
    }


def _flag(studio: Studio, place_of: PlaceOf) -> None:
    gestures.toggle_flag(studio, place_of(studio.state.sketch))


def _ride(morpher: Morpher) -> None:
    (Morpher.stop if morpher.morphing.riding else Morpher.ride)(morpher)


def _tap(studio: Studio, taps: Taps) -> None:
    if studio.state.sync is not Sync.CLOCK and (bpm := taps.tap(time.monotonic())) is not None:
        studio.set_tempo(bpm)


def _buttons(studio: Studio) -> dict[str, Target]:
    buttons: dict[str, Callable[[], None]] = {
        "play": studio.play,
        "stop": studio.stop,
        "panic": studio.panic,
        "new idea": studio.new_idea,
        "fill": studio.fill,
        "undo": studio.undo,
        "redo": studio.redo,
        "reset sliders": partial(gestures.rest, studio),
        "give back": partial(gestures.give_back, studio),
        "pin": partial(gestures.pin, studio),
        "tap": partial(_tap, studio, Taps()),
    }
    for at in SwapAt:
        buttons[f"swap {at.value}"] = partial(studio.set_swap, at)
    for voice in Voice:
        buttons[f"mute {voice.title}"] = partial(_mute, studio, voice)
        buttons[f"solo {voice.title}"] = partial(_solo, studio, voice)
        buttons[f"lock {voice.title}"] = partial(_lock, studio, voice)
    return {name: Press(act) for name, act in buttons.items()}


def _mute(studio: Studio, voice: Voice) -> None:
    studio.set_mute(voice, not studio.state.voicing.muted[voice])


def _solo(studio: Studio, voice: Voice) -> None:
    studio.set_solo(voice, not studio.state.voicing.soloed[voice])


def _lock(studio: Studio, voice: Voice) -> None:
    gestures.lock(studio, voice, voice not in studio.state.sketch.locks)
