"""A loop as notes on a cyclic time line, for files and for the player alike.

Time is in ticks, 960 a quarter note: a sixteenth is 240, a bar 3,840, a loop 15,360.

    cell            step * 240          the grid position that the hit belongs to
    start           cell + offset       early hits come before their cell; step 0 may start below 0
    end             start + 120         half a step later, or where the same note (or a closed hat) comes next
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from bridge.groove.loop import STEPS, STEPS_PER_BAR, STEPS_PER_BEAT, DrumLoop
from bridge.groove.notemaps import GENERAL_MIDI
from bridge.groove.voices import VOICES, Voice

TICKS_PER_BEAT = 960
TICKS_PER_STEP = TICKS_PER_BEAT // STEPS_PER_BEAT
TICKS_PER_BAR = TICKS_PER_STEP * STEPS_PER_BAR
LOOP_TICKS = TICKS_PER_STEP * STEPS
NOTE_TICKS = TICKS_PER_STEP // 2

_FURTHEST = TICKS_PER_STEP // 2 - 1
"""A note stays less than half a step from its cell, so that two cells never meet: 119 ticks at most."""


@dataclass(frozen=True, slots=True, order=True)
class LoopNote:
    """One note of a loop, in ticks from the loop's beginning.

    cell_ticks   the step it belongs to, times 240: 0..15,120
    start_ticks  cell - 119 .. cell + 119; below 0 for an early step 0, which sounds at the end of bar 4
    end_ticks    above start, at most start + 120; may lie beyond the loop's end, at the next pass's beginning
    note         0..127
    velocity     1..127
    """

    cell_ticks: int
    start_ticks: int
    end_ticks: int
    note: int
    velocity: int


def loop_hits(loop: DrumLoop) -> Iterator[tuple[int, int, int, int]]:
    """The loop's hits as (cell_ticks, voice, start_ticks, velocity), by cell, then voice.

    The numbers are those of `LoopNote`, worked out at once for all hits: about 50 microseconds a loop.
    """
    steps, voices = np.nonzero(loop.hits)
    offsets = np.rint(TICKS_PER_STEP * loop.offsets[steps, voices].astype(np.float64))
    cells = steps * TICKS_PER_STEP
    starts = cells + np.clip(offsets, -_FURTHEST, _FURTHEST).astype(np.int64)
    velocities = np.clip(np.rint(127 * loop.velocities[steps, voices].astype(np.float64)), 1, 127)
    return zip(
        cells.tolist(), voices.tolist(), starts.tolist(), velocities.astype(np.int64).tolist(), strict=True
    )


def chokes(notes: Sequence[int] = GENERAL_MIDI.out_notes) -> Mapping[int, tuple[int, ...]]:
    """Which notes a note ends when it is struck, beside itself: the closed hat ends the open one."""
    closed, opened = notes[Voice.CLOSED_HAT], notes[Voice.OPEN_HAT]
    return MappingProxyType({} if closed == opened else {closed: (opened,)})


def loop_notes(loop: DrumLoop, notes: Sequence[int] = GENERAL_MIDI.out_notes) -> tuple[LoopNote, ...]:
    """The loop's hits as notes, by (start, note), none overlapping another of its note on the cycle.

    `notes` gives one MIDI note a voice. Velocity is clamp(round(127 v), 1, 127). Where two voices share a
    note and start in the same tick, the louder remains.
    """
    if len(notes) != VOICES:
        raise ValueError(f"one note for each of {VOICES} voices is needed, not {len(notes)}")
    found: dict[tuple[int, int], LoopNote] = {}
    for cell, voice, start, velocity in loop_hits(loop):
        note = LoopNote(cell, start, start + NOTE_TICKS, notes[voice], velocity)
        key = (start % LOOP_TICKS, note.note)
        if key not in found or found[key].velocity < velocity:
            found[key] = note
    return tuple(sorted(_cut(found.values(), chokes(notes)), key=lambda note: (note.start_ticks, note.note)))


def _cut(notes: Iterable[LoopNote], choked_by: Mapping[int, tuple[int, ...]]) -> Iterable[LoopNote]:
    """End each note before the next onset, around the cycle, of its own note or of one that chokes it."""
    notes = tuple(notes)
    onsets: dict[int, list[int]] = {}
    for note in notes:
        for ended in (note.note, *choked_by.get(note.note, ())):
            onsets.setdefault(ended, []).append(note.start_ticks)
    for note in notes:
        gaps = ((onset - note.start_ticks) % LOOP_TICKS for onset in onsets[note.note])
        length = min([gap for gap in gaps if gap > 0] + [NOTE_TICKS])
        yield replace(note, end_ticks=note.start_ticks + length)
