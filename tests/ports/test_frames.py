"""Frames and nanoseconds."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.frames import FrameRate, unwrap

RATES = st.sampled_from([8_000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000])
FRAMES = st.integers(0, 1 << 50)


@given(RATES, FRAMES)
def test_every_frame_comes_back_from_its_time(hz: int, frame: int) -> None:
    rate = FrameRate(hz)
    assert rate.to_frame(rate.to_ns(frame)) == frame


@given(RATES, FRAMES)
def test_a_frame_begins_where_its_first_ns_says(hz: int, frame: int) -> None:
    rate = FrameRate(hz)
    assert rate.to_frame(rate.first_ns(frame)) == frame
    assert rate.to_frame(rate.first_ns(frame) - 1) == frame - 1


@given(RATES, st.integers(0, 1 << 60))
def test_a_time_goes_to_the_nearest_frame(hz: int, at_ns: int) -> None:
    rate = FrameRate(hz)
    frame = rate.to_frame(at_ns)
    error_in_ns_times_hz = abs(frame * 1_000_000_000 - at_ns * hz)
    assert 2 * error_in_ns_times_hz <= 1_000_000_000


@given(st.integers(1 << 33, 1 << 60), st.integers(-(1 << 31), (1 << 31) - 1))
def test_the_counter_unwraps_within_half_a_round(near: int, step: int) -> None:
    frame = near + step
    assert unwrap(frame % (1 << 32), near) == frame


def test_the_counter_passes_32_bits_without_a_jump() -> None:
    frame = (1 << 32) - 64
    assert unwrap(64, frame) == frame + 128
