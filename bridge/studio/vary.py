"""Variations of a loop, and the way from one loop to another."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from bridge.groove import GENERAL_MIDI, STEPS, DrumLoop, NoteMap
from bridge.groove.midifile import load_loop
from bridge.groove.performance import MidiFileError, read_performance
from bridge.model import Settings
from bridge.model.map import blend
from bridge.model.noise import prior_noise
from bridge.studio.generate import MOST_LOOPS

FARTHEST = 3.0
"""Amount 1 is so many deviations of the posterior; within a third of them the model hears one loop."""

FEWEST_STEPS, MOST_STEPS = 2, 1000
_PLAIN = Settings(temperature=0.0)


class Coder(Protocol):
    """What hears loops and plays places of latent space: `bridge.model.Model` is one."""

    def encode(self, loop: DrumLoop, /) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation of where the loop lies, [Z] each."""

    def decode(self, z: NDArray[np.float32], settings: Settings, /) -> DrumLoop:
        """The loop at z [Z]."""


def vary(model: Coder, loop: DrumLoop, amount: float, count: int, seed: int = 0) -> list[DrumLoop]:
    """`count` variations of a loop: amount 0 is the loop itself, bit by bit, 1 the farthest from it.

    Number n of a seed is always the same: z = mu + 3 * amount * sigma * (noise of seed, n). The model's copy
    of a loop is not the loop, so what counts is in what the loop at z differs from the copy at mu: hits that
    come or go, come or go; a hit that both have keeps its own touch and timing, moved as the model moved it.

    Raises GroovebridgeError for an amount outside of 0..1, a count outside of 1..10,000, a seed out of its
    range.
    """
    if not (math.isfinite(amount) and 0 <= amount <= 1):
        raise GroovebridgeError(f"The amount cannot be {amount:g}: it goes from 0 to 1.")
    if not 1 <= count <= MOST_LOOPS:
        raise GroovebridgeError(f"{count} variations cannot be made at once. Ask for 1 to {MOST_LOOPS}.")
    plain = Settings(seed=seed, temperature=0.0)
    mu, sigma = model.encode(loop)
    copy = model.decode(mu, plain)
    reach = np.float32(FARTHEST * amount) * sigma
    noises = (prior_noise(seed, index, len(mu)) for index in range(count))
    return [changed(loop, copy, model.decode(mu + reach * noise, plain)) for noise in noises]


def changed(loop: DrumLoop, before: DrumLoop, after: DrumLoop) -> DrumLoop:
    """The loop with the change that leads from `before` to `after`: no change gives the loop back."""
    differ = before.hits != after.hits
    moved = before.hits & after.hits
    velocities, offsets = (
        np.where(
            loop.hits,
            getattr(loop, name) + np.where(moved, getattr(after, name) - getattr(before, name), 0),
            getattr(after, name),
        )
        for name in ("velocities", "offsets")
    )
    return DrumLoop.of(np.where(differ, after.hits, loop.hits), velocities, offsets)


def morph(model: Coder, start: DrumLoop, end: DrumLoop, steps: int) -> list[DrumLoop]:
    """`steps` loops on the way from one loop to another; the first and the last are these two themselves.

    Between them the model plays, at temperature 0, places at equal distances on the way through latent space,
    as far from its middle as the two ends are. Raises GroovebridgeError for steps outside of 2..1,000.
    """
    if not FEWEST_STEPS <= steps <= MOST_STEPS:
        raise GroovebridgeError(
            f"A way of {steps} loops cannot be made. Ask for {FEWEST_STEPS} to {MOST_STEPS}, ends included."
        )
    ends = np.stack([model.encode(loop)[0] for loop in (start, end)])
    shares = np.linspace(0, 1, steps)[1:-1]
    between = [model.decode(blend(ends, np.array([1 - share, share])), _PLAIN) for share in shares]
    return [start, *between, end]


def read_loop(path: Path, note_map: NoteMap = GENERAL_MIDI) -> tuple[DrumLoop, bool]:
    """The first four bars of a MIDI file, and whether more follows that is left out.

    Raises MidiFileError for a file that cannot be read as drums, or one whose first four bars are silent.
    """
    loop = load_loop(path, note_map)
    if not loop.hit_count:
        raise MidiFileError(
            f"{path} has no drum hits in its first four bars. Choose a file that begins with its drums."
        )
    return loop, bool(read_performance(path, note_map).onsets_steps.max() >= STEPS)
