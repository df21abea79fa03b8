"""A tempo that is tapped. Pure; time is an argument."""

from __future__ import annotations

from statistics import median

from bridge.timing import MAX_BPM, MIN_BPM

PAUSE_S = 60 / MIN_BPM
"""Whoever waits longer than the slowest beat begins anew."""

KEPT = 8


class Taps:
    """The last taps of somebody who taps quarter notes."""

    def __init__(self) -> None:
        self._taps: list[float] = []

    def tap(self, at_s: float) -> float | None:
        """A tap at a time of any steady clock: the tempo by now, in BPM; None at the first one.

        The median of the last intervals, so that one slip does not count; kept within what can be set.
        """
        if self._taps and at_s - self._taps[-1] > PAUSE_S:
            self._taps.clear()
        self._taps = [*self._taps, at_s][-KEPT:]
        intervals = [later - sooner for sooner, later in zip(self._taps, self._taps[1:], strict=False)]
        if not intervals or median(intervals) <= 0:
            return None
        return min(MAX_BPM, max(MIN_BPM, round(60 / median(intervals), 1)))
