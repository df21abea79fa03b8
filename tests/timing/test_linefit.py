"""Lines through the newest ticks: running sums give what adding up would."""

from __future__ import annotations

import random
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bridge.timing.linefit import WINDOWS, fit_line
from bridge.timing.ticks import Tick, Ticks

MOST = 12
steps = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 10**9)), min_size=2, max_size=60)


def ticks_of(steps: list[tuple[int, int]]) -> list[Tick]:
    number, ns, ticks = 1000, 10**15, []
    for more, later in steps:
        number, ns = number + more, ns + later
        ticks.append((number, ns))
    return ticks


def added_up(ticks: list[Tick]) -> tuple[int, int, int, int]:
    last, last_ns = ticks[-1]
    pairs = [(number - last, ns - last_ns) for number, ns in ticks]
    return (
        sum(x for x, _ in pairs),
        sum(y for _, y in pairs),
        sum(x * x for x, _ in pairs),
        sum(x * y for x, y in pairs),
    )


@given(steps, st.data())
def test_the_sums_over_any_number_of_the_newest_are_exact(
    steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    ticks, known = ticks_of(steps), Ticks(MOST)
    known.extend(ticks)
    assert len(known) == min(len(ticks), MOST)
    count = data.draw(st.integers(1, len(known)))
    assert known.newest(count) == ticks[-count:]
    assert known.sums(count) == added_up(ticks[-count:])
    known.pop()
    known.append((ticks[-1][0] + 5, ticks[-1][1] + 7))
    assert known.sums(count) == added_up([*ticks[:-1], known.last][-count:])


@given(steps)
def test_the_line_is_the_least_squares_line_of_its_window(steps: list[tuple[int, int]]) -> None:
    ticks = ticks_of(steps)
    known, place = Ticks(WINDOWS[-1], ticks), 0
    line, place = fit_line(known, 1e6, 0)
    n = min(len(ticks), WINDOWS[place])
    sx, sy, sxx, sxy = (Fraction(total) for total in added_up(ticks[-n:]))
    slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
    assert abs(line.ns_per_tick - float(slope)) <= 1e-9 * abs(float(slope))
    assert abs(line.origin_ns - ticks[-1][1] - float((sy - slope * sx) / n)) <= 1 + 1e-6


def test_the_window_grows_at_a_steady_tempo_and_shrinks_in_a_ramp() -> None:
    chance = random.Random(1)
    known, place, ns, period = Ticks(WINDOWS[-1]), 0, 0.0, 20e6
    for number in range(400):
        known.append((number, round(ns + chance.gauss(0, 1e6))))
        ns += period
        if number:
            _, place = fit_line(known, 1e6, place)
    assert WINDOWS[place] >= 100
    for number in range(400, 500):
        known.append((number, round(ns + chance.gauss(0, 1e6))))
        period *= 0.999
        ns += period
        _, place = fit_line(known, 1e6, place)
    assert WINDOWS[place] <= 52
