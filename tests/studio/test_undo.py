"""Undo: every state that was is found again, and a drag is one step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.studio.merge import merged, merged_map
from bridge.studio.undo import LIMIT, TOGETHER_S, Lasting, Riding, Undo

Desk = dict[str, int]


def of_values() -> Undo[int]:
    return Undo(merged)


def of_desks() -> Undo[Desk]:
    return Undo(merged_map)


@given(st.lists(st.sampled_from(["do", "undo", "redo"]), max_size=60))
def test_it_goes_back_and_forth_like_a_list_with_a_finger_in_it(acts: list[str]) -> None:
    undo = of_values()
    row, finger, now = [0], 0, 0
    for number, act in enumerate(acts, start=1):
        if act == "do":
            undo.did(now, number, None, float(number))
            row, finger, now = [*row[: finger + 1], number], finger + 1, number
        elif act == "undo" and undo.can_undo:
            now, finger = undo.undo(now), finger - 1
        elif act == "redo" and undo.can_redo:
            now, finger = undo.redo(now), finger + 1
        assert now == row[finger]
        assert (undo.can_undo, undo.can_redo) == (finger > 0, finger < len(row) - 1)


def test_a_drag_is_one_step_and_a_pause_ends_it() -> None:
    undo = of_values()
    for value, at_s in ((0, 0.0), (1, 0.1), (2, 0.2), (3, 0.3 + TOGETHER_S)):
        undo.did(value, value + 1, "density", at_s)
    assert undo.undo(4) == 3
    assert undo.undo(3) == 0
    assert undo.redo(0) == 3
    assert undo.undo(3) == 0
    assert not undo.can_undo


def test_another_slider_is_another_step() -> None:
    undo = of_values()
    undo.did(0, 1, "density", 0.0)
    undo.did(1, 2, "swing", 0.1)
    assert undo.undo(2) == 1


def test_a_drag_after_an_undo_is_a_step_of_its_own() -> None:
    undo = of_values()
    undo.did(0, 1, "density", 0.0)
    undo.did(1, 2, "swing", 0.1)
    undo.undo(2)
    undo.did(1, 5, "swing", 0.2)
    assert undo.undo(5) == 1


def test_it_does_not_grow_without_end() -> None:
    undo = of_values()
    for value in range(2 * LIMIT):
        undo.did(value, value + 1, None, 0.0)
    steps = 0
    while undo.can_undo:
        undo.undo(0)
        steps += 1
    assert steps == LIMIT


def test_nothing_to_take_back_is_an_error() -> None:
    with pytest.raises(IndexError):
        of_values().undo(0)


def test_steps_that_would_change_nothing_are_skipped_but_for_the_first() -> None:
    undo = of_values()
    for before, after in ((7, 8), (8, 8), (8, 8), (8, 8)):
        undo.did(before, after, None, 0.0)
    undo.skip(8)
    assert undo.undo(8) == 7
    undo.did(7, 7, None, 0.0)
    undo.skip(7)
    assert undo.can_undo


def test_what_a_hand_did_in_a_ride_is_taken_back_without_it_and_the_ride_is_one_step() -> None:
    undo, ride = of_desks(), Riding()
    undo.did({"density": 0}, {"density": 1}, ride, 0.0)
    undo.did({"density": 1}, {"density": 1, "flag": 1}, None, 1.0)
    undo.did({"density": 1, "flag": 1}, {"density": 2, "flag": 1}, ride, 2.0)
    assert undo.undo({"density": 2, "flag": 1}) == {"density": 2}
    undo.did({"density": 2}, {"density": 3}, ride, 3.0)
    assert undo.redo({"density": 3}) == {"density": 3, "flag": 1}, "the ride went on, and kept the redo"
    assert undo.undo({"density": 3, "flag": 1}) == {"density": 3}
    assert undo.undo({"density": 3}) == {"density": 0}
    assert ride.undone
    assert not undo.can_undo
    assert undo.redo({"density": 0}) == {"density": 3}


def test_a_ride_does_not_part_a_drag() -> None:
    undo, ride, drag = of_desks(), Riding(), Lasting()
    undo.did({"density": 0}, {"density": 1}, ride, 0.0)
    undo.did({"density": 1}, {"density": 1, "swing": 1}, drag, 1.0)
    undo.did({"density": 1, "swing": 1}, {"density": 2, "swing": 1}, ride, 2.0)
    undo.did({"density": 2, "swing": 1}, {"density": 2, "swing": 2}, drag, 3.0)
    assert undo.undo({"density": 2, "swing": 2}) == {"density": 2}
    assert undo.redo({"density": 5}) == {"density": 5, "swing": 2}


NAMES = ("density", "swing", "flag")


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("hand"), st.sampled_from(NAMES), st.integers(0, 9)),
            st.tuples(st.just("ride"), st.just("walked"), st.integers(0, 9)),
            st.tuples(st.sampled_from(["undo", "redo"]), st.just(""), st.just(0)),
        ),
        max_size=60,
    )
)
def test_with_a_ride_beside_it_undo_brings_back_what_hands_made_as_it_does_without(
    acts: list[tuple[str, str, int]],
) -> None:
    """The ride began first, so that its step lies beneath; it moves what no hand moves."""
    undo, ride = of_desks(), Riding()
    undo.did({"walked": 0}, {"walked": 1}, ride, 0.0)
    now: Desk = {"walked": 1}
    row: list[Desk] = [{}]
    finger = 0
    for number, (act, name, value) in enumerate(acts, start=1):
        hands = row[finger]
        if act in ("hand", "ride"):
            after = {**now, name: value}
            undo.did(now, after, ride if act == "ride" else None, float(number))
            now = after
            if act == "hand":
                row, finger = [*row[: finger + 1], {**hands, name: value}], finger + 1
        elif act == "undo" and finger > 0:
            now, finger = undo.undo(now), finger - 1
        elif act == "redo" and undo.can_redo:
            now, finger = undo.redo(now), finger + 1
        walked = {"walked": now["walked"]}
        assert now == row[finger] | walked
        assert undo.can_redo == (finger < len(row) - 1)
    assert not ride.undone
