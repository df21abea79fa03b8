"""What goes out, and what sounds because of it.

Messages are handed to the port ahead of time, so "sent" is not "out": a stop takes back what has not left
yet. The table of open notes is therefore kept by what was handed over *minus* what was taken back, and it is
the last word: a note-on closes its key first if that is open, a note-off for a key that is not open is
dropped.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.player import midi
from bridge.player.recorder import Recorder
from bridge.ports.base import MidiOut, OutCounters

_NO_KEY = -1


@dataclass(frozen=True, slots=True)
class _Handed:
    message: bytes
    due_ns: int
    file_ticks: int


class Output:
    """One opened MIDI output with its open notes. Owned by the player's loop; nothing blocks.

    Each key keeps its order whatever the clock does: an event due before the one before it waits for that,
    and so does a clock or transport message. Settled events, which can no longer be taken back, go to the
    recorder.

    An xrun may swallow what was on its way, and a note-off that is lost leaves a note hanging. So a lead
    after an xrun, every key that was ever struck and should be silent is closed again (`mend`): that says
    nothing new to a receiver that has heard it, and is not recorded.
    """

    def __init__(self, port: MidiOut, recorder: Recorder) -> None:
        self._port = port
        self._recorder = recorder
        self._open: set[int] = set()
        self._ledger: deque[_Handed] = deque()  # handed over, may still be taken back
        self._last_due_ns: dict[int, int] = {}  # by key; _NO_KEY: of what concerns no key
        self._notes_sent = 0
        self._struck: set[int] = set()  # the keys that were ever struck
        self._xruns = port.xruns  # those that have been seen to
        self._mend_ns: int | None = None

    @property
    def lead_ns(self) -> int:
        """How far ahead the port wants messages."""
        return self._port.lead_ns

    @property
    def open_keys(self) -> frozenset[int]:
        """The keys that sound, or will once all that was handed over is out."""
        return frozenset(self._open)

    @property
    def struck_keys(self) -> frozenset[int]:
        """The keys that were ever struck: a port that was lost may have lost the note-off of any of them."""
        return frozenset(self._struck)

    @property
    def notes_sent(self) -> int:
        """Note-ons that went out or will."""
        return self._notes_sent

    def counters(self) -> OutCounters:
        """The port's own figures."""
        return self._port.counters()

    def note_on(self, key: int, velocity: int, due_ns: int, ticks: float) -> None:
        """Strike a key; `ticks` is its place in the song."""
        if key in self._open:
            self._send(key, midi.note_off(key), due_ns, ticks)
        self._open.add(key)
        self._struck.add(key)
        self._notes_sent += 1
        self._send(key, midi.note_on(key, velocity), due_ns, ticks)

    def note_off(self, key: int, due_ns: int, ticks: float) -> None:
        """Close a key if it is open."""
        if key in self._open:
            self._open.discard(key)
            self._send(key, midi.note_off(key), due_ns, ticks)

    def system(self, message: bytes, due_ns: int) -> None:
        """Send what is no note of the song: clock, transport, what Panic sends. It is not recorded."""
        struck = midi.key_struck(message)
        self._port.send(message, self._in_order(_NO_KEY if struck is None else struck[0], due_ns))

    def take_back(self, now_ns: int) -> list[tuple[bytes, int]]:
        """Take back all that is not out; return what was sent by `system`, for those who still want it."""
        back = self._port.cancel_from(now_ns)
        gone = Counter(back)
        kept: deque[_Handed] = deque()
        undone: list[_Handed] = []
        for handed in self._ledger:
            entry = (handed.message, handed.due_ns)
            if gone[entry]:
                gone[entry] -= 1
                undone.append(handed)
            else:
                kept.append(handed)
        self._ledger = kept
        self._last_due_ns.clear()
        for handed in reversed(undone):  # a key's events alternate: undoing the last first leaves the truth
            struck = midi.key_struck(handed.message)
            if struck is not None and struck[1]:
                self._open.discard(struck[0])
                self._notes_sent -= 1
            elif struck is not None:
                self._open.add(struck[0])
        others: list[tuple[bytes, int]] = []
        for entry in back:
            if gone[entry]:
                gone[entry] -= 1
                others.append(entry)
        return others

    def close_notes(self, due_ns: int, ticks: float) -> None:
        """A note-off for every open key."""
        for key in sorted(self._open):
            self.note_off(key, due_ns, ticks)

    def settle(self, before_ns: int) -> None:
        """Write down what was due before `before_ns`: nothing will take that back any more."""
        while self._ledger and self._ledger[0].due_ns < before_ns:
            handed = self._ledger.popleft()
            self._recorder.note(handed.file_ticks, handed.message)

    def settle_all(self) -> None:
        """Write down all that is left."""
        for handed in self._ledger:
            self._recorder.note(handed.file_ticks, handed.message)
        self._ledger.clear()

    def resend(self, messages: Iterable[tuple[bytes, int]]) -> None:
        """Hand over again what `take_back` returned."""
        for message, due_ns in messages:
            self._port.send(message, due_ns)

    def mend(self, now_ns: int) -> None:
        """Look for an xrun, and a lead after it close again what should be silent. Call it every 10 ms or so.

        Not at once: what the torn period held may be due a little later than now. A key whose note-off is
        still to come is left alone, and so is one that sounds.
        """
        if self._mend_ns is None:
            if self._port.xruns > self._xruns:
                self._xruns = self._port.xruns
                self._mend_ns = now_ns + self.lead_ns
        elif now_ns >= self._mend_ns:
            self._mend_ns = None
            for key in sorted(self._struck - self._open):
                if self._last_due_ns.get(key, now_ns) <= now_ns:
                    self.system(midi.note_off(key), now_ns + self.lead_ns)

    def _in_order(self, key: int, due_ns: int) -> int:
        due_ns = max(due_ns, self._last_due_ns.get(key, due_ns))
        self._last_due_ns[key] = due_ns
        return due_ns

    def _send(self, key: int, message: bytes, due_ns: int, ticks: float) -> None:
        due_ns = self._in_order(key, due_ns)
        self._port.send(message, due_ns)
        self._ledger.append(_Handed(message, due_ns, self._recorder.place(ticks)))
