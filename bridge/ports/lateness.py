"""How late messages went out: counts that a real-time thread adds to and another thread reads."""

from __future__ import annotations

from array import array

_STEP_NS = 10_000
_STEPS = 10_000
_MS = 1_000_000


class Lateness:
    """The lateness of every message so far, counted in steps of 0.01 ms up to 100 ms, and the worst, exactly.

    Counts, and not a list of values to sort: a sort would hold the interpreter, and with it the real-time
    thread, for milliseconds. `add` is for one thread and real-time-safe; `percentiles_ms` is for any other.
    """

    def __init__(self) -> None:
        self._counts = array(
            "q", bytes(8 * (_STEPS + 1))
        )  # [k]: above k - 1 steps, up to k; the last: beyond
        self._max_ns = 0
        self.count = 0

    def add(self, late_ns: int) -> None:
        """Note one message's lateness (out minus due; what is early counts as 0)."""
        self._counts[min(_STEPS, max(0, -(-late_ns // _STEP_NS)))] += 1
        if late_ns > self._max_ns:
            self._max_ns = late_ns
        self.count += 1

    def percentiles_ms(self) -> tuple[float, float, float]:
        """The median, the 99th percentile (nearest rank, to 0.01 ms upwards) and the maximum, in ms."""
        return self._rank_ms(0.5), self._rank_ms(0.99), self._max_ns / _MS

    def _rank_ms(self, share: float) -> float:
        missing = share * self.count
        for step, count in enumerate(self._counts):
            missing -= count
            if missing <= 0:
                return self._max_ns / _MS if step == _STEPS else min(step * _STEP_NS, self._max_ns) / _MS
        return self._max_ns / _MS
