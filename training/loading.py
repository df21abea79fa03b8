"""Batches for training, cut from the disk in an order that needs no memory.

The order is an endless walk over all windows, shuffled anew for each pass. A position in the walk is turned
into a window by a small cipher (a Feistel network: a permutation that is computed, never stored), keyed by
the seed and the pass. So every process finds its own part of the walk, and a resumed run its place, without a
word to the others, and fifty million windows are shuffled like fifty.

    walk       0 1 2 3 | 4 5 6 7 | 8 ...       two processes, batches of two
    process    0 1 0 1 | 0 1 0 1 | 0 ...       step 0: windows 0 2 and 1 3; together the batch of four of one

Windows that do not fill the last batch of a pass come first in the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler, TensorDataset

from training.augment import Batch
from training.shards import Windows

_ROUNDS = 8
_AHEAD = 4096


class WindowBatches(Dataset[Batch]):
    """Windows for a DataLoader, which asks for a whole batch at once."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def __len__(self) -> int:
        return len(self._windows)

    def __getitems__(self, indices: list[int]) -> Batch:
        hits, *touch = self._windows.cut(np.asarray(indices, dtype=np.int64))
        return Batch(*(torch.from_numpy(part) for part in (hits.astype(np.float32), *touch)))


class Walk(Sampler[int]):
    """One process's part of the walk, `items` of it an epoch. `set_epoch` says where it goes on."""

    def __init__(self, count: int, items: int, seed: int, rank: int = 0, processes: int = 1) -> None:
        self._count, self._items, self._seed = count, items, seed
        self._rank, self._processes = rank, processes
        self._epoch = 0

    def __len__(self) -> int:
        return self._items

    def set_epoch(self, epoch: int) -> None:
        """Begin with epoch `epoch`, 0 or more, when next iterated; Lightning calls this."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        first = self._epoch * self._items
        for start in range(first, first + self._items, _AHEAD):
            here = np.arange(start, min(start + _AHEAD, first + self._items), dtype=np.int64)
            positions = here * self._processes + self._rank
            for number in range(int(positions[0]) // self._count, int(positions[-1]) // self._count + 1):
                within = positions[positions // self._count == number] % self._count
                yield from shuffled(within, self._count, self._seed, number).tolist()


class TrainingLoops(lightning.LightningDataModule):
    """Batches of windows for every process of a run.

    batch    loops a step in each process
    steps    optimiser steps an epoch; None: once through the windows
    """

    def __init__(self, windows: Windows, batch: int, seed: int = 0, steps: int | None = None) -> None:
        super().__init__()
        self._windows, self._batch, self._seed, self._steps = windows, batch, seed, steps

    def train_dataloader(self) -> DataLoader[Batch]:
        """The batches of one epoch that fall to this process."""
        rank, processes = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        count = len(self._windows)
        steps = self._steps or max(1, count // (self._batch * processes))
        walk = Walk(count, steps * self._batch, self._seed, rank, processes)
        # The loader hands over what __getitems__ cut, a Batch already; its stubs think of lists.
        whole: Any = _whole
        return DataLoader(WindowBatches(self._windows), self._batch, sampler=walk, collate_fn=whole)

    def val_dataloader(self) -> DataLoader[Any]:
        """One dummy batch: the validation step holds its loops itself and measures them all at once."""
        return DataLoader(TensorDataset(torch.zeros(1)), 1)


def shuffled(positions: NDArray[np.int64], count: int, seed: int, number: int) -> NDArray[np.int64]:
    """Where positions 0..count - 1 come to lie in shuffle `number` of a seed: a permutation of 0..count - 1.

    A Feistel network over the next power of four, walked until it lands below `count` (Black and Rogaway,
    "Ciphers with arbitrary finite domains", 2002).
    """
    half = np.uint64(max(1, ((count - 1).bit_length() + 1) // 2))
    mask = (np.uint64(1) << half) - np.uint64(1)
    keys = np.random.SeedSequence([seed, number]).generate_state(_ROUNDS, np.uint64)
    found = positions.astype(np.uint64)
    astray = np.ones(len(found), dtype=np.bool_)
    while astray.any():
        left, right = found[astray] >> half, found[astray] & mask
        for key in keys:
            left, right = right, left ^ (_mixed(right ^ key) & mask)
        found[astray] = left << half | right
        astray = found >= count
    return found.astype(np.int64)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser: each bit of the result depends on every bit of the value."""
    values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)


def _whole(batch: Batch) -> Batch:
    return batch
