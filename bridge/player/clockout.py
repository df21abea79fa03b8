"""MIDI clock for others: which clock and transport messages go out when.

    F2 p, FB  F8      F8      F8 ...                FA in place of F2 and FB where the song starts at 0
    --------- p ----- p+40 -- p+80                  (a quarter note is 24 clocks, a song position 6)

Start and Continue only arm a listener: the next F8 is the position. So they go out `ARM_NS` before that F8. A
listener can join on sixteenths only, so clock that is switched on in the middle begins at the next sixteenth.

On request F8 goes on while the song stands, on the same grid, so that a listener knows the tempo before
Start. The grid is never broken: the downbeat is one of its clocks, the first that has not been handed over
when Start comes (at 120 BPM 40 to 60 ms later), and a listener that has locked to it stays locked.

An F8 that is lost leaves a listener a clock behind, and only we can know of it. So after an xrun the next bar
line is named by its song position, without Stop and Continue: who is in place reads what it knew, who
takes positions while it rolls is in place again, and who ignores them (as DAWs do that read the specification
by the letter) is no worse off. Stop and Continue would reach them too, but would have every listener stumble,
and a DAW end its recording, for an F8 that is hardly ever lost.

Source: MIDI 1.0 Detailed Specification, System Real Time and Song Position Pointer.
"""

from __future__ import annotations

import math

from bridge.player import midi
from bridge.timing import TICKS_PER_CLOCK, TICKS_PER_SIXTEENTH, BeatMap, next_boundary

ARM_NS = 1_000_000
"""How long before its first F8 a Start or Continue goes out (the specification asks for at least 1 ms)."""

_OVERDUE_NS = 250_000_000
"""Clocks of a standing song that are later than this (the machine slept) are skipped."""

_TICKS_PER_BAR = 16 * TICKS_PER_SIXTEENTH

Timed = list[tuple[int, bytes]]
"""Messages with the time at which each is due, in order."""


class ClockOut:
    """Clock along the line of the song, and on request while it stands. Pure; owned by the player's loop."""

    def __init__(self) -> None:
        self._line: BeatMap | None = None  # F8 lies where its ticks are whole clocks; None: no clock goes out
        self._next = 0  # the next F8
        self._rolling = False
        self._begins = False
        self._remind = False

    @property
    def running(self) -> bool:
        """Whether a listener believes that the song rolls."""
        return self._rolling

    def downbeat_ns(self, from_ns: int) -> int:
        """When a song that could begin at `from_ns` should: on the grid of a clock that goes out, and not
        before what has been handed over of it; else at once.
        """
        if self._line is None:
            return from_ns
        clock = math.ceil((self._line.to_ticks(from_ns) - 1e-3) / TICKS_PER_CLOCK) * TICKS_PER_CLOCK
        return self._line.to_ns(clock if self._rolling else max(clock, self._next))

    def begin(self, ticks: float, song: BeatMap) -> Timed:
        """Roll along `song` from the sixteenth at or after `ticks`; the clocks before that go out as they
        were.
        """
        first = next_boundary(ticks, TICKS_PER_SIXTEENTH)
        before = self._until(song.to_ns(first) - ARM_NS) if not self._rolling else []
        self._line, self._next = song, first
        self._rolling = self._begins = True
        self._remind = False
        return before

    def end(self, at_ns: int, *, stand: bool = False, back_ns: int | None = None) -> Timed:
        """What tells the listener to stop, at `at_ns`; nothing if it does not roll.

        `stand`: the clock goes on, beginning with the one due at `back_ns` where that was taken back.
        """
        line = self._line
        if not self._rolling or line is None:
            return []
        self._rolling = False
        before: Timed = []
        if stand:
            if back_ns is not None:
                self._next = round(line.to_ticks(back_ns) / TICKS_PER_CLOCK) * TICKS_PER_CLOCK
            before = self._until(at_ns)
        else:
            self._line = None
        return [*before, (at_ns, midi.STOP)]

    def advance(self, song: BeatMap, until_ticks: float) -> Timed:
        """While the song rolls: what is new before `until_ticks`."""
        messages: Timed = []
        if not self._rolling:
            return messages
        self._line = song
        while self._next < until_ticks:
            at_ns = song.to_ns(self._next)
            position = midi.song_position(self._next // TICKS_PER_SIXTEENTH)
            if self._begins:
                start = [midi.START] if self._next == 0 else [position, midi.CONTINUE]
                messages += [(at_ns - ARM_NS, message) for message in start]
                self._begins = False
            elif self._remind and self._next % _TICKS_PER_BAR == 0:
                messages.append((at_ns - ARM_NS, position))
                self._remind = False
            messages.append((at_ns, midi.CLOCK))
            self._next += TICKS_PER_CLOCK
        return messages

    def stand(self, bpm: float, from_ns: int, until_ns: int) -> Timed:
        """While the song stands: the clocks before `until_ns` that are new, at `bpm` from the next one on;
        the first ever at `from_ns`.
        """
        if self._line is None:
            self._line, self._next = BeatMap.at(bpm, 0, from_ns), 0
        elif not math.isclose(self._line.bpm, bpm, rel_tol=1e-9):
            self._line = self._line.with_tempo(bpm, self._line.to_ns(self._next))
        if self._line.to_ns(self._next) < from_ns - _OVERDUE_NS:
            self._next = math.ceil(self._line.to_ticks(from_ns) / TICKS_PER_CLOCK) * TICKS_PER_CLOCK
        return self._until(until_ns)

    def leave(self) -> None:
        """No clock while the song stands, or no longer."""
        if not self._rolling:
            self._line = None

    def remind(self) -> None:
        """An F8 may have been lost: name the position again at the next bar line."""
        self._remind = self._rolling

    def _until(self, until_ns: int) -> Timed:
        messages: Timed = []
        line = self._line
        while line is not None and (at_ns := line.to_ns(self._next)) < until_ns:
            messages.append((at_ns, midi.CLOCK))
            self._next += TICKS_PER_CLOCK
        return messages
