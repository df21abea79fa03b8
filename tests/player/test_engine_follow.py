"""The player's core behind a foreign MIDI clock, under a simulated clock: right bar, right step, on time."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove import DrumLoop
from bridge.groove.notes import TICKS_PER_BAR, TICKS_PER_STEP, loop_notes
from bridge.player.messages import (
    Anchor,
    ClockState,
    Finished,
    Motion,
    PlayerConfig,
    SetLoop,
    SetSync,
    Start,
    Stop,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.ports.base import Incoming
from tests.player.support import MS, Note, Rig, assert_played, notes_of, random_loop

LOOP = random_loop(11, density=0.3, feel=0.5)
PERIOD_MS = 500 / 24  # of an F8 at 120 BPM
NS_PER_TICK = 500 * MS / 960
LEAD_MS = 5.0  # where a note was just closed, its key waits for that
DETECTED_MS = 3.0  # a message is handled so long after it came


def song_position(step: int) -> bytes:
    return bytes((0xF2, step & 127, step >> 7))


class Follower(Rig):
    """A rig that hears a clock; `beats` are the times of all F8 that were sent."""

    def __init__(self, config: PlayerConfig | None = None) -> None:
        super().__init__(config or PlayerConfig(sync=Sync.CLOCK))
        self.do(SetLoop(LOOP, 1))
        self.beats: list[int] = []

    def send(self, message: bytes) -> None:
        """It comes now, and is handled a little later."""
        came_ns = self.clock.ns
        self.run_ms(DETECTED_MS)
        self.do(Incoming(message, came_ns))

    def ticks(self, count: int, jitter_ms: float = 0, before_next_ms: float = 0) -> None:
        """So many F8, the first one now; time ends so long before the next one is due."""
        late = random.Random(1)
        begin = self.clock.ns
        for number in range(count):
            due = begin + round(number * PERIOD_MS * MS)
            self.beats.append(due)
            came = due + round(abs(late.gauss(0, jitter_ms)) * MS)
            self.run_ms((came - self.clock.ns) / MS)
            self.run_ms(DETECTED_MS)
            self.do(Incoming(b"\xf8", came))
        self.run_ms((begin + round(count * PERIOD_MS * MS) - self.clock.ns) / MS - before_next_ms)

    def heard(self) -> list[Note]:
        return notes_of(self.port.in_order())

    @property
    def anchor(self) -> Anchor:
        return self.told(Anchor)[-1]


def check(
    notes: Iterable[Note],
    zero_ns: int,
    at_ticks: int,
    until_ticks: int,
    *,
    within_ms: float,
    first_ms: float,
    begins: bool = True,
) -> None:
    """`assert_played` of the loop, in nanoseconds."""
    assert_played(
        notes,
        LOOP,
        zero=zero_ns,
        per_tick=NS_PER_TICK,
        at_ticks=at_ticks,
        until_ticks=until_ticks,
        within=within_ms * MS,
        first_within=first_ms * MS,
        begins=begins,
    )


def test_start_arms_and_the_next_f8_is_the_downbeat() -> None:
    rig = Follower()
    rig.send(b"\xfa")
    rig.run_ms(700)
    assert not rig.port.sent
    assert rig.anchor.motion is Motion.ARMED
    rig.ticks(24 * 8)
    rig.send(b"\xfc")
    check(rig.heard(), rig.beats[0], 0, 8 * 960, within_ms=0.1, first_ms=DETECTED_MS + 0.1)


def test_the_downbeat_of_a_clock_that_ran_before_is_on_time() -> None:
    rig = Follower()
    rig.ticks(30, before_next_ms=10)
    assert not rig.port.sent
    rig.send(b"\xfa")
    rig.run_ms(10 - DETECTED_MS)
    rig.ticks(24 * 8)
    rig.send(b"\xfc")
    check(rig.heard(), rig.beats[30], 0, 8 * 960, within_ms=0.1, first_ms=0.1)
    assert not rig.port.late


def test_a_downbeat_that_does_not_come_sounds_once_at_most_and_is_taken_back() -> None:
    rig = Follower()
    rig.ticks(30, before_next_ms=10)
    rig.send(b"\xfa")
    rig.run_ms(2000)
    assert rig.heard()
    assert rig.anchor.motion is Motion.ARMED
    first_step = {9 << 7 | note.note for note in loop_notes(LOOP) if note.cell_ticks == 0}
    assert {note.key for note in rig.heard()} <= first_step
    before = len(rig.heard())
    rig.ticks(24 * 4)
    rig.send(b"\xfc")
    check(rig.heard()[before:], rig.beats[30], 0, 4 * 960, within_ms=0.1, first_ms=DETECTED_MS + 0.1)


def test_a_clock_set_anew_at_start_is_followed_from_its_own_downbeat() -> None:
    rig = Follower()
    rig.ticks(30)
    rig.send(b"\xfa")
    rig.ticks(24 * 8)  # 18 ms before the old clock would have ticked
    rig.send(b"\xfc")
    check(rig.heard(), rig.beats[30], 0, 8 * 960, within_ms=2, first_ms=DETECTED_MS + 0.1)


def test_a_downbeat_that_comes_before_it_was_expected_is_played_when_it_comes() -> None:
    rig = Follower()
    rig.ticks(30, before_next_ms=20)
    rig.send(b"\xfa")
    rig.run_ms(2)
    rig.ticks(24 * 4)  # 13 ms before the old clock would have ticked
    rig.send(b"\xfc")
    check(rig.heard(), rig.beats[30], 0, 4 * 960, within_ms=2, first_ms=DETECTED_MS + 0.1)


@pytest.mark.parametrize("late_ms", [5, 11, 15])
def test_a_clock_set_anew_to_a_later_downbeat_strikes_it_no_second_time(late_ms: float) -> None:
    rig = Follower()
    rig.ticks(30, before_next_ms=10)
    rig.send(b"\xfa")
    rig.run_ms(10 - DETECTED_MS + late_ms)
    rig.ticks(24 * 4)
    rig.send(b"\xfc")
    step_ns = round(TICKS_PER_STEP * NS_PER_TICK)
    downbeat = [note.key for note in rig.heard() if note.on < rig.beats[30] + step_ns // 2]
    assert sorted(downbeat) == sorted(9 << 7 | note.note for note in loop_notes(LOOP) if note.cell_ticks == 0)
    second_ns = rig.beats[30] + step_ns
    check(rig.heard(), second_ns, TICKS_PER_STEP, 4 * 960, within_ms=0.1, first_ms=0.1, begins=False)


@pytest.mark.parametrize("step", [1, 37, 16 * 9 + 4, 16 * 1000])
def test_continue_goes_on_at_the_song_position(step: int) -> None:
    rig = Follower()
    rig.send(song_position(step))
    assert rig.anchor.ticks == step * TICKS_PER_STEP
    rig.send(b"\xfb")
    rig.ticks(24 * 6)
    rig.send(b"\xfc")
    at = step * TICKS_PER_STEP
    check(rig.heard(), rig.beats[0], at, at + 6 * 960, within_ms=0.1, first_ms=DETECTED_MS + 0.1)


def test_a_jump_while_rolling_plays_on_from_the_new_place() -> None:
    rig = Follower()
    rig.send(b"\xfa")
    rig.ticks(24 * 5, before_next_ms=DETECTED_MS)
    rig.send(song_position(200))
    rig.ticks(24 * 5)
    rig.send(b"\xfc")
    notes = rig.heard()
    jump_ns = rig.beats[24 * 5]
    before = [note for note in notes if note.on < jump_ns]
    after = [note for note in notes if note.on >= jump_ns + DETECTED_MS * MS]
    check(before, rig.beats[0], 0, 5 * 960 - TICKS_PER_STEP, within_ms=0.1, first_ms=DETECTED_MS + 0.1)
    at = 200 * TICKS_PER_STEP
    check(after, jump_ns, at, at + 5 * 960, within_ms=0.1, first_ms=DETECTED_MS + LEAD_MS)


def test_stop_then_position_then_start_is_a_loop_of_the_sender() -> None:
    rig = Follower()
    rig.send(b"\xfa")
    rig.ticks(24 * 4)
    for message in (b"\xfc", song_position(0), b"\xfa"):
        rig.do(Incoming(message, rig.clock.ns))
    rig.ticks(24 * 4)
    rig.send(b"\xfc")
    again_ns = rig.beats[24 * 4]
    after = [note for note in rig.heard() if note.on >= again_ns]
    check(after, again_ns, 0, 4 * 960, within_ms=0.1, first_ms=DETECTED_MS + LEAD_MS)


def test_notes_are_closed_and_the_loss_is_told_when_the_clock_vanishes() -> None:
    rig = Follower()
    rig.send(b"\xfa")
    rig.ticks(24 * 4)
    lost_ns = rig.clock.ns
    rig.run_ms(3000)
    rig.heard()
    assert rig.anchor.motion is Motion.STOPPED
    assert rig.anchor.clock is ClockState.LOST
    assert max(due for due, _ in rig.port.sent) < lost_ns + 2500 * MS


def test_jitter_is_smoothed_and_loses_or_doubles_nothing() -> None:
    rig = Follower(PlayerConfig(sync=Sync.CLOCK, bars=8))
    rig.send(b"\xfa")
    rig.ticks(24 * 4 * 8 + 24, jitter_ms=1.0)
    assert rig.told(Finished)
    check(rig.heard(), rig.beats[0], 0, 8 * TICKS_PER_BAR, within_ms=4, first_ms=DETECTED_MS + 4)


def test_the_anchor_says_tempo_and_place_of_the_foreign_clock() -> None:
    rig = Follower()
    rig.send(b"\xfa")
    rig.ticks(24 * 4)
    anchor = rig.anchor
    assert anchor.motion is Motion.ROLLING
    assert anchor.clock is ClockState.LOCKED
    assert anchor.bpm == pytest.approx(120, abs=0.1)
    assert anchor.ticks == pytest.approx((anchor.at_ns - rig.beats[0]) / NS_PER_TICK, abs=1)
    told = len(rig.told(Anchor))
    rig.ticks(24 * 8)
    assert len(rig.told(Anchor)) == told


def test_our_own_start_and_stop_mean_nothing_while_we_follow() -> None:
    rig = Follower()
    rig.do(Start())
    rig.run_ms(500)
    assert not rig.port.sent
    rig.send(b"\xfa")
    rig.ticks(24)
    rig.do(Stop())
    assert rig.anchor.motion is Motion.ROLLING


def test_a_clock_that_runs_already_is_picked_up_when_we_begin_to_follow() -> None:
    rig = Follower(PlayerConfig())
    rig.send(b"\xfa")
    rig.ticks(24 * 4)
    assert not rig.port.sent
    rig.do(SetSync(Sync.CLOCK))
    rig.ticks(24 * 4)
    rig.do(SetSync(Sync.INTERNAL))
    assert rig.anchor.motion is Motion.STOPPED
    step = 4 * 960 + TICKS_PER_STEP
    step_ns = rig.beats[0] + round(step * NS_PER_TICK)
    check(rig.heard(), step_ns, step, 8 * 960, within_ms=0.1, first_ms=0.1, begins=False)


def test_the_clock_that_we_send_on_is_the_one_that_we_hear() -> None:
    rig = Follower(PlayerConfig(sync=Sync.CLOCK, send_clock=True, voicing=Voicing((0,) * 9)))
    rig.send(song_position(16))
    rig.send(b"\xfb")
    rig.ticks(24 * 4)
    rig.send(b"\xfc")
    out = [entry for entry in rig.port.in_order() if entry[1][0] >= 0xF0]
    assert [message for _, message in out[:2]] == [song_position(16), b"\xfb"]
    assert out[-1][1] == b"\xfc"
    sent = [due for due, message in out if message == b"\xf8"]
    assert abs(len(sent) - 24 * 4) <= 1
    for due, heard in zip(sent[2:], rig.beats[2:], strict=False):
        assert abs(due - heard) < 0.1 * MS


def test_where_the_sender_jumps_our_listener_hears_stop_before_continue() -> None:
    rig = Follower(PlayerConfig(sync=Sync.CLOCK, send_clock=True, voicing=Voicing((0,) * 9)))
    rig.send(b"\xfa")
    rig.ticks(24 * 2, before_next_ms=DETECTED_MS)
    rig.send(song_position(200))
    rig.ticks(24)
    out = [message for _, message in rig.port.in_order() if 0xF0 <= message[0] != 0xF8]
    assert out == [b"\xfa", b"\xfc", song_position(200), b"\xfb"]


def test_one_clock_alone_plays_no_more_than_its_own_notes() -> None:
    rig = Follower()
    rig.send(b"\xfa")
    rig.ticks(1)
    rig.run_ms(3000)
    assert rig.heard()
    assert max(note.on for note in rig.heard()) < rig.beats[0] + PERIOD_MS * MS


def test_bars_that_passed_while_the_machine_slept_end_the_song_where_it_is_then() -> None:
    rig = Follower(PlayerConfig(sync=Sync.CLOCK, bars=7))
    rig.send(b"\xfa")
    rig.ticks(96)
    rig.clock.ns += 60_000 * MS
    rig.do()
    rig.send(b"\xfb")
    rig.ticks(48)
    assert all(anchor.ticks >= 0 for anchor in rig.told(Anchor))
    assert len(rig.told(Finished)) == 1
    assert rig.anchor.motion is Motion.STOPPED


EVERY_STEP = DrumLoop.of(
    np.eye(9)[np.zeros(64, int)] > 0,
    np.repeat((np.arange(64)[:, None] + 40) / 127, 9, axis=1),
    np.zeros((64, 9)),
)
"""A kick on each step, whose velocity says which: 40 + step."""


def clock_at(rig: Follower, bpm: float, count: int, jitter_ms: float, chance: random.Random) -> None:
    """So many F8 at a tempo, the first one now."""
    begin = rig.clock.ns
    for number in range(count):
        due = begin + round(number * 60e9 / bpm / 24)
        came = due + round(abs(chance.gauss(0, jitter_ms)) * MS)
        rig.run_ms(max(0.0, (came - rig.clock.ns) / MS))
        rig.do(Incoming(b"\xf8", rig.clock.ns))
    rig.run_ms(max(0.0, (begin + round(count * 60e9 / bpm / 24) - rig.clock.ns) / MS))


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.floats(40, 240), st.integers(1, 4)), min_size=1, max_size=6),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.integers(0, 99),
)
def test_no_step_is_swallowed_or_doubled_whatever_the_tempo_does(
    tempi: list[tuple[float, int]], jitter_ms: float, seed: int
) -> None:
    rig = Follower()
    rig.do(SetLoop(EVERY_STEP, 2))
    rig.send(b"\xfa")
    chance = random.Random(seed)
    clock_at(rig, tempi[0][0], 48, jitter_ms, chance)
    for bpm, beats in tempi:
        clock_at(rig, bpm, 24 * beats, jitter_ms, chance)
    rig.send(b"\xfc")
    rig.run_ms(500)
    steps = [note.velocity - 40 for note in rig.heard()]
    assert steps == [number % 64 for number in range(len(steps))]
    beats = 2 + sum(each for _, each in tempi)
    assert 4 * beats - 4 <= len(steps) <= 4 * beats + 8


@pytest.mark.parametrize("bpm", [5, 2000])
def test_a_clock_at_an_absurd_rate_neither_crashes_nor_runs_away(bpm: float) -> None:
    rig = Follower()
    rig.do(SetLoop(EVERY_STEP, 2))
    clock_at(rig, 120, 48, 0, random.Random(0))
    rig.send(b"\xfa")
    clock_at(rig, 120, 48, 0, random.Random(0))
    begin_ns = rig.clock.ns
    clock_at(rig, bpm, round(bpm), 0, random.Random(0))
    seconds = (rig.clock.ns - begin_ns) / 1e9
    rig.send(b"\xfc")
    rig.run_ms(500)
    struck = [note for note in rig.heard() if note.on >= begin_ns]
    assert len(struck) <= seconds * 400 / 60 * 4 + 4
    assert 19 < rig.anchor.bpm < 410


def test_a_burst_of_ten_thousand_clocks_is_not_played() -> None:
    rig = Follower()
    rig.do(SetLoop(EVERY_STEP, 2))
    rig.send(b"\xfa")
    rig.ticks(24 * 4)
    rig.do(*[Incoming(b"\xf8", rig.clock.ns)] * 10_000)
    assert rig.anchor.bpm == pytest.approx(120, abs=0.5)
    rig.ticks(24 * 4)
    rig.send(b"\xfc")
    rig.run_ms(100)
    assert len(rig.heard()) <= 8 * 4 + 4


def test_no_note_sounds_on_where_a_slower_clock_puts_the_song_back_behind_what_is_played() -> None:
    """A clock of 280 BPM starts anew at 30: before its second F8, half a second at 280 is played."""
    rig = Follower()
    chance = random.Random(1)
    rig.send(b"\xfa")
    clock_at(rig, 280, 240, 0, chance)
    clock_at(rig, 30, 60, 0, chance)
    rig.send(b"\xfc")
    rig.run_ms(300)
    longest_ms = max((note.off - note.on) / MS for note in rig.heard())
    assert longest_ms < 60_000 / 30 / 4 + 1  # a sixteenth at the slowest
