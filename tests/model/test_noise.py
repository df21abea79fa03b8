"""Noise depends on (seed, index) alone, and stays what it is from release to release."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.model.noise import expression_noise, hit_noise, open_unit, prior_noise

Stream = Callable[[int, int], NDArray[np.float32]]
STREAMS: list[Stream] = [
    lambda seed, index: prior_noise(seed, index, 128),
    lambda seed, index: hit_noise(seed, index, 145),
    expression_noise,
]
seeds = st.integers(0, 2**63 - 1)


def test_the_raw_bits_are_those_of_philox() -> None:
    # The known answer for key 0, counter 0 of the authors' Random123 library; numpy counts up before a block.
    bits = np.random.Philox(key=0, counter=2**256 - 1).random_raw(4)
    assert [f"{word:016x}" for word in bits.tolist()] == [
        "16554d9eca36314c",
        "db20fe9d672d0fdc",
        "d7e772cee186176b",
        "7e68b68aec7ba23b",
    ]


def test_the_prior_noise_stays_what_it_is() -> None:
    expected = [-0.14712793, 0.50211215, -1.091101, 0.73758703, -0.73446286]
    np.testing.assert_allclose(prior_noise(7, 0, 5), expected, rtol=1e-6)
    np.testing.assert_allclose(prior_noise(7, 1, 3), [0.29133293, -0.43096775, -1.3915675], rtol=1e-6)
    np.testing.assert_allclose(prior_noise(2**63 - 1, 3, 2), [1.5616688, 0.1750214], rtol=1e-6)


def test_the_hit_noise_stays_what_it_is() -> None:
    noise = hit_noise(7, 0, 512)
    np.testing.assert_allclose(noise[0, :3], [2.079169, 0.0031502, 0.41615564], rtol=1e-4)
    np.testing.assert_allclose(noise[63, 511], 1.6949189, rtol=1e-6)


def test_the_expression_noise_stays_what_it_is() -> None:
    noise = expression_noise(7, 0)
    np.testing.assert_allclose(noise[0, :3], [-1.1456288, 0.83353674, -0.265331], rtol=1e-6)
    np.testing.assert_allclose(noise[63, 17], -0.22882771, rtol=1e-6)


@pytest.mark.parametrize("stream", STREAMS)
@given(seed=seeds, index=seeds)
@settings(max_examples=25, deadline=None)
def test_noise_is_finite_float32_and_the_same_each_time(stream: Stream, seed: int, index: int) -> None:
    noise = stream(seed, index)
    assert noise.dtype == np.float32
    assert np.all(np.isfinite(noise))
    assert noise.tobytes() == stream(seed, index).tobytes()


def test_no_two_streams_seeds_or_indices_share_their_noise() -> None:
    places = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2**62, 0), (0, 2**62)]
    first = [
        float(value)
        for seed, index in places
        for value in (prior_noise(seed, index, 2)[0], expression_noise(seed, index)[0, 0])
    ]
    assert len(set(first)) == len(first)
    draws = np.stack([prior_noise(seed, index, 1000) for seed, index in places])
    correlation = np.corrcoef(draws) - np.eye(len(places))
    assert np.abs(correlation).max() < 0.15  # the deviation of one is 0.03


def test_a_longer_prior_noise_begins_with_the_shorter() -> None:
    for size in (1, 2, 7):
        assert prior_noise(3, 4, size).tobytes() == prior_noise(3, 4, 8)[:size].tobytes()


def test_the_hit_noise_is_gumbel_and_the_rest_is_normal() -> None:
    gumbel = np.concatenate([hit_noise(seed, 0, 512).ravel() for seed in range(8)])
    assert gumbel.mean() == pytest.approx(np.euler_gamma, abs=0.01)
    assert gumbel.var() == pytest.approx(np.pi**2 / 6, abs=0.03)
    normal = np.concatenate([prior_noise(seed, 0, 30_001) for seed in range(8)])
    assert normal.mean() == pytest.approx(0, abs=0.01)
    assert normal.std() == pytest.approx(1, abs=0.01)
    assert np.mean(np.abs(normal) < 1) == pytest.approx(0.6827, abs=0.005)
    assert np.corrcoef(normal[:-1], normal[1:])[0, 1] == pytest.approx(0, abs=0.01)


def test_the_extreme_words_stay_inside_the_open_interval() -> None:
    low, high = open_unit(np.array([0, 2**64 - 1], dtype=np.uint64))
    assert 0 < low < 1e-15
    assert 1 - 1e-15 < high < 1


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -1), (2**64, 0), (0, 2**64)])
def test_a_seed_beyond_64_bits_is_refused(seed: int, index: int) -> None:
    with pytest.raises(ValueError, match="seed and index"):
        prior_noise(seed, index, 1)
