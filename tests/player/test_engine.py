"""The player's core under a simulated clock, with a port in memory."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP, loop_notes
from bridge.player.ahead import START_DELAY_NS
from bridge.player.messages import (
    Anchor,
    Command,
    Fault,
    Finished,
    Motion,
    Panic,
    PlayerConfig,
    SetLatency,
    SetLoop,
    SetSendClock,
    SetSync,
    SetTempo,
    SetVoicing,
    Start,
    Stats,
    Stop,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.player.whereabouts import ASTRAY_NS
from bridge.ports.base import Incoming, PortLost
from bridge.timing import BeatMap
from tests.player.support import (
    MS,
    MemoryPort,
    MemoryPorts,
    Note,
    Rig,
    SimulatedClock,
    notes_of,
    random_loop,
    recorded,
    voicings,
)

BPM = 120.0
BAR_MS = 2000.0
LAST_STEP = 8 * TICKS_PER_BAR - TICKS_PER_STEP


def in_song(rig: Rig, bpm: float = BPM, at_ticks: int = 0) -> list[Note]:
    """What was heard, in song ticks, of a roll that began at `at_ticks` one tempo ago."""
    anchor = next(each for each in rig.told(Anchor) if each.motion is Motion.ROLLING)
    assert anchor.ticks == at_ticks
    ns_per_tick = 60e9 / (960 * bpm)

    def ticks(ns: int) -> int:
        exact = at_ticks + (ns - anchor.at_ns) / ns_per_tick
        assert abs(exact - round(exact)) < 1e-5
        return round(exact)

    return [Note(ticks(n.on), ticks(n.off), n.key, n.velocity) for n in notes_of(rig.port.in_order())]


def keys_of_channel(notes: Sequence[Note], channel: int = 9) -> bool:
    return all(note.key >> 7 == channel for note in notes)


def test_eight_bars_are_the_loop_twice_note_for_note() -> None:
    loop = random_loop(3, density=0.3)
    rig = Rig(PlayerConfig(bars=8))
    rig.do(SetLoop(loop, 1), Start())
    rig.run_ms(8 * BAR_MS + 100)
    heard = in_song(rig)
    expected = [
        (max(turn + note.start_ticks, 0), 9 << 7 | note.note, note.velocity)
        for turn in (0, LOOP_TICKS)
        for note in loop_notes(loop)
    ]
    assert [(note.on, note.key, note.velocity) for note in heard] == sorted(expected)
    ends = {
        (turn + note.start_ticks, 9 << 7 | note.note): turn + note.end_ticks
        for turn in (0, LOOP_TICKS)
        for note in loop_notes(loop)
    }
    assert all(note.off == ends[note.on, note.key] for note in heard if TICKS_PER_STEP <= note.on < LAST_STEP)
    assert max(note.off for note in heard) <= 8 * TICKS_PER_BAR
    assert keys_of_channel(heard)
    assert len(rig.told(Finished)) == 1
    assert not rig.port.late


def test_the_song_begins_soon_after_start() -> None:
    rig = Rig()
    start_ns = rig.clock.ns
    rig.do(SetLoop(random_loop(1), 1), Start())
    assert rig.told(Anchor)[-1].at_ns == start_ns + rig.port.lead_ns + START_DELAY_NS


@given(st.integers(0, 40), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_the_same_song_position_plays_the_same_drums(first_bar: int, seed: int) -> None:
    def play(from_bar: int, bars: int) -> list[Note]:
        rig = Rig(PlayerConfig(bars=bars))
        rig.do(SetLoop(random_loop(seed), 1))
        for block in range(12):
            rig.do(SetLoop(random_loop(seed + block), 2 + block, block=block))
        rig.do(Start(from_bar * TICKS_PER_BAR))
        rig.run_ms((bars + 0.1) * BAR_MS)
        assert rig.told(Finished)
        return in_song(rig, at_ticks=from_bar * TICKS_PER_BAR)

    whole = play(first_bar, 3)
    part = play(first_bar + 1, 2)
    begin = (first_bar + 1) * TICKS_PER_BAR + TICKS_PER_STEP  # beyond the early hits of the first step
    assert [n for n in part if n.on >= begin] == [n for n in whole if n.on >= begin]


def test_stop_silences_within_the_ports_lead() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(4, density=0.6), 1), Start())
    rig.run_ms(1234)
    rig.do(Stop())
    stopped_ns = rig.clock.ns
    rig.run_ms(1000)
    assert notes_of(rig.port.in_order())
    assert max(due for due, _ in rig.port.sent) <= stopped_ns + rig.port.lead_ns
    assert rig.told(Anchor)[-1].motion is Motion.STOPPED
    assert rig.told(Stats)[-1].open_notes == 0


def test_start_without_a_position_goes_on_at_the_step_that_was_stopped_in() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(4), 1), Start())
    rig.run_ms(1.6 * BAR_MS)
    rig.do(Stop())
    stopped_ticks = rig.told(Anchor)[-1].ticks
    assert stopped_ticks % TICKS_PER_STEP == 0
    assert abs(stopped_ticks - 1.6 * TICKS_PER_BAR) <= TICKS_PER_STEP
    rig.do(Start(None))
    assert rig.told(Anchor)[-1].ticks == stopped_ticks


def test_a_take_over_is_told_when_it_is_heard() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(5), 1), Start())
    rig.run_ms(100)
    rig.do(SetLoop(random_loop(6), 2))
    rig.run_ms(BAR_MS - 100)
    assert rig.loops_played() == [(0, 1)]
    rig.run_ms(rig.port.lead_ns / MS + START_DELAY_NS / MS)
    assert rig.loops_played() == [(0, 1), (TICKS_PER_BAR, 2)]
    assert rig.engine.stats().swaps == 1


def test_a_loop_that_waits_takes_over_at_a_stop() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(5), 1), Start())
    rig.run_ms(300)
    rig.do(SetLoop(random_loop(6), 2, SwapAt.LOOP), Stop())
    assert [loop_id for _, loop_id in rig.loops_played()] == [1, 2]


def test_a_tempo_change_keeps_every_note_and_the_place_in_the_song() -> None:
    loop = random_loop(7, density=0.4)
    rig = Rig(PlayerConfig(bars=4))
    rig.do(SetLoop(loop, 1), Start())
    for bpm in (60, 61.5, 240, 400, 20, 133):
        rig.run_ms(400)
        rig.do(SetTempo(bpm))
    rig.run_ms(20_000)
    notes = notes_of(rig.port.in_order())
    expected = sorted((max(0, note.start_ticks), note.note, note.velocity) for note in loop_notes(loop))
    assert [(note.key & 127, note.velocity) for note in notes] == [entry[1:] for entry in expected]
    assert rig.told(Finished)
    assert [round(a.bpm, 1) for a in rig.told(Anchor) if a.motion is Motion.ROLLING] == [
        120, 60, 61.5, 240, 400, 20, 133,
    ]  # fmt: skip


def test_clock_out_counts_96_to_the_bar_and_says_where_it_starts() -> None:
    rig = Rig(PlayerConfig(bars=2, send_clock=True))
    rig.do(Start())
    rig.run_ms(2 * BAR_MS + 100)
    rig.do(Start(5 * TICKS_PER_STEP))
    rig.run_ms(300)
    rig.do(Stop())
    out = [message for _, message in rig.port.in_order()]
    first = out.index(b"\xfc")
    assert out[: first + 1] == [b"\xfa", *[b"\xf8"] * 192, b"\xfc"]
    assert out[first + 1 : first + 3] == [bytes((0xF2, 5, 0)), b"\xfb"]
    assert out[-1] == b"\xfc"
    assert out[first + 3 : -1] == [b"\xf8"] * len(out[first + 3 : -1])
    beats = [due for due, message in rig.port.in_order() if message == b"\xf8"][:192]
    origin = next(each for each in rig.told(Anchor) if each.motion is Motion.ROLLING).at_ns
    assert beats == [origin + round(n * 60e9 / BPM / 24) for n in range(192)]


def test_clock_that_is_switched_on_while_rolling_joins_at_a_sixteenth() -> None:
    rig = Rig()
    rig.do(Start())
    rig.run_ms(1000)
    rig.do(SetSendClock(True))
    rig.run_ms(500)
    rig.do(SetSendClock(False))
    rig.run_ms(500)
    out = rig.port.in_order()
    assert [message[0] for _, message in out[:2]] == [0xF2, 0xFB]
    joined = out[0][1][1] * TICKS_PER_STEP
    assert out[2][0] == rig.told(Anchor)[-1].at_ns + round(joined * 60e9 / (960 * BPM))
    assert {message for _, message in out[2:-1]} == {b"\xf8"}
    assert out[-1][1] == b"\xfc"


def test_panic_closes_every_note_and_the_song_rolls_on() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(8, density=0.5), 1), Start())
    rig.run_ms(700)
    before = rig.engine.stats().notes_sent
    rig.do(Panic())
    closed = {message[1] for _, message in rig.port.sent[-10:] if message[0] == 0x89}
    assert closed == {36, 38, 42, 46, 43, 47, 50, 49, 51}
    assert rig.port.sent[-1][1] == bytes((0xB9, 123, 0))
    rig.run_ms(700)
    assert rig.engine.stats().notes_sent > before
    assert rig.told(Anchor)[-1].motion is Motion.ROLLING


def test_a_player_that_slept_goes_on_where_the_song_is() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(9, density=0.4), 1), Start())
    rig.run_ms(500)
    handed_over = len(rig.port.sent)
    rig.clock.ns += 60_000 * MS
    woke_ns = rig.clock.ns
    rig.engine.advance(rig.clock.ns)
    assert not [due for due, _ in rig.port.late if due < woke_ns - 1000 * MS]
    assert len(rig.port.sent) < handed_over + 40
    rig.run_ms(100)
    rig.do(Stop())
    assert rig.told(Anchor)[-1].ticks == pytest.approx(60_600 * 1.92, abs=2 * TICKS_PER_STEP)
    notes_of(rig.port.in_order())


def test_a_player_whose_studio_vanished_finishes_its_four_bars() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(2), 1), Start())
    rig.run_ms(5.5 * BAR_MS)
    rig.engine.wind_down()
    rig.run_ms(2 * BAR_MS)
    assert rig.told(Anchor)[-1].motion is Motion.ROLLING
    rig.run_ms(0.6 * BAR_MS)
    assert rig.engine.done
    heard = in_song(rig)
    assert 8 * TICKS_PER_BAR - TICKS_PER_BAR < heard[-1].on < 8 * TICKS_PER_BAR
    assert not rig.told(Finished)


def test_a_player_that_stands_ends_at_once_when_the_studio_vanishes() -> None:
    rig = Rig()
    rig.engine.wind_down()
    assert rig.engine.done


@pytest.mark.parametrize(
    "config",
    [
        PlayerConfig(bpm=0),
        PlayerConfig(bpm=float("nan")),
        PlayerConfig(bars=0),
    ],
)
def test_a_config_out_of_range_is_refused_in_a_sentence(config: PlayerConfig) -> None:
    from bridge.player.limits import SettingError

    with pytest.raises(SettingError, match=r"\.$"):
        Rig(config)


def test_a_setting_out_of_range_is_told_and_changes_nothing() -> None:
    rig = Rig()
    rig.do(SetTempo(401), SetTempo(float("nan")))
    assert len(rig.told(Fault)) == 2
    rig.do(Start())
    assert rig.told(Anchor)[-1].bpm == 120


_REAL_TIME = st.sampled_from([b"\xf8", b"\xfa", b"\xfb", b"\xfc", bytes((0xF2, 16, 0)), bytes((0xF2, 3, 1))])
_COMMANDS = st.one_of(
    st.builds(
        SetLoop,
        st.integers(0, 5).map(lambda seed: random_loop(seed, density=0.4)),
        st.integers(1, 9),
        st.sampled_from(SwapAt),
        st.none() | st.integers(0, 4),
    ),
    st.builds(Start, st.none() | st.integers(0, 200).map(lambda step: step * TICKS_PER_STEP)),
    st.builds(Stop),
    st.builds(Panic),
    st.builds(SetTempo, st.floats(20, 400)),
    st.builds(SetLatency, st.floats(-200, 200)),
    st.builds(SetSync, st.sampled_from(Sync)),
    st.builds(SetSendClock, st.booleans()),
    st.builds(SetVoicing, voicings()),
)


@given(
    st.lists(
        st.tuples(
            _COMMANDS | _REAL_TIME | st.just("lost") | st.just("clock"),
            st.floats(0, 30) | st.floats(30, 3000),
        ),
        max_size=25,
    ),
    st.sampled_from((0, 6 * MS, 60 * MS)),
)
@settings(max_examples=100, deadline=None)
def test_whatever_happens_every_note_on_has_its_note_off_and_none_is_doubled(
    script: list[tuple[Command | bytes | str, float]], grip_ns: int
) -> None:
    rig = Rig(PlayerConfig(send_clock=True, record="take.mid"))
    rig.port.grip_ns = grip_ns
    rig.do(SetLoop(random_loop(1, density=0.4), 1), Start())
    ports = [rig.port]
    for item, wait_ms in script:
        if item == "lost":
            rig.do(PortLost("Gone. Open another."))
            ports.append(MemoryPort(rig.clock, grip_ns=grip_ns))
            rig.engine.attach(MemoryPorts(rig.clock, ports[-1]), rig.clock.ns)
        elif item == "clock":
            for _ in range(int(wait_ms / 20)):
                rig.do(Incoming(b"\xf8", rig.clock.ns))
                rig.run_ms(20)
        elif isinstance(item, bytes):
            rig.do(Incoming(item, rig.clock.ns))
        elif not isinstance(item, str):
            rig.do(item)
        rig.run_ms(wait_ms)
    rig.engine.detach(rig.clock.ns)
    assert rig.engine.stats().open_notes == 0
    struck = 0
    for port in ports:
        sounding: set[int] = set()
        for _, message in port.in_order():  # Panic closes keys that do not sound, too
            kind, key = message[0] & 0xF0, (message[0] & 15) << 7 | message[1] if len(message) > 1 else 0
            if kind == 0x90:
                assert key not in sounding
                sounding.add(key)
                struck += 1
            elif kind == 0x80:
                sounding.discard(key)
        assert not sounding
    assert rig.engine.stats().notes_sent == struck
    assert len(notes_of(recorded(rig.engine.recorder.midi_file()))) == struck


def test_panic_while_clock_goes_out_leaves_no_clock_out() -> None:
    rig = Rig(PlayerConfig(send_clock=True, bars=1))
    rig.do(SetLoop(random_loop(8, density=0.5), 1), Start())
    for wait_ms in (100, 300, 2, 500):
        rig.run_ms(wait_ms)
        rig.do(Panic())
    rig.run_ms(2000)
    beats = [due for due, message in rig.port.in_order() if message == b"\xf8"]
    origin = next(each for each in rig.told(Anchor) if each.motion is Motion.ROLLING).at_ns
    assert beats == [origin + round(n * 60e9 / BPM / 24) for n in range(96)]


def test_a_wind_down_holds_where_the_song_jumps() -> None:
    rig = Rig(PlayerConfig(bpm=400))
    rig.do(SetLoop(random_loop(8), 1), Start())
    rig.run_ms(100)
    rig.engine.wind_down()
    rig.do(Start(50 * TICKS_PER_BAR))
    rig.run_ms(3 * 600)
    assert rig.engine.done
    assert rig.told(Anchor)[-1].ticks == 52 * TICKS_PER_BAR


def test_a_listener_is_stopped_though_the_stop_follows_the_switch_at_once() -> None:
    rig = Rig(PlayerConfig(send_clock=True))
    rig.do(Start())
    rig.run_ms(500)
    rig.do(SetSendClock(False), Stop())
    rig.run_ms(300)
    assert rig.port.in_order()[-1][1] == b"\xfc"


def test_a_listener_hears_stop_before_the_start_of_where_the_song_skips_to() -> None:
    rig = Rig(PlayerConfig(send_clock=True))
    rig.do(Start())
    rig.run_ms(500)
    rig.clock.ns += 5_000 * MS
    rig.run_ms(500)
    out = [message for _, message in rig.port.in_order() if message != b"\xf8"]
    assert [message[0] for message in out] == [0xFA, 0xFC, 0xF2, 0xFB]


def test_what_panic_asks_for_goes_out_though_stop_follows_at_once() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(1), 1), Start())
    rig.run_ms(500)
    rig.do(Panic(), Stop())
    rig.run_ms(300)
    assert bytes((0xB9, 123, 0)) in [message for _, message in rig.port.sent]


def without_offs_from(messages: list[tuple[int, bytes]], begin: int, end: int) -> list[tuple[int, bytes]]:
    """What a receiver hears where the note-offs of this time were lost."""
    return [entry for entry in messages if entry[1][0] & 0xF0 != 0x80 or not begin <= entry[0] < end]


@given(st.floats(100, 4000), st.booleans())
@settings(max_examples=40, deadline=None)
def test_after_an_xrun_nothing_hangs_and_no_note_is_cut(xrun_ms: float, stops: bool) -> None:
    loop = random_loop(8, density=0.4)
    rig, clean = Rig(PlayerConfig(record="take.mid")), Rig()
    for each in (rig, clean):
        each.do(SetLoop(loop, 1), Start())
        each.run_ms(xrun_ms)
        each.port.xruns += each is rig
        if stops:
            each.do(Stop())
        each.run_ms(30)
        again_ns = each.clock.ns
        each.run_ms(600)
    sent = rig.port.in_order()
    torn = without_offs_from(sent, again_ns - 130 * MS, again_ns - 25 * MS)
    sounding: dict[int, int] = {}
    for due, message in torn:
        if due > again_ns + 600 * MS:
            break
        if message[0] & 0xF0 == 0x90:
            sounding[message[1]] = due
        else:
            sounding.pop(message[1], None)
    assert all(due > again_ns - 25 * MS for due in sounding.values())
    rig.do(Stop())
    clean.do(Stop())
    once = notes_of(sent if stops else rig.port.in_order(), cut=True)
    assert once == notes_of(clean.port.in_order())  # what is closed again says nothing new
    rig.engine.detach(rig.clock.ns)
    assert len(notes_of(recorded(rig.engine.recorder.midi_file()))) == len(once)


@given(st.floats(100, 4000), st.floats(0, 60))
@settings(max_examples=60, deadline=None)
def test_a_key_whose_next_note_is_taken_back_after_an_xrun_does_not_hang(
    xrun_ms: float, swap_ms: float
) -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(8, density=0.9), 1), Start())
    rig.run_ms(xrun_ms)
    torn_ns = rig.clock.ns
    rig.port.xruns += 1
    rig.run_ms(swap_ms)
    rig.do(SetLoop(DrumLoop.empty(), 2, SwapAt.NOW))
    rig.run_ms(600)
    torn = without_offs_from(rig.port.in_order(), torn_ns - 100 * MS, torn_ns + 5 * MS)
    sounding: set[int] = set()
    for _, message in torn:
        if message[0] & 0xF0 == 0x90:
            sounding.add(message[1])
        else:
            sounding.discard(message[1])
    assert not sounding


def test_without_an_xrun_nothing_is_closed_twice() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(8, density=0.4), 1), Start())
    rig.run_ms(3000)
    rig.do(Stop())
    rig.run_ms(1000)
    assert notes_of(rig.port.in_order())


def test_a_small_change_of_tempo_is_told_too() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(1), 1), Start())
    rig.run_ms(500)
    rig.do(SetTempo(120.04))
    assert rig.told(Anchor)[-1].bpm == pytest.approx(120.04)


class DriftingClock(SimulatedClock):
    """The computer's clock gains a hundredth of a percent on it."""

    def to_host_ns(self, at_ns: int) -> int:
        return at_ns + (self.ns - 1_000_000_000) // 10_000


