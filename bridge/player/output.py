"""What goes out, and what sounds because of it.

Messages are handed to the port ahead of time, so "sent" is not "out": a stop takes back what has not left
yet. The table of open notes is therefore kept by what was handed over *minus* what was taken back, and it is
the last word: a note-on closes its key first if that is open, a note-off goes to the key that its voice had
struck, whatever the voice is set to by now, and is dropped if that is closed.

The sequencer decides by voices, the `Voicing` says which keys they are: so the ledger holds every event that
was decided, those that needed no message too (of a muted voice, say), and `take_back` gives them back.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from bridge.player import midi
from bridge.player.recorder import Recorder
from bridge.player.voicing import Voicing
from bridge.ports.base import MidiOut, OutCounters
from bridge.timing import NoteEvent

_NO_KEY = -1


@dataclass(frozen=True, slots=True)
class _Note:
    """What holds a key open: the voice that struck it, and where in the song."""

    voice: int
    ticks: int


@dataclass(frozen=True, slots=True)
class _Handed:
    """An event that was decided and what was sent for it; either may be missing."""

    event: NoteEvent | None
    due_ns: int
    message: bytes | None = None
    note: _Note | None = None  # that the message strikes or closes
    file_ticks: int = 0


class Drums(Protocol):
    """Whoever sounds the notes beside the port, such as `Speaker`. Times are on the ports' clock; nothing
    blocks.
    """

    def strike(self, voice: int, velocity: int, due_ns: int) -> None:
        """A note-on of a voice 0..8, velocity 1..127, goes out at that time."""

    def cancel_from(self, from_ns: int) -> None:
        """What is due at or after that time is taken back."""

    def silence(self, due_ns: int) -> None:
        """Nothing sounds any more from that time on."""


class NoDrums:
    """`Drums` that nobody hears."""

    def strike(self, voice: int, velocity: int, due_ns: int) -> None:
        """Nothing."""

    def cancel_from(self, from_ns: int) -> None:
        """Nothing."""

    def silence(self, due_ns: int) -> None:
        """Nothing."""


class Output:
    """One opened MIDI output with its open notes. Owned by the player's loop; nothing blocks.

    Each key keeps its order whatever the clock does: an event due before the one before it waits for that,
    and so does a clock or transport message. Settled events, which can no longer be taken back, go to the
    recorder.

    An xrun may swallow what was on its way, and a note-off that is lost leaves a note hanging. So a lead
    after an xrun, every key that was ever struck and should be silent is closed again (`mend`): that says
    nothing new to a receiver that has heard it, and is not recorded.
    """

    def __init__(self, port: MidiOut, recorder: Recorder, drums: Drums) -> None:
        self.recorder = recorder
        """Writes down what is out."""
        self._port = port
        self._drums = drums
        self._open: dict[int, _Note] = {}  # by key
        self._ledger: deque[_Handed] = deque()  # handed over, may still be taken back
        self._last_due_ns: dict[int, int] = {}  # by key; _NO_KEY: of what concerns no key
        self._notes_sent = 0
        self._struck: set[int] = set()  # the keys that were ever struck
        self._xruns = port.xruns  # those that have been seen to
        self._mend_ns: int | None = None
        self._suspects: set[int] = set()  # the keys that may hang since the last look, at `_looked_ns`
        self._looked_ns = 0

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

    @property
    def xruns(self) -> int:
        """How often the port may have lost messages."""
        return self._port.xruns

    def counters(self) -> OutCounters:
        """The port's own figures."""
        return self._port.counters()

    def play(self, event: NoteEvent, due_ns: int, voicing: Voicing) -> None:
        """Hand over what a voice does."""
        if event.on:
            self._strike(event, due_ns, voicing)
            return
        for key, note in self._open.items():
            if note.voice == event.key:
                self._close(key, due_ns, event.ticks, event)
                return
        self._ledger.append(_Handed(event, due_ns))

    def system(self, message: bytes, due_ns: int) -> None:
        """Send what is no note of the song: clock, transport, what Panic sends. It is not recorded."""
        self._port.send(message, self._in_order(_key_of(message), due_ns))

    def click(self, voicing: Voicing, voice: int, velocity: int, on_ns: int, off_ns: int) -> None:
        """Strike a voice's key and close it: a blow that is no note of the song."""
        key = voicing.key(voice)
        self._struck.add(key)
        self.system(midi.note_on(key, velocity), on_ns)
        self.system(midi.note_off(key), off_ns)
        self._drums.strike(voice, velocity, on_ns)

    def take_back(self, from_ns: int) -> tuple[list[NoteEvent], list[tuple[bytes, int]]]:
        """Take back all that is due from `from_ns` on and not out.

        Returns the events that did not happen after all, and what was sent by `system`, for those who still
        want it (`resend`).
        """
        back = self._port.cancel_from(from_ns)
        self._drums.cancel_from(from_ns)
        gone = Counter(back)
        kept: deque[_Handed] = deque()
        undone: list[_Handed] = []
        for handed in self._ledger:
            if handed.message is None:
                (undone if handed.due_ns >= from_ns else kept).append(handed)
            elif gone[handed.message, handed.due_ns]:
                gone[handed.message, handed.due_ns] -= 1
                undone.append(handed)
            else:
                kept.append(handed)
        self._ledger = kept
        self._last_due_ns = {}
        for handed in kept:
            if handed.message is not None:
                self._last_due_ns[_key_of(handed.message)] = handed.due_ns
        for handed in reversed(undone):  # a key's messages alternate: undoing the last first leaves the truth
            if handed.message is not None and (struck := midi.key_struck(handed.message)) is not None:
                key, on = struck
                if on:
                    self._open.pop(key, None)
                    self._notes_sent -= 1
                elif handed.note is not None:
                    self._open[key] = handed.note
        others: list[tuple[bytes, int]] = []
        for entry in back:
            if gone[entry]:
                gone[entry] -= 1
                others.append(entry)
        return [handed.event for handed in undone if handed.event is not None], others

    def silence(self, due_ns: int, ticks: float) -> None:
        """A note-off for every open key, and no more of what rings on in the built-in drums."""
        self.close_notes(due_ns, ticks)
        self._drums.silence(due_ns)

    def close_notes(self, due_ns: int, ticks: float, but_for: Collection[int] = ()) -> None:
        """A note-off for every open key, except those that these voices have struck."""
        for key in sorted(self._open):
            if self._open[key].voice not in but_for:
                self._close(key, due_ns, ticks)

    def settle(self, before_ns: int) -> None:
        """Write down what was due before `before_ns`: nothing will take that back any more."""
        while self._ledger and self._ledger[0].due_ns < before_ns:
            self._write_down(self._ledger.popleft())

    def settle_all(self) -> None:
        """Write down all that is left."""
        while self._ledger:
            self._write_down(self._ledger.popleft())

    def resend(self, messages: Iterable[tuple[bytes, int]]) -> None:
        """Hand over again, unchanged, what `take_back` returned."""
        for message, due_ns in messages:
            key = _key_of(message)
            self._last_due_ns[key] = max(due_ns, self._last_due_ns.get(key, due_ns))
            self._port.send(message, due_ns)

    def mend(self, now_ns: int) -> bool:
        """Look for an xrun, and a lead after it close again what should be silent; True when that is done.
        Call it every 10 ms or so.

        Not at once: what the torn period held may be due a little later than now. A key that is struck or
        closed by what is still on its way waits for that, which may be taken back.
        """
        looks = self._mend_ns is not None and now_ns >= self._mend_ns
        if looks:
            self._mend_ns = None
            self._looked_ns = now_ns
            self._suspects = set(self._struck)
        elif self._mend_ns is None and self._port.xruns > self._xruns:
            self._xruns = self._port.xruns
            self._mend_ns = now_ns + self.lead_ns
        for key in sorted(self._suspects - self._open.keys()):
            last_ns = self._last_due_ns.get(key, self._looked_ns)
            if last_ns <= now_ns:
                self._suspects.discard(key)
                if last_ns <= self._looked_ns:  # else it has been closed since
                    self.system(midi.note_off(key), now_ns + self.lead_ns)
        return looks

    def _in_order(self, key: int, due_ns: int) -> int:
        due_ns = max(due_ns, self._last_due_ns.get(key, due_ns))
        self._last_due_ns[key] = due_ns
        return due_ns

    def _strike(self, event: NoteEvent, due_ns: int, voicing: Voicing) -> None:
        voice, key = event.key, voicing.key(event.key)
        holder = self._open.get(key)
        if not voicing.heard(voice) or (holder is not None and holder.ticks == event.ticks):
            self._ledger.append(_Handed(event, due_ns))
            return
        if holder is not None:
            self._close(key, due_ns, event.ticks)
        self._open[key] = note = _Note(voice, event.ticks)
        self._struck.add(key)
        self._notes_sent += 1
        velocity = voicing.velocity(voice, event.value)
        due_ns = self._send(midi.note_on(key, velocity), due_ns, event.ticks, note, event)
        self._drums.strike(voice, velocity, due_ns)

    def _close(self, key: int, due_ns: int, ticks: float, event: NoteEvent | None = None) -> None:
        self._send(midi.note_off(key), due_ns, ticks, self._open.pop(key), event)

    def _send(self, message: bytes, due_ns: int, ticks: float, note: _Note, event: NoteEvent | None) -> int:
        """Hand over a message of a note; returns when it is due after all."""
        due_ns = self._in_order(_key_of(message), due_ns)
        self._port.send(message, due_ns)
        self._ledger.append(_Handed(event, due_ns, message, note, self.recorder.place(ticks)))
        return due_ns

    def _write_down(self, handed: _Handed) -> None:
        if handed.message is not None:
            self.recorder.note(handed.file_ticks, handed.message)


def _key_of(message: bytes) -> int:
    struck = midi.key_struck(message)
    return _NO_KEY if struck is None else struck[0]
