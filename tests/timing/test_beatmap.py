"""Song position <-> time."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.timing import BeatMap

DAY_NS = 24 * 3600 * 10**9
tempos = st.floats(20, 400)
origins_ns = st.integers(0, 2**53)


def test_ticks_at_120_bpm_are_rounded_once_and_never_summed() -> None:
    line = BeatMap.at(120, 0, 1_000)
    assert [line.to_ns(ticks) for ticks in (0, 1, 2, 3, 960, 15360)] == [
        1_000,
        521_833,
        1_042_667,
        1_563_500,
        500_001_000,
        8_000_001_000,
    ]


@given(bpm=tempos, origin_ns=origins_ns, ticks=st.integers(0, 165_888_000))
def test_the_error_stays_under_a_nanosecond_over_24_hours(bpm: float, origin_ns: int, ticks: int) -> None:
    exact = origin_ns + ticks * Fraction(60_000_000_000) / (960 * Fraction(bpm))
    if exact - origin_ns < DAY_NS:
        assert abs(BeatMap.at(bpm, 0, origin_ns).to_ns(ticks) - exact) < 1


@given(bpm=tempos, ticks=st.floats(0, 1e6), origin_ns=origins_ns, later=st.integers(-DAY_NS, DAY_NS))
def test_time_to_position_and_back_is_the_same_nanosecond(
    bpm: float, ticks: float, origin_ns: int, later: int
) -> None:
    line = BeatMap.at(bpm, ticks, origin_ns)
    assert line.to_ns(line.to_ticks(origin_ns + later)) == origin_ns + later


@given(bpm=tempos, origin_ns=origins_ns, ticks=st.integers(0, 165_888_000))
def test_position_to_time_and_back_is_within_half_a_nanosecond(
    bpm: float, origin_ns: int, ticks: int
) -> None:
    line = BeatMap.at(bpm, 0, origin_ns)
    assert abs(line.to_ticks(line.to_ns(ticks)) - ticks) * line.ns_per_tick <= 0.51


@given(bpm=tempos, new=tempos, at=st.integers(0, DAY_NS))
def test_a_tempo_change_keeps_the_position(bpm: float, new: float, at: int) -> None:
    before = BeatMap.at(bpm, 0, 0)
    after = before.with_tempo(new, at)
    assert after.bpm == pytest.approx(new)
    assert after.to_ticks(at) == pytest.approx(before.to_ticks(at), abs=1e-6)
