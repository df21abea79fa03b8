"""A step or a bend: what the last ticks of a line say about how they left it."""

from __future__ import annotations

import random

import pytest

from bridge.timing.breaks import step_over_bend

PERIOD = 20.0


def noisy(shape: list[float], deviation: float, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [value + chance.gauss(0, deviation) for value in shape]


@pytest.mark.parametrize("held", [3, 5, 12])
@pytest.mark.parametrize("height", [None, PERIOD])
def test_lost_ticks_are_a_step(held: int, height: float | None) -> None:
    shape = [0.0] * 12 + [PERIOD] * held
    assert all(step_over_bend(noisy(shape, 1, seed), 1, height) > 0 for seed in range(50))


@pytest.mark.parametrize("slope", [-2.6, 2.6])
def test_a_new_tempo_is_a_bend(slope: float) -> None:
    shape = [0.0] * 12 + [slope * i for i in range(1, 9)]
    assert all(step_over_bend(noisy(shape, 1, seed), 1) < 0 for seed in range(50))
    assert all(
        step_over_bend(noisy(shape, 1, seed), 1, PERIOD if slope > 0 else -PERIOD) < 0 for seed in range(50)
    )


def test_it_counts_in_variances_of_the_jitter() -> None:
    errors = [0.0, 0.0, 0.0, 20.0, 20.0, 20.0]
    assert step_over_bend(errors, 1.0) == pytest.approx(9 * step_over_bend(errors, 3.0))


def test_what_never_left_the_line_is_neither() -> None:
    assert step_over_bend([0.0] * 15, 1.0) == 0
    assert step_over_bend([0.0], 1.0) == 0
