"""A player takes another one's place in a song that rolls; one that is alone finishes or is taken up."""

from __future__ import annotations

import pytest

from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR
from bridge.player.messages import (
    Anchor,
    ClockState,
    FallIn,
    Motion,
    Panic,
    PlayerConfig,
    SetLoop,
    SetTempo,
    Start,
    Stop,
    Sync,
)
from bridge.ports.base import Incoming
from tests.player.support import MS, Rig, assert_played, notes_of, random_loop

LOOP = random_loop(31, density=0.3, feel=0.5)
NS_PER_TICK = 500 * MS / 960
PERIOD_NS = 40 * NS_PER_TICK


class Shifted(Rig):
    """A rig whose port's clock is not the host's, as JACK's is not."""

    AHEAD_NS = 77_000_000_123

    def __init__(self, config: PlayerConfig | None = None) -> None:
        super().__init__(config)
        self.clock.to_host_ns = lambda at_ns: at_ns - self.AHEAD_NS  # type: ignore[method-assign]


def rolling_at(rig: Rig, ticks: float, ns_ago: float, bpm: float = 120, sync: Sync = Sync.INTERNAL) -> Anchor:
    """What another player told so long ago, when the song was there."""
    at_ns = rig.clock.to_host_ns(rig.clock.ns - round(ns_ago))
    return Anchor(ticks, at_ns, bpm, Motion.ROLLING, sync)


