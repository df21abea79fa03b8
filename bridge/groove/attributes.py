"""What a loop is like, in a few numbers that a musician understands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR, DrumLoop
from bridge.groove.voices import VOICES, Voice

GHOST_VELOCITY = 0.4
"""A snare hit below this (51 of 127) counts as a ghost note."""

MOST_SWING = 0.5
"""How late the off-beat sixteenths can count, in steps, on average: beyond it the ratio runs away."""

_DRUMS = (Voice.KICK, Voice.SNARE, Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Measures of one loop.

    density      hits per step, 0..9
    syncopation  Longuet-Higgins and Lee's measure of the drums (not the cymbals), per bar, 0 and up: 0 is on
                 the beat
    swing        long to short sixteenth, 1/3..3: 1 is straight, 2 a triplet shuffle, below 1 rushes the
                 off-beat
    intensity    mean velocity of the hits, 0..1
    ghost_notes  share of the snare's hits that are softer than 0.4, 0..1
    shares       share of each voice in the hits, nine of 0..1 that sum to 1

    A loop without hits has 0 everywhere and swing 1; one without snare has no ghost notes.
    """

    density: float
    syncopation: float
    swing: float
    intensity: float
    ghost_notes: float
    shares: tuple[float, ...]


def attributes(loop: DrumLoop) -> Attributes:
    """Measure a loop. Pure; the same loop gives the same numbers."""
    hits = loop.hit_count
    snare = loop.velocities[:, Voice.SNARE][loop.hits[:, Voice.SNARE]]
    return Attributes(
        density=hits / STEPS,
        syncopation=_syncopation(np.any(loop.hits[:, _DRUMS], axis=1)) / BARS,
        swing=_swing(loop),
        intensity=float(loop.velocities[loop.hits].mean()) if hits else 0.0,
        ghost_notes=float((snare < GHOST_VELOCITY).mean()) if len(snare) else 0.0,
        shares=tuple((loop.hits.sum(axis=0) / hits).tolist()) if hits else (0.0,) * VOICES,
    )


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


def _syncopation(struck: NDArray[np.bool_]) -> int:
    """Sum over notes N whose following silence holds a stronger step R of weight(R) - weight(N), cyclic.

    struck: bool [64]. Source: Longuet-Higgins and Lee, "The rhythmic interpretation of monophonic music",
    Music Perception 1(4), 1984. Their rhythm is one line; ours is kick, snare and toms taken as one.
    """
    onsets = np.flatnonzero(struck)
    total = 0
    for onset, following in zip(onsets, np.append(onsets[1:], onsets[:1] + STEPS), strict=True):
        rests = np.arange(onset + 1, following) % STEPS
        if len(rests):
            total += max(0, int(_WEIGHTS[rests].max() - _WEIGHTS[onset]))
    return total


def _swing(loop: DrumLoop) -> float:
    """(1 + d) / (1 - d), where d is by how many steps the odd steps are played later than the even ones.

    Swung eighths are not seen: on this grid their second note falls on another step.
    """
    late = [loop.offsets[parity::2][loop.hits[parity::2]] for parity in (0, 1)]
    if not (len(late[0]) and len(late[1])):
        return 1.0
    delay = float(np.clip(late[1].mean() - late[0].mean(), -MOST_SWING, MOST_SWING))
    return (1 + delay) / (1 - delay)
