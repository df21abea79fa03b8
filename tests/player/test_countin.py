"""A song that is counted in: beats first, then the song on its downbeat; no note stays open."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove import DrumLoop
from bridge.player import midi
from bridge.player.countin import ACCENT, PLAIN, VOICE
from bridge.player.messages import (
    Anchor,
    Command,
    FallIn,
    Fault,
    Motion,
    Panic,
    PlayerConfig,
    SetLatency,
    SetLoop,
    SetSync,
    SetTempo,
    SetVoicing,
    Start,
    Stop,
    Sync,
)
from bridge.player.voicing import Voicing
from tests.player.support import MS, Rig, notes_of, random_loop

BEAT_MS = 500
KEY = Voicing().key(VOICE)


def counted(bars: int, config: PlayerConfig | None = None, ticks: int = 0) -> Rig:
    rig = Rig(config)
    rig.do(SetLoop(random_loop(1, feel=0), 1), Start(ticks, bars))
    return rig


def rolls_ns(rig: Rig) -> int:
    return next(each for each in rig.told(Anchor) if each.motion is Motion.ROLLING).at_ns


@pytest.mark.parametrize("bars", [1, 2])
@pytest.mark.parametrize("latency_ms", [0.0, 120.0, -50.0])
def test_the_beats_come_before_the_song_each_a_beat_apart(bars: int, latency_ms: float) -> None:
    rig = counted(bars, PlayerConfig(latency_ms=latency_ms))
    rig.run_ms(bars * 2000 + 1000)
    rig.do(Stop())
    rig.run_ms(500)
    began_ns = rolls_ns(rig) - round(latency_ms * MS)
    beats = [note for note in notes_of(rig.port.in_order()) if note.on < began_ns]
    assert [note.velocity for note in beats] == [ACCENT, PLAIN, PLAIN, PLAIN] * bars
    assert {note.key for note in beats} == {KEY}
    assert [began_ns - note.on for note in beats] == [
        pytest.approx(n * BEAT_MS * MS, abs=2) for n in range(4 * bars, 0, -1)
    ]
    assert not rig.port.late


def test_the_song_is_armed_meanwhile_and_clock_and_start_come_with_it() -> None:
    rig = counted(1, PlayerConfig(send_clock=True), ticks=3840)
    rig.run_ms(1500)
    assert rig.told(Anchor)[-1].motion is Motion.ARMED
    assert rig.told(Anchor)[-1].ticks == 3840
    assert midi.CLOCK not in [message for _, message in rig.port.in_order()]
    rig.run_ms(1500)
    sent = rig.port.in_order()
    first_clock_ns = next(due for due, message in sent if message == midi.CLOCK)
    assert first_clock_ns == pytest.approx(rolls_ns(rig), abs=2)
    assert midi.CONTINUE in [message for due, message in sent if due <= first_clock_ns]


def test_a_clock_that_runs_while_the_song_stands_stays_on_its_grid() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True))
    rig.do(SetLoop(random_loop(1, feel=0), 1))
    rig.run_ms(700)
    rig.do(Start(0, 1))
    rig.run_ms(3000)
    clocks = [due for due, message in rig.port.in_order() if message == midi.CLOCK]
    gaps = {later - sooner for sooner, later in pairwise(clocks)}
    assert max(gaps) - min(gaps) <= 2
    assert min(abs(due - rolls_ns(rig)) for due in clocks) <= 2


@pytest.mark.parametrize("ticks", [0, 7680])
def test_while_it_counts_it_is_told_where_and_when_the_song_begins(ticks: int) -> None:
    rig = counted(1, ticks=ticks)
    rig.run_ms(1000)
    rig.do(SetTempo(90))
    rig.run_ms(2000)
    counting = next(each for each in rig.told(Anchor) if each.motion is Motion.ARMED)
    assert (counting.ticks, counting.at_ns, counting.bpm) == (ticks, rolls_ns(rig), 120.0)
    assert not [each for each in rig.told(Anchor) if each.motion is Motion.ARMED and each != counting]


def test_stop_during_the_count_ends_it_and_no_song_follows() -> None:
    rig = counted(2)
    rig.run_ms(1740)  # in the middle of a beat
    rig.do(Stop())
    rig.run_ms(4000)
    assert rig.told(Anchor)[-1].motion is Motion.STOPPED
    assert all(each.motion is not Motion.ROLLING for each in rig.told(Anchor))
    assert len(notes_of(rig.port.in_order())) <= 5


def test_stop_just_after_the_count_strikes_none_of_its_beats_that_were_still_to_come() -> None:
    for wait_ms in (680, 720, 760):
        rig = Rig(PlayerConfig(bpm=300, latency_ms=-200))
        rig.do(SetLoop(DrumLoop.empty(), 1), Start(0, 1))
        rig.run_ms(wait_ms)
        stopped_ns = rig.clock.ns
        rig.do(Stop())
        rig.run_ms(1000)
        assert all(note.on <= stopped_ns for note in notes_of(rig.port.in_order(), cut=True))


def test_a_new_tempo_during_the_count_is_the_songs_and_leaves_the_count_alone() -> None:
    rig = Rig()
    rig.do(SetLoop(DrumLoop.empty(), 1), Start(0, 1))
    rig.run_ms(600)
    rig.do(SetTempo(60.0))
    rig.run_ms(3000)
    ons = [note.on for note in notes_of(rig.port.in_order())]
    assert [later - sooner for sooner, later in pairwise(ons)] == [pytest.approx(BEAT_MS * MS, abs=2)] * 3
    assert rig.told(Anchor)[-1].bpm == 60


def test_a_count_that_is_out_of_range_is_refused_in_words() -> None:
    rig = Rig()
    rig.do(Start(0, 3))
    assert "from 0 to 2" in rig.told(Fault)[-1].text


def test_behind_a_foreign_clock_nothing_is_counted() -> None:
    rig = counted(1, PlayerConfig(sync=Sync.CLOCK))
    rig.run_ms(3000)
    assert not rig.port.sent


acts: st.SearchStrategy[list[tuple[int, Command]]] = st.lists(
    st.tuples(
        st.integers(0, 900),
        st.sampled_from(
            [
                Stop(),
                Panic(),
                Start(0, 1),
                Start(3840, 2),
                Start(),
                SetTempo(400.0),
                SetTempo(60.0),
                SetLatency(200.0),
                SetLatency(-200.0),
                SetVoicing(Voicing(notes=(40,) * 9)),
                SetVoicing(Voicing(channel=2)),
                SetSync(Sync.CLOCK),
                SetSync(Sync.INTERNAL),
            ]
        ),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(acts, st.integers(0, 5))
def test_whatever_happens_during_a_count_no_note_stays_open(
    acts: list[tuple[int, Command]], grip_ms: int
) -> None:
    rig = counted(1)
    rig.port.grip_ns = grip_ms * MS
    for wait_ms, act in acts:
        rig.run_ms(wait_ms)
        rig.do(act)
    rig.do(Stop())
    rig.run_ms(1000)
    sounding: set[int] = set()
    for _, message in rig.port.in_order():
        struck = midi.key_struck(message)
        if struck is not None:
            (sounding.add if struck[1] else sounding.discard)(struck[0])
    assert not sounding


def test_a_song_that_is_fallen_in_with_is_counted_in_no_more() -> None:
    rig = counted(2)
    rig.run_ms(700)
    rig.do(FallIn(Anchor(5000.0, rig.clock.ns, 120.0, Motion.ROLLING, Sync.INTERNAL)))
    rig.run_ms(6000)
    anchors = [each for each in rig.told(Anchor) if each.motion is Motion.ROLLING]
    assert len(anchors) == 1
    rig.do(Stop())
    rig.run_ms(500)
    notes_of(rig.port.in_order())


def test_a_clock_that_runs_while_the_song_stands_misses_no_beat_when_a_count_is_broken_off() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True))
    rig.do(SetLoop(random_loop(1), 1))
    rig.run_ms(300)
    rig.do(Start(0, 1))
    rig.run_ms(700)
    rig.do(Stop())
    rig.run_ms(500)
    clocks = [due for due, message in rig.port.in_order() if message == midi.CLOCK]
    apart = [after - before for before, after in pairwise(clocks)]
    assert apart == [pytest.approx(BEAT_MS * MS / 24, abs=2)] * len(apart)


def test_after_a_sleep_amid_a_count_the_beats_that_were_missed_are_not_struck_at_once() -> None:
    rig = counted(2)
    rig.run_ms(700)
    rig.clock.ns += 2_000 * MS
    rig.run_ms(2_000)
    rig.do(Stop())
    rig.run_ms(500)
    beats = [note for note in notes_of(rig.port.in_order()) if note.on < rolls_ns(rig)]
    assert [note.velocity for note in beats] == [ACCENT, PLAIN, PLAIN, PLAIN]  # two before it, two after
    assert not rig.port.late