@pytest.mark.parametrize("rig_type", [Rig, Shifted])
@pytest.mark.parametrize("ago_ms", [0, 333, 60_000])
def test_a_song_that_we_lead_goes_on_in_phase(rig_type: type[Rig], ago_ms: float) -> None:
    rig = rig_type()
    told_ns = rig.clock.ns - ago_ms * MS
    rig.do(SetLoop(LOOP, 1), Panic(), FallIn(rolling_at(rig, 1000.5, ago_ms * MS)))
    began = 1000.5 + (rig.clock.ns - told_ns) / NS_PER_TICK
    rig.run_ms(9000)
    rig.do(Stop())
    rig.run_ms(50)
    first = int(began // 240 + 2) * 240
    assert_played(
        notes_of(rig.port.in_order(), cut=True),
        LOOP,
        zero=told_ns + (first - 1000.5) * NS_PER_TICK,
        per_tick=NS_PER_TICK,
        at_ticks=first,
        until_ticks=first + 4 * TICKS_PER_BAR,
        within=1,
        first_within=1,
        begins=False,
    )
    assert not rig.port.late
    assert not rig.engine.stats().open_notes


def test_what_the_dead_player_left_open_is_closed_before_anything_sounds() -> None:
    rig = Rig()
    rig.do(SetLoop(LOOP, 1), Panic(), FallIn(rolling_at(rig, 0, 700 * MS)))
    rig.run_ms(1000)
    sent = [message for _, message in rig.port.in_order()]
    first_on = next(place for place, message in enumerate(sent) if message[0] >> 4 == 9 and message[2])
    closed = {message[1] for message in sent[:first_on] if message[0] >> 4 in (8, 9)}
    assert closed == set(PlayerConfig().voicing.notes)


def test_clock_listeners_are_told_where_the_song_is() -> None:
    rig = Rig(PlayerConfig(send_clock=True))
    rig.do(SetLoop(LOOP, 1), FallIn(rolling_at(rig, 5000, 0)))
    rig.run_ms(1000)
    sent = [(due, message) for due, message in rig.port.in_order() if message[0] >= 0xF0]
    assert [message[0] for _, message in sent[:3]] == [0xF2, 0xFB, 0xF8]
    step = sent[0][1][1] | sent[0][1][2] << 7
    anchor = rig.told(Anchor)[-1]
    assert sent[2][0] == pytest.approx(anchor.at_ns + (step * 240 - anchor.ticks) * NS_PER_TICK, abs=2)


@pytest.mark.parametrize("off_ms", [-8, 0, 8])
def test_a_song_that_we_follow_is_picked_up_at_the_clock_that_is_nearest(off_ms: float) -> None:
    rig = Rig(PlayerConfig(sync=Sync.CLOCK))
    rig.do(SetLoop(LOOP, 1))
    anchor = rolling_at(rig, 4000, 600 * MS + off_ms * MS, sync=Sync.CLOCK)
    first_ns = rig.clock.ns + 7 * MS
    position = 4000 + (first_ns - (rig.clock.ns - 600 * MS)) / NS_PER_TICK
    first = round(position / 40) * 40  # what the sender means by its next clock
    first_ns += round((first - position) * NS_PER_TICK)
    rig.do(FallIn(anchor))
    for number in range(24 * 8):
        rig.run_ms((first_ns + round(number * PERIOD_NS) - rig.clock.ns) / MS)
        rig.do(Incoming(b"\xf8", rig.clock.ns))
    came = next(anchor for anchor in rig.told(Anchor) if anchor.motion is Motion.ROLLING)
    assert came.ticks == pytest.approx(first + (came.at_ns - first_ns) / NS_PER_TICK, abs=1)
    begins = first + 480 - first % 240
    rig.do(Incoming(b"\xfc", rig.clock.ns))
    rig.run_ms(100)
    assert_played(
        notes_of(rig.port.in_order()),
        LOOP,
        zero=first_ns + (begins - first) * NS_PER_TICK,
        per_tick=NS_PER_TICK,
        at_ticks=begins,
        until_ticks=begins + 6 * 960,
        within=MS / 10,
        first_within=MS / 10,
        begins=False,
    )


@pytest.mark.parametrize("message", [b"\xfc", b"\xfa", b"\xf2\x10\x00"])
def test_what_the_clocks_sender_says_outranks_what_was_told(message: bytes) -> None:
    rig = Rig(PlayerConfig(sync=Sync.CLOCK))
    rig.do(SetLoop(LOOP, 1), FallIn(rolling_at(rig, 4000, 0, sync=Sync.CLOCK)))
    rig.do(Incoming(message, rig.clock.ns), Incoming(b"\xf8", rig.clock.ns + 1))
    expected = {0xFC: (Motion.STOPPED, 3840), 0xFA: (Motion.ROLLING, 0), 0xF2: (Motion.ROLLING, 16 * 240)}
    anchor = rig.told(Anchor)[-1]
    motion, ticks = expected[message[0]]
    assert anchor.motion is motion
    assert abs(anchor.ticks - ticks) <= 240


def test_a_clock_that_comes_much_later_is_not_taken_for_the_song() -> None:
    rig = Rig(PlayerConfig(sync=Sync.CLOCK))
    rig.do(SetLoop(LOOP, 1), FallIn(rolling_at(rig, 4000, 0, sync=Sync.CLOCK)))
    rig.run_ms(5500)
    for _ in range(30):
        rig.do(Incoming(b"\xf8", rig.clock.ns))
        rig.run_ms(20)
    assert rig.told(Anchor)[-1].motion is Motion.STOPPED
    assert not rig.port.sent


def test_a_player_that_winds_down_and_is_taken_up_plays_on_without_a_gap() -> None:
    rig = Rig()
    rig.do(SetLoop(LOOP, 1), Start())
    rig.run_ms(3000)
    rig.engine.wind_down()
    rig.engine.wind_down()
    rig.run_ms(4900)  # the last bar is being played
    rig.engine.play_on()
    rig.run_ms(4000)
    assert not rig.engine.done
    rig.do(Stop())
    rig.run_ms(50)
    rolls = next(anchor for anchor in rig.told(Anchor) if anchor.motion is Motion.ROLLING)
    assert_played(
        notes_of(rig.port.in_order()),
        LOOP,
        zero=rolls.at_ns,
        per_tick=NS_PER_TICK,
        at_ticks=0,
        until_ticks=LOOP_TICKS + TICKS_PER_BAR,
        within=1,
        first_within=1,
    )


def test_a_tempo_set_after_falling_in_begins_where_the_song_is() -> None:
    rig = Rig(PlayerConfig(bpm=120))
    rig.do(SetLoop(LOOP, 1), FallIn(rolling_at(rig, 1920, 0)))
    rig.run_ms(500)
    rig.do(SetTempo(240))
    rig.run_ms(500)
    anchor = rig.told(Anchor)[-1]
    assert anchor.bpm == 240
    assert anchor.clock is ClockState.OFF
    now = anchor.ticks + (rig.clock.ns - anchor.at_ns) / NS_PER_TICK * 2
    assert now == pytest.approx(1920 + 960 + 1920, abs=120)
