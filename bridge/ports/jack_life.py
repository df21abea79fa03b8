"""The end of a JACK client whose callbacks are Python, so that it cannot take the whole process along.

libjack ends a client's threads by cancelling them wherever they are. One that is cancelled while it waits for
the interpreter lock, to tell us something, never gives it back, and every thread of Python stands still. So
libjack is asked to end a client only when its threads are surely out of Python: a server that runs lets the
client's thread rest before it answers; one that has gone makes them end by themselves, a little later. A
server that stands still may go while it owes us an answer, just when its end is told; so it is asked nothing.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

_AFTERMATH_S = 0.2
"""From the loss of the server until libjack's threads, which tell us of it through Python, have ended."""
_LEAVE_S = 2.0


class JackLife:
    """Whether the server runs a client, and the client's end. `cycle` and `lose` are for JACK's threads."""

    def __init__(self, client: Any) -> None:
        self.lost = False
        """Whether the server has gone, or calls us no more."""
        self._client = client
        self._cycles: queue.SimpleQueue[None] | None = None

    def cycle(self) -> None:
        """The server runs: once in each process callback."""
        cycles = self._cycles
        if cycles is not None:
            cycles.put(None)

    def lose(self) -> None:
        """The server has gone."""
        self.lost = True
        self.cycle()  # whoever waits for one waits in vain

    def next_cycle(self, timeout_s: float | None) -> bool:
        """Wait for a cycle that begins from now on. False: none came in time, or the server has gone."""
        cycles = self._cycles = queue.SimpleQueue[None]()
        if not self.lost:
            try:
                cycles.get(timeout=timeout_s)
            except queue.Empty:
                return False
        return not self.lost

    def leave(self) -> None:
        """End the client: a few periods. A server that stands still is waited for 2 s; after that a thread
        goes on to wait, until the server runs again or goes, or this process ends.
        """
        thread = threading.Thread(target=self._leave, name="jack-close", daemon=True)
        thread.start()
        thread.join(_LEAVE_S)

    def _leave(self) -> None:
        if not self.next_cycle(None):
            time.sleep(_AFTERMATH_S)
        self._client.deactivate()
        self._client.close()
