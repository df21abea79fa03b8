"""A look back at ticks that were lost and that nobody noticed."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from bridge.timing.recount import LOOK_EVERY, Recount, find_step
from bridge.timing.ticks import Tick

PERIOD_NS = 10_000_000
JITTER_NS = 3_000_000
ALL = 96


def heard(moments: list[float], seed: int) -> list[Tick]:
    """Ticks at these places, in periods, as they arrive; one after the other in number."""
    chance = random.Random(seed)
    return [(n, round(at * PERIOD_NS + chance.gauss(0, JITTER_NS))) for n, at in enumerate(moments)]


def verdicts(moments: list[float]) -> list[tuple[int, int]]:
    return [find_step(heard(moments, seed), PERIOD_NS, JITTER_NS) for seed in range(40)]


@pytest.mark.parametrize(("gap_at", "of_40"), [(24, 20), (48, 38), (72, 20)])
@pytest.mark.parametrize("periods", [-1, 1, 2])
def test_a_gap_is_found_where_it_was_amid_jitter_of_a_third_of_a_period(
    gap_at: int, of_40: int, periods: int
) -> None:
    found = verdicts([n + periods * (n >= gap_at) for n in range(ALL)])
    right = [(place, height) for place, height in found if height == periods and abs(place - gap_at) <= 3]
    assert len(right) >= of_40
    assert all(height in (0, periods) for _, height in found)


@pytest.mark.parametrize(
    "tempo",
    [  # in periods, by tick
        lambda n: n,
        lambda n: n + 0.0005 * n * n,
        lambda n: n + 0.02 * max(0, n - 40),
        lambda n: n + 0.2 * max(0, n - 48),
        lambda n: n - 0.1 * max(0, n - 60),
    ],
    ids=["steady", "ramp", "a little slower", "slower", "faster"],
)
def test_a_tempo_is_no_gap(tempo: Callable[[int], float]) -> None:
    assert [height for _, height in verdicts([tempo(n) for n in range(ALL)]) if height] == []


def test_half_a_period_is_neither_one_nor_none() -> None:
    """A stall that the follower has not noticed either."""
    moments: list[float] = [n + 0.5 * (n >= 48) for n in range(ALL)]
    found = [find_step(heard(moments, seed), PERIOD_NS, JITTER_NS / 3) for seed in range(40)]
    assert {height for _, height in found} == {0}


def test_of_two_gaps_one_is_found_and_then_the_other() -> None:
    moments: list[float] = [n + (n >= 40) + (n >= 60) for n in range(ALL)]
    ticks = heard(moments, 1)
    recount = Recount()
    recount.put(ticks)
    found = [recount.look(PERIOD_NS, JITTER_NS) for _ in range(12)]
    assert sum(found) == 2
    assert recount.ticks[-1] == (ALL - 1 + 2, ticks[-1][1])
    assert recount.ticks[0] == ticks[0]


def test_the_numbers_ascend_whatever_is_found_and_put() -> None:
    chance = random.Random(2)
    recount = Recount()
    number, now = 0, 0
    for n in range(3000):
        number += chance.choice((-2, 1, 1, 1, 1, 1, 3))
        number = max(0, number)
        now += round(PERIOD_NS * chance.choice((0, 1, 1, 1, 2)))
        recount.put([(number, now), (number + 1, now + PERIOD_NS)])
        if n % LOOK_EVERY == 0:
            number = max(0, number + recount.look(PERIOD_NS, JITTER_NS))
        numbers = [at for at, _ in recount.ticks]
        assert numbers == sorted(set(numbers))
        assert numbers[0] >= 0


def test_a_clock_that_hardly_jitters_is_not_looked_at() -> None:
    recount = Recount()
    recount.put([(n, (n + (n >= 48)) * PERIOD_NS) for n in range(ALL)])
    assert [recount.look(PERIOD_NS, PERIOD_NS / 50) for _ in range(3)] == [0, 0, 0]
    assert any(recount.look(PERIOD_NS, PERIOD_NS / 30) for _ in range(3))
