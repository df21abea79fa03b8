"""Latency compensation under a simulated clock: notes are earlier (or later) than the song, and nothing else
is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, loop_notes
from bridge.player.latency import GLIDE, Latency
from bridge.player.limits import SettingError
from bridge.player.messages import (
    Anchor,
    Command,
    Fault,
    Finished,
    Motion,
    PlayerConfig,
    SetLatency,
    SetLoop,
    SetTempo,
    Start,
    Stop,
    Sync,
)
from bridge.ports.base import Incoming
from bridge.timing import BeatMap
from tests.player.support import MS, Note, Rig, assert_played, notes_of, random_loop, recorded

LOOP = random_loop(3, density=0.3)
BPM = 120.0
BAR_MS = 2000.0
NS_PER_TICK = 500 * MS / 960
SHIFTS = (-200.0, -33.3, 0.0, 5.25, 45.0, 200.0)
shifts = st.floats(-200, 200)


def zero_ns(rig: Rig) -> int:
    """When the song, begun at 0, was there by its first anchor."""
    anchor = next(each for each in rig.told(Anchor) if each.motion is Motion.ROLLING)
    assert anchor.ticks == 0
    return anchor.at_ns


def play(latency_ms: float, bars: int = 4, send_clock: bool = True) -> Rig:
    """So many bars of `LOOP`."""
    rig = Rig(PlayerConfig(bars=bars, latency_ms=latency_ms, send_clock=send_clock, record="take.mid"))
    rig.do(SetLoop(LOOP, 1), Start())
    rig.run_ms(bars * BAR_MS + 600)
    assert len(rig.told(Finished)) == 1
    rig.engine.detach(rig.clock.ns)
    return rig


def heard(rig: Rig) -> list[Note]:
    return notes_of([entry for entry in rig.port.in_order() if entry[1][0] < 0xF0])


def written(notes: list[Note]) -> list[tuple[int, int]]:
    """The key and velocity of each, in order of their keys."""
    return sorted((note.key & 127, note.velocity) for note in notes)


def clock(rig: Rig) -> list[tuple[int, bytes]]:
    zero = zero_ns(rig)
    return [(due - zero, message) for due, message in rig.port.in_order() if message[0] >= 0xF0]


@pytest.mark.parametrize("latency_ms", SHIFTS)
def test_every_note_is_earlier_by_the_latency_and_none_is_late(latency_ms: float) -> None:
    rig = play(latency_ms)
    zero = zero_ns(rig) - round(latency_ms * MS)
    expected = sorted(
        (round(max(0, note.start_ticks) * NS_PER_TICK), note.note, note.velocity) for note in loop_notes(LOOP)
    )
    got = sorted((note.on - zero, note.key & 127, note.velocity) for note in heard(rig))
    assert [entry[1:] for entry in got] == [entry[1:] for entry in expected]
    assert all(abs(a[0] - b[0]) <= 1 for a, b in zip(got, expected, strict=True))
    assert not rig.port.late


@pytest.mark.parametrize("latency_ms", SHIFTS)
def test_the_clock_that_we_send_and_the_recording_stay_where_they_were(latency_ms: float) -> None:
    rig, plain = play(latency_ms), play(0)
    assert clock(rig) == clock(plain)
    assert rig.engine.recorder.content() == plain.engine.recorder.content()


@pytest.mark.parametrize("latency_ms", SHIFTS)
def test_the_song_starts_later_by_a_latency_that_is_positive(latency_ms: float) -> None:
    plain = zero_ns(play(0))
    assert zero_ns(play(latency_ms)) - plain == round(max(0, latency_ms) * MS)


@pytest.mark.parametrize("latency_ms", SHIFTS)
def test_a_stop_leaves_nothing_open_and_records_what_sounded(latency_ms: float) -> None:
    for stop_ms in (7.0, 130.0, 333.3, 1234.5):
        rig = Rig(PlayerConfig(latency_ms=latency_ms, record="take.mid"))
        rig.do(SetLoop(random_loop(1, density=0.6), 1), Start())
        rig.run_ms(stop_ms)
        rig.do(Stop())
        rig.run_ms(500)
        assert max((due for due, _ in rig.port.sent), default=0) <= rig.clock.ns - 495 * MS
        rig.engine.detach(rig.clock.ns)
        assert written(heard(rig)) == written(notes_of(recorded(rig.engine.recorder.midi_file())))


@pytest.mark.parametrize("latency_ms", SHIFTS)
def test_a_player_that_slept_goes_on_in_time_and_pours_nothing_out(latency_ms: float) -> None:
    rig = Rig(PlayerConfig(latency_ms=latency_ms, send_clock=True))
    rig.do(SetLoop(random_loop(9, density=0.4), 1), Start())
    rig.run_ms(500)
    rig.clock.ns += 60_000 * MS
    woke_ns = rig.clock.ns
    late = len(rig.port.late)
    rig.engine.advance(woke_ns)
    assert all(due >= woke_ns - 1000 * MS for due, _ in rig.port.late[late:])
    rig.run_ms(3 * BAR_MS)
    assert not [due for due, _ in rig.port.late if due > woke_ns + 5 * MS]
    rig.do(Stop())
    zero = zero_ns(rig) - round(latency_ms * MS)
    starts = {(note.note, note.start_ticks) for note in loop_notes(random_loop(9, density=0.4))}
    for note in heard(rig):
        if note.on > woke_ns + 500 * MS:
            ticks = round((note.on - zero) / NS_PER_TICK)
            assert {
                (note.key & 127, at) for at in (ticks % LOOP_TICKS, ticks % LOOP_TICKS - LOOP_TICKS)
            } & starts


@pytest.mark.parametrize("latency_ms", SHIFTS)
@pytest.mark.parametrize("bpm", [60.0, 131.0, 240.0])
def test_a_new_tempo_bends_notes_and_clock_at_one_place(latency_ms: float, bpm: float) -> None:
    rig = Rig(PlayerConfig(bars=4, latency_ms=latency_ms, send_clock=True))
    rig.do(SetLoop(LOOP, 1), Start())
    rig.run_ms(1500)
    rig.do(SetTempo(bpm))
    rig.run_ms(20_000)
    assert rig.told(Finished)
    assert not rig.port.late
    beats = [at for at, message in clock(rig) if message == b"\xf8"]
    assert len(beats) == 4 * 96
    periods = [after - before for before, after in itertools.pairwise(beats)]
    old, new = 60e9 / BPM / 24, 60e9 / bpm / 24
    bend = next(place for place, period in enumerate(periods) if abs(period - old) > 2)
    assert all(abs(period - new) <= 2 for period in periods[bend + 1 :])
    assert min(old, new) - 2 <= periods[bend] <= max(old, new) + 2
    assert clock(rig)[-1][1] == b"\xfc"
    assert written(heard(rig)) == sorted((note.note, note.velocity) for note in loop_notes(LOOP))


@pytest.mark.parametrize("change_ms", [-300.0, -45.0, -10.0])
@pytest.mark.parametrize("latency_ms", [-200.0, 0.0, 200.0])
@pytest.mark.parametrize("bpm", [60.0, 240.0])
def test_a_tempo_that_changes_just_before_the_end_swallows_nothing(
    bpm: float, latency_ms: float, change_ms: float
) -> None:
    rig = Rig(PlayerConfig(bars=4, latency_ms=latency_ms, send_clock=True))
    rig.do(SetLoop(LOOP, 1), Start())
    rig.run_ms((zero_ns(rig) - rig.clock.ns) / MS + 4 * BAR_MS + change_ms)
    rig.do(SetTempo(bpm))
    rig.run_ms(5_000)
    assert rig.told(Finished)
    assert written(heard(rig)) == sorted((note.note, note.velocity) for note in loop_notes(LOOP))


@given(
    st.lists(
        st.tuples(shifts.map(SetLatency) | st.floats(60, 240).map(SetTempo), st.floats(0, 700)), max_size=12
    )
)
@settings(max_examples=30, deadline=None)
def test_a_latency_that_changes_while_rolling_swallows_and_doubles_nothing_and_makes_nothing_late(
    script: list[tuple[Command, float]],
) -> None:
    rig = Rig(PlayerConfig(bars=4, send_clock=True))
    rig.do(SetLoop(LOOP, 1), Start())
    for command, wait_ms in script:
        rig.do(command)
        rig.run_ms(wait_ms)
    rig.run_ms(20_000)
    assert rig.told(Finished)
    assert not rig.port.late
    assert written(heard(rig)) == sorted((note.note, note.velocity) for note in loop_notes(LOOP))


def test_a_latency_that_changes_while_rolling_is_there_within_two_seconds() -> None:
    rig = Rig(PlayerConfig(bars=8))
    rig.do(SetLoop(LOOP, 1), Start(), SetLatency(200))
    rig.run_ms(8 * BAR_MS + 600)
    zero = zero_ns(rig)
    starts = {note.start_ticks % LOOP_TICKS for note in loop_notes(LOOP)}
    leaning = [note.on for note in heard(rig) if note.on < zero + 2000 * MS]
    settled = [note.on + 200 * MS for note in heard(rig) if note.on >= zero + 2000 * MS]
    assert {round((on - zero) / NS_PER_TICK) % LOOP_TICKS for on in settled} <= starts
    assert len(leaning) > 20
    assert len(settled) > 200


@given(st.lists(st.tuples(shifts, st.integers(0, 3000 * MS)), min_size=1, max_size=10))
def test_a_shift_never_moves_faster_than_it_may_and_arrives(changes: list[tuple[float, int]]) -> None:
    latency, now_ns = Latency(0), 0
    latency.glide(now_ns)
    song = BeatMap.at(BPM, 0, 0)

    def shift() -> int:
        return -latency.line(song).to_ns(0)

    for wanted_ms, wait_ns in changes:
        latency.set(wanted_ms)
        before, now_ns = shift(), now_ns + wait_ns
        latency.glide(now_ns)
        moved = abs(shift() - before)
        assert moved <= wait_ns * GLIDE + 1
        assert abs(round(wanted_ms * MS) - shift()) <= max(0, abs(wanted_ms * MS - before) - moved + 1)
        assert latency.ahead_ns >= shift() >= -latency.behind_ns
    latency.glide(now_ns + 4000 * MS)
    assert shift() == round(changes[-1][0] * MS)


@pytest.mark.parametrize("latency_ms", SHIFTS)
@pytest.mark.parametrize("ran_before", [True, False])
def test_behind_a_foreign_clock_only_what_its_start_came_too_late_for_is_late(
    latency_ms: float, ran_before: bool
) -> None:
    loop = random_loop(11, density=0.3, feel=0.5)
    rig = Rig(PlayerConfig(sync=Sync.CLOCK, latency_ms=latency_ms))
    rig.do(SetLoop(loop, 1))
    period_ms = 500 / 24

    def beats(count: int) -> None:
        begin_ns = rig.clock.ns
        for number in range(count):
            rig.run_ms((begin_ns - rig.clock.ns) / MS + number * period_ms)
            rig.do(Incoming(b"\xf8", rig.clock.ns))

    if ran_before:
        beats(48)
        rig.run_ms(period_ms - 10)
    rig.do(Incoming(b"\xfa", rig.clock.ns))
    rig.run_ms(10)
    zero = rig.clock.ns
    beats(4 * 96)
    rig.do(Incoming(b"\xfc", rig.clock.ns))
    notes = heard(rig)
    assert min(note.on for note in notes) >= zero - 10 * MS
    assert_played(
        notes,
        loop,
        zero=zero + (BAR_MS - latency_ms) * MS,
        per_tick=NS_PER_TICK,
        at_ticks=TICKS_PER_BAR,
        until_ticks=4 * TICKS_PER_BAR - 960,
        within=0.1 * MS,
        first_within=0.1 * MS,
        begins=False,
    )
    for key in {note.key for note in notes}:
        struck = [note.velocity for note in notes if note.key == key]
        assert struck[:10] == [each.velocity for each in loop_notes(loop) if each.note == key & 127][:10]


@pytest.mark.parametrize("latency_ms", [200.1, -201.0, float("nan"), float("inf")])
def test_a_latency_out_of_range_is_refused_in_a_sentence(latency_ms: float) -> None:
    with pytest.raises(SettingError, match=r"-200 to 200 ms\."):
        Rig(PlayerConfig(latency_ms=latency_ms))
    rig = play(7)
    rig.do(SetLatency(latency_ms))
    assert "-200 to 200 ms." in rig.told(Fault)[-1].text


def test_what_waits_takes_over_on_its_bar_whatever_the_latency() -> None:
    for latency_ms in SHIFTS:
        rig = Rig(PlayerConfig(latency_ms=latency_ms))
        rig.do(SetLoop(LOOP, 1), Start())
        rig.run_ms(1000)
        rig.do(SetLoop(random_loop(8), 2))
        rig.run_ms(2 * BAR_MS)
        assert rig.loops_played() == [(0, 1), (TICKS_PER_BAR, 2)]
