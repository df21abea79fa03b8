"""What a model has to beat: reconstructions that need no learning, or next to none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bridge.groove.loop import STEPS, STEPS_PER_BAR
from bridge.groove.voices import VOICES
from training.corpus import Loops, Split
from training.metrics import Tally, compare

Array = NDArray[np.float32]
TOUCH_ONLY = ("velocity_mae", "velocity_mae_matched", "offset_ms", "offset_ms_matched")


def baselines(train: Split, truth: Loops) -> Iterator[tuple[str, Tally, tuple[str, ...] | None]]:
    """Each baseline's name, its tally on the loops, and the measures that it is about (None: all)."""
    learned = train.loops(stride_bars=1)
    yield "bars 1-2 played twice", _bars(truth, [0, 1, 0, 1]), None
    yield "bar 1 played four times", _bars(truth, [0, 0, 0, 0]), None
    nearest = nearest_loops(learned.hits, truth.hits)
    found = (part[nearest] for part in (learned.hits, learned.velocities, learned.offsets))
    yield "nearest training loop (Hamming)", compare(truth, *found), None
    yield "per-cell marginals, best threshold", compare(truth, *_marginals(learned, len(truth))), None
    velocities, offsets = medians(learned)
    touched = compare(truth, truth.hits, truth.hits * velocities, truth.hits * offsets)
    yield "true hits, train median per voice and 16th", touched, TOUCH_ONLY
    on_grid = compare(truth, truth.hits, truth.hits * velocities, np.zeros_like(truth.offsets))
    yield "true hits, no micro-timing", on_grid, TOUCH_ONLY[2:]


def nearest_loops(learned: Array, wanted: Array) -> NDArray[np.int64]:
    """The learned loop [N, 64, 9] that differs in the fewest cells from each wanted one: int64 [M]."""
    flat = learned.reshape(len(learned), -1)
    sizes = flat.sum(axis=1)
    # |a xor b| = |a| + |b| - 2 |a and b|, and |b| is the same for all candidates
    rows = [np.argmin(sizes - 2 * (flat @ row), axis=0) for row in wanted.reshape(len(wanted), -1)]
    return np.array(rows, dtype=np.int64)


def medians(learned: Loops) -> tuple[Array, Array]:
    """The median velocity and offset of each voice on each sixteenth of the bar, [64, 9] twice."""
    hits = learned.hits.reshape(-1, STEPS_PER_BAR, VOICES) > 0.5
    found = []
    for part in (learned.velocities, learned.offsets):
        bars = part.reshape(-1, STEPS_PER_BAR, VOICES)
        middle = np.zeros((STEPS_PER_BAR, VOICES), dtype=np.float32)
        for step, voice in zip(*np.nonzero(hits.any(axis=0)), strict=True):
            middle[step, voice] = np.median(bars[hits[:, step, voice], step, voice])
        found.append(np.tile(middle, (STEPS // STEPS_PER_BAR, 1)))
    return found[0], found[1]


def _bars(truth: Loops, order: list[int]) -> Tally:
    """The loop's own bars in another order."""
    steps = np.concatenate([np.arange(bar * STEPS_PER_BAR, (bar + 1) * STEPS_PER_BAR) for bar in order])
    return compare(truth, truth.hits[:, steps], truth.velocities[:, steps], truth.offsets[:, steps])


def _marginals(learned: Loops, count: int) -> tuple[Array, Array, Array]:
    """One loop for all: the cells hit more often than a threshold, the best for the training loops' F1."""
    share = learned.hits.mean(axis=0)
    order = np.argsort(-share, axis=None)
    matched = np.cumsum(share.flat[order])
    f1 = 2 * matched / (np.arange(1, len(order) + 1) + share.sum())
    hits = (share >= share.flat[order[int(np.argmax(f1))]]).astype(np.float32)
    velocities, offsets = medians(learned)
    one = (hits, hits * velocities, hits * offsets)
    return tuple(np.broadcast_to(part, (count, STEPS, VOICES)) for part in one)  # type: ignore[return-value]
