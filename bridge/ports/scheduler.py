"""Sending through a system that sends on time by itself: each message is handed over a little ahead, with its
time.

ALSA's queues and CoreMIDI take messages with the time at which they are due, and send them then, whatever our
threads do meanwhile. What they have taken is hard to take back one by one. So a message waits here, where it
can be taken back, until 8 ms before it is due, and counts as out from then on:

         now      8 ms   lead 10 ms
    ------|--------|-------|---------------->  due
          | theirs | ours: may be taken back

Whoever takes messages back and closes notes a lead from now closes them behind all that the system has.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from contextlib import suppress

from bridge.ports.timed import Timed

AHEAD_NS = 8_000_000
LEAD_NS = 10_000_000
_SETTLE_NS = 2_000_000  # beyond the last due time, before a system that holds messages is closed


class Scheduler(Timed):
    """Messages with due times in, `hand(message, due_ns)` calls 8 ms before those times out. See `MidiOut`.

    `hand` is called from the scheduler's thread (or from `give_due`); it may raise OSError or RuntimeError
    (see `Timed`). The thread does not spin: it may wake up 8 ms late without a message being late. Lateness
    is 0 where `hand` returned in time: what the system adds is not seen from here. Not started, the
    scheduler is a value to step through by hand with `give_due`.
    """

    _lead_ns = LEAD_NS
    _ahead_ns = AHEAD_NS
    _name = "midi-scheduler"

    def __init__(
        self,
        hand: Callable[[bytes, int], None],
        on_failure: Callable[[Exception], None],
        now_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        super().__init__(on_failure, now_ns)
        self._hand = hand

    def close(self, timeout_s: float = 1.0) -> bool:
        """As `Timed.close`; returns when the system has had the time to send what it has, so that it may be
        closed.
        """
        ended = super().close(timeout_s)
        if ended and self._thread is not None:
            time.sleep(max(0, self._last_due_ns + _SETTLE_NS - self._now_ns()) / 1e9)
        return ended

    def _give(self, message: bytes, due_ns: int) -> None:
        self._hand(message, due_ns)

    def _wait_until(self, at_ns: int) -> None:
        with suppress(queue.Empty):
            self._wake.get(timeout=max(0, at_ns - self._now_ns()) / 1e9)
