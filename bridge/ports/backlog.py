"""What controllers send while nobody takes it: bounded, with the last word of each control in it."""

from __future__ import annotations

import threading
from collections.abc import Iterable

LIMIT = 1024
"""So many wait as they came: more than hands send in the moments that a busy window takes."""

_PROGRAM = 0xC0

News = tuple[str, bool]
"""A sentence, and whether it is good news."""


class Backlog:
    """A queue of MIDI messages and news, for a reader that may have stopped. Thread-safe; `put` never blocks.

    Beyond `LIMIT` only the last message of each control is kept (of each program change of a channel, each
    sentence), so a fader ends where it was left. It never holds more than `LIMIT`, or twice the number of
    controls if that is more.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes | News] = []
        self._room = LIMIT
        self._some = threading.Condition()

    def put(self, item: bytes | News) -> None:
        """Append a message or news."""
        with self._some:
            self._waiting.append(item)
            if len(self._waiting) > self._room:
                self._waiting = _last_of_each(self._waiting)
                self._room = max(LIMIT, 2 * len(self._waiting))
            self._some.notify()

    def take(self) -> list[bytes | News]:
        """All that waits, in order; blocks until there is something."""
        with self._some:
            self._some.wait_for(lambda: self._waiting)
            taken, self._waiting = self._waiting, []
            self._room = LIMIT
            return taken


def _last_of_each(items: Iterable[bytes | News]) -> list[bytes | News]:
    last: dict[bytes | str, bytes | News] = {}
    for item in items:
        control = item[: 1 if item[0] & 0xF0 == _PROGRAM else 2] if isinstance(item, bytes) else item[0]
        last.pop(control, None)
        last[control] = item
    return list(last.values())
