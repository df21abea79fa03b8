"""Ports that are lost, changed, and come back, under a simulated clock: the song stays in time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bridge.groove.notes import TICKS_PER_BAR, TICKS_PER_STEP
from bridge.player.messages import (
    Anchor,
    Fault,
    Finished,
    Motion,
    Panic,
    PlayerConfig,
    SetLoop,
    SetSendClock,
    SetTempo,
    Start,
    Stop,
)
from bridge.ports.base import PortLost
from bridge.timing import BeatMap
from tests.player.support import (
    MS,
    MemoryPort,
    MemoryPorts,
    Rig,
    SimulatedClock,
    assert_played,
    notes_of,
    random_loop,
)

BAR_MS = 2000.0
STEADY = random_loop(21, density=0.25, feel=0.5)


@dataclass
class AheadClock(SimulatedClock):
    """A port's clock that is not the host's, as a sound card's is not."""

    ahead_ns: int = 0

    def to_host_ns(self, at_ns: int) -> int:
        return at_ns - self.ahead_ns


def lose_port(rig: Rig) -> None:
    rig.port.dead = True
    rig.do(PortLost("The JACK server has gone. Start it again."))


def give_port(rig: Rig, ahead_ns: int = 0) -> MemoryPort:
    """Attach a port with a clock so much ahead of the host's; the rig lives by it from now on."""
    rig.clock = AheadClock(rig.clock.ns + ahead_ns, ahead_ns)
    rig.port = MemoryPort(rig.clock)
    rig.engine.attach(MemoryPorts(rig.clock, rig.port), rig.clock.ns)
    return rig.port


def test_a_lost_port_is_told_and_nothing_is_left_open() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(2), 1), Start())
    rig.run_ms(500)
    lose_port(rig)
    assert rig.told(Fault) == [Fault("The JACK server has gone. Start it again.", ports_lost=True)]
    rig.do(Panic(), SetTempo(90), SetSendClock(True))
    rig.run_ms(1000)
    assert rig.engine.stats().open_notes == 0


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "changed"])
def test_the_song_that_we_lead_goes_on_in_time_at_the_next_port(lost: bool) -> None:
    rig = Rig()
    rig.do(SetLoop(STEADY, 1), Start())
    rig.run_ms(1.5 * BAR_MS)
    before = rig.told(Anchor)[-1]
    if lost:
        lose_port(rig)
    else:
        rig.engine.detach(rig.clock.ns)
    rig.run_ms(2.3 * BAR_MS)
    assert rig.told(Anchor)[-1].motion is Motion.ROLLING
    port = give_port(rig, ahead_ns=-500 * MS)
    rig.run_ms(BAR_MS)
    rig.do(Stop())
    song = BeatMap.at(before.bpm, before.ticks, before.at_ns - 500 * MS)
    heard = notes_of(port.in_order(), cut=True)
    first = song.to_ticks(heard[0].on)
    assert 3.8 * TICKS_PER_BAR <= first < 3.8 * TICKS_PER_BAR + 2 * TICKS_PER_STEP
    at_ticks = round(3.8 * TICKS_PER_BAR) // TICKS_PER_STEP * TICKS_PER_STEP + 2 * TICKS_PER_STEP
    assert_played(
        heard,
        STEADY,
        zero=song.to_ns(at_ticks),
        per_tick=song.ns_per_tick,
        at_ticks=at_ticks,
        until_ticks=round(4.7 * TICKS_PER_BAR) // TICKS_PER_STEP * TICKS_PER_STEP,
        within=2,
        first_within=2,
        begins=False,
    )


def test_a_song_that_nobody_hears_keeps_its_time_whatever_clock_its_last_port_had() -> None:
    rig = Rig()
    rig.engine.detach(rig.clock.ns)
    give_port(rig, ahead_ns=700 * MS)
    rig.do(SetLoop(STEADY, 1), Start())
    rig.run_ms(1.5 * BAR_MS)
    heard = rig.told(Anchor)[-1]
    lose_port(rig)
    rig.clock = SimulatedClock(rig.clock.ns - 700 * MS)
    rig.run_ms(BAR_MS)
    unheard = rig.told(Anchor)[-1]
    assert unheard.motion is Motion.ROLLING
    song = BeatMap.at(heard.bpm, heard.ticks, heard.at_ns)
    assert song.to_ticks(unheard.at_ns) == pytest.approx(unheard.ticks, abs=1e-3)


