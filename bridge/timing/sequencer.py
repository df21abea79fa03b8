"""What plays when: patterns in, note-ons and note-offs in song ticks out. It knows no drums and no clock.

The song is a row of cells (sixteenths), and *the cell* is the unit of every decision: a cell is played
once, from one pattern, and a span belongs to its cell even where it sounds before or after it.

    cells          ... | B-240 |   B   | B+240 | ...        a swap at B: cells from B on are the new pattern's
    old pattern        |  x    |                            its late hit of B-240 still plays
    new pattern            x   |       |   x                its early hit of B sounds before B ...
    swap came too late       ^ |x                           ... or on B, unless the old one struck it
    swap now                   |  n  x                      from n on, B's hits are the new pattern's, but for
                                                            keys that B has struck: the song position decides

Why nothing can hang or overlap: the windows of two cells never overlap (see `pattern`), a key is struck at
most once a cell, and an open key is closed at the latest by the next note-on of that key. Every note lasts
at least one tick.

A caller plays ahead of time and sometimes takes events back from its port (`take_back`). Nothing here
blocks or does I/O; a call costs a few microseconds a note. Not thread-safe: one thread owns a sequencer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.timing.pattern import CELL_TICKS, HALF_CELL_TICKS, Pattern, Span, cell_from

MEMORY_CELLS = 64
"""How many cells back `take_back` may reach: four bars."""

MAX_BLOCKS = 256
"""How many blocks are remembered, the last ones set: the reach of a song position pointer (1,024 bars)."""


@dataclass(frozen=True, slots=True)
class NoteEvent:
    """A note-on (with its value) or a note-off (value 0) at a song position."""

    ticks: int
    on: bool
    key: int
    value: int


@dataclass(slots=True)
class _Part:
    """What plays from `from_cell` on: one pattern for every block, or another for single blocks."""

    from_cell: int
    base: Pattern
    blocks: dict[int, Pattern]

    def pattern(self, cell: int) -> Pattern:
        return self.blocks.get(cell // self.base.length_ticks, self.base) if self.blocks else self.base


class Sequencer:
    """Plays a cyclic pattern along the song: song tick t plays tick t mod length of the pattern.

    It starts at position 0. All patterns of one sequencer have one length; block n is the n-th of these
    lengths in the song.
    """

    def __init__(self, pattern: Pattern) -> None:
        self._length = pattern.length_ticks
        self._pattern = pattern
        self._parts = [_Part(0, pattern, {})]
        self._open: dict[int, tuple[int, int]] = {}  # key -> ticks of its note-on and note-off
        self._struck: dict[int, dict[int, int]] = {}  # cell -> the keys that it has struck, and when
        self._hits: list[tuple[int, Span]] = []  # what the cell still has to strike, the last first
        self._limit: float = math.inf
        self._cursor: float = 0
        self._cell = 0
        self._aim(0)

    # --- where we are -------------------------------------------------------------------------------------

    @property
    def position_ticks(self) -> float:
        """How far the song has been played: `advance` has handed out every event before this."""
        return self._cursor

    @property
    def open_keys(self) -> frozenset[int]:
        """The keys whose note-off is still to come."""
        return frozenset(self._open)

    @property
    def finished(self) -> bool:
        """The limit is reached: nothing will be struck any more, and every note is closed."""
        return self._cursor >= self._limit and not self._open

    @property
    def playing(self) -> Pattern:
        """The pattern that the cell in play is played from, as things stand."""
        cell = _cell_of(self._cursor)
        return self._part(cell).pattern(cell)

    def pattern_at(self, ticks: float) -> Pattern:
        """The pattern that the cell under a song position is played from, as things stand."""
        cell = int(ticks // CELL_TICKS) * CELL_TICKS
        return self._part(cell).pattern(cell)

    # --- what plays ---------------------------------------------------------------------------------------

    def swap(self, pattern: Pattern, boundary_ticks: float | None) -> int:
        """Play `pattern` from the cell at (or next after) `boundary_ticks` on; return that cell.

        None is now: what the cell that is being played has still to strike is the new pattern's already. A
        boundary that has passed means the next cell. What sounds ends where it would have ended, or where the
        new pattern strikes (`release` ends it at once). A later swap replaces one that still waits, and the
        patterns that were set for single blocks. Raises ValueError for a pattern of another length.
        """
        self._check(pattern)
        cell = self._cell_from(boundary_ticks)
        begun = [part for part in self._parts if part.from_cell <= self._cell and part.from_cell < cell]
        self._parts = [*(begun or self._parts[:1]), _Part(cell, pattern, {})]
        self._aim(self._cursor)
        return cell

    def set_block(self, block: int, pattern: Pattern, boundary_ticks: float | None = 0) -> int:
        """Play `pattern` in one block, from the cell at `boundary_ticks` on (None: now); return that cell.

        In a block that is being played it takes over as in `swap`, and when the song comes back to that
        block, all of it plays. The last call for a block holds. Raises ValueError for a pattern of another
        length.
        """
        self._check(pattern)
        first = block * self._length
        cell = max(self._cell_from(boundary_ticks), first)
        before = [part for part in self._parts if part.from_cell < cell] if cell > first else []
        after = self._parts[len(before) :]
        if before and not (after and after[0].from_cell == cell):
            under = before[-1]
            after.insert(0, _Part(cell, under.base, dict(under.blocks)))
        for part in after:
            _set_block(part.blocks, block, pattern)
        self._parts = before + after
        self._aim(self._cursor)
        return cell

    def limit(self, end_ticks: float) -> None:
        """Strike nothing of a cell at or after `end_ticks`; notes that sound are still closed."""
        self._limit = end_ticks
        self._aim(self._cursor)

    # --- playing ------------------------------------------------------------------------------------------

    def advance(self, until_ticks: float) -> list[NoteEvent]:
        """All events before `until_ticks` that are still to come, in order; at one tick offs come first.

        Only ever moves forward: an earlier `until_ticks` returns nothing.
        """
        if until_ticks <= self._cursor:
            return []
        events: list[NoteEvent] = []
        while True:
            while self._hits and self._hits[-1][0] < until_ticks:
                self._strike(*self._hits.pop(), events)
            if self._cell + HALF_CELL_TICKS >= until_ticks:
                break
            self._load(self._cell + CELL_TICKS)
        self._cursor = until_ticks
        for key, (_, off) in list(self._open.items()):
            if off < until_ticks:
                self._close(key, off, events)
        events.sort(key=_order)
        return events

    def locate(self, ticks: float) -> list[NoteEvent]:
        """Play on from another position; return the note-offs of what is open, to be sent at once.

        Cells from `ticks` on will play. An early hit that lies before `ticks` sounds on its cell (so at
        Start, the early hits of step 0 sound on beat 1); a late hit that is still to come, of the cell
        before, plays. What waited for a boundary takes over now, so that what plays is a function of the
        position alone.
        """
        self._parts = [_Part(0, self._parts[-1].base, self._parts[-1].blocks)]
        self._struck.clear()
        offs = [NoteEvent(math.ceil(ticks), False, key, 0) for key in sorted(self._open)]
        self._open.clear()
        self._aim(ticks)
        return offs

    def release(self, ticks: float) -> list[NoteEvent]:
        """Close every open key at `ticks` (a key struck later than that: one tick after its note-on)."""
        events: list[NoteEvent] = []
        for key in list(self._open):
            self._close(key, math.ceil(ticks), events, at_once=True)
        events.sort(key=_order)
        return events

    def take_back(self, ticks: float, events: Iterable[NoteEvent]) -> None:
        """These events, handed out before, never happened; play on from `ticks`.

        For a caller whose port returned what was not yet out. `events` are the last ones handed out, all
        from `ticks` on, at most four bars; what is not among them counts as played and is not played again.
        A note whose note-off was taken back is open again, until that tick.
        """
        for event in sorted(events, key=_order, reverse=True):
            ticks = min(ticks, event.ticks)
            if event.on:
                self._open.pop(event.key, None)
                self._struck.get(_cell_of(event.ticks), {}).pop(event.key, None)
            else:
                self._open[event.key] = (self._last_strike(event), event.ticks)
        self._aim(min(self._cursor, ticks))

    # --- the cell that is being played --------------------------------------------------------------------

    def _aim(self, ticks: float) -> None:
        """Set the cursor, and load the cell whose window it is in."""
        self._cursor = ticks
        self._load(_cell_of(ticks))

    def _load(self, cell: int) -> None:
        """Line up what the cell still has to strike, the last first."""
        while len(self._parts) > 1 and self._parts[1].from_cell <= cell - MEMORY_CELLS * CELL_TICKS:
            del self._parts[0]
        while len(self._struck) > MEMORY_CELLS:
            del self._struck[next(iter(self._struck))]
        self._cell = cell
        self._hits = []
        if cell >= self._limit:
            return
        self._pattern = self._part(cell).pattern(cell)
        struck = self._struck.setdefault(cell, {})
        for span in reversed(self._pattern.spans_at(cell)):
            start = cell - span.cell_ticks + span.start_ticks
            if start < self._cursor:  # missed: an early hit sounds on its cell, if that is still to come
                start = cell
            if start >= self._cursor and span.key not in struck:
                self._hits.append((start, span))
        self._hits.sort(key=_start, reverse=True)

    def _strike(self, ticks: int, span: Span, events: list[NoteEvent]) -> None:
        self._close(span.key, ticks, events)
        for key in self._pattern.chokes.get(span.key, ()):
            self._close(key, ticks, events)
        end = self._cell - span.cell_ticks + span.end_ticks
        self._open[span.key] = (ticks, max(end, ticks + 1))
        self._struck[self._cell][span.key] = ticks
        events.append(NoteEvent(ticks, True, span.key, span.value))

    def _close(self, key: int, ticks: int, events: list[NoteEvent], at_once: bool = False) -> None:
        """Close the key at its end or at `ticks`, whichever is first; never with its own note-on."""
        note = self._open.get(key)
        if note is None:
            return
        on, off = note
        if on >= ticks and not at_once:  # struck together: settled by the pattern, in the ends of its spans
            return
        del self._open[key]
        events.append(NoteEvent(max(min(off, ticks), on + 1), False, key, 0))

    def _last_strike(self, off: NoteEvent) -> int:
        """When the note that `off` closes was struck."""
        strikes = (struck[off.key] for struck in self._struck.values() if off.key in struck)
        return max(strikes, default=off.ticks - 1)

    def _cell_from(self, boundary_ticks: float | None) -> int:
        """The first cell that a change at the boundary may still decide."""
        if boundary_ticks is None:
            return _cell_of(self._cursor)
        return cell_from(max(boundary_ticks, self._cursor))

    def _part(self, cell: int) -> _Part:
        for part in reversed(self._parts):
            if part.from_cell <= cell:
                return part
        return self._parts[0]

    def _check(self, pattern: Pattern) -> None:
        if pattern.length_ticks != self._length:
            raise ValueError(f"a pattern of {pattern.length_ticks} ticks among patterns of {self._length}")


def _cell_of(ticks: float) -> int:
    """The cell in whose window a position lies."""
    return int((ticks + HALF_CELL_TICKS) // CELL_TICKS) * CELL_TICKS


def _set_block(blocks: dict[int, Pattern], block: int, pattern: Pattern) -> None:
    blocks.pop(block, None)
    blocks[block] = pattern
    if len(blocks) > MAX_BLOCKS:
        del blocks[next(iter(blocks))]


def _order(event: NoteEvent) -> tuple[int, bool, int]:
    return event.ticks, event.on, event.key


def _start(hit: tuple[int, Span]) -> int:
    return hit[0]
