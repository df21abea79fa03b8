"""A MIDI clock's transport, message by message, under a simulated clock."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.timing import (
    Armed,
    ClockLost,
    ClockTransport,
    Located,
    Lock,
    Motion,
    Rolling,
    Stopped,
    TransportEvent,
)
from bridge.timing.transport import TABLE, Input

START, CONTINUE, STOP, TICK = b"\xfa", b"\xfb", b"\xfc", b"\xf8"
PERIOD_NS = 20_833_333
SIXTEENTH = 240
CLOCK = 40


def spp(sixteenths: int) -> bytes:
    return bytes((0xF2, sixteenths & 0x7F, sixteenths >> 7 & 0x7F))


class Sender:
    """A DAW that sends clocks at 120 BPM; keeps what the transport says."""

    def __init__(self) -> None:
        self.transport = ClockTransport()
        self.now_ns = 1_000_000_000
        self.events: list[TransportEvent] = []

    def send(self, *messages: bytes) -> list[TransportEvent]:
        """Messages in one instant; what came of them."""
        events = [event for message in messages for event in self.transport.receive(message, self.now_ns)]
        self.events += events
        return events

    def ticks(self, count: int) -> list[TransportEvent]:
        """So many F8, each a period after what came before."""
        events = []
        for _ in range(count):
            self.now_ns += PERIOD_NS
            events += self.send(TICK)
        return events

    @property
    def motion(self) -> Motion:
        return self.transport.motion

    @property
    def position(self) -> float:
        return self.transport.position_ticks(self.now_ns)


def test_start_arms_and_the_next_clock_is_the_downbeat() -> None:
    daw = Sender()
    assert daw.send(START) == [Armed(0)]
    assert daw.motion is Motion.ARMED
    assert daw.transport.map is None
    assert daw.ticks(1) == [Rolling(0, daw.now_ns)]
    assert daw.ticks(24) == []
    assert daw.position == pytest.approx(960, abs=0.01)


def test_start_and_the_downbeat_may_come_in_one_instant() -> None:
    daw = Sender()
    assert daw.send(START, TICK) == [Armed(0), Rolling(0, daw.now_ns)]


def test_a_clock_that_runs_while_stopped_is_known_before_start_and_moves_nothing() -> None:
    daw = Sender()
    assert daw.ticks(48) == []
    assert daw.position == 0
    assert daw.transport.state(daw.now_ns).kind is Lock.LOCKED
    assert daw.transport.state(daw.now_ns).bpm == pytest.approx(120, abs=0.01)
    daw.send(START)
    armed = daw.transport.armed_map
    assert armed is not None
    assert armed.to_ns(0) == pytest.approx(daw.now_ns + PERIOD_NS, abs=1000)
    daw.ticks(1)
    assert daw.transport.map is not None
    assert daw.transport.map.to_ns(0) == pytest.approx(daw.now_ns, abs=1000)


def test_nothing_is_predicted_for_a_clock_that_does_not_run() -> None:
    daw = Sender()
    daw.send(START)
    assert daw.transport.armed_map is None
    daw.ticks(48)
    daw.send(STOP)
    daw.now_ns += 10_000_000_000
    daw.send(START)
    assert daw.transport.state(daw.now_ns).kind is Lock.WAITING


def test_stop_and_continue_go_on_with_the_next_clock() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(25)
    assert daw.send(STOP) == [Stopped(25 * CLOCK)]
    daw.ticks(7)
    assert daw.send(CONTINUE) == [Armed(25 * CLOCK)]
    assert daw.ticks(1) == [Rolling(25 * CLOCK, daw.now_ns)]


@pytest.mark.parametrize("heard", [1, 2, 3])
def test_clocks_that_were_lost_count_though_stop_comes_right_after(heard: int) -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(96)
    daw.now_ns += 24 * PERIOD_NS
    daw.ticks(heard)
    assert daw.send(STOP) == [Stopped((96 + 24 + heard) * CLOCK)]
    daw.send(CONTINUE)
    daw.ticks(1)
    assert daw.position == pytest.approx((96 + 24 + heard) * CLOCK, abs=0.01)


def test_a_slower_tempo_just_before_stop_is_no_lost_clocks() -> None:
    for slower in (1.5, 2.0, 3.0, 4.56):
        daw = Sender()
        daw.send(START)
        daw.ticks(96)
        for _ in range(4):
            daw.now_ns += round((slower - 1) * PERIOD_NS)
            daw.ticks(1)
        assert daw.send(STOP) == [Stopped(100 * CLOCK)]


def test_one_late_clock_before_stop_is_no_lost_one() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(96)
    daw.now_ns += PERIOD_NS // 2
    daw.ticks(1)
    assert daw.send(STOP) == [Stopped(97 * CLOCK)]


def test_a_position_pointer_while_stopped_is_where_continue_begins() -> None:
    daw = Sender()
    assert daw.send(spp(100)) == [Located(100 * SIXTEENTH)]
    assert daw.send(CONTINUE) == [Armed(100 * SIXTEENTH)]
    assert daw.ticks(1) == [Rolling(100 * SIXTEENTH, daw.now_ns)]


def test_start_ignores_the_position_pointer() -> None:
    daw = Sender()
    assert daw.send(spp(100), START) == [Located(100 * SIXTEENTH), Armed(0)]


def test_jack_midi_clock_locates_twice_and_ticks_before_continue() -> None:
    daw = Sender()
    daw.send(spp(16))
    daw.now_ns += 3_000_000_000
    daw.send(spp(17))
    daw.ticks(5)  # pre-roll: F8 before FB, up to the sixteenth that F2 points to
    assert daw.position == 17 * SIXTEENTH
    daw.send(CONTINUE)
    assert daw.ticks(1) == [Rolling(17 * SIXTEENTH, daw.now_ns)]


def test_bitwig_loops_with_stop_pointer_and_start() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(96)
    assert daw.send(STOP, spp(0), START) == [Stopped(96 * CLOCK), Located(0), Armed(0)]
    assert daw.ticks(1) == [Rolling(0, daw.now_ns)]


def test_bitwig_loops_to_the_middle_with_continue() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(96)
    daw.send(STOP, spp(32), CONTINUE)
    assert daw.ticks(1) == [Rolling(32 * SIXTEENTH, daw.now_ns)]


def test_a_pointer_while_rolling_jumps_with_the_next_clock() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(50)
    assert daw.send(spp(64)) == []
    assert daw.position == pytest.approx(49 * CLOCK, abs=0.1)
    assert daw.ticks(1) == [Rolling(64 * SIXTEENTH, daw.now_ns)]
    daw.ticks(6)
    assert daw.position == pytest.approx(65 * SIXTEENTH, abs=0.1)


@pytest.mark.parametrize("heard", [0, 1, 2])
def test_clocks_that_were_lost_just_before_a_jump_do_not_count_after_it(heard: int) -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(96)
    daw.now_ns += 24 * PERIOD_NS
    daw.ticks(heard)
    daw.send(spp(64))
    daw.ticks(13)
    assert daw.position == pytest.approx(66 * SIXTEENTH, abs=0.01)


def test_a_pointer_to_where_the_song_is_anyway_is_no_jump() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(96)
    assert daw.send(spp(16)) == []
    assert daw.ticks(24) == []
    assert daw.position == pytest.approx(119 * CLOCK, abs=0.1)


def test_a_pointer_past_its_wrap_is_no_jump_either() -> None:
    daw = Sender()
    daw.send(spp(16383), CONTINUE)
    daw.ticks(6)
    assert daw.send(spp(0)) == []
    assert daw.ticks(1) == []
    assert daw.position == pytest.approx(16384 * SIXTEENTH, abs=0.1)


def test_stop_after_a_pointer_while_rolling_stands_at_the_pointer() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(50)
    assert daw.send(spp(8), STOP) == [Stopped(8 * SIXTEENTH)]
    assert daw.send(CONTINUE) == [Armed(8 * SIXTEENTH)]


def test_a_second_start_begins_again() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(50)
    assert daw.send(START) == [Armed(0)]
    assert daw.ticks(1) == [Rolling(0, daw.now_ns)]


def test_a_continue_while_rolling_changes_nothing() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(50)
    assert daw.send(CONTINUE) == []
    assert daw.ticks(10) == []
    assert daw.position == pytest.approx(59 * CLOCK, abs=0.1)


def test_a_second_stop_says_nothing() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(5)
    assert daw.send(STOP, STOP, STOP) == [Stopped(5 * CLOCK)]


def test_a_clock_that_dies_while_rolling_stops_the_song_within_about_a_second() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(48)
    last = daw.now_ns
    assert daw.transport.check(last + 900_000_000) == ()
    assert daw.transport.state(last + 900_000_000).kind is Lock.LOST
    assert daw.transport.map is not None
    assert daw.transport.check(last + 1_100_000_000) == (ClockLost(48 * CLOCK),)
    assert daw.motion is Motion.STALLED
    assert daw.transport.check(last + 1_200_000_000) == ()


def test_a_clock_that_comes_back_soon_goes_on_where_it_was() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(48)
    daw.now_ns += 3_000_000_000
    assert daw.ticks(1) == [ClockLost(48 * CLOCK), Rolling(48 * CLOCK, daw.now_ns)]
    daw.ticks(24)
    assert daw.position == pytest.approx(72 * CLOCK, abs=0.1)


def test_a_song_that_stalled_is_not_woken_by_a_flood() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(48)
    for _ in range(30_000):
        daw.now_ns += 100_000
        daw.send(TICK)
    assert [type(event) for event in daw.events] == [Armed, Rolling, ClockLost]


def test_a_clock_that_falls_silent_just_before_its_jump_comes_back_behind_it() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(50)
    daw.send(spp(8))
    daw.now_ns += 3_000_000_000
    assert daw.ticks(1) == [ClockLost(8 * SIXTEENTH), Rolling(8 * SIXTEENTH, daw.now_ns)]
    assert daw.send(spp(8)) == []
    assert daw.ticks(1) == [Rolling(8 * SIXTEENTH, daw.now_ns)]


def test_a_clock_that_comes_back_late_waits_for_continue() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(48)
    daw.now_ns += 60_000_000_000
    assert daw.ticks(24) == [ClockLost(48 * CLOCK)]
    assert daw.motion is Motion.STOPPED
    assert daw.send(CONTINUE) == [Armed(48 * CLOCK)]


def test_the_downbeat_is_where_its_clock_is_even_if_the_sender_set_its_clock_anew() -> None:
    daw = Sender()
    daw.ticks(100)
    daw.send(START)
    daw.now_ns += 7_000_000 - PERIOD_NS
    daw.ticks(1)
    downbeat = daw.now_ns
    for _ in range(30):
        line = daw.transport.map
        assert line is not None
        assert line.to_ns(0) == pytest.approx(downbeat, abs=500_000)
        assert line.bpm == pytest.approx(120, abs=1)
        daw.ticks(1)


def test_other_messages_change_nothing() -> None:
    daw = Sender()
    daw.send(START)
    daw.ticks(10)
    assert daw.send(b"", b"\x90\x24\x40", b"\xfe", b"\xff", b"\xf2", b"\xf2\x01", b"\xf0\x7e\xf7") == []
    assert daw.motion is Motion.ROLLING


def test_the_table_decides_every_input_that_is_not_ignored() -> None:
    ignored = {pair for pair in product(Motion, Input) if pair not in TABLE}
    assert ignored == {
        (Motion.STOPPED, Input.STOP),
        (Motion.STOPPED, Input.TICK),
        (Motion.ROLLING, Input.CONTINUE),
    }


messages = st.one_of(
    st.sampled_from([START, CONTINUE, STOP]),
    st.integers(0, 16383).map(spp),
    st.just(TICK),
    st.binary(max_size=4),
)
gaps = st.one_of(
    st.just(PERIOD_NS), st.just(0), st.integers(0, 3 * PERIOD_NS), st.integers(0, 20_000_000_000)
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(messages, gaps, st.integers(1, 30)), max_size=60))
def test_any_messages_in_any_order_leave_a_transport_that_makes_sense(
    script: Iterable[tuple[bytes, int, int]],
) -> None:
    transport = ClockTransport()
    now_ns = 0
    for message, gap_ns, times in script:
        for _ in range(times if message == TICK else 1):
            now_ns += gap_ns
            before = transport.motion
            events = transport.receive(message, now_ns)
            if transport.motion is not before:
                named = {Motion.STALLED: ClockLost, Motion.ROLLING: Rolling, Motion.ARMED: Armed}
                kinds = {type(event) for event in events}
                if transport.motion in named:
                    assert named[transport.motion] in kinds
                else:
                    assert before is Motion.STALLED or kinds & {Stopped, Located, ClockLost}
            assert all(event.ticks >= 0 for event in events)
            line = transport.map
            assert (line is not None) == (transport.motion is Motion.ROLLING)
            if line is not None:
                assert 19 <= line.bpm <= 410


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 16383), st.integers(1, 200), st.floats(20, 400))
def test_a_stop_and_continue_loses_no_clock_at_any_tempo(at: int, count: int, bpm: float) -> None:
    period = 60e9 / bpm / 24
    transport = ClockTransport()
    transport.receive(spp(at), 0)
    transport.receive(CONTINUE, 0)
    for n in range(count):
        transport.receive(TICK, round((n + 1) * period))
    end = round((count + 0.5) * period)
    stopped = transport.receive(STOP, end)
    assert stopped == (Stopped(at * SIXTEENTH + count * CLOCK),)


class Book:
    """The specification in a few lines, without a clock: what the next F8 is, and what rolls."""

    def __init__(self) -> None:
        self.next, self.here = 0, 0
        self.armed = self.rolling = False

    def hear(self, message: bytes) -> None:
        if message == TICK and (self.armed or self.rolling):
            self.armed, self.rolling = False, True
            self.here, self.next = self.next, self.next + CLOCK
        elif message == START:
            self.next, self.armed, self.rolling = 0, True, False
        elif message == CONTINUE:
            self.armed = not self.rolling
        elif message == STOP:
            self.armed = self.rolling = False
        elif message[0] == 0xF2:
            there = (message[1] | message[2] << 7) * SIXTEENTH
            if not self.rolling or (self.next - there) % (16384 * SIXTEENTH):
                self.next = there


said = st.one_of(
    st.sampled_from([START, CONTINUE, STOP]), st.sampled_from([0, 1, 64, 16383]).map(spp), st.just(TICK)
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(said, st.integers(0, 40)), max_size=40), st.floats(20, 400), st.integers(0, 60))
def test_whatever_a_daw_says_in_whatever_order_we_are_where_the_specification_says(
    script: list[tuple[bytes, int]], bpm: float, ran_before: int
) -> None:
    transport, book = ClockTransport(), Book()
    period = 60e9 / bpm / 24
    clock = 0
    for message, ticks in [(TICK, ran_before), *script]:
        for each in ([] if message == TICK else [message]) + [TICK] * ticks:
            clock += each == TICK
            now_ns = round(clock * period)
            transport.receive(each, now_ns)
            book.hear(each)
            assert (transport.motion is Motion.ROLLING) == book.rolling
            assert (transport.motion is Motion.ARMED) == book.armed
            if book.rolling and each == TICK and clock >= 2:
                assert transport.position_ticks(now_ns) == pytest.approx(book.here, abs=0.5)
            elif not book.rolling:
                assert transport.position_ticks(now_ns) == book.next
