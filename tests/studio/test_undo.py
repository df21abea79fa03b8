"""Undo: every state that was is found again, and a drag is one step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.studio.undo import LIMIT, TOGETHER_S, Undo


@given(st.lists(st.sampled_from(["do", "undo", "redo"]), max_size=60))
def test_it_goes_back_and_forth_like_a_list_with_a_finger_in_it(acts: list[str]) -> None:
    undo: Undo[int] = Undo()
    row, finger, now = [0], 0, 0
    for number, act in enumerate(acts, start=1):
        if act == "do":
            undo.did(now, None, float(number))
            row, finger, now = [*row[: finger + 1], number], finger + 1, number
        elif act == "undo" and undo.can_undo:
            now, finger = undo.undo(now), finger - 1
        elif act == "redo" and undo.can_redo:
            now, finger = undo.redo(now), finger + 1
        assert now == row[finger]
        assert (undo.can_undo, undo.can_redo) == (finger > 0, finger < len(row) - 1)


def test_a_drag_is_one_step_and_a_pause_ends_it() -> None:
    undo: Undo[int] = Undo()
    for value, at_s in ((0, 0.0), (1, 0.1), (2, 0.2), (3, 0.3 + TOGETHER_S)):
        undo.did(value, "density", at_s)
    assert undo.undo(4) == 3
    assert undo.undo(3) == 0
    assert not undo.can_undo


def test_another_slider_is_another_step() -> None:
    undo: Undo[int] = Undo()
    undo.did(0, "density", 0.0)
    undo.did(1, "swing", 0.1)
    assert undo.undo(2) == 1


def test_a_drag_after_an_undo_is_a_step_of_its_own() -> None:
    undo: Undo[int] = Undo()
    undo.did(0, "density", 0.0)
    undo.did(1, "swing", 0.1)
    undo.undo(2)
    undo.did(1, "swing", 0.2)
    assert undo.undo(5) == 1


def test_it_does_not_grow_without_end() -> None:
    undo: Undo[int] = Undo()
    for value in range(2 * LIMIT):
        undo.did(value, None, 0.0)
    steps = 0
    while undo.can_undo:
        undo.undo(0)
        steps += 1
    assert steps == LIMIT


def test_nothing_to_take_back_is_an_error() -> None:
    with pytest.raises(IndexError):
        Undo[int]().undo(0)


def test_steps_that_would_change_nothing_are_skipped_but_for_the_first() -> None:
    undo: Undo[int] = Undo()
    for value in (7, 8, 8, 8):
        undo.did(value, None, 0.0)
    undo.skip(8)
    assert undo.undo(8) == 7
    undo.did(7, None, 0.0)
    undo.skip(7)
    assert undo.can_undo
