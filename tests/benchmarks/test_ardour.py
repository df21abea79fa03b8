"""How a recording is read: lateness by note, and what counts as not locked."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from benchmarks.ardour import RATE, Take, check, four_bars, read_take
from bridge.groove.notes import LOOP_TICKS, loop_notes

BARS = 8
BPM = 120.0


def played(late_ticks: float) -> Take:
    """Our loop, twice, each note late by so much."""
    return [
        (turn + note.start_ticks + late_ticks, note.note)
        for turn in (0, LOOP_TICKS)
        for note in loop_notes(four_bars())
    ]


def test_a_recording_that_is_a_millisecond_late_is_read_as_that() -> None:
    late = check(BARS, played(1.92), BPM)
    assert len(late) > 100
    assert late == pytest.approx([1.0] * len(late))


@pytest.mark.parametrize("place", [100, 150])
def test_a_note_that_is_missing_or_sounds_twice_is_no_lock(place: int) -> None:
    take = played(0)
    with pytest.raises(ValueError, match="1 notes are missing"):
        check(BARS, take[:place] + take[place + 1 :], BPM)
    with pytest.raises(ValueError, match="twice"):
        check(BARS, [*take, take[place]], BPM)


def test_a_recording_begins_where_ardour_says_and_its_times_count_from_there(tmp_path: Path) -> None:
    track = mido.MidiTrack(
        [mido.Message("note_on", note=36, velocity=90, time=at) for at in (0, 1920, 19200)]
    )
    file = mido.MidiFile(ticks_per_beat=19200, tracks=[track])
    (tmp_path / "session").mkdir()
    file.save(tmp_path / "session" / "take.mid")
    assert read_take(tmp_path, RATE, BPM) == [(1920, 36), (2016, 36), (2880, 36)]
