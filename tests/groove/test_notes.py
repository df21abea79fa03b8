"""A loop as notes on a cycle, and the note maps that it is sent through."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bridge.groove import NOTE_MAPS, STEPS, VOICES, DrumLoop, Voice, chokes, loop_notes
from bridge.groove.notes import LOOP_TICKS, NOTE_TICKS, TICKS_PER_STEP

Loops = SearchStrategy[DrumLoop]


def one_hit(step: int, voice: Voice, offset: float, velocity: float = 0.8) -> DrumLoop:
    return hits((step, voice, offset, velocity))


def hits(*cells: tuple[int, Voice, float, float]) -> DrumLoop:
    arrays = np.zeros((3, STEPS, VOICES))
    for step, voice, offset, velocity in cells:
        arrays[:, step, voice] = 1, velocity, offset
    return DrumLoop.of(*arrays)


def test_every_voice_that_a_map_sends_reads_back_as_itself() -> None:
    for kit in NOTE_MAPS.values():
        assert [kit.voice_of[note] for note in kit.out_notes] == list(Voice)
        assert len(set(kit.out_notes)) == VOICES
        assert all(0 <= note <= 127 for note in (*kit.out_notes, *kit.voice_of))


def test_a_map_that_would_not_read_back_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="reads back"):
        replace(NOTE_MAPS["gm"], out_notes=(38, *NOTE_MAPS["gm"].out_notes[1:]))
    with pytest.raises(ValueError, match="9 voices"):
        replace(NOTE_MAPS["gm"], out_notes=(36,))


@given(st.data())
def test_each_hit_becomes_one_note_within_half_a_step_of_its_cell(
    drum_loops: Loops, data: st.DataObject
) -> None:
    loop = data.draw(drum_loops)
    notes = loop_notes(loop)
    assert len(notes) == loop.hit_count
    assert [(n.start_ticks, n.note) for n in notes] == sorted((n.start_ticks, n.note) for n in notes)
    for note in notes:
        assert note.cell_ticks % TICKS_PER_STEP == 0
        assert 0 <= note.cell_ticks < LOOP_TICKS
        assert abs(note.start_ticks - note.cell_ticks) <= 119
        assert 0 < note.end_ticks - note.start_ticks <= NOTE_TICKS
        assert 1 <= note.velocity <= 127
        step, voice = note.cell_ticks // TICKS_PER_STEP, NOTE_MAPS["gm"].voice_of[note.note]
        assert loop.hits[step, voice]
        assert abs(note.start_ticks - note.cell_ticks - 240 * loop.offsets[step, voice]) <= 1


@given(st.data(), st.integers(36, 44))
def test_no_two_notes_of_a_pitch_overlap_on_the_cycle(
    drum_loops: Loops, data: st.DataObject, shared: int
) -> None:
    loop = data.draw(drum_loops)
    for pitches in (NOTE_MAPS["gm"].out_notes, (shared,) * VOICES):
        notes = loop_notes(loop, pitches)
        for pitch in set(pitches):
            same = [note for note in notes if note.note == pitch]
            for earlier, later in combinations(same, 2):
                assert earlier.end_ticks <= later.start_ticks
                assert later.end_ticks <= earlier.start_ticks + LOOP_TICKS


def test_a_closed_hat_ends_an_open_one_also_across_the_loop_s_end() -> None:
    ring = {n.note: n for n in loop_notes(hits((4, Voice.OPEN_HAT, 0.4, 1), (5, Voice.CLOSED_HAT, -0.4, 1)))}
    assert ring[46].end_ticks == ring[42].start_ticks == 5 * 240 - 96
    ring = {n.note: n for n in loop_notes(hits((63, Voice.OPEN_HAT, 0.4, 1), (0, Voice.CLOSED_HAT, -0.4, 1)))}
    assert ring[42].start_ticks == -96
    assert ring[46].end_ticks == LOOP_TICKS - 96
    assert chokes() == {42: (46,)}
    assert chokes((36,) * VOICES) == {}


def test_an_early_first_step_starts_before_the_loop() -> None:
    (note,) = loop_notes(one_hit(0, Voice.KICK, -0.5))
    assert (note.start_ticks, note.cell_ticks, note.end_ticks) == (-119, 0, 1)


def test_the_latest_hit_stays_out_of_the_next_cell() -> None:
    (note,) = loop_notes(one_hit(7, Voice.SNARE, 0.4999))
    assert note.start_ticks == 7 * 240 + 119


def test_velocity_is_rounded_and_never_a_note_off() -> None:
    soft = [loop_notes(one_hit(0, Voice.KICK, 0, velocity))[0].velocity for velocity in (0, 0.5, 1)]
    assert soft == [1, 64, 127]


def test_the_louder_of_two_voices_on_one_note_remains() -> None:
    both = hits((8, Voice.LOW_TOM, 0, 0.5), (8, Voice.MID_TOM, 0, 0.75))
    (note,) = loop_notes(both, (45,) * VOICES)
    assert note.velocity == 95


def test_one_note_for_each_voice_is_demanded() -> None:
    with pytest.raises(ValueError, match="9 voices"):
        loop_notes(DrumLoop.empty(), (36, 38))
