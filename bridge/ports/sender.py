"""Sending on time through a port that sends at once: a thread that waits for each message's due time."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from bridge.ports.base import OutCounters
from bridge.ports.lateness import Lateness
from bridge.ports.pending import Pending
from bridge.realtime import follow

LEAD_NS = 2_000_000
SPIN_NS = 300_000
_HOLD_NS = 80_000
_SWITCH_INTERVAL_S = 0.0001
_SLEEP_NS = LEAD_NS if sys.platform == "win32" else 0
"""For how long before a message `time.sleep` waits, and not the queue: on Windows only the former is fine
(it has a high-resolution timer, the latter counts in milliseconds). What is handed over meanwhile waits."""


class HostClock:
    """`time.perf_counter_ns` as a `Clock`. Thread-safe."""

    def now_ns(self) -> int:
        """The present."""
        return time.perf_counter_ns()

    def to_host_ns(self, at_ns: int) -> int:
        """The same number: this is the host's clock."""
        return at_ns


class Sender:
    """Messages with due times in, `emit` calls at those times out. See `MidiOut` for what is promised.

    `emit(message)` is called from the sender's thread (or from `emit_due`); when it raises OSError or
    RuntimeError, which is how MIDI libraries say that a device has gone, `on_failure` gets the exception
    once, and all later messages are dropped and counted.

    The thread sleeps until 0.3 ms before a message is due, since that is about how late a sleep may end, and
    spins for the rest. It lets other threads of ours in between until 0.08 ms before, and then keeps the
    interpreter: that is less than the switch interval, so none of them can take it away at the last moment.
    On a busy machine a message is as late as the system wakes the thread; the counters tell. Lateness is the
    return of `emit` minus the due time. Not started, the sender is a value to step through by hand with
    `emit_due`.
    """

    xruns = 0
    """There is no server that could be late."""

    def __init__(
        self,
        emit: Callable[[bytes], None],
        on_failure: Callable[[Exception], None],
        now_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._emit = emit
        self._on_failure = on_failure
        self._now_ns = now_ns
        self._pending = Pending()
        self._lateness = Lateness()
        self._late_handover = self._dropped = self._refused = 0  # the player's, the player's, the sender's
        self._failed = self._stopping = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    # --- the player's thread -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread."""
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL_S))
        self._thread = threading.Thread(target=self._run, name="midi-sender", daemon=True)
        self._thread.start()

    def send(self, message: bytes, due_ns: int) -> None:
        """Have `emit(message)` called at `due_ns`. Never blocks."""
        if self._failed or self._stopping:
            self._dropped += 1
            return
        if due_ns < self._now_ns():
            self._late_handover += 1
        self._pending.put(message, due_ns)
        self._wake.put(None)

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        """Take back what is due at or after `at_ns` and not out. Never blocks."""
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
        """Send what is due within the lead, drop the rest, end the thread; whether it ended. Idempotent."""
        self._pending.cancel_from(self._now_ns() + LEAD_NS + 1)
        self._stopping = True
        self._wake.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)
            return not self._thread.is_alive()
        return True

    # --- the sender's thread -------------------------------------------------------------------------------

    def emit_due(self) -> int | None:
        """Emit all that is due by now, in order; return when the next message is due, if any waits."""
        pending = self._pending
        while True:
            pending.collect()
            taken = pending.take(self._now_ns() + 1)
            if taken is None:
                return pending.next_due_ns()
            due_ns, message, _ = taken
            if self._failed:
                self._refused += 1
                continue
            try:
                self._emit(message)
            except (OSError, RuntimeError) as error:
                self._failed = True
                self._refused += 1
                self._on_failure(error)
                continue
            self._lateness.add(self._now_ns() - due_ns)

    def _run(self) -> None:
        follow()
        while True:
            due_ns = self.emit_due()
            if due_ns is None:
                if self._stopping:
                    return
                self._wake.get()
                continue
            ahead_ns = due_ns - self._now_ns()
            if ahead_ns <= SPIN_NS:
                if ahead_ns > _HOLD_NS:
                    time.sleep(0)  # spin, but let another thread of ours have the interpreter
            elif ahead_ns <= _SLEEP_NS:
                time.sleep((ahead_ns - SPIN_NS) / 1e9)
            else:
                with suppress(queue.Empty):
                    self._wake.get(timeout=(ahead_ns - max(SPIN_NS, _SLEEP_NS)) / 1e9)
