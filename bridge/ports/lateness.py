"""How late messages went out: a ring that a real-time thread fills and another thread reads."""

from __future__ import annotations

from array import array

_SIZE = 65_536
_MS = 1_000_000


class Lateness:
    """The lateness of the last 65,536 messages in ns, how many there were in all, and the worst of all.

    `add` is for one thread, never blocks and allocates nothing that stays; `percentiles_ms` is for any other.
    """

    def __init__(self) -> None:
        self._ring = array("q", bytes(8 * _SIZE))
        self._max_ns = 0
        self.count = 0

    def add(self, late_ns: int) -> None:
        """Note one message's lateness (hand-over minus due). Real-time-safe."""
        self._ring[self.count % _SIZE] = late_ns
        if late_ns > self._max_ns:
            self._max_ns = late_ns
        self.count += 1

    def percentiles_ms(self) -> tuple[float, float, float]:
        """The median, 99th percentile (nearest rank) and maximum, in ms; zeros before the first message."""
        values = sorted(self._ring[: min(self.count, _SIZE)])
        if not values:
            return 0.0, 0.0, 0.0
        half, most = -(-len(values) // 2), -(-len(values) * 99 // 100)  # ceilings
        return values[half - 1] / _MS, values[most - 1] / _MS, self._max_ns / _MS
