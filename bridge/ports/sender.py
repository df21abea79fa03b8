"""Sending on time through a port that sends at once: a thread that waits for each message's due time."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from bridge.ports.timed import Timed

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


class Sender(Timed):
    """Messages with due times in, `emit` calls at those times out. See `MidiOut` for what is promised.

    `emit(message)` is called from the sender's thread (or from `give_due`); it may raise OSError or
    RuntimeError (see `Timed`).

    The thread sleeps until 0.3 ms before a message is due, since that is about how late a sleep may end, and
    spins for the rest. It lets other threads of ours in between until 0.08 ms before, and then keeps the
    interpreter: that is less than the switch interval, so none of them can take it away at the last moment.
    On a busy machine a message is as late as the system wakes the thread; the counters tell. Not started, the
    sender is a value to step through by hand with `give_due`.
    """

    xruns = 0
    """There is no server that could be late."""

    _lead_ns = LEAD_NS
    _name = "midi-sender"

    def __init__(
        self,
        emit: Callable[[bytes], None],
        on_failure: Callable[[Exception], None],
        now_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        super().__init__(on_failure, now_ns)
        self._emit = emit

    def start(self) -> None:
        """Start the thread."""
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL_S))
        super().start()

    def _give(self, message: bytes, _due_ns: int) -> None:
        self._emit(message)

    def _wait_until(self, at_ns: int) -> None:
        ahead_ns = at_ns - self._now_ns()
        if ahead_ns <= SPIN_NS:
            if ahead_ns > _HOLD_NS:
                time.sleep(0)  # spin, but let another thread of ours have the interpreter
        elif ahead_ns <= _SLEEP_NS:
            time.sleep((ahead_ns - SPIN_NS) / 1e9)
        else:
            with suppress(queue.Empty):
                self._wake.get(timeout=(ahead_ns - max(SPIN_NS, _SLEEP_NS)) / 1e9)