def test_what_a_lost_port_may_have_left_sounding_is_closed_when_it_is_back() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(2, density=0.5), 1), Start())
    rig.run_ms(500)
    struck = {message[:2] for _, message in rig.port.sent if message[0] == 0x99}
    lose_port(rig)
    rig.do(Stop())
    port = give_port(rig)
    assert {bytes((message[0] | 0x10, message[1])) for _, message in port.sent} >= struck


def test_a_song_without_a_port_obeys_stop_start_and_tempo() -> None:
    rig = Rig(PlayerConfig(bpm=120))
    rig.do(SetLoop(STEADY, 1), Start())
    rig.run_ms(1000)
    lose_port(rig)
    rig.do(Stop())
    assert rig.told(Anchor)[-1].motion is Motion.STOPPED
    rig.do(Start(3840))
    rig.run_ms(500)
    rig.do(SetTempo(240))
    rig.run_ms(500)
    port = give_port(rig)
    rig.run_ms(100)
    anchor = rig.told(Anchor)[-1]
    assert anchor.motion is Motion.ROLLING
    assert anchor.bpm == pytest.approx(240)
    now = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns).to_ticks(rig.clock.ns)
    assert now == pytest.approx(3840 + 960 + 1920 + 384, abs=2)
    rig.do(Stop())
    assert rig.told(Anchor)[-1].motion is Motion.STOPPED
    sent = len(port.sent)
    rig.run_ms(500)
    assert len(port.sent) == sent


def test_bars_that_pass_without_a_port_count() -> None:
    rig = Rig(PlayerConfig(bpm=120, bars=4))
    rig.do(SetLoop(STEADY, 1), Start())
    rig.run_ms(2000)
    lose_port(rig)
    rig.run_ms(4000)
    port = give_port(rig)
    rig.run_ms(2200)
    assert len(rig.told(Finished)) == 1
    assert notes_of(port.in_order(), cut=True)[-1].on < 8_020 * MS + 1_000 * MS
    rig.do(Start())
    rig.run_ms(2000)
    lose_port(rig)
    rig.run_ms(60_000)
    give_port(rig)
    rig.run_ms(10)
    assert len(rig.told(Finished)) == 2
    assert rig.told(Anchor)[-1].motion is Motion.STOPPED


def test_bars_that_end_unheard_leave_the_song_where_they_ended() -> None:
    rig = Rig(PlayerConfig(bars=4))
    rig.do(SetLoop(STEADY, 1), Start())
    rig.run_ms(BAR_MS / 2)
    lose_port(rig)
    rig.run_ms(6 * BAR_MS)
    give_port(rig)
    rig.run_ms(20)
    assert rig.told(Finished) == [Finished()]
    last = rig.told(Anchor)[-1]
    assert (last.motion, last.ticks) == (Motion.STOPPED, 4 * TICKS_PER_BAR)


def test_bars_that_pass_unheard_before_a_stop_count() -> None:
    rig = Rig(PlayerConfig(bars=4))
    rig.do(SetLoop(STEADY, 1), Start())
    rig.run_ms(BAR_MS / 2)
    lose_port(rig)
    rig.run_ms(2.5 * BAR_MS)
    rig.do(Stop())
    give_port(rig)
    rig.do(Start(None))
    rig.run_ms(1.2 * BAR_MS)
    assert rig.told(Finished) == [Finished()]


@pytest.mark.parametrize("then", [Stop(), Start(0)], ids=["stop", "start"])
def test_bars_that_end_unheard_before_a_stop_or_another_start_are_over_and_the_next_song_has_all_of_its_own(
    then: Start | Stop,
) -> None:
    rig = Rig(PlayerConfig(bars=2))
    rig.do(SetLoop(STEADY, 1), Start())
    rig.run_ms(BAR_MS)
    lose_port(rig)
    rig.clock.ns += round(3 * BAR_MS * MS)
    rig.do(then)
    assert len(rig.told(Finished)) == 1
    rig.do(Stop())
    port = give_port(rig)
    rig.do(Start(0))
    rig.run_ms(BAR_MS * 1.5)
    assert len(rig.told(Finished)) == 1
    assert port.sent
    rig.run_ms(BAR_MS)
    assert len(rig.told(Finished)) == 2


def test_bars_that_pass_unheard_before_another_start_count() -> None:
    rig = Rig(PlayerConfig(bars=4))
    rig.do(SetLoop(STEADY, 1), Start())
    rig.run_ms(BAR_MS / 2)
    lose_port(rig)
    rig.run_ms(2.5 * BAR_MS)
    rig.do(Start(None))
    rig.run_ms(BAR_MS / 10)
    give_port(rig)
    rig.run_ms(1.1 * BAR_MS)
    assert rig.told(Finished) == [Finished()]
