"""Batches: every window once a pass, another order in each, every process its own part, and no state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.corpus import load_split, open_windows
from training.loading import TrainingLoops, Walk, shuffled

pytestmark = pytest.mark.training


@pytest.mark.parametrize("count", [1, 2, 3, 15_663, 65_536, 65_537])
def test_a_shuffle_is_a_permutation(count: int) -> None:
    every = np.arange(count)
    first, second = (shuffled(every, count, 7, number) for number in range(2))
    np.testing.assert_array_equal(np.sort(first), every)
    np.testing.assert_array_equal(np.sort(second), every)
    if count > 10:
        assert (first == second).mean() < 0.2
        assert (first == every).mean() < 0.2
    np.testing.assert_array_equal(shuffled(every[::-1], count, 7, 0), first[::-1])


def test_shuffles_put_each_item_everywhere_alike() -> None:
    """Chi-squared over 40 items and 40 places: 1,521 degrees of freedom, so 1,521 give or take 55."""
    count, rounds = 40, 8_000
    times = np.zeros((count, count))
    for number in range(rounds):
        times[np.arange(count), shuffled(np.arange(count), count, 0, number)] += 1
    expected = rounds / count
    assert abs(((times - expected) ** 2 / expected).sum() - 1521) < 5 * 55


def test_neighbours_in_a_shuffle_are_strangers() -> None:
    found = shuffled(np.arange(100_000), 100_000, 3, 0).astype(np.float64)
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(found, np.arange(100_000))[0, 1]) < 0.02


def test_two_processes_walk_the_batches_of_one_that_are_twice_as_large() -> None:
    one = Walk(103, 40, seed=5)
    two = [Walk(103, 20, 5, rank, 2) for rank in range(2)]
    for epoch in range(6):  # 240 steps of the walk: three passes begin
        for walk in (one, *two):
            walk.set_epoch(epoch)
        whole, *parts = (np.array(list(walk)) for walk in (one, *two))
        np.testing.assert_array_equal(np.stack(parts, axis=1).ravel(), whole)


def test_a_walk_takes_every_window_once_a_pass() -> None:
    walk, taken = Walk(25, 10, seed=1), []
    for epoch in range(10):
        walk.set_epoch(epoch)
        assert len(walk) == 10
        taken += list(walk)
    for start in range(0, 100, 25):
        assert sorted(taken[start : start + 25]) == list(range(25))
    assert taken[:25] != taken[25:50]


def test_batches_are_windows_of_the_split(corpus: Path) -> None:
    expected = load_split(corpus, "train").loops(stride_bars=1)
    loader = TrainingLoops(open_windows(corpus, "train"), batch=8, seed=2).train_dataloader()
    seen = set()
    for batch in loader:
        assert [tuple(part.shape) for part in batch] == [(8, 64, 9)] * 3
        for row in zip(*(part.numpy() for part in batch), strict=True):
            same = [
                (part == wanted).all(axis=(1, 2))
                for part, wanted in zip(
                    row, (expected.hits, expected.velocities, expected.offsets), strict=True
                )
            ]
            seen.add(int(np.flatnonzero(np.logical_and.reduce(same))[0]))
    assert len(seen) == len(loader) * 8 == len(expected) // 8 * 8


def test_an_epoch_is_as_long_as_one_says(corpus: Path) -> None:
    windows = open_windows(corpus, "train")
    assert len(TrainingLoops(windows, 4, steps=3).train_dataloader()) == 3
    assert len(TrainingLoops(windows, 10 * len(windows)).train_dataloader()) == 1
