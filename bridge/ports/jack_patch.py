"""The connections of our JACK ports to those of other programs, made again when such a program comes back.

JACK forgets a connection together with the port of a program that quits. The server tells of each port that
comes or goes, in a thread that must not ask it anything; so a thread of ours wakes up a moment later, looks,
connects what is there again, and says so. It says, too, whether a virtual output of ours is heard. It sleeps
unless ports or connections come or go.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Sequence
from typing import Any

from bridge.ports.base import Heard, Inbox
from bridge.ports.patch import Patch, Wire
from bridge.realtime import follow

_SETTLE_S = 0.1  # a program that starts or quits changes several ports at once
_AGAIN_S = 1.0
"""When we look again after a look that failed, though nothing has changed."""
_LEAVE_S = 1.0


class JackPatch:
    """The wanted connections of one client. `note_change` and `note_connection` are for JACK's notification
    thread, `end` for any, the rest for the thread that opens and closes.
    """

    def __init__(self, jack: Any, client: Any, inbox: Inbox) -> None:
        self._refusal: type[Exception] = jack.JackError
        self._client: Any = client
        self._inbox = inbox
        self._changes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._over = False
        self._patch = Patch((), inbox)
        self._virtual: str | None = None  # our output, where others connect to it
        self._heard = False
        self._thread: threading.Thread | None = None

    def start(self, out: str, destination: str | None, source: str | None, inp: str, patient: bool) -> None:
        """Connect `out` to `destination` and `source` to `inp` (None: nothing), and keep them so.

        Raises jack.JackError where the server refuses. `patient`: a port that is not there is told, and
        awaited.
        """
        wires = [
            *([] if destination is None else [self._wire(destination, out, out, destination)]),
            *([] if source is None else [self._wire(source, inp, source, inp)]),
        ]
        if not patient:
            for start, end in ((out, destination), (source, inp)):
                if start is not None and end is not None:
                    self._client.connect(start, end)
        self._patch = Patch(wires, self._inbox)
        self._virtual = out if destination is None else None
        self._watch()

    def listen(self, inp: str, sources: Sequence[str]) -> None:
        """Connect every source to `inp`, and keep them so; one that is not there is told, and awaited."""
        self._patch = Patch([self._wire(source, inp, source, inp) for source in sources], self._inbox)
        self._watch()

    def _watch(self) -> None:
        self._look()
        self._thread = threading.Thread(target=self._run, name="jack-patch", daemon=True)
        self._thread.start()

    def note_change(self, _port: object, _registered: bool) -> None:
        """A port has come or gone."""
        self._changes.put(None)

    def note_connection(self, _start: object, _end: object, _connected: bool) -> None:
        """Two ports have been connected, or are so no more."""
        self._changes.put(None)

    def end(self) -> None:
        """Look no more. Never blocks."""
        self._over = True
        self._changes.put(None)

    def close(self) -> None:
        """Look no more, and wait for the thread: at most a second, where the server stands still."""
        self.end()
        if self._thread is not None:
            self._thread.join(_LEAVE_S)

    def _run(self) -> None:
        follow()
        seen = True
        while not self._over:
            with contextlib.suppress(queue.Empty):
                self._changes.get(timeout=None if seen else _AGAIN_S)
            with contextlib.suppress(queue.Empty):
                while not self._over:
                    self._changes.get(timeout=_SETTLE_S)
            if not self._over:
                seen = self._patch.try_to(self._look)

    def _look(self) -> None:
        ports = self._client.get_ports(is_midi=True)
        self._patch.look({port.name for port in ports if not self._client.owns(port)})

        if self._virtual is not None:
            heard = bool(self._client.get_all_connections(self._virtual))
            if heard is not self._heard:
                self._heard = heard
                self._inbox.put(Heard(heard))

    def _wire(self, far: str, ours: str, start: str, end: str) -> Wire:
        def connect() -> bool:
            if far in {port.name for port in self._client.get_all_connections(ours)}:
                return True  # the other program has done so itself
            try:
                self._client.connect(start, end)
            except self._refusal:  # it may be too busy: the next change of ports asks again
                return False
            return True

        return Wire(far, connect)