def test_the_anchors_keep_up_with_a_sound_card_that_drifts() -> None:
    rig = Rig()
    rig.do(Stop())
    clock = DriftingClock(rig.clock.ns)
    rig.clock = clock
    rig.port = MemoryPort(clock)
    rig.engine.detach(clock.ns)
    rig.engine.attach(MemoryPorts(clock, rig.port), clock.ns)
    rig.do(Start())
    origin_ns = clock.ns + rig.port.lead_ns + START_DELAY_NS
    for _ in range(20):
        rig.run_ms(30_000)
        anchor = rig.told(Anchor)[-1]
        told = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns).to_ticks(clock.to_host_ns(clock.ns))
        true = BeatMap.at(BPM, 0, origin_ns).to_ticks(clock.ns)
        assert abs(told - true) * 60e9 / (960 * BPM) < ASTRAY_NS + MS
    assert len(rig.told(Anchor)) < 20


def test_the_loop_for_all_blocks_is_known_however_many_blocks_came_after_it() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(1), 1))
    card = random_loop(2, density=0.05)
    for block in range(600):
        rig.do(SetLoop(card, 2 + block, block=1 + block))
    rig.do(SetVoicing(Voicing(tuple(range(60, 69)), channel=2)), Start())
    rig.run_ms(1000)
    rig.do(Stop())
    assert keys_of_channel(notes_of(rig.port.in_order()), channel=2)
