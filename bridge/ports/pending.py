"""Messages on their way out: handed over by one thread, sent by another, taken back at will, without a lock.

The player's thread puts messages in and may take them back; the sending thread (JACK's process callback, or
the sender of the rtmidi ports) takes out what is due. Neither ever waits for the other:

* a message travels in a *box*, a list of one. Whoever pops it has it. `list.pop` is one atomic step in
  CPython, so the sender and `cancel_from` can race for a message, and exactly one of them gets it;
* new boxes are handed over through a `deque` (append and popleft are atomic as well), and the heap that sorts
  them by due time belongs to the sending thread alone.

A box that was emptied by `cancel_from` is skipped when the sender comes to it.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field

# (due_ns, serial number, box): the serial keeps equal due times in the order of the calls
_Entry = tuple[int, int, list[bytes]]
_PRUNE = 256


@dataclass(slots=True)
class Pending:
    """The messages that are handed over but not out. One thread puts and cancels, one other thread takes."""

    _handed: deque[_Entry] = field(default_factory=deque)
    _heap: list[_Entry] = field(default_factory=list)  # the sending thread's
    _mine: list[_Entry] = field(default_factory=list)  # the player's: all that may still be taken back
    _prune_at: int = _PRUNE
    _serial: int = 0

    # --- the player's thread -------------------------------------------------------------------------------

    def put(self, message: bytes, due_ns: int) -> None:
        """Hand over a message. Never blocks."""
        if len(self._mine) >= self._prune_at:
            self._mine = [entry for entry in self._mine if entry[2]]
            self._prune_at = max(_PRUNE, 2 * len(self._mine))
        entry = (due_ns, self._serial, [message])
        self._serial += 1
        self._mine.append(entry)
        self._handed.append(entry)

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        """Take back what is due at or after `at_ns` and not yet taken: (message, due_ns) in sending order.

        What is returned will not go out; what is not returned has gone out or will. Never blocks.
        """
        back: list[tuple[int, int, bytes]] = []
        kept: list[_Entry] = []
        for entry in self._mine:
            due_ns, serial, box = entry
            if due_ns < at_ns:
                if box:
                    kept.append(entry)
                continue
            try:
                back.append((due_ns, serial, box.pop()))
            except IndexError:  # the sender was first: it is out
                continue
        self._mine = kept
        back.sort(key=lambda entry: entry[:2])
        return [(message, due_ns) for due_ns, _, message in back]

    def waiting(self) -> int:
        """How many messages are neither out nor taken back."""
        return sum(1 for _, _, box in self._mine if box)

    # --- the sending thread --------------------------------------------------------------------------------

    def collect(self, late_before_ns: int = 0) -> int:
        """Sort in what was handed over meanwhile; return how many were due before `late_before_ns`."""
        late = 0
        handed, heap = self._handed, self._heap
        while handed:
            entry = handed.popleft()
            if entry[0] < late_before_ns and entry[2]:
                late += 1
            heapq.heappush(heap, entry)
        return late

    def take(self, before_ns: int) -> tuple[int, bytes, _Entry] | None:
        """The next message due before `before_ns` as (due_ns, message, entry), by due time, then order of
        the calls.

        It counts as out, unless the entry is given back with `untake` before the next call.
        """
        heap = self._heap
        while heap and heap[0][0] < before_ns:
            entry = heapq.heappop(heap)
            try:
                return entry[0], entry[2].pop(), entry
            except IndexError:  # taken back
                continue
        return None

    def untake(self, entry: _Entry, message: bytes) -> None:
        """Put back a message that could not be sent after all: it is next again."""
        entry[2].append(message)
        heapq.heappush(self._heap, entry)

    def next_due_ns(self) -> int | None:
        """When the next message that has been collected is due; None when there is none."""
        heap = self._heap
        while heap and not heap[0][2]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None
