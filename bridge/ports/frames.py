"""Frames and nanoseconds: audio servers count the former, the rest of the program the latter."""

from __future__ import annotations

from dataclasses import dataclass

SECOND_NS = 1_000_000_000
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class FrameRate:
    """Frames a second, with the exact conversions between 64-bit frame numbers and nanoseconds.

    The two directions are inverse for every frame (`to_frame(to_ns(f)) == f`); a time between two frames
    goes to the nearer one, half-way up. Pure integers, so nothing is lost however long the server runs.
    Real-time-safe.
    """

    hz: int

    def to_ns(self, frame: int) -> int:
        """The time of a frame, in ns, rounded to the nearest."""
        return (frame * SECOND_NS + self.hz // 2) // self.hz

    def to_frame(self, at_ns: int) -> int:
        """The frame nearest to a time."""
        return (at_ns * self.hz + SECOND_NS // 2) // SECOND_NS

    def first_ns(self, frame: int) -> int:
        """The earliest time whose nearest frame is `frame`: what is before it has an earlier frame."""
        return -((SECOND_NS // 2 - frame * SECOND_NS) // self.hz)


def unwrap(raw: int, near: int) -> int:
    """The 64-bit frame number that ends in the 32 bits of `raw` and lies nearest to `near`.

    JACK counts frames in 32 bits, which come round every 24.8 hours at 48 kHz. Right as long as the two are
    less than half a round (12.4 h) apart, in either direction. Real-time-safe.
    """
    ahead = (raw - near) % _WRAP
    return near + ahead - (_WRAP if ahead >= _WRAP // 2 else 0)
