"""Loops changed by hand: what is changed changes, nothing else does, and rows give the very loop back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove import DrumLoop
from bridge.groove.edit import REST, Cell, Touch, grafted, of_rows, to_rows, touch_at, touched
from tests.player.support import random_loop

cells = st.tuples(st.integers(0, 63), st.integers(0, 8))
touches = st.one_of(
    st.just(REST),
    st.builds(Touch, st.floats(0.0625, 1, width=32), st.floats(-0.5, 0.4375, width=32)),
)
loops = st.builds(random_loop, st.integers(0, 99))


@given(loops, st.dictionaries(cells, touches, max_size=12))
@settings(deadline=None, max_examples=60)
def test_touched_cells_are_as_told_and_no_other_changes(loop: DrumLoop, told: dict[Cell, Touch]) -> None:
    after = touched(loop, told)
    for cell, touch in told.items():
        assert touch_at(after, cell) == touch
    same = np.ones(loop.hits.shape, bool)
    for cell in told:
        same[cell] = False
    for name in ("hits", "velocities", "offsets"):
        assert np.array_equal(getattr(loop, name)[same], getattr(after, name)[same])


@given(loops, st.sets(st.integers(0, 8)))
@settings(deadline=None, max_examples=30)
def test_a_graft_takes_whole_voices_and_no_more(loop: DrumLoop, voices: set[int]) -> None:
    other = random_loop(1000)
    mixed = grafted(loop, other, voices)
    for voice in range(9):
        source = other if voice in voices else loop
        for name in ("hits", "velocities", "offsets"):
            assert np.array_equal(getattr(mixed, name)[:, voice], getattr(source, name)[:, voice])


@given(loops)
@settings(deadline=None, max_examples=30)
def test_rows_give_the_very_loop_back(loop: DrumLoop) -> None:
    assert of_rows(to_rows(loop)) == loop


@pytest.mark.parametrize(
    "row",
    [(64, 0, 1, 0), (-1, 0, 1, 0), (0, 9, 1, 0), (0, 0, 1.5, 0), (0, 0, 1, 0.5), (0, 0, float("nan"), 0)],
)
def test_rows_out_of_range_are_refused(row: tuple[int, int, float, float]) -> None:
    with pytest.raises(ValueError, match=r"no cell|lie in"):
        of_rows([row])


def test_a_cell_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        of_rows([(1, 1, 0.5, 0.0), (1, 1, 0.7, 0.0)])


@pytest.mark.parametrize("wrong", [(1.5, 0.0), (-0.1, 0.0), (0.5, 0.5), (0.0, 0.1)])
def test_touches_out_of_range_are_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"range|offset"):
        Touch(*wrong)


def test_a_cell_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="no cell"):
        touched(DrumLoop.empty(), {(64, 0): REST})
