"""What a hand makes of a cell of the loop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.groove import Voice
from bridge.groove.edit import REST, Touch
from gui.views.loop_edit import SNAP, pulled, toggled, words

hits = st.builds(Touch, st.floats(1 / 127, 1), st.floats(-0.5, 0.4999))
moves = st.floats(-3, 3)


@given(hits, st.floats(0.01, 1))
def test_a_click_silences_a_hit_and_the_next_strikes_it_on_the_grid(hit: Touch, velocity: float) -> None:
    assert toggled(hit, velocity) == REST
    assert toggled(REST, velocity) == Touch(velocity)


@given(hits, moves, moves, st.booleans())
def test_a_hit_stays_a_hit_however_far_it_is_pulled(hit: Touch, up: float, right: float, fine: bool) -> None:
    assert pulled(hit, up, right, fine).velocity > 0


@given(moves, moves, st.booleans())
def test_a_rest_cannot_be_pulled(up: float, right: float, fine: bool) -> None:
    assert pulled(REST, up, right, fine) == REST


@given(hits, moves)
def test_a_pull_up_or_down_leaves_the_moment_alone(hit: Touch, up: float) -> None:
    assert abs(pulled(hit, up, 0).offset - hit.offset) <= 0.001


def test_near_the_grid_a_hit_snaps_to_it_unless_the_pull_is_fine() -> None:
    assert pulled(Touch(0.5, 0.2), 0, -0.2 + SNAP / 2).offset == 0
    assert 0 < pulled(Touch(0.5, SNAP), 0, -SNAP, fine=True).offset < SNAP


def test_a_hit_is_told_in_bar_beat_and_sixteenth_velocity_and_milliseconds() -> None:
    assert words(24, Voice.SNARE, Touch(96 / 127, 0.1), 120).endswith(", 2.3.1: velocity 96, 12 ms late")
    assert words(24, Voice.SNARE, REST, 120).endswith(", 2.3.1: rest")
