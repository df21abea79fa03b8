"""Blows sound on their frames, however the audio callback wobbles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove import VOICES, Voice
from bridge.ports.frames import FrameRate
from bridge.sound import Kit, Mixer
from bridge.sound.mixer import MAX_SOUNDING
from bridge.sound.stream import Stream, StreamClock

RATE = 48_000
PERIOD = 128
MS = 1_000_000


def clicks() -> Kit:
    """A kit whose every sound is one frame long: it shows where a blow lands."""
    click = np.ones(1, np.float32)
    return Kit(RATE, ((((click,) * 2,) * 4),) * VOICES)


def long_notes(frames: int = 20_000) -> Kit:
    return Kit(RATE, ((((np.ones(frames, np.float32),) * 2,) * 4),) * VOICES)


# --- mixer ---


@given(
    blows=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 127), st.integers(0, 2000)), max_size=20),
    period=st.integers(1, 700),
)
@settings(deadline=None, max_examples=50)
def test_what_is_heard_does_not_depend_on_the_period(blows: list[tuple[int, int, int]], period: int) -> None:
    def heard(frames: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        mixer = Mixer(long_notes(700))
        for blow in blows:
            mixer.strike(*blow)
        return np.concatenate([mixer.render(at, frames) for at in range(0, 4200, frames)])[:3500]

    assert np.allclose(heard(4200), heard(period), atol=1e-5)


def test_a_closed_hat_ends_an_open_one_without_a_click() -> None:
    mixer = Mixer(long_notes())
    mixer.strike(Voice.OPEN_HAT, 127, 0)
    mixer.strike(Voice.CLOSED_HAT, 1, 1000)
    sum_of_both = mixer.render(0, 4000)[:, 0]
    assert sum_of_both[3000] < 0.1 * sum_of_both[500]
    assert np.abs(np.diff(sum_of_both[1001:3000])).max() < 0.01


def test_silence_lets_all_die_away_and_forgets_it() -> None:
    mixer = Mixer(long_notes())
    for voice in range(VOICES):
        mixer.strike(voice, 100, 0)
    mixer.silence(500)
    mixer.render(0, 4000)
    assert mixer.sounding == 0


def test_a_storm_of_blows_stays_within_bounds() -> None:
    mixer = Mixer(long_notes())
    for number in range(500):
        mixer.strike(number % VOICES, 127, 0)
    assert mixer.sounding == MAX_SOUNDING
    assert np.abs(mixer.render(0, 512)).max() <= 1


# --- clock ---


@given(st.lists(st.integers(0, 3 * MS), min_size=50, max_size=200), st.integers(-100, 100))
@settings(deadline=None, max_examples=50)
def test_the_clock_is_never_further_off_than_its_best_callback(late: list[int], ppm: int) -> None:
    rate = FrameRate(RATE)
    clock = StreamClock(rate)
    for number, late_ns in enumerate(late):
        true_ns = round(rate.to_ns(number * PERIOD) * (1 + ppm / 1e6))
        clock.begin(number * PERIOD, true_ns + late_ns)
        error = rate.to_ns(number * PERIOD) - clock.stream_ns(true_ns)
        told_ns = true_ns + 3 * MS  # the latest that a callback said it was
        assert -1000 <= error <= min(late[: number + 1]) + 600e-6 * told_ns + 1000


@given(
    gap_ms=st.integers(3, 20_000),
    late=st.lists(st.integers(0, 800_000), min_size=300, max_size=300),
    quiet=st.integers(1, 40),
)
@settings(deadline=None, max_examples=50)
def test_the_clock_goes_on_with_what_is_left_once_periods_were_missed(
    gap_ms: int, late: list[int], quiet: int
) -> None:
    rate = FrameRate(RATE)
    clock = StreamClock(rate)
    late[::quiet] = [0] * len(late[::quiet])
    for number, late_ns in enumerate(late):
        true_ns = rate.to_ns(number * PERIOD) + (gap_ms * MS if number >= 100 else 0)
        clock.begin(number * PERIOD, true_ns + late_ns)
    assert abs(rate.to_ns(299 * PERIOD) - clock.stream_ns(true_ns)) < 1.2 * MS


# --- stream ---


@given(wobble=st.lists(st.integers(0, 2 * MS), min_size=400, max_size=400), ahead_ms=st.integers(4, 40))
@settings(deadline=None, max_examples=20)
def test_blows_keep_their_distance_though_callbacks_wobble(wobble: list[int], ahead_ms: int) -> None:
    rate = FrameRate(RATE)
    stream = Stream(Mixer(clicks()), RATE, PERIOD)
    wobble[:20] = [0] * 20
    due = [60 * MS + number * 20 * MS for number in range(40)]
    waiting, heard = list(due), []
    for number in range(400):
        host_ns = rate.to_ns(number * PERIOD) + wobble[number]
        while waiting and waiting[0] - ahead_ms * MS <= host_ns:
            stream.strike(Voice.SNARE, 100, waiting.pop(0))
        heard += [number * PERIOD + int(at) for at in np.flatnonzero(stream.render(PERIOD, host_ns)[:, 0])]
    expected = [rate.to_frame(at) + PERIOD for at in due]
    assert len(heard) == len(due)
    assert max(abs(a - b) for a, b in zip(heard, expected, strict=True)) <= 25  # half a ms: the clock's drift
    assert stream.late == 0


def test_what_is_cancelled_is_not_heard() -> None:
    stream = Stream(Mixer(clicks()), RATE, PERIOD)
    for at in range(1, 9):
        stream.strike(Voice.KICK, 100, at * 10 * MS)
    stream.cancel_from(45 * MS)
    periods = [stream.render(PERIOD, FrameRate(RATE).to_ns(number * PERIOD)) for number in range(100)]
    assert np.count_nonzero(np.concatenate(periods)[:, 0]) == 4


def test_a_blow_that_comes_late_sounds_at_once_and_is_counted() -> None:
    stream = Stream(Mixer(clicks()), RATE, PERIOD)
    rate = FrameRate(RATE)
    for number in range(20):
        stream.render(PERIOD, rate.to_ns(number * PERIOD))
    stream.strike(Voice.KICK, 100, rate.to_ns(10 * PERIOD))
    assert stream.render(PERIOD, rate.to_ns(20 * PERIOD))[0, 0] == pytest.approx(0.35, abs=0.25)
    assert stream.late == 1


def test_after_missed_periods_a_blow_sounds_when_it_is_due() -> None:
    """As after a sound card that hung for five seconds, or a player that was stopped."""
    stream = Stream(Mixer(clicks()), RATE, PERIOD)
    rate = FrameRate(RATE)
    for number in range(300):
        host_ns = rate.to_ns(number * PERIOD) + (5_000 * MS if number >= 100 else 0)
        stream.render(PERIOD, host_ns)
    stream.strike(Voice.KICK, 100, host_ns + 10 * MS)
    heard = np.concatenate([stream.render(PERIOD, host_ns + rate.to_ns(n * PERIOD)) for n in range(1, 20)])
    assert np.flatnonzero(heard[:, 0])[0] == pytest.approx(rate.to_frame(10 * MS), abs=2)


def test_longer_periods_put_all_blows_off_as_much_and_none_is_late() -> None:
    stream = Stream(Mixer(clicks()), RATE, PERIOD)
    rate = FrameRate(RATE)
    due = [200 * MS + 23 * MS * number for number in range(10)]
    heard: list[int] = []
    for number in range(60):
        host_ns = rate.to_ns(number * 8 * PERIOD)
        while due and due[0] - 3 * MS <= host_ns + rate.to_ns(8 * PERIOD):
            stream.strike(Voice.SNARE, 100, due.pop(0))
        heard += [
            number * 8 * PERIOD + int(at) for at in np.flatnonzero(stream.render(8 * PERIOD, host_ns)[:, 0])
        ]
    assert len(heard) == 10
    assert np.abs(np.diff(heard) - rate.to_frame(23 * MS)).max() <= 1
    assert stream.late == 0
