"""The tape: what it gives back is what went out, note for note, through swaps, mutes, stops and tempi."""

from __future__ import annotations

import io
import random

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove.notes import TICKS_PER_BAR
from bridge.player.messages import (
    Played,
    PlayerConfig,
    SetLatency,
    SetLoop,
    SetTempo,
    SetVoicing,
    Start,
    Stop,
    SwapAt,
)
from bridge.player.midi import key_of, note_off, note_on
from bridge.player.voicing import Voicing
from bridge.studio.tape import LONGEST_BARS, Cut, Tape, whole_notes
from tests.player.support import Note, Rig, notes_of, random_loop, recorded
from tests.studio.conftest import Desk

KICK = key_of(9, 36)
MS_PER_BAR = 4 * 60_000 / 120


def tape_of(rig: Rig) -> Tape:
    """What a studio has of the rig's player."""
    tape = Tape(120.0)
    for played in rig.told(Played):
        tape.add(played)
    return tape


def read(cut: Cut | None) -> mido.MidiFile:
    assert cut is not None
    return mido.MidiFile(file=io.BytesIO(cut.content()))


def notes_in(cut: Cut | None) -> list[Note]:
    """The notes of a cut; fails where one hangs or is struck twice."""
    return notes_of(recorded(read(cut)))


def struck(notes: list[Note]) -> list[tuple[int, int]]:
    return [(note.key, note.velocity) for note in notes]


def whole(tape: Tape) -> list[Note]:
    """All that is on a tape that was recording from the first."""
    return notes_in(tape.recorded())


def roam(rig: Rig, seed: int) -> None:
    """A few bars of anything that a musician may do."""
    chance = random.Random(seed)
    rig.do(SetLoop(random_loop(seed), 1), Start())
    for number in range(2, 14):
        match chance.randrange(6):
            case 0 | 1:
                rig.do(SetLoop(random_loop(seed + number), number, chance.choice(list(SwapAt))))
            case 2:
                muted = tuple(chance.random() < 0.4 for _ in range(9))
                rig.do(SetVoicing(Voicing(muted=muted, channel=chance.choice([9, 3]))))
            case 3:
                rig.do(SetTempo(chance.uniform(60, 300)))
            case 4:
                rig.do(Stop())
                rig.run_ms(chance.choice([1, 30, 300]))
                rig.do(Start(chance.choice([None, 0, 240 * chance.randrange(200)])))
            case 5:
                rig.do(SetLatency(chance.uniform(-60, 60)))
        rig.run_ms(chance.uniform(50, 1500))
    rig.do(Stop())
    rig.run_ms(500)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_what_is_on_the_tape_is_what_went_out(seed: int) -> None:
    rig = Rig(PlayerConfig(record="kept"))
    roam(rig, seed)
    tape = Tape(120.0)
    tape.record()
    for played in rig.told(Played):
        tape.add(played)
    sent = notes_of([entry for entry in rig.port.in_order() if entry[1][0] & 0xF0 in (0x80, 0x90)], cut=True)
    assert sorted(struck(whole(tape))) == sorted(struck(sent))
    written = notes_of(recorded(rig.engine.recorder.midi_file()))
    assert [(note.on, note.key, note.velocity) for note in whole(tape)] == [
        (note.on, note.key, note.velocity) for note in written
    ]


@pytest.mark.parametrize("latency_ms", [0.0, 80.0, -80.0])
def test_the_last_bars_while_it_plays_are_those_before_the_last_bar_line(latency_ms: float) -> None:
    rig = Rig(PlayerConfig(latency_ms=latency_ms))
    rig.do(SetLoop(random_loop(3), 1), Start())
    rig.run_ms(6.5 * MS_PER_BAR + 100)
    cut = tape_of(rig).last(4)
    assert cut is not None
    assert (cut.first, cut.end, cut.bars) == (2 * TICKS_PER_BAR, 6 * TICKS_PER_BAR, 4)
    song = read(cut)
    assert sum(message.time for message in song.tracks[0]) == 4 * TICKS_PER_BAR
    loop = random_loop(3)
    assert len(notes_in(cut)) == loop.hit_count  # four bars, with their own early hits and no others
    first_bar = {note.key for note in notes_in(cut) if note.on < 120}
    assert len(first_bar) == int(loop.hits[32].sum())


def test_after_a_stop_the_bar_in_which_it_stopped_is_there_too() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(3), 1), Start())
    rig.run_ms(2.4 * MS_PER_BAR)
    rig.do(Stop())
    rig.run_ms(100)
    cut = tape_of(rig).last(8)
    assert cut is not None
    assert (cut.first, cut.bars) == (0, 3)
    assert max(note.on for note in notes_in(cut)) > 2 * TICKS_PER_BAR


def test_before_the_first_bar_is_over_there_is_nothing_to_have() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(3), 1), Start())
    rig.run_ms(0.5 * MS_PER_BAR)
    assert tape_of(rig).last(1) is None
    assert tape_of(rig).bars == 0


def test_a_daw_that_loops_less_than_a_bar_is_on_the_tape_too() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(3), 1))
    for _ in range(12):
        rig.do(Start(0))
        rig.run_ms(0.5 * MS_PER_BAR)
    tape = tape_of(rig)
    assert tape.bars >= 10
    sent = [entry for entry in rig.port.in_order() if entry[1][0] & 0xF0 == 0x90]
    assert len(sent) - 20 < len(notes_in(tape.last(32))) <= len(sent)


