"""Performances packed for the disk: six bytes a hit, in shards that are mapped into memory, not loaded.

    train-00000.hits.npy    [H] of (cell uint8, velocity uint8, offset float32), bar after bar
    train-00000.bars.npy    uint32 [B + 1]: bar b has the hits bars[b] to bars[b + 1]
    train-00000.files.npy   [F] of (bars uint32, bpm float32): the files, end to end

A cell is a place in its bar, step * 9 + voice, 0..143; a velocity is MIDI's, 1..127; an offset is in steps. A
million performances of fifty bars take 7 GB so, where dense arrays would take 65.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR
from bridge.groove.voices import VOICES

HIT = np.dtype([("cell", "u1"), ("velocity", "u1"), ("offset", "<f4")])
FILE = np.dtype([("bars", "<u4"), ("bpm", "<f4")])
CELLS_PER_BAR = STEPS_PER_BAR * VOICES

_PARTS = ("hits", "bars", "files")
_OPEN = 256
"""So many shards stay mapped at once: each costs two open files, and systems allow some 1,000."""

Dense = tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]]
"""Hits bool, velocities 0..1 and offsets float32, [S, 9] each."""


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Some performances, packed as the module says; the arrays may lie on the disk."""

    hits: NDArray[np.void]
    bars: NDArray[np.uint32]
    files: NDArray[np.void]

    @staticmethod
    def pack(
        hits: NDArray[np.bool_], velocities: NDArray[np.float32], offsets: NDArray[np.float32], bpm: float
    ) -> Shard:
        """One performance, from its grid [S, 9], S a multiple of 16. Velocities are rounded to MIDI's."""
        steps, voices = np.nonzero(hits)
        packed = np.empty(len(steps), HIT)
        packed["cell"] = steps % STEPS_PER_BAR * VOICES + voices
        packed["velocity"] = np.clip(np.rint(velocities[steps, voices] * 127), 1, 127)
        packed["offset"] = offsets[steps, voices]
        count = len(hits) // STEPS_PER_BAR
        ends = np.searchsorted(steps, np.arange(count + 1) * STEPS_PER_BAR).astype(np.uint32)
        return Shard(packed, ends, np.array([(count, bpm)], FILE))

    @staticmethod
    def join(parts: Iterable[Shard]) -> Shard:
        """Performances end to end."""
        shards = list(parts)
        first = np.cumsum([0, *(len(shard.hits) for shard in shards)])
        bars = [np.zeros(1, np.uint32)]
        bars += [
            (shard.bars[1:] + base).astype(np.uint32) for base, shard in zip(first, shards, strict=False)
        ]
        return Shard(
            np.concatenate([np.empty(0, HIT), *(shard.hits for shard in shards)]),
            np.concatenate(bars),
            np.concatenate([np.empty(0, FILE), *(shard.files for shard in shards)]),
        )

    def dense(self) -> Dense:
        """All of it on its grid again, S = 16 steps a bar."""
        count = len(self.bars) - 1
        bar = np.repeat(np.arange(count, dtype=np.int64), np.diff(self.bars))
        return _spread(np.asarray(self.hits), bar, count * STEPS_PER_BAR)

    def save(self, folder: Path, name: str) -> None:
        """Write the three files and wait until they are on the disk. Raises OSError."""
        for part in _PARTS:
            with (folder / f"{name}.{part}.npy").open("wb") as file:
                np.save(file, getattr(self, part), allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())

    @staticmethod
    def open(folder: Path, name: str) -> Shard:
        """Map a shard into memory. Raises OSError and ValueError for a missing or damaged one."""
        paths = [folder / f"{name}.{part}.npy" for part in _PARTS]
        mapped = [np.load(path, mmap_mode="r" if path.stat().st_size else None) for path in paths]
        hits, bars, files = (array.view(np.ndarray) for array in mapped)
        if (hits.dtype, bars.dtype, files.dtype) != (HIT, np.uint32, FILE) or not len(bars):
            raise ValueError(f"{name} is not a shard")
        if int(bars[-1]) != len(hits) or int(files["bars"].sum()) != len(bars) - 1:
            raise ValueError(f"the parts of {name} do not fit each other")
        return Shard(hits, bars, files)


