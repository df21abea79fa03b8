"""What went out, as the player told it: for the last bars as they were played, and for recordings.

Ticks are those of one long recording (`bridge.player.recorder`), so a bar of the song is a bar of the tape.
A bar is cut by its steps, not by the clock: a hit a little before the bar line that belongs to the first step
goes with the bar, and sits on its line; the early hits of the bar after it do not.

    tape  |  . . . x|. . . o|. . . o|. .        x: early hit of the next bar's first step
    cut             |xxxxxxx|ooooooo|           the last 2 bars: x on beat 1, the o before the last line not
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.groove.notes import TICKS_PER_BAR, TICKS_PER_STEP
from bridge.player.messages import Played
from bridge.player.midi import key_struck, note_off
from bridge.player.recorder import Event, midi_content

LONGEST_BARS = 32
"""So many bars can be had back; what is older is forgotten, unless it is being recorded."""
_EARLY_TICKS = TICKS_PER_STEP // 2


@dataclass(frozen=True, slots=True)
class Cut:
    """Some bars of a tape. `content` may take half a second for a night of music.

    events, tempi    from before the cut on, in ticks of the tape
    first, end       the bar lines that it goes from and to, in ticks
    goes_on          the song went on after `end`: the early hits of its next bar are left out
    """

    events: tuple[Event, ...]
    tempi: tuple[tuple[int, float], ...]
    first: int
    end: int
    goes_on: bool

    @property
    def bars(self) -> int:
        """How many bars these are."""
        return (self.end - self.first) // TICKS_PER_BAR

    def content(self) -> bytes:
        """A MIDI file of these bars."""
        first, end = self.first, self.end
        before = [bpm for ticks, bpm in self.tempi if ticks <= first] or [self.tempi[0][1]]
        after = [(ticks - first, bpm) for ticks, bpm in self.tempi if first < ticks < end]
        notes = whole_notes(self.events, first, end, self.goes_on)
        return midi_content(notes, [(0, before[-1]), *after], end - first)


class Tape:
    """Thread-safe; nothing takes long. `bpm` is the tempo before the player told one."""

    def __init__(self, bpm: float) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._tempi: list[tuple[int, float]] = [(0, bpm)]
        self._shift_ticks = 0  # tape tick = tick of the player + shift
        self._begin_ticks: int | None = None
        self._end_ticks = 0
        self._record_ticks: int | None = None
        self._rolling = False

    @property
    def rolling(self) -> bool:
        """Whether there is more to come of what has been played: the rest of a bar."""
        with self._lock:
            return self._rolling

    @property
    def next_line(self) -> int:
        """The bar line that comes next, in ticks of the tape."""
        with self._lock:
            return self._line() + TICKS_PER_BAR

    def roll(self) -> None:
        """The song rolls."""
        with self._lock:
            self._rolling = True

    @property
    def bars(self) -> int:
        """How many bars can be had, `LONGEST_BARS` at most."""
        with self._lock:
            if self._begin_ticks is None:
                return 0
            return min(LONGEST_BARS, max(0, self._line() - self._begin_ticks) // TICKS_PER_BAR)

    def add(self, played: Played) -> None:
        """The player tells what went out."""
        with self._lock:
            shift = self._shift_ticks
            events = [(ticks + shift, message) for ticks, message in played.events]
            if self._begin_ticks is None:
                earliest = min(
                    (ticks + _EARLY_TICKS for ticks, _ in events), default=played.end_ticks + shift
                )
                first = max(0, min(earliest, played.end_ticks + shift - 1))
                self._begin_ticks = first // TICKS_PER_BAR * TICKS_PER_BAR
                self._end_ticks = self._begin_ticks
            self._events += events
            self._tempi += [(ticks + shift, bpm) for ticks, bpm in played.tempi]
            self._end_ticks = max(self._end_ticks, played.end_ticks + shift)
            self._rolling = played.rolling
            self._forget()

    def splice(self) -> None:
        """Another player comes: what it tells begins at the next bar line."""
        with self._lock:
            self._shift_ticks = _up(self._end_ticks)
            self._rolling = False

    def last(self, bars: int) -> Cut | None:
        """The last bars that were played, the one in which the song stopped too. Fewer where there are fewer;
        None where there is none.
        """
        with self._lock:
            end = self._line()
            first = max(self._begin_ticks or 0, end - bars * TICKS_PER_BAR)
            return None if self._begin_ticks is None or end <= first else self._cut(first, end)

    def record(self) -> None:
        """Keep everything from the beginning of the bar that plays now; where the song stands, from where it
        starts again.
        """
        with self._lock:
            self._record_ticks = self._line()

    def recorded(self) -> Cut | None:
        """The recording so far; None where there is none, or nothing in it."""
        with self._lock:
            first, end = self._record_ticks, self._line()
            return None if first is None or end <= first else self._cut(first, end)

    def stop_recording(self) -> None:
        """No more than the last bars has to be kept."""
        with self._lock:
            self._record_ticks = None
            self._forget()

    # --- inside, with the lock held ---

    def _line(self) -> int:
        """The last bar line that the song has come to; where it stopped, the end of that bar."""
        return self._end_ticks // TICKS_PER_BAR * TICKS_PER_BAR if self._rolling else _up(self._end_ticks)

    def _cut(self, first: int, end: int) -> Cut:
        events = tuple(event for event in self._events if event[0] >= first - TICKS_PER_BAR)
        return Cut(events, tuple(self._tempi), first, end, self._end_ticks >= end)

    def _forget(self) -> None:
        """Drop what nobody can ask for any more."""
        keep = _up(self._end_ticks) - LONGEST_BARS * TICKS_PER_BAR
        if self._record_ticks is not None:
            keep = min(keep, self._record_ticks)
        if self._begin_ticks is None or keep <= self._begin_ticks:
            return
        self._begin_ticks = keep
        self._events = [event for event in self._events if event[0] >= keep - TICKS_PER_BAR]
        del self._tempi[: max(0, bisect_left(self._tempi, (keep, 0.0)) - 1)]


def whole_notes(events: Sequence[Event], first: int, end: int, goes_on: bool) -> list[Event]:
    """The notes of the bars from tick `first` to `end`, counted from `first`: each ends, at `end` at the
    latest. `goes_on`: the early hits of the bar after `end` are left out.
    """
    last = end - _EARLY_TICKS if goes_on else end
    struck: dict[int, tuple[int, bytes]] = {}
    notes: list[tuple[int, int, int, bytes]] = []  # start, end, key, note-on
    for ticks, message in [*sorted(events, key=lambda event: event[0]), *_closing(events, end)]:
        if (found := key_struck(message)) is None:
            continue
        key, on = found
        if key in struck:
            start, note_on = struck.pop(key)
            notes.append((start, max(ticks, start + 1), key, note_on))
        if on and first - _EARLY_TICKS <= ticks < last:
            struck[key] = (max(ticks, first), message)
    cut: list[tuple[int, bool, bytes]] = []
    next_start: dict[int, int] = {}
    for start, until, key, note_on in reversed(notes):  # two of one key may have come to lie on one line
        until = min(until, next_start.get(key, end))
        if until > start:
            next_start[key] = start
            cut += [(start - first, True, note_on), (until - first, False, note_off(key))]
    cut.sort(key=lambda each: each[:2])
    return [(ticks, message) for ticks, _, message in cut]


def _closing(events: Sequence[Event], end: int) -> list[Event]:
    """A note-off at the end for every key there is: what is told later of them is beyond the cut."""
    keys = {found[0] for _, message in events if (found := key_struck(message)) is not None}
    return [(end, note_off(key)) for key in sorted(keys)]


def _up(ticks: int) -> int:
    """The bar line at or after a tick."""
    return -(-ticks // TICKS_PER_BAR) * TICKS_PER_BAR
