"""The measures, against a count cell by cell, and at their ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.baselines import baselines, medians, nearest_loops
from training.corpus import Loops, load_split
from training.metrics import MEASURES, compare, intervals


def some_loops(seed: int, count: int, bpm: float = 120.0) -> Loops:
    draw = np.random.default_rng(seed)
    hits = (draw.random((count, 64, 9)) < draw.random()).astype(np.float32)
    velocities = (hits * draw.random((count, 64, 9))).astype(np.float32)
    offsets = (hits * (draw.random((count, 64, 9)) - 0.5)).astype(np.float32)
    return Loops(
        hits, velocities, offsets, np.arange(count, dtype=np.int64) // 2, np.full(count, bpm, np.float32)
    )


def chosen(loops: Loops, rows: NDArray[np.int64]) -> Loops:
    return Loops(
        loops.hits[rows], loops.velocities[rows], loops.offsets[rows], loops.files[rows], loops.bpm[rows]
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 3), st.floats(40, 240))
def test_the_measures_agree_with_a_count_cell_by_cell(seed: int, count: int, bpm: float) -> None:
    truth, made = some_loops(seed, count, bpm), some_loops(seed + 1, count)
    matched = extra = missed = exact = 0
    velocity = offset = velocity_matched = offset_matched = 0.0
    for n in range(count):
        for step in range(64):
            exact += all(truth.hits[n, step] == made.hits[n, step])
            for voice in range(9):
                cell = (n, step, voice)
                if truth.hits[cell] and made.hits[cell]:
                    matched += 1
                    velocity_matched += abs(float(truth.velocities[cell]) - float(made.velocities[cell]))
                    offset_matched += abs(float(truth.offsets[cell]) - float(made.offsets[cell]))
                elif truth.hits[cell]:
                    missed += 1
                    velocity += float(truth.velocities[cell])
                    offset += abs(float(truth.offsets[cell]))
                elif made.hits[cell]:
                    extra += 1
    found = compare(truth, made.hits, made.velocities, made.offsets).measures()
    hits, step_ms = max(matched + missed, 1), 15_000 / bpm
    assert found["f1"] == pytest.approx(matched / max(matched + (extra + missed) / 2, 1))
    assert found["exact_step"] == pytest.approx(exact / (64 * count))
    assert found["velocity_mae"] == pytest.approx((velocity + velocity_matched) / hits, abs=1e-5)
    assert found["offset_ms"] == pytest.approx((offset + offset_matched) / hits * step_ms, rel=1e-4, abs=1e-4)
    assert found["velocity_mae_matched"] == pytest.approx(velocity_matched / max(matched, 1), abs=1e-5)
    assert found["offset_ms_matched"] == pytest.approx(
        offset_matched / max(matched, 1) * step_ms, rel=1e-4, abs=1e-4
    )


def test_a_perfect_copy_has_perfect_measures() -> None:
    truth = some_loops(1, 3)
    found = compare(truth, truth.hits, truth.velocities, truth.offsets).measures()
    assert [found[name] for name in MEASURES] == [1, 1, 1, 0, 0, 0, 0]


def test_silence_has_no_f1_and_all_of_the_error() -> None:
    truth = some_loops(1, 3)
    nothing = np.zeros_like(truth.hits)
    found = compare(truth, nothing, nothing, nothing).measures()
    assert found["f1"] == found["macro_f1"] == 0
    assert found["velocity_mae"] == pytest.approx(truth.velocities.sum() / truth.hits.sum(), rel=1e-5)
    assert found["velocity_mae_matched"] == 0


def test_a_voice_that_nobody_plays_is_left_out_of_macro_f1() -> None:
    truth = some_loops(1, 1)
    truth.hits[:] = 0
    truth.hits[0, ::4, 0] = 1
    assert compare(truth, truth.hits, truth.hits * 0, truth.hits * 0).measures()["macro_f1"] == 1


def test_intervals_hold_the_figure_and_are_the_same_each_time() -> None:
    truth, made = some_loops(3, 40), some_loops(4, 40)
    tally = compare(truth, made.hits, made.velocities, made.offsets)
    found = intervals(tally, truth.files, draws=200)
    assert found == intervals(tally, truth.files, draws=200)
    for name, value in tally.measures().items():
        low, high = found[name]
        assert low < value < high


def test_intervals_by_file_are_wider_than_loops_would_have_it() -> None:
    one, other = some_loops(5, 10), some_loops(6, 10)
    eightfold = np.repeat(np.arange(10), 8)
    repeated, made = chosen(one, eightfold), chosen(other, eightfold)
    tally = compare(repeated, made.hits, made.velocities, made.offsets)
    by_file = intervals(tally, eightfold)["f1"]
    by_loop = intervals(tally, np.arange(80))["f1"]
    assert by_file[1] - by_file[0] > 1.5 * (by_loop[1] - by_loop[0])


def test_an_interval_of_one_file_is_a_point() -> None:
    truth, made = some_loops(3, 5), some_loops(4, 5)
    tally = compare(truth, made.hits, made.velocities, made.offsets)
    low, high = intervals(tally, np.zeros(5, dtype=np.int64), draws=20)["f1"]
    assert low == pytest.approx(high)


def test_the_nearest_loop_is_the_one_with_the_fewest_differing_cells() -> None:
    learned, wanted = some_loops(7, 20).hits, some_loops(8, 6).hits
    distances = (learned[None] != wanted[:, None]).sum(axis=(2, 3))
    np.testing.assert_array_equal(nearest_loops(learned, wanted), distances.argmin(axis=1))


def test_medians_are_those_of_the_hits_alone() -> None:
    loops = some_loops(9, 4)
    velocities, offsets = medians(loops)
    cells = [(n, bar * 16 + 5) for n in range(4) for bar in range(4) if loops.hits[n, bar * 16 + 5, 3]]
    for found, part in ((velocities, loops.velocities), (offsets, loops.offsets)):
        assert (
            found[5, 3] == found[53, 3] == pytest.approx(np.median([part[n, step, 3] for n, step in cells]))
        )


def test_loops_that_repeat_are_no_trouble_for_the_baselines(corpus: Path, loops: Loops) -> None:
    train = load_split(corpus, "train")
    bars = loops.hits[:, :16]
    still = np.tile(bars, (1, 4, 1))
    truth = Loops(still, still * 0.5, still * 0, loops.files, loops.bpm)
    found = {name: tally.measures() for name, tally, _ in baselines(train, truth)}
    assert found["bar 1 played four times"]["f1"] == found["bars 1-2 played twice"]["f1"] == 1
    assert found["true hits, no micro-timing"]["offset_ms"] == 0
    own = chosen(loops, np.arange(3))
    known = {name: tally.measures() for name, tally, _ in baselines(train, own)}
    assert known["nearest training loop (Hamming)"]["f1"] == 1
    assert 0 < known["per-cell marginals, best threshold"]["f1"] < 1
