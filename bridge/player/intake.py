"""What ports hear, on its way into the player's inbox: bounded, so that no flood takes memory or holds up a
command.

Whatever waits in the inbox is taken in order. The loop takes some 10,000 messages a second beside the notes,
so those that may wait here are done in a tenth of a second, and the music never waits for them.
"""

from __future__ import annotations

from queue import SimpleQueue

from bridge.ports import Incoming

ORDERS = 2048
"""How many items may wait before Start, Stop, Continue and song position are dropped too."""

CLOCKS = 1024
"""The same for clock: six seconds of it at 400 BPM."""

OTHERS = 256
"""The same for notes, controllers and all else."""

_SYSEX = 0xF0
_LIMITS = {0xF2: ORDERS, 0xF8: CLOCKS, 0xFA: ORDERS, 0xFB: ORDERS, 0xFC: ORDERS}


class Intake:
    """An `Inbox` for ports. Thread-safe; takes a microsecond and never blocks.

    System exclusive messages, which may be long and mean nothing to us, are left out. Of the rest, what comes
    while too much waits is dropped and counted: notes first, then clock, what starts and stops the song last.
    """

    def __init__(self, inbox: SimpleQueue[object]) -> None:
        self._inbox = inbox
        self.dropped = 0

    def put(self, item: object, /) -> None:
        """Append the item, unless it is a message too many."""
        if isinstance(item, Incoming):
            status = item.message[0] if item.message else _SYSEX
            if status == _SYSEX:
                return
            if self._inbox.qsize() >= _LIMITS.get(status, OTHERS):
                self.dropped += 1
                return
        self._inbox.put(item)
