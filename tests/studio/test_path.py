"""A path over the map: where a song that follows it is, bar by bar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.studio.path import LEGS, MOST_PLACES, Path

axis = st.floats(-1, 1)
places = st.tuples(axis, axis)
paths = st.builds(
    Path, st.lists(places, min_size=1, max_size=8).map(tuple), st.sampled_from(LEGS), st.booleans()
)
bars = st.integers(0, 10_000)


@given(paths, st.integers(0, 7), bars)
def test_each_place_is_reached_on_its_bar_line_each_time_around(path: Path, number: int, turn: int) -> None:
    number %= len(path.places)
    turns = turn * path.bars if path.around else 0
    assert path.at(turns + number * path.leg_bars) == path.places[number]


@given(paths, st.floats(0, 10_000))
def test_it_never_leaves_the_map_nor_the_box_of_its_places(path: Path, bar: float) -> None:
    for value, ours in zip(path.at(bar), zip(*path.places, strict=True), strict=True):
        assert min(ours) - 1e-12 <= value <= max(ours) + 1e-12
        assert -1 <= value <= 1


@given(paths, bars)
def test_a_leg_is_walked_in_even_steps(path: Path, bar: int) -> None:
    before, here, after = (path.at(bar + part) for part in (0, 0.5, 1))
    for a, b, c in zip(before, here, after, strict=True):
        assert b == pytest.approx((a + c) / 2, abs=1e-9)


@given(paths, bars)
def test_at_its_end_it_begins_again_or_stays(path: Path, bar: int) -> None:
    if path.around:
        assert path.at(bar + path.bars) == path.at(bar)
    else:
        assert path.at(path.bars + bar) == path.places[-1]


def test_places_are_added_moved_and_taken_away() -> None:
    path = Path().adding((0, 0)).adding((1, 1)).adding((-1, 1))
    assert path.moving(1, (0.5, 0)).places == ((0, 0), (0.5, 0), (-1, 1))
    assert path.without(0).places == ((1, 1), (-1, 1))
    with pytest.raises(IndexError):
        path.without(3)
    with pytest.raises(IndexError):
        path.moving(3, (0, 0))


def test_what_is_no_path_is_refused_with_what_is_one() -> None:
    with pytest.raises(GroovebridgeError, match=r"choose one of \(1, 2, 4, 8\)"):
        Path(leg_bars=3)
    with pytest.raises(GroovebridgeError, match="both go from -1 to 1"):
        Path().adding((2, 0))
    with pytest.raises(GroovebridgeError, match="at most 32 places"):
        Path(((0, 0),) * (MOST_PLACES + 1))
    with pytest.raises(ValueError, match="leads nowhere"):
        Path().at(0)