def test_a_silent_bar_is_a_bar() -> None:
    rig = Rig(PlayerConfig(voicing=Voicing(muted=(True,) * 9)))
    rig.do(SetLoop(random_loop(3), 1), Start())
    rig.run_ms(2.5 * MS_PER_BAR)
    cut = tape_of(rig).last(2)
    assert cut is not None
    assert (cut.bars, notes_in(cut)) == (2, [])


def test_the_tempi_of_the_bars_go_with_them() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(3), 1), Start())
    rig.run_ms(1.5 * MS_PER_BAR)
    rig.do(SetTempo(200))
    rig.run_ms(2 * MS_PER_BAR)
    track = read(tape_of(rig).last(2)).tracks[0]
    tempi = [round(mido.tempo2bpm(message.tempo)) for message in track if message.type == "set_tempo"]
    assert tempi[-1] == 200
    assert track[1].type == "set_tempo"


def test_a_tape_forgets_what_nobody_can_ask_for_and_keeps_what_is_recorded() -> None:
    def bar(number: int) -> Played:
        ticks = number * TICKS_PER_BAR
        return Played(((ticks, note_on(KICK, 100)), (ticks + 120, note_off(KICK))), (), ticks + TICKS_PER_BAR)

    tape = Tape(120.0)
    for number in range(100):
        tape.add(bar(number))
        if number == 20:
            tape.record()
    assert tape.bars == LONGEST_BARS
    assert len(notes_in(tape.last(LONGEST_BARS))) == LONGEST_BARS
    assert [note.on for note in whole(tape)] == [number * TICKS_PER_BAR for number in range(79)]
    tape.stop_recording()
    assert tape.recorded() is None
    cut = tape.last(LONGEST_BARS)
    assert cut is not None
    assert len(cut.events) <= 2 * (LONGEST_BARS + 1)


def test_what_another_player_tells_follows_at_the_next_bar() -> None:
    one = Played(((0, note_on(KICK, 90)), (120, note_off(KICK))), ((0, 120.0),), 1000)
    tape = Tape(120.0)
    tape.add(one)
    tape.splice()
    tape.add(one)
    assert [note.on for note in notes_in(tape.last(4))] == [0, TICKS_PER_BAR]


_ticks = st.integers(0, 4 * TICKS_PER_BAR)


@given(st.lists(st.tuples(_ticks, st.integers(1, 400), st.sampled_from([36, 38]), st.integers(1, 127))))
def test_no_note_of_a_cut_hangs_or_is_struck_twice(played: list[tuple[int, int, int, int]]) -> None:
    events: list[tuple[int, bytes]] = []
    free = {36: 0, 38: 0}
    for ticks, length, number, velocity in sorted(played):
        start = max(ticks, free[number])
        free[number] = start + length
        key = key_of(9, number)
        events += [(start, note_on(key, velocity)), (start + length, note_off(key))]
    for goes_on in (True, False):
        cut = whole_notes(events, TICKS_PER_BAR, 2 * TICKS_PER_BAR, goes_on)
        notes = notes_of(cut)
        assert all(0 <= note.on < note.off <= TICKS_PER_BAR for note in notes)


def test_a_song_that_stops_in_its_first_bar_is_all_on_the_tape() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(3), 1), Start())
    rig.run_ms(0.4 * MS_PER_BAR)
    tape = tape_of(rig)
    tape.roll()
    rig.do(Stop())
    rig.run_ms(100)
    before = tape.rolling
    for played in rig.told(Played):
        tape.add(played)
    assert (before, tape.rolling) == (True, False)
    sent = notes_of([entry for entry in rig.port.in_order() if entry[1][0] & 0xF0 in (0x80, 0x90)])
    assert struck(notes_in(tape.last(1))) == struck(sent)


def test_a_studio_has_what_its_player_told_and_tells_how_much(desk: Desk) -> None:
    desk.tell(Played(((0, note_on(KICK, 90)), (120, note_off(KICK))), (), 2 * TICKS_PER_BAR))
    assert desk.state.tape_bars == 2
    assert len(notes_in(desk.studio.tape.last(2))) == 1


def test_a_note_that_still_sounds_where_the_cut_ends_is_in_it() -> None:
    struck_last = [(TICKS_PER_BAR - 240, note_on(KICK, 99))]
    for goes_on in (True, False):
        notes = notes_of(whole_notes(struck_last, 0, TICKS_PER_BAR, goes_on))
        assert notes == [Note(TICKS_PER_BAR - 240, TICKS_PER_BAR, KICK, 99)]


def test_as_many_bars_can_be_had_as_are_promised() -> None:
    tape = Tape(120.0)
    for bar in range(LONGEST_BARS + 9):
        ticks = bar * TICKS_PER_BAR
        events = ((ticks, note_on(KICK, bar + 1)), (ticks + 120, note_off(KICK)))
        tape.add(Played(events, (), ticks + TICKS_PER_BAR, True))
    assert tape.bars == LONGEST_BARS
    assert [note.velocity for note in notes_in(tape.last(LONGEST_BARS))] == list(range(10, LONGEST_BARS + 10))
