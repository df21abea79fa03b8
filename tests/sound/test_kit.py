"""The kit: each voice sounds like what it is, as far as arithmetic can tell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from bridge.groove import VOICES, Voice
from bridge.sound.kit import LAYERS, TAKES, Kit, Sound, render

RATE = 48_000


@lru_cache(maxsize=1)
def kit() -> Kit:
    return Kit.make(RATE)


def centroid_hz(sound: Sound) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float((power * np.fft.rfftfreq(len(sound), 1 / RATE)).sum() / power.sum())


def length_s(sound: Sound) -> float:
    """Until 90 % of the energy is out."""
    energy = np.cumsum(sound.astype(float) ** 2)
    return float(np.searchsorted(energy, 0.9 * energy[-1])) / RATE


@pytest.mark.parametrize("voice", range(VOICES))
def test_every_sound_is_finite_fits_and_ends_in_silence(voice: int) -> None:
    for layer in range(LAYERS):
        for take in range(TAKES):
            sound = kit().sounds[voice][layer][take]
            assert sound.dtype == np.float32
            assert np.isfinite(sound).all()
            assert 0.2 < np.abs(sound).max() <= 1
            assert abs(sound[-1]) < 1e-3
            assert 0.05 < len(sound) / RATE < 3


@pytest.mark.parametrize("voice", range(VOICES))
def test_every_sound_begins_at_once(voice: int) -> None:
    sound = np.abs(kit().sounds[voice][-1][0])
    assert sound[: RATE // 200].max() > 0.25 * sound.max()  # within 5 ms: a late attack would be a late beat


def test_the_voices_are_told_apart_by_pitch_and_length() -> None:
    bright = [centroid_hz(kit().sounds[voice][-1][0]) for voice in Voice]
    long = [length_s(kit().sounds[voice][-1][0]) for voice in Voice]
    assert bright[Voice.KICK] < bright[Voice.LOW_TOM] < bright[Voice.MID_TOM] < bright[Voice.HIGH_TOM]
    assert bright[Voice.HIGH_TOM] < bright[Voice.SNARE] < bright[Voice.RIDE]
    assert bright[Voice.KICK] < 150
    assert min(bright[Voice.CLOSED_HAT], bright[Voice.OPEN_HAT]) > 8_000
    assert long[Voice.CLOSED_HAT] * 4 < long[Voice.OPEN_HAT] < long[Voice.CRASH]


@pytest.mark.parametrize("voice", [Voice.SNARE, Voice.KICK])
def test_a_harder_blow_is_brighter(voice: Voice) -> None:
    assert centroid_hz(kit().sounds[voice][-1][0]) > centroid_hz(kit().sounds[voice][0][0])


def test_the_kit_is_the_same_on_every_start() -> None:
    assert np.array_equal(render(Voice.CRASH, 0.5, 1, RATE), render(Voice.CRASH, 0.5, 1, RATE))


def test_two_takes_of_a_hat_differ() -> None:
    soft = kit().sounds[Voice.CLOSED_HAT][0]
    assert not np.array_equal(soft[0][:1000], soft[1][:1000])


def test_velocities_reach_all_layers_and_no_further() -> None:
    layers = {id(kit().sound(Voice.SNARE, velocity, 0)) for velocity in range(1, 128)}
    assert layers == {id(kit().sounds[Voice.SNARE][layer][0]) for layer in range(LAYERS)}


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="8000"):
        Kit.make(44)
