"""Messages that wait for their time: what ports have in common whose system is given them by a thread."""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from bridge.ports.base import OutCounters
from bridge.ports.lateness import Lateness
from bridge.ports.pending import Pending
from bridge.realtime import follow


class Timed(ABC):
    """The part of a `MidiOut` that both ways of sending share; a subclass says how its thread waits, and how
    a message is given to the system.

    When `_give` raises OSError or RuntimeError, which is how MIDI libraries say that a device has gone,
    `on_failure` gets the exception once, and all later messages are dropped and counted. Lateness is the
    return of `_give` minus the due time.
    """

    _lead_ns: int
    """How far ahead a message is wanted: what is due within it is still sent on closing."""

    _ahead_ns = 0
    """How long before its due time a message is given to the system."""

    _name: str
    """The thread's."""

    def __init__(self, on_failure: Callable[[Exception], None], now_ns: Callable[[], int]) -> None:
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
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
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
        """Take back what is due at or after `at_ns` and not given to the system. Never blocks."""
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
        # One ns later: a note-off that was handed over a lead ahead in this very instant is due just then.
        self._pending.cancel_from(self._now_ns() + self._lead_ns + 1)
        self._stopping = True
        self._wake.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)
            return not self._thread.is_alive()
        return True

    # --- the sending thread --------------------------------------------------------------------------------

    def give_due(self) -> int | None:
        """Give the system all whose time has come, in order; return when there is more, if any waits."""
        pending = self._pending
        while True:
            pending.collect()
            taken = pending.take(self._now_ns() + self._ahead_ns + 1)
            if taken is None:
                next_ns = pending.next_due_ns()
                return None if next_ns is None else next_ns - self._ahead_ns
            due_ns, message, _ = taken
            if self._failed:
                self._refused += 1
                continue
            try:
                self._give(message, due_ns)
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
            next_ns = self.give_due()
            if next_ns is not None:
                self._wait_until(next_ns)
            elif self._stopping:
                return
            else:
                self._wake.get()

    @abstractmethod
    def _give(self, message: bytes, due_ns: int) -> None:
        """Give a message to the system."""

    @abstractmethod
    def _wait_until(self, at_ns: int) -> None:
        """Wait until then, or for a shorter time, or until something new has come (`_wake`)."""
