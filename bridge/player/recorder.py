"""Writes down what went out, as a MIDI file of 960 ticks a quarter note.

The file's time is song time, not wall time: an event's tick is the song position it was due at, so a bar of
the song is a bar of the file. It begins at the bar in which the song was started. A stop or a relocation ends
a *segment*; the next one follows at the first later tick that has the same place in the bar:

    song   | bar 1 | bar 2 .x stop at 2.1.2      Start at bar 9, beat 3:   | . . ^ . | bar 10 |
    file   | bar 1 | bar 2 .x           . . .         ^ bar 2, beat 3      | bar 3   |

Notes only; clock and transport bytes have no place in a file. Tempo changes are kept. Source: Standard
MIDI Files 1.0.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mido

from bridge.files import write_atomically
from bridge.player.messages import Played
from bridge.player.midi import key_struck
from bridge.timing import TICKS_PER_BEAT

TICKS_PER_BAR = 4 * TICKS_PER_BEAT
Event = tuple[int, bytes]
"""The tick in the file, and the message."""

_HEADER = b"MThd" + bytes((0, 0, 0, 6, 0, 0, 0, 1))  # type 0, one track; the ticks a beat follow
_FOUR_FOUR = bytes((0xFF, 0x58, 4, 4, 2, 24, 8))
_TEMPO = bytes((0xFF, 0x51, 3))
_END_OF_TRACK = bytes((0xFF, 0x2F, 0))


@dataclass(slots=True)
class Recorder:
    """What went out so far. `begin` a segment first; `enabled` False keeps nothing for `write`.

    What is new is handed on by `news` either way. Owned by the player's loop until it ends; `write` then does
    the only I/O.
    """

    enabled: bool = True
    _events: list[Event] = field(default_factory=list)
    _new_events: list[Event] = field(default_factory=list)
    _new_tempi: list[tuple[int, float]] = field(default_factory=list)
    _bpm: float | None = None
    _earliest: dict[int, int] = field(default_factory=dict)  # by key: the first tick for its next event
    _tempi: list[tuple[int, float]] = field(default_factory=list)
    _shift_ticks: int | None = None  # file tick = song tick + shift
    _end_ticks: int = 0  # of the file so far

    def begin(self, song_ticks: int, bpm: float) -> None:
        """A new segment starts at this song position."""
        if self._shift_ticks is None:
            self._shift_ticks = -(song_ticks // TICKS_PER_BAR) * TICKS_PER_BAR
        else:
            wait = (song_ticks - self._end_ticks) % TICKS_PER_BAR
            self._shift_ticks = self._end_ticks + wait - song_ticks
        self.tempo(song_ticks, bpm)
        self.end(song_ticks)

    def place(self, song_ticks: float) -> int:
        """Where in the file a position of the running segment is: a tick."""
        return max(0, round(song_ticks) + (self._shift_ticks or 0))

    def note(self, file_ticks: int, message: bytes) -> None:
        """A note-on or note-off went out whose place was `file_ticks` when it was handed over.

        Where the tempo has just changed, the position of a stop is a little vague: so each key keeps its
        order, and a note lasts a tick at least.
        """
        if (struck := key_struck(message)) is None:
            return
        key, on = struck
        ticks = max(file_ticks, self._earliest.get(key, 0))
        self._earliest[key] = ticks + on
        self._new_events.append((ticks, message))
        if self.enabled:
            self._events.append((ticks, message))
        self._end_ticks = max(self._end_ticks, ticks)

    def tempo(self, song_ticks: float, bpm: float) -> None:
        """The tempo changes at this song position."""
        if bpm != self._bpm:
            self._bpm = bpm
            self._new_tempi.append((self.place(song_ticks), bpm))
            if self.enabled:
                self._tempi.append((self.place(song_ticks), bpm))

    def end(self, song_ticks: float) -> None:
        """The segment goes on to at least this song position."""
        self._end_ticks = max(self._end_ticks, self.place(song_ticks))

    @property
    def has_news(self) -> bool:
        """Whether notes went out since `news` was last asked."""
        return bool(self._new_events)

    def news(self, until_ticks: float | None = None) -> Played:
        """What went out since this was last asked. `until_ticks`: the song position before which that is all;
        None: the song has stopped.
        """
        end = self._end_ticks if until_ticks is None else self.place(until_ticks)
        played = Played(tuple(self._new_events), tuple(self._new_tempi), end, until_ticks is not None)
        self._new_events.clear()
        self._new_tempi.clear()
        return played

    def content(self) -> bytes:
        """The recording as a MIDI file, the end of track where the last segment stopped."""
        return midi_content(self._events, self._tempi, self._end_ticks)

    def midi_file(self) -> mido.MidiFile:
        """`content`, read."""
        return mido.MidiFile(file=io.BytesIO(self.content()))

    def write(self, path: Path | str) -> None:
        """Write the file, whole or not at all. Raises FileWriteError with the reason."""
        write_atomically(path, self.content())


def midi_content(events: Sequence[Event], tempi: Sequence[tuple[int, float]], end_ticks: int) -> bytes:
    """A MIDI file of one track (type 0): messages and tempi by tick, and where it ends.

    Written by hand, as a night's 550,000 messages take half a second so; as objects of a MIDI library they
    took 13 s, and whoever ends the player waits 5 s for it.
    """
    timed = [(ticks, _TEMPO + mido.bpm2tempo(bpm).to_bytes(3, "big")) for ticks, bpm in tempi]
    timed += events
    timed.sort(key=lambda entry: entry[0])  # stable: at one tick in the order in which it went out
    track = bytearray(b"\0" + _FOUR_FOUR)
    now = 0
    for ticks, message in timed:
        track += _length(ticks - now) + message
        now = ticks
    track += _length(max(0, end_ticks - now)) + _END_OF_TRACK
    header = _HEADER + TICKS_PER_BEAT.to_bytes(2, "big")
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


def _length(ticks: int) -> bytes:
    """A delta time as a variable-length quantity: seven bits a byte, the top bit set on all but the last."""
    if ticks < 128:
        return bytes((ticks,))
    digits = [ticks & 127]
    while ticks := ticks >> 7:
        digits.append(ticks & 127 | 128)
    return bytes(reversed(digits))
