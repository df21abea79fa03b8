"""The random walk of the sliders as arithmetic: a function of the bar, bounded, without jumps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.model import Settings
from bridge.studio.sway import PACES, Manner, standing, sway, swayed

NAMES = ("density", "swing", "fill")
SEEDS = st.integers(0, 2**31)
BARS = st.integers(0, 2000)
MANNERS = st.builds(Manner, st.floats(0, 1), st.sampled_from(PACES))
STEEPEST = 1.5  # of 3f^2 - 2f^3


@given(SEEDS, BARS, st.sampled_from(PACES))
def test_neighbouring_bars_are_near_each_other_and_no_bar_is_far_from_home(
    seed: int, bar: int, bars: int
) -> None:
    here, there = (sway(seed, "swing", bar + step, bars) for step in (0, 1))
    assert abs(here) <= 0.5
    assert abs(there - here) <= min(1.0, STEEPEST / bars)


@given(SEEDS)
def test_it_does_wander_each_slider_its_own_way(seed: int) -> None:
    walks = {name: [sway(seed, name, bar, 4) for bar in range(64)] for name in NAMES}
    assert all(max(walk) - min(walk) > 0.3 for walk in walks.values())
    assert len({tuple(walk) for walk in walks.values()}) == len(NAMES)


def wanderers(settings: Settings) -> tuple[str, ...]:
    return (*NAMES, *settings.axes)


def walk(settings: Settings, manner: Manner, bars: list[int]) -> list[Settings]:
    """The settings in these bars, one after the other."""
    before = standing(settings, wanderers(settings), bars[0], manner)
    all_settings = []
    for bar in bars:
        settings, before = swayed(settings, wanderers(settings), bar, manner, before)
        all_settings.append(settings)
    return all_settings


@given(SEEDS, MANNERS, st.lists(BARS, min_size=2, max_size=12))
def test_a_bar_has_the_same_sliders_however_the_song_got_there(
    seed: int, manner: Manner, bars: list[int]
) -> None:
    start = Settings(seed, sliders={"density": 0.3}, axes={"z2": -1.0})
    there_and_back = walk(start, manner, [*bars, bars[0], *bars])
    assert there_and_back[0] == start  # it begins where the sliders are
    assert there_and_back[len(bars) :] == [start, *there_and_back[: len(bars)]]


@given(SEEDS, MANNERS, st.floats(-1, 1), st.lists(BARS, min_size=1, max_size=12))
def test_no_slider_is_further_from_where_it_was_than_the_amount(
    seed: int, manner: Manner, value: float, bars: list[int]
) -> None:
    start = Settings(seed, sliders=dict.fromkeys(NAMES, value), axes={"z1": 3 * value})
    for settings in walk(start, manner, bars):
        for name in NAMES:
            assert abs(settings.sliders.get(name, 0.0) - value) <= manner.amount + 1e-6
        assert abs(settings.axes["z1"] - 3 * value) <= 3 * manner.amount + 1e-6


@given(SEEDS, MANNERS, st.floats(-1, 1))
def test_a_slider_that_a_hand_moved_goes_on_from_there_and_the_others_as_before(
    seed: int, manner: Manner, value: float
) -> None:
    start = Settings(seed)
    before = standing(start, NAMES, 0, manner)
    plain = walk(start, manner, [0, 1, 2])
    settings, before = swayed(start, NAMES, 1, manner, before)
    settings, before = swayed(settings.holding("swing", value), NAMES, 2, manner, before)
    moved = settings.sliders.get("swing", 0.0)
    assert abs(moved - value) <= manner.amount * min(1.0, STEEPEST / manner.bars) + 1e-5
    for name in ("density", "fill"):
        assert settings.sliders.get(name, 0.0) == plain[2].sliders.get(name, 0.0)


@given(SEEDS, MANNERS, MANNERS, SEEDS)
def test_another_manner_or_seed_makes_no_jump(
    seed: int, manner: Manner, other: Manner, new_seed: int
) -> None:
    before = standing(Settings(seed), NAMES, 5, manner)
    settings, before = swayed(Settings(seed), NAMES, 6, manner, before)
    after, _ = swayed(Settings(new_seed, sliders=settings.sliders), NAMES, 6, other, before)
    assert after.sliders == pytest.approx(settings.sliders, abs=2e-6)


def test_a_manner_out_of_range_is_a_sentence() -> None:
    with pytest.raises(GroovebridgeError, match="0 to 1"):
        Manner(1.5)
    with pytest.raises(GroovebridgeError, match="choose one of"):
        Manner(bars=3)


def test_all_that_does_not_wander_stays() -> None:
    start = Settings(3, 7, 0.5, {}, "funk", {"swing": 0.5})
    there = walk(start, Manner(1.0, 1), [0, 9])[-1]
    assert there.sliders["swing"] != 0.5
    assert (there.seed, there.index, there.temperature, there.style) == (3, 7, 0.5, "funk")
    assert not there.axes  # nobody holds one