class Windows:
    """The windows of four bars in some shards, one every `stride_bars` bars of each file, numbered from 0.

    Nothing is held but sixteen bytes a file: a window's shard and bar are found when it is wanted. `bpm`
    float32 [F] has the files' tempi. The shards are those of `folder` by `names`, or one in memory.
    """

    def __init__(self, shards: Path | Shard, names: tuple[str, ...] = ("",), stride_bars: int = 1) -> None:
        def open_shard(number: int) -> Shard:
            return shards if isinstance(shards, Shard) else Shard.open(shards, names[number])

        self._shard = lru_cache(_OPEN)(open_shard)
        files, bars_of_shard = [np.empty(0, FILE)], [0]
        for number in range(len(names)):
            shard = self._shard(number)
            files.append(np.array(shard.files))
            bars_of_shard.append(len(shard.bars) - 1)
        self._stride = stride_bars
        self._shards = len(names)
        self._first_bar_of_shard = np.cumsum(bars_of_shard)
        every = np.concatenate(files)
        bars = every["bars"].astype(np.int64)
        self.bpm = every["bpm"].astype(np.float32)
        self._first_bar = np.cumsum(bars) - bars
        self._ends = np.cumsum(np.maximum(0, (bars - BARS) // stride_bars + 1))

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def files(self, windows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of each window's file."""
        return np.searchsorted(self._ends, windows, side="right")

    def cut(self, windows: NDArray[np.int64]) -> Dense:
        """Windows as arrays [N, 64, 9]: hits bool, velocities and offsets float32."""
        files = self.files(windows)
        within = windows - np.where(files > 0, self._ends[files - 1], 0)
        bars = self._first_bar[files] + within * self._stride
        numbers = np.searchsorted(self._first_bar_of_shard, bars, side="right") - 1
        pieces, rows = [np.empty(0, HIT)], [np.empty(0, np.int64)]
        for row, (number, bar) in enumerate(
            zip(numbers, bars - self._first_bar_of_shard[numbers], strict=True)
        ):
            shard = self._shard(int(number))
            ends = shard.bars[bar : bar + BARS + 1].astype(np.int64)
            pieces.append(shard.hits[ends[0] : ends[-1]])
            rows.append(np.repeat(np.arange(BARS) + row * BARS, np.diff(ends)))
        dense = _spread(np.concatenate(pieces), np.concatenate(rows), len(windows) * STEPS)
        shape = (len(windows), STEPS, VOICES)
        return dense[0].reshape(shape), dense[1].reshape(shape), dense[2].reshape(shape)

    def combinations(self) -> NDArray[np.int64]:
        """How many steps have each combination of voices, [512], kick being bit 0; shard after shard."""
        counts = np.zeros(2**VOICES, np.int64)
        for number in range(self._shards):
            shard = self._shard(number)
            bar = np.repeat(np.arange(len(shard.bars) - 1, dtype=np.int64), np.diff(shard.bars))
            cell = shard.hits["cell"].astype(np.int64)
            step, change = bar * STEPS_PER_BAR + cell // VOICES, np.empty(0, np.int64)
            if len(step):  # hits lie in the order of their steps: each step's are summed where they begin
                change = np.flatnonzero(np.diff(step, prepend=-1))
                counts += np.bincount(np.add.reduceat(1 << cell % VOICES, change), minlength=2**VOICES)
            counts[0] += (len(shard.bars) - 1) * STEPS_PER_BAR - len(change)
        return counts


def _spread(hits: NDArray[np.void], bars: NDArray[np.int64], steps: int) -> Dense:
    """Packed hits, and the bar of each, on a grid of `steps` steps."""
    cells = bars * CELLS_PER_BAR + hits["cell"]
    struck = np.zeros(steps * VOICES, np.bool_)
    velocities = np.zeros(steps * VOICES, np.float32)
    offsets = np.zeros(steps * VOICES, np.float32)
    struck[cells] = True
    velocities[cells] = hits["velocity"].astype(np.float32) / np.float32(127)
    offsets[cells] = hits["offset"]
    return struck.reshape(-1, VOICES), velocities.reshape(-1, VOICES), offsets.reshape(-1, VOICES)
