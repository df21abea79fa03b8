"""The figures of lateness."""

import math

from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.lateness import Lateness


@given(st.lists(st.integers(0, 90_000_000), min_size=1, max_size=200))
def test_percentiles_are_those_of_all_values_to_a_hundredth_of_a_ms(values_ns: list[int]) -> None:
    lateness = Lateness()
    for value in values_ns:
        lateness.add(value)
    ordered = sorted(values_ns)
    median_ns = ordered[math.ceil(0.5 * len(ordered)) - 1]
    most_ns = ordered[math.ceil(0.99 * len(ordered)) - 1]
    p50, p99, worst = lateness.percentiles_ms()
    assert median_ns / 1e6 <= p50 + 1e-9 <= median_ns / 1e6 + 0.0101
    assert most_ns / 1e6 <= p99 + 1e-9 <= most_ns / 1e6 + 0.0101
    assert worst == ordered[-1] / 1e6
    assert lateness.count == len(values_ns)


def test_all_on_time_is_exactly_zero() -> None:
    lateness = Lateness()
    for _ in range(1000):
        lateness.add(0)
    assert lateness.percentiles_ms() == (0.0, 0.0, 0.0)


def test_beyond_the_scale_the_percentiles_are_the_worst() -> None:
    lateness = Lateness()
    for late_ns in (0, 500_000_000, 700_000_000):
        lateness.add(late_ns)
    assert lateness.percentiles_ms() == (700.0, 700.0, 700.0)


def test_nothing_sent_is_not_late() -> None:
    assert Lateness().percentiles_ms() == (0.0, 0.0, 0.0)
