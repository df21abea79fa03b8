"""The clock that we send: what a listener makes of it, under a simulated clock."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP
from bridge.player.messages import (
    Anchor,
    Command,
    FallIn,
    Motion,
    PlayerConfig,
    SetLoop,
    SetSendClock,
    SetSync,
    SetTempo,
    Start,
    Stop,
    Sync,
)
from bridge.timing import TICKS_PER_CLOCK, ClockTransport
from tests.player.support import MS, Rig

CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"
PERIOD_NS = 60e9 / 24 / 120
STEPS = np.arange(64)
EVERY_STEP = DrumLoop.of(
    np.eye(9)[np.zeros(64, int)] > 0, np.repeat((STEPS[:, None] + 40) / 127, 9, axis=1), np.zeros((64, 9))
)
"""A kick on each step, whose velocity says which: 40 + step."""


def clocks(rig: Rig) -> list[int]:
    return [due for due, message in rig.port.in_order() if message == CLOCK]


def told(rig: Rig) -> list[bytes]:
    """What goes out beside notes and F8."""
    return [message for _, message in rig.port.in_order() if 0xF0 <= message[0] != 0xF8]


def assert_even(times: list[int], period_ns: float = PERIOD_NS) -> None:
    for before, after in pairwise(times):
        assert after - before == pytest.approx(period_ns, abs=2)


def positions(events: list[tuple[int, bytes]]) -> dict[int, int]:
    """A listener by the book: when each F8 of a rolling song came, and which position it is, in ticks."""
    heard: dict[int, int] = {}
    position, rolls = 0, False
    for due, message in events:
        match message[0]:
            case 0xFA:
                position, rolls = 0, True
            case 0xFB:
                rolls = True
            case 0xFC:
                rolls = False
            case 0xF2 if not rolls:
                position = (message[1] | message[2] << 7) * TICKS_PER_STEP
            case 0xF8 if rolls:
                heard[due] = position
                position += TICKS_PER_CLOCK
    return heard


def test_a_clock_that_goes_on_while_stopped_never_leaves_its_grid() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True))
    rig.run_ms(300)
    rig.do(Start())
    rig.run_ms(1234)
    rig.do(Stop())
    rig.run_ms(333)
    rig.do(Start(37 * TICKS_PER_STEP))
    rig.run_ms(777)
    rig.do(Start())  # while it rolls
    rig.run_ms(500)
    rig.do(Stop())
    rig.run_ms(300)
    assert_even(clocks(rig))
    assert len(clocks(rig)) > 150
    assert not rig.port.late
    there = bytes((0xF2, 37, 0))
    assert told(rig) == [START, STOP, there, CONTINUE, STOP, START, STOP]
    events = rig.port.in_order()
    for armed, message in events:
        if message in (START, CONTINUE):
            downbeat = min(due for due in clocks(rig) if due > armed)
            assert downbeat - armed == MS


def test_the_first_beat_waits_for_no_more_than_what_is_handed_over_and_a_clock() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True))
    for wait_ms in (100, 101, 107, 113):
        rig.run_ms(wait_ms)
        rig.do(Start())
        pressed_ns = rig.clock.ns
        rig.run_ms(200)
        first = max(due for due, message in rig.port.sent if message == START)
        assert first - pressed_ns <= 45 * MS + PERIOD_NS
        rig.do(Stop())


def test_without_the_setting_no_clock_goes_out_while_the_song_stands() -> None:
    rig = Rig(PlayerConfig(send_clock=True))
    rig.run_ms(500)
    assert not rig.port.sent
    rig.do(SetSendClock(True, while_stopped=True))
    rig.run_ms(500)
    assert_even(clocks(rig))
    rig.do(SetSendClock(True))
    count = len(clocks(rig))
    rig.run_ms(500)
    assert len(clocks(rig)) == count


def test_the_standing_clock_takes_a_new_tempo_and_the_song_begins_with_it() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True))
    rig.run_ms(500)
    rig.do(SetTempo(60))
    rig.run_ms(500)
    rig.do(Start())
    rig.run_ms(500)
    gaps = [after - before for before, after in pairwise(clocks(rig))]
    change = next(place for place, gap in enumerate(gaps) if gap > 1.5 * PERIOD_NS)
    assert gaps[:change] == pytest.approx([PERIOD_NS] * change, abs=2)
    assert gaps[change:] == pytest.approx([2 * PERIOD_NS] * (len(gaps) - change), abs=2)


def test_a_machine_that_slept_sends_no_burst_of_clocks() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True))
    rig.run_ms(100)
    rig.clock.ns += 3_600_000 * MS
    rig.run_ms(100)
    assert len(clocks(rig)) < 30


def test_who_follows_sends_no_clock_of_his_own_while_the_song_stands() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True, sync=Sync.CLOCK))
    rig.run_ms(500)
    assert not rig.port.sent
    rig.do(SetSync(Sync.INTERNAL))
    rig.run_ms(500)
    assert clocks(rig)


def test_a_change_of_tempo_leaves_the_clocks_that_are_handed_over_where_they_are() -> None:
    rig = Rig(PlayerConfig(send_clock=True))
    rig.do(SetLoop(EVERY_STEP, 1), Start())
    for bpm in (90, 400, 20, 133.3):
        rig.run_ms(700)
        before = list(rig.port.sent)
        rig.do(SetTempo(bpm))
        rig.run_ms(700)
        assert rig.port.sent[: len(before)] == before
    assert not rig.port.late
    assert told(rig) == [START]


def test_after_an_xrun_the_next_bar_is_named_and_a_listener_that_lost_a_clock_is_in_place_again() -> None:
    rig = Rig(PlayerConfig(send_clock=True))
    rig.do(SetLoop(EVERY_STEP, 1), Start())
    rig.run_ms(3000)
    rig.port.xruns += 1
    rig.run_ms(4000)
    assert told(rig) == [START, bytes((0xF2, 32, 0))]
    events = rig.port.in_order()
    named = next(due for due, message in events if message[0] == 0xF2)
    bar = next(due for due in clocks(rig) if due > named)
    assert bar - named == MS
    assert positions(events)[bar] == 2 * TICKS_PER_BAR

    whole, poor = ClockTransport(), ClockTransport()
    lost = clocks(rig)[150]
    moves = [(due, whole.receive(message, due)) for due, message in events]
    assert [due for due, happened in moves if happened] == [events[0][0], events[1][0]]  # Start, downbeat
    for due, message in events:
        if not (message == CLOCK and due == lost):
            poor.receive(message, due)
    now_ns = clocks(rig)[-1]
    assert poor.position_ticks(now_ns) == pytest.approx(whole.position_ticks(now_ns), abs=0.1)


def test_an_xrun_just_before_the_start_names_nothing() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True))
    rig.run_ms(100)
    rig.port.xruns += 1
    rig.do(Start())
    rig.run_ms(5000)
    assert told(rig) == [START]


def test_a_player_that_falls_in_with_a_song_has_its_listener_on_the_songs_step() -> None:
    rig = Rig(PlayerConfig(send_clock=True, clock_while_stopped=True))
    rig.do(SetLoop(EVERY_STEP, 1))
    rig.run_ms(100)
    song = Anchor(1000.5, rig.clock.ns - 77 * MS, 133, Motion.ROLLING, Sync.INTERNAL)
    rig.do(SetTempo(133), FallIn(song))
    rig.run_ms(2000)
    events = rig.port.in_order()
    heard = positions(events)
    struck = [(due, message[2] - 40) for due, message in events if message[0] & 0xF0 == 0x90]
    assert len(struck) > 10
    for due, step in struck:
        if due in heard:
            assert heard[due] == step * TICKS_PER_STEP
    assert sum(due in heard for due, _ in struck) >= len(struck) - 1  # it joins at a sixteenth


commands = st.one_of(
    st.just(Stop()),
    st.sampled_from([Start(), Start(None), Start(5 * TICKS_PER_STEP), Start(1000 * TICKS_PER_BAR)]),
    st.floats(20, 400).map(SetTempo),
    st.booleans().map(lambda goes_on: SetSendClock(True, goes_on)),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(commands, st.integers(0, 900)), min_size=1, max_size=12))
def test_a_listener_that_counts_is_on_our_step_whatever_happens(script: list[tuple[Command, int]]) -> None:
    rig = Rig(PlayerConfig(send_clock=True))
    rig.do(SetLoop(EVERY_STEP, 1))
    for command, wait_ms in script:
        rig.do(command)
        rig.run_ms(wait_ms)
    rig.do(Stop())
    rig.run_ms(100)
    events = rig.port.in_order()
    heard = positions(events)
    for due, message in events:
        if message[0] & 0xF0 == 0x90:
            assert heard[due] % LOOP_TICKS == (message[2] - 40) * TICKS_PER_STEP
