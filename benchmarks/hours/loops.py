"""Loops whose notes say where they belong, so that what is heard can be told apart without its time.

A velocity holds the step (64 of them) and which half of the pool the loop is from: 1..64 and 65..127. Loops
of the second half leave step 63 empty, as 128 is no velocity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_STEP, loop_notes

STEPS = 64
_NINE_NOTES = tuple(range(9))


@dataclass(frozen=True, slots=True)
class Written:
    """A loop, and by step what it strikes: voice -> (velocity, ticks of its start from its cell)."""

    loop: DrumLoop
    steps: tuple[dict[int, tuple[int, int]], ...]


def marked(seed: int) -> Written:
    """The loop with this number: sparse to crowded, straight to loose; odd ones are of the second half."""
    numbers = np.random.default_rng(seed)
    hits = numbers.random((STEPS, 9)) < numbers.choice([0.05, 0.15, 0.4])
    half = seed % 2
    if half:
        hits[STEPS - 1] = False
    velocities = np.repeat((np.arange(STEPS) + 1 + half * STEPS)[:, None] / 127, 9, axis=1)
    offsets = numbers.uniform(-0.5, 0.5, (STEPS, 9)) * numbers.choice([0, 0.3, 1])
    loop = DrumLoop.of(hits, np.minimum(velocities, 1), offsets)
    steps: tuple[dict[int, tuple[int, int]], ...] = tuple({} for _ in range(STEPS))
    for note in loop_notes(loop, _NINE_NOTES):  # note numbers 0..8: the voices
        steps[note.cell_ticks // TICKS_PER_STEP][note.note] = (
            note.velocity,
            note.start_ticks - note.cell_ticks,
        )
    return Written(loop, steps)


def cell_of(velocity: int, near_ticks: float) -> int:
    """The song's cell that a note of this velocity is of: the nearest that has its step."""
    place = (velocity - 1) % STEPS * TICKS_PER_STEP
    return place + round((near_ticks - place) / LOOP_TICKS) * LOOP_TICKS
