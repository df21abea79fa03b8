"""A loop changed by hand: single hits, and whole voices taken from another loop. Pure: a loop is a value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from bridge.groove.loop import STEPS, DrumLoop
from bridge.groove.voices import VOICES

Cell = tuple[int, int]
"""A step 0..63 and a voice 0..8."""


@dataclass(frozen=True, slots=True)
class Touch:
    """How a cell is hit: velocity 0..1 (0: not at all), offset -0.5..0.5 of a step (0.5 excluded).

    Raises ValueError for values out of range, and for an offset where nothing is hit.
    """

    velocity: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.velocity <= 1 and -0.5 <= self.offset < 0.5):
            raise ValueError(f"{self} is out of range: velocity 0..1, offset -0.5..0.5")
        if not self.velocity and self.offset:
            raise ValueError("a cell that is not hit has no offset")


REST = Touch(0.0)


def touch_at(loop: DrumLoop, cell: Cell) -> Touch:
    """How the loop hits a cell."""
    if not loop.hits[cell]:
        return REST
    velocity = max(float(loop.velocities[cell]), 1 / 127)  # a hit is heard, however soft
    return Touch(velocity, float(loop.offsets[cell]))


def check_cell(step: int, voice: int) -> None:
    """ValueError for a cell outside of [64, 9]."""
    if not (0 <= step < STEPS and 0 <= voice < VOICES):
        raise ValueError(f"there is no cell {step}, {voice} in a loop of {STEPS} steps and {VOICES} voices")


def touched(loop: DrumLoop, touches: Mapping[Cell, Touch]) -> DrumLoop:
    """The loop with these cells hit (or not hit) as told. ValueError for a cell outside of [64, 9]."""
    if not touches:
        return loop
    hits, velocities, offsets = loop.hits.copy(), loop.velocities.copy(), loop.offsets.copy()
    for (step, voice), touch in touches.items():
        check_cell(step, voice)
        hits[step, voice] = touch.velocity > 0
        velocities[step, voice] = touch.velocity
        offsets[step, voice] = touch.offset
    return DrumLoop.of(hits, velocities, offsets)


def grafted(loop: DrumLoop, other: DrumLoop, voices: Collection[int]) -> DrumLoop:
    """The loop with these voices as the other loop has them."""
    if not voices:
        return loop
    ours = np.ones(VOICES, dtype=bool)
    ours[list(voices)] = False
    return DrumLoop(
        np.where(ours, loop.hits, other.hits),
        np.where(ours, loop.velocities, other.velocities),
        np.where(ours, loop.offsets, other.offsets),
    )


def to_rows(loop: DrumLoop) -> list[tuple[int, int, float, float]]:
    """The hits as rows of step, voice, velocity and offset, for files: `of_rows` gives the very loop back."""
    steps, voices = np.nonzero(loop.hits)
    return [
        (int(step), int(voice), float(loop.velocities[step, voice]), float(loop.offsets[step, voice]))
        for step, voice in zip(steps, voices, strict=True)
    ]


def of_rows(rows: Collection[tuple[int, int, float, float]]) -> DrumLoop:
    """The loop with these hits. ValueError for a row that is out of range, or a cell that is named twice."""
    arrays = np.zeros((3, STEPS, VOICES), dtype=np.float32)
    for step, voice, velocity, offset in rows:
        check_cell(step, voice)
        if arrays[0, step, voice]:
            raise ValueError(f"the cell {step}, {voice} is there twice")
        arrays[:, step, voice] = 1, velocity, offset
    return DrumLoop(arrays[0] > 0, arrays[1], arrays[2])
