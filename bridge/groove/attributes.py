"""What a loop is like, in a few numbers that a musician understands, for one loop or for many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR, DrumLoop
from bridge.groove.voices import VOICES, Voice

ATTRIBUTES = (
    "density",
    "syncopation",
    "swing",
    "intensity",
    "ghosts",
    "fill",
    "ride",
    "looseness",
    "toms",
)
"""The columns of `measure`, in their order."""

GHOST_VELOCITY = 0.4
"""A snare hit of this velocity (51 of 127) is half a ghost note: softer ones count more, louder ones less."""

GHOST_SOFTNESS = 0.06
"""How gradually: a hit of .34 counts .73, one of .46 counts .27."""

MOST_SWING = 0.5
"""How late the off-beat sixteenths can count, in steps, on average: later is the next step."""

FILL_STEPS = STEPS_PER_BAR // 2
"""A fill is looked for in the last half of bar 4."""

STRAIGHT = 0.5
"""The swing of a loop that does not swing."""

Floats = NDArray[np.float64]

_DRUMS = (Voice.KICK, Voice.SNARE, Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM)
_FILL = (Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM, Voice.CRASH)
_HATS = (Voice.CLOSED_HAT, Voice.OPEN_HAT)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Measures of one loop.

    density      hits per step, 0..9
    syncopation  Longuet-Higgins and Lee's measure of the drums (not the cymbals), per bar, 0 and up: 0 is on
                 the beat
    swing        share of a pair of sixteenths that the first one lasts, .25...75: .5 is straight, 2/3 a
                 triplet shuffle, below .5 rushes the off-beat (Linn's swing percentage)
    intensity    mean velocity of the hits, 0..1
    ghosts       share of the snare's hits that are ghost notes, 0..1, with a gradual border at velocity .4
    fill         share of toms and crashes in all velocity of the last half of bar 4, 0..1
    ride         share of the ride in the velocity of ride and hats, 0..1
    looseness    deviation of the hits, in steps, from where their voice is played on average on even and on
                 odd steps, 0..0.5: neither swing nor a snare that is laid back throughout counts
    toms         `fill` for all that comes before the last half of bar 4, 0..1
    shares       share of each voice in the hits, nine of 0..1 that sum to 1

    What has nothing to be measured on is 0, and swing .5: silence, ghost notes without a snare, swing without
    hits on even or on odd steps.
    """

    density: float
    syncopation: float
    swing: float
    intensity: float
    ghosts: float
    fill: float
    ride: float
    looseness: float
    toms: float
    shares: tuple[float, ...]


def attributes(loop: DrumLoop) -> Attributes:
    """Measure a loop. Pure; the same loop gives the same numbers."""
    values = measure(loop.hits[None], loop.velocities[None], loop.offsets[None])[0]
    hits = loop.hit_count
    shares = (loop.hits.sum(axis=0) / hits).tolist() if hits else (0.0,) * VOICES
    measured: dict[str, float] = dict(zip(ATTRIBUTES, values.tolist(), strict=True))
    return Attributes(**measured, shares=tuple(shares))


