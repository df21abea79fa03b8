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
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from bridge.ports.base import OutCounters
from bridge.ports.lateness import Lateness
from bridge.ports.pending import Pending
from bridge.realtime import follow

AHEAD_NS = 8_000_000
LEAD_NS = 10_000_000
_SETTLE_NS = 2_000_000  # beyond the last due time, before a system that holds messages is closed


class Scheduler:
    """Messages with due times in, `hand(message, due_ns)` calls 8 ms before those times out. See `MidiOut`.

    `hand` is called from the scheduler's thread (or from `hand_due`); when it raises OSError or RuntimeError,
    `on_failure` gets the exception once, and all later messages are dropped and counted. The thread does not
    spin: it may wake up 8 ms late without a message being late. Lateness is that of the return of `hand`, and
    0 where that was in time: what the system adds is not seen from here. Not started, the scheduler is a
    value to step through by hand with `hand_due`.
    """

    def __init__(
        self,
        hand: Callable[[bytes, int], None],
        on_failure: Callable[[Exception], None],
        now_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._hand = hand
        self._on_failure = on_failure
        self._now_ns = now_ns
        self._pending = Pending()
        self._lateness = Lateness()
        self._late_handover = self._dropped = self._refused = 0  # the player's, the player's, the thread's
        self._failed = self._stopping = False
        self._last_due_ns = 0
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    # --- the player's thread -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="midi-scheduler", daemon=True)
        self._thread.start()

    def send(self, message: bytes, due_ns: int) -> None:
        """Have the message sent at `due_ns`. Never blocks."""
        if self._failed or self._stopping:
            self._dropped += 1
            return
        if due_ns < self._now_ns():
            self._late_handover += 1
        self._pending.put(message, due_ns)
        self._wake.put(None)

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        """Take back what is due at or after `at_ns` and not handed over. Never blocks."""
        return self._pending.cancel_from(at_ns)

    def counters(self) -> OutCounters:
        """A snapshot of the figures."""
        p50, p99, worst = self._lateness.percentiles_ms()
        return OutCounters(
            messages=self._lateness.count,
            lateness_p50_ms=p50,
            lateness_p99_ms=p99,
            lateness_max_ms=worst,
            late_handover=self._late_handover,
            dropped=self._dropped + self._refused,
        )

    def close(self, timeout_s: float = 1.0) -> bool:
        """Have what is due within the lead sent, drop the rest, end the thread; whether it ended. Idempotent.

        Returns when the system has had the time to send what it has, so that it may be closed.
        """
        self._pending.cancel_from(self._now_ns() + LEAD_NS + 1)
        self._stopping = True
        self._wake.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return False
            time.sleep(max(0, self._last_due_ns + _SETTLE_NS - self._now_ns()) / 1e9)
        return True

    # --- the scheduler's thread ----------------------------------------------------------------------------

    def hand_due(self) -> int | None:
        """Hand over all that is due soon, in order; return when there is more to do, if anything waits."""
        pending = self._pending
        while True:
            pending.collect()
            taken = pending.take(self._now_ns() + AHEAD_NS + 1)
            if taken is None:
                next_ns = pending.next_due_ns()
                return None if next_ns is None else next_ns - AHEAD_NS
            due_ns, message, _ = taken
            if self._failed:
                self._refused += 1
                continue
            try:
                self._hand(message, due_ns)
            except (OSError, RuntimeError) as error:
                self._failed = True
                self._refused += 1
                self._on_failure(error)
                continue
            self._last_due_ns = due_ns
            self._lateness.add(self._now_ns() - due_ns)

    def _run(self) -> None:
        follow()
        while True:
            next_ns = self.hand_due()
            if next_ns is None:
                if self._stopping:
                    return
                self._wake.get()
            else:
                with suppress(queue.Empty):
                    self._wake.get(timeout=max(0, next_ns - self._now_ns()) / 1e9)
