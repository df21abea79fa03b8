"""The player's reports on their way to the studio: the player never waits for whoever reads them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from bridge.player.messages import Anchor, LoopPlaying, Played, Report, Stats
from bridge.realtime import follow

LIMIT = 256
"""How many reports may wait. A studio that reads keeps it at one or two."""

_DROPPED = (Anchor, LoopPlaying, Played, Stats)


class Outbox:
    """A bounded queue with a thread of its own that hands each report to `send`, which may block.

    An anchor replaces one that is still waiting right before it. Where the queue is full, the oldest report
    that a newer one will outdate, or that tells of bars long gone, is dropped and counted; faults, Finished
    and Ended are always kept. `send` raising OSError means that nobody reads any more: the rest is dropped in
    silence. `put` is thread-safe and holds a lock for microseconds.
    """

    def __init__(self, send: Callable[[Report], None]) -> None:
        self._send = send
        self._waiting: deque[Report] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="player-reports", daemon=True)
        self._thread.start()

    def put(self, report: Report) -> None:
        """Append a report. Never blocks."""
        with self._changed:
            waiting = self._waiting
            if isinstance(report, Anchor) and waiting and isinstance(waiting[-1], Anchor):
                waiting[-1] = report
                return
            if len(waiting) >= LIMIT:
                self._drop()
            waiting.append(report)
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Wait until all has been sent, but no longer than `timeout_s`; then nothing more is sent.
        Idempotent.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)
        with self._changed:
            self._waiting.clear()

    def _drop(self) -> None:
        for index, report in enumerate(self._waiting):
            if isinstance(report, _DROPPED):
                del self._waiting[index]
                self.dropped += 1
                return

    def _run(self) -> None:
        follow()
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if not self._waiting:
                    return
                report = self._waiting.popleft()
            try:
                self._send(report)
            except OSError:
                return
