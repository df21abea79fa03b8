"""A cyclic pattern of notes on a grid of sixteenths: what a `Sequencer` plays. It knows no drums, only keys.

    cell          0         240       480       720       960 = length: cell 0 of the next round
    window  ...---|----)(----|----)(---|----)(---|----)(----|---...
    span             ^ start                           ^ an early span of cell 0, start -60

A span starts less than half a sixteenth from its cell. So the windows of two cells never overlap: cells
play one after the other, and on one key the starts ascend with the cells, whichever pattern each cell is
taken from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.timing.beatmap import TICKS_PER_SIXTEENTH

CELL_TICKS = TICKS_PER_SIXTEENTH
HALF_CELL_TICKS = CELL_TICKS // 2


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One note of a pattern: it belongs to the sixteenth at `cell_ticks` and sounds from start to end.

    `start_ticks` lies less than 120 ticks from the cell (negative for an early hit of cell 0), `end_ticks`
    after it. `key` is what cannot sound twice at once (a MIDI note); `value` is handed through (a
    velocity).
    """

    cell_ticks: int
    start_ticks: int
    end_ticks: int
    key: int
    value: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """Spans that repeat every `length_ticks`; a note-on of a key ends the keys that it `chokes`.

    Raises ValueError where the grid does not hold: a length that is no multiple of 240, a cell off the
    grid, a start too far from its cell, an end before its start, or one key twice in a cell.
    """

    length_ticks: int
    spans: tuple[Span, ...]
    chokes: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    _cells: tuple[tuple[Span, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.length_ticks <= 0 or self.length_ticks % CELL_TICKS:
            raise ValueError(
                f"a pattern's length must be a multiple of {CELL_TICKS}, not {self.length_ticks}"
            )
        cells: list[list[Span]] = [[] for _ in range(self.length_ticks // CELL_TICKS)]
        for span in sorted(self.spans, key=lambda span: (span.start_ticks, span.key)):
            index, off_grid = divmod(span.cell_ticks, CELL_TICKS)
            if off_grid or not 0 <= index < len(cells):
                raise ValueError(f"{span} is not on a cell of a pattern of {self.length_ticks} ticks")
            if abs(span.start_ticks - span.cell_ticks) >= HALF_CELL_TICKS:
                raise ValueError(f"{span} starts half a cell or more from its cell")
            if span.end_ticks <= span.start_ticks:
                raise ValueError(f"{span} ends before it starts")
            if any(span.key == other.key for other in cells[index]):
                raise ValueError(f"{span} is the second on its key in its cell")
            cells[index].append(span)
        object.__setattr__(self, "_cells", tuple(tuple(cell) for cell in cells))

    def spans_at(self, cell_ticks: int) -> tuple[Span, ...]:
        """The spans of the cell that song position `cell_ticks` falls on, by start. Real-time-safe."""
        return self._cells[cell_ticks % self.length_ticks // CELL_TICKS]


def cell_from(ticks: float) -> int:
    """The first cell at or after a song position."""
    return int(-(-ticks // CELL_TICKS)) * CELL_TICKS


def cell_at(ticks: float) -> int:
    """The last cell at or before a song position."""
    return int(ticks // CELL_TICKS) * CELL_TICKS


def next_boundary(ticks: float, grid_ticks: int) -> int:
    """The first multiple of `grid_ticks` (a step 240, a bar 3840, a loop 15360) at or after `ticks`."""
    return int(-(-ticks // grid_ticks)) * grid_ticks
