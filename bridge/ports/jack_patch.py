"""The connections of our JACK ports to those of other programs, made again when such a program comes back.

JACK forgets a connection together with the port of a program that quits. The server tells of each port that
comes or goes, in a thread that must not ask it anything; so a thread of ours wakes up a moment later, looks,
connects what is there again, and says so. It sleeps unless ports come or go. A connection that a person takes
away while both ports are there stays away.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass
from typing import Any

from bridge.ports.base import Inbox, PeerBack, PeerGone
from bridge.realtime import follow

_SETTLE_S = 0.1  # a program that starts or quits changes several ports at once
_LEAVE_S = 1.0


@dataclass(slots=True)
class _Wire:
    start: str
    end: str
    far: str  # the one of them that is another program's
    there: bool = False
    missed: bool = False  # and that was told


class JackPatch:
    """The wanted connections of one client. `note_change` is for JACK's notification thread, the rest for the
    thread that opens and closes.
    """

    def __init__(self, jack: Any, client: Any, inbox: Inbox) -> None:
        self._refusal: type[Exception] = jack.JackError
        self._client: Any = client
        self._inbox = inbox
        self._changes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._over = False
        self._wires: list[_Wire] = []
        self._thread: threading.Thread | None = None

    def start(self, out: str, destination: str | None, source: str | None, inp: str, patient: bool) -> None:
        """Connect `out` to `destination` and `source` to `inp` (None: nothing), and keep them so.

        Raises jack.JackError where the server refuses. `patient`: a port that is not there is told, and
        awaited.
        """
        if destination is not None:
            self._wires.append(_Wire(out, destination, destination))
        if source is not None:
            self._wires.append(_Wire(source, inp, source))
        if not self._wires:
            return
        if not patient:
            for wire in self._wires:
                self._client.connect(wire.start, wire.end)
                wire.there = True
        self._look()
        self._thread = threading.Thread(target=self._run, name="jack-patch", daemon=True)
        self._thread.start()

    def note_change(self, _port: object, _registered: bool) -> None:
        """A port has come or gone."""
        self._changes.put(None)

    def end(self) -> None:
        """Look no more. For any thread; never blocks."""
        self._over = True
        self._changes.put(None)

    def close(self) -> None:
        """Look no more, and wait for the thread: at most a second, where the server stands still."""
        self.end()
        if self._thread is not None:
            self._thread.join(_LEAVE_S)

    def _run(self) -> None:
        follow()
        while not self._over:
            self._changes.get()
            with contextlib.suppress(queue.Empty):
                while not self._over:
                    self._changes.get(timeout=_SETTLE_S)
            if not self._over:
                self._look()

    def _look(self) -> None:
        """See which of the other ports are there, connect those that are there again, and tell."""
        here = {port.name for port in self._client.get_ports(is_midi=True)}
        gone, back = [], []
        for wire in self._wires:
            if wire.far not in here:
                if not wire.missed:
                    gone.append(wire.far)
                wire.there, wire.missed = False, True
            elif not wire.there and self._connect(wire):
                if wire.missed:
                    back.append(wire.far)
                wire.there, wire.missed = True, False
        if gone:
            self._inbox.put(PeerGone(f"Gone: {' and '.join(gone)}. Once back, it is connected again."))
        if back:
            self._inbox.put(PeerBack(f"Back, and connected again: {' and '.join(back)}."))

    def _connect(self, wire: _Wire) -> bool:
        """Whether they are connected now. If a busy program refuses, the next change of ports asks again."""
        other = wire.end if wire.far == wire.start else wire.start
        if wire.far in {port.name for port in self._client.get_all_connections(other)}:
            return True  # it has done so itself
        try:
            self._client.connect(wire.start, wire.end)
        except self._refusal:
            return False
        return True
