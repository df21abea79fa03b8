"""Soft take-over: nothing jumps, and a knob that has met its dial moves it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.studio.controls import Kind, Source
from bridge.studio.pickup import NEAR, PickUp

KNOB = Source(Kind.ABSOLUTE, 0, 1)
PLACES = st.floats(0, 1)


@given(st.lists(PLACES, max_size=20), PLACES)
def test_a_dial_only_follows_a_knob_that_has_been_there(turns: list[float], dial: float) -> None:
    pickup, before = PickUp(), None
    for place in turns:
        taken = pickup.takes(KNOB, place, dial)
        low, high = min(place, place if before is None else before), max(place, before or place)
        assert taken == (low <= dial <= high or abs(place - dial) <= NEAR)
        before = place


def test_a_knob_that_has_hold_of_a_dial_may_leap() -> None:
    pickup = PickUp()
    assert pickup.takes(KNOB, 0.4, 0.4)
    pickup.has_hold(KNOB, 0.4)
    assert pickup.takes(KNOB, 0.9, 0.4)


def test_a_dial_that_somebody_else_moved_must_be_met_again() -> None:
    pickup = PickUp()
    pickup.has_hold(KNOB, 0.4)
    assert not pickup.takes(KNOB, 0.5, 0.8)
    assert not pickup.takes(KNOB, 0.7, 0.8)
    assert pickup.takes(KNOB, 0.85, 0.8)


def test_a_dial_of_which_nobody_knows_where_it_is_follows_at_once() -> None:
    assert PickUp().takes(KNOB, 0.1, None)


def test_a_button_that_sends_like_a_knob_goes_down_once() -> None:
    pickup = PickUp()
    assert [pickup.rises(KNOB, place) for place in (1.0, 1.0, 0.0, 0.2, 1.0)] == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_a_dial_that_comes_back_to_where_a_knob_left_it_must_be_met_again_too() -> None:
    pickup = PickUp()
    pickup.has_hold(KNOB, 0.4)
    assert not pickup.takes(KNOB, 0.5, 0.8)  # the mouse has moved it
    assert not pickup.takes(KNOB, 0.6, 0.4)  # undo
    assert pickup.takes(KNOB, 0.3, 0.4)
