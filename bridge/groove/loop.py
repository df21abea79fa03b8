"""The drum loop as a value: four bars of 4/4 on a grid of sixteenths, with touch and feel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.groove.voices import VOICES

BEATS_PER_BAR = 4
STEPS_PER_BEAT = 4
STEPS_PER_BAR = BEATS_PER_BAR * STEPS_PER_BEAT
BARS = 4
STEPS = BARS * STEPS_PER_BAR
SHAPE = (STEPS, VOICES)


@dataclass(frozen=True, slots=True, eq=False)
class DrumLoop:
    """Four bars of drums: which voice is hit on which step, how hard, and how far off the grid.

    hits        bool    [64, 9]
    velocities  float32 [64, 9], 0..1 (MIDI velocity / 127); 0 where there is no hit
    offsets     float32 [64, 9], -0.5..0.5 of a step (0.5 excluded), positive is late; 0 where there is no hit

    Loops are cyclic: a hit on step 0 with a negative offset sounds at the end of bar 4. The arrays are
    read-only. Loops compare and hash by content. Raises ValueError for another shape, NaN, or a value out of
    range; `DrumLoop.of` takes raw model output instead and brings it into range.
    """

    hits: NDArray[np.bool_]
    velocities: NDArray[np.float32]
    offsets: NDArray[np.float32]

    def __post_init__(self) -> None:
        hits = np.array(self.hits, dtype=np.bool_)
        velocities = np.array(self.velocities, dtype=np.float32)
        offsets = np.array(self.offsets, dtype=np.float32)
        for name, array in (("hits", hits), ("velocities", velocities), ("offsets", offsets)):
            if array.shape != SHAPE:
                raise ValueError(f"{name} must have the shape {SHAPE}, not {array.shape}")
        if not (np.all(velocities >= 0) and np.all(velocities <= 1)):
            raise ValueError("velocities must lie in 0..1")
        if not (np.all(offsets >= -0.5) and np.all(offsets < 0.5)):
            raise ValueError("offsets must lie in -0.5..0.5 of a step, 0.5 excluded")
        if np.any(velocities[~hits]) or np.any(offsets[~hits]):
            raise ValueError("velocity and offset of a cell without a hit must be 0")
        offsets = offsets + np.float32(0)  # -0.0 becomes 0.0, so that equal loops have equal bytes
        for name, array in (("hits", hits), ("velocities", velocities), ("offsets", offsets)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def of(cls, hits: ArrayLike, velocities: ArrayLike, offsets: ArrayLike) -> DrumLoop:
        """Make a loop of raw arrays [64, 9]: hits are cells above 0.5; the rest is clipped and masked."""
        mask = np.asarray(hits) > 0.5
        top = np.nextafter(np.float32(0.5), np.float32(0))
        velocity = np.where(mask, np.clip(np.asarray(velocities, dtype=np.float32), 0, 1), 0)
        offset = np.where(mask, np.clip(np.asarray(offsets, dtype=np.float32), -0.5, top), 0)
        return cls(mask, velocity.astype(np.float32), offset.astype(np.float32))

    @classmethod
    def empty(cls) -> DrumLoop:
        """Four bars of silence."""
        nothing = np.zeros(SHAPE)
        return cls.of(nothing, nothing, nothing)

    @property
    def hit_count(self) -> int:
        """How many hits the loop has, 0..576."""
        return int(self.hits.sum())

    def to_bytes(self) -> bytes:
        """The loop's content as bytes: equal loops, equal bytes."""
        return self.hits.tobytes() + self.velocities.tobytes() + self.offsets.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DrumLoop) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())