def measure(hits: ArrayLike, velocities: ArrayLike, offsets: ArrayLike) -> Floats:
    """`ATTRIBUTES` of many loops [N, 64, 9], as `Attributes` describes them: [N, 9]. Pure."""
    struck: NDArray[np.bool_] = np.asarray(hits) > 0.5
    velocity = np.where(struck, np.asarray(velocities, dtype=np.float64), 0.0)
    offset = np.where(struck, np.asarray(offsets, dtype=np.float64), 0.0)
    count = struck.sum(axis=(1, 2))
    snare, softness = struck[..., Voice.SNARE], velocity[..., Voice.SNARE] - GHOST_VELOCITY
    ghosts = np.where(snare, 1 / (1 + np.exp(softness / GHOST_SOFTNESS)), 0.0)
    dressed, everything = velocity[..., _FILL].sum(axis=2), velocity.sum(axis=2)
    ride, hats = velocity[..., Voice.RIDE].sum(axis=1), velocity[..., _HATS].sum(axis=(1, 2))
    columns = {
        "density": count / STEPS,
        "syncopation": _syncopation(np.any(struck[..., _DRUMS], axis=2)) / BARS,
        "swing": _swing(struck, offset),
        "intensity": _ratio(everything.sum(axis=1), count),
        "ghosts": _ratio(ghosts.sum(axis=1), snare.sum(axis=1)),
        "fill": _ratio(dressed[:, -FILL_STEPS:].sum(axis=1), everything[:, -FILL_STEPS:].sum(axis=1)),
        "ride": _ratio(ride, ride + hats),
        "looseness": _looseness(struck, offset),
        "toms": _ratio(dressed[:, :-FILL_STEPS].sum(axis=1), everything[:, :-FILL_STEPS].sum(axis=1)),
    }
    return np.stack([columns[name] for name in ATTRIBUTES], axis=1)


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Part / whole, 0 where the whole is 0."""
    answer = np.zeros(np.shape(whole))
    np.divide(part, whole, out=answer, where=whole > 0)
    return answer


def _metrical_weights() -> NDArray[np.int64]:
    """The weight of each sixteenth of a bar: 0 for its start, one less for each halving to get there.

    step    0  1  2  3  4  5  6  7  8 ...
    weight  0 -4 -3 -4 -2 -4 -3 -4 -1 ...
    """
    weights = np.full(STEPS_PER_BAR, -4)
    for weight, stride in ((-3, 2), (-2, 4), (-1, 8), (0, 16)):
        weights[::stride] = weight
    return weights


_WEIGHTS = np.tile(_metrical_weights(), BARS)
_NONE = -STEPS


def _syncopation(struck: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Sum over notes N whose following silence holds a stronger step R of weight(R) - weight(N), cyclic.

    struck: bool [N, 64]. Source: Longuet-Higgins and Lee, "The rhythmic interpretation of monophonic music",
    Music Perception 1(4), 1984. Their rhythm is one line; ours is kick, snare and toms taken as one.
    """
    total = np.zeros(len(struck), dtype=np.int64)
    strongest = np.full(len(struck), _NONE)  # of the silent steps between here and the next note
    for time in range(2 * STEPS - 1, -1, -1):  # the second time round, the loop's end knows its beginning
        here, weight = struck[:, time % STEPS], _WEIGHTS[time % STEPS]
        if time < STEPS:
            total += np.where(here, np.maximum(0, strongest - weight), 0)
        strongest = np.where(here, _NONE, np.maximum(strongest, weight))
    return total


def _swing(struck: NDArray[np.bool_], offset: Floats) -> Floats:
    """(1 + d) / 2, where d is by how many steps the odd steps are played later than the even ones.

    Swung eighths are not seen: on this grid their second note falls on another step. Source: Roger Linn's
    swing percentage, as on the MPC.
    """
    counts = [struck[:, parity::2].sum(axis=(1, 2)) for parity in (0, 1)]
    late = [
        _ratio(offset[:, parity::2].sum(axis=(1, 2)), count)
        for parity, count in zip((0, 1), counts, strict=True)
    ]
    delay = np.clip(late[1] - late[0], -MOST_SWING, MOST_SWING)
    return np.where((counts[0] > 0) & (counts[1] > 0), (1 + delay) / 2, STRAIGHT)


def _looseness(struck: NDArray[np.bool_], offset: Floats) -> Floats:
    """Root mean square distance of each hit from the mean of its voice on the steps of its parity, [N]."""
    squares = np.zeros(len(struck))
    for parity in (0, 1):
        hits, late = struck[:, parity::2], offset[:, parity::2]
        usual = _ratio(late.sum(axis=1), hits.sum(axis=1))
        squares += (np.where(hits, late - usual[:, None], 0.0) ** 2).sum(axis=(1, 2))
    return np.sqrt(_ratio(squares, struck.sum(axis=(1, 2))))
