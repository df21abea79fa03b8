"""Time jumps: the machine slept, the player was stopped, somebody set the clock on the wall."""

from __future__ import annotations

import ast
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.groove.notes import LOOP_TICKS, loop_notes
from bridge.player import PlayerConfig
from bridge.player.messages import (
    Anchor,
    Finished,
    LoopPlaying,
    Motion,
    PortsOpened,
    SetLoop,
    Start,
    Stop,
    Sync,
)
from bridge.ports.base import Incoming
from tests.player.support import MS, Rig, Running, assert_played, notes_of, random_loop
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import retake, undisturbed

LOOP = random_loop(21, density=0.25, feel=0.5)
NS_PER_TICK = 500 * MS / 960
HOUR_NS = 3_600_000_000_000
SLEEPS_NS = (300 * MS, 5_000 * MS, HOUR_NS, 30 * 24 * HOUR_NS)


def sleep(rig: Rig, ns: int) -> int:
    """The clock jumps while nothing runs; when it is over."""
    rig.clock.ns += ns
    return rig.clock.ns


@pytest.mark.parametrize("slept_ns", SLEEPS_NS)
def test_after_sleep_the_song_is_where_it_would_be_and_nothing_that_was_missed_is_poured_out(
    slept_ns: int,
) -> None:
    rig = Rig()
    rig.do(SetLoop(LOOP, 1), Start())
    rig.run_ms(1900)
    rolls = rig.told(Anchor)[-1]
    woke_ns = sleep(rig, slept_ns)
    rig.run_ms(9000)
    rig.do(Stop())
    rig.run_ms(50)
    notes = notes_of(rig.port.in_order())
    position = rolls.ticks + (woke_ns - rolls.at_ns) / NS_PER_TICK
    first = int(position // 240 + 2) * 240
    assert_played(
        [note for note in notes if note.on >= woke_ns],
        LOOP,
        zero=rolls.at_ns + (first - rolls.ticks) * NS_PER_TICK,
        per_tick=NS_PER_TICK,
        at_ticks=first,
        until_ticks=first + LOOP_TICKS,
        within=10,
        first_within=10,
        begins=False,
    )
    at_once = [note for note in notes if woke_ns <= note.on < woke_ns + 50 * MS]
    assert len(at_once) <= 2 * 9  # a sixteenth is 125 ms: one step, and what is late of the one before
    assert rig.engine.stats().open_notes == 0


def test_what_sounded_when_the_machine_fell_asleep_is_closed_when_it_wakes() -> None:
    rig = Rig()
    rig.do(SetLoop(random_loop(3, density=0.9), 1), Start())
    rig.run_ms(1000)
    sounding = set(rig.engine._transport.output.open_keys)  # type: ignore[union-attr]
    assert sounding
    woke_ns = sleep(rig, HOUR_NS)
    rig.engine.advance(rig.clock.ns)
    closed = {
        (message[0] & 15) << 7 | message[1]
        for due, message in rig.port.in_order()
        if message[0] >> 4 == 8 and due <= woke_ns + rig.port.lead_ns
    }
    assert sounding <= closed


def test_clock_listeners_are_told_where_the_song_is_after_sleep() -> None:
    rig = Rig(PlayerConfig(send_clock=True))
    rig.do(SetLoop(LOOP, 1), Start())
    rig.run_ms(1000)
    woke_ns = sleep(rig, HOUR_NS)
    rig.run_ms(500)
    told = [(due, message) for due, message in rig.port.in_order() if message[0] >= 0xF0 and due >= woke_ns]
    assert [message[0] for _, message in told[:4]] == [0xFC, 0xF2, 0xFB, 0xF8]
    step = told[1][1][1] | told[1][1][2] << 7
    anchor = rig.told(Anchor)[-1]
    ticks = anchor.ticks + (told[3][0] - anchor.at_ns) / NS_PER_TICK
    assert ticks % (240 << 14) == pytest.approx(step * 240, abs=1e-3)


def test_bars_that_were_slept_through_are_over() -> None:
    rig = Rig(PlayerConfig(bars=8))
    rig.do(SetLoop(LOOP, 1), Start())
    rig.run_ms(1000)
    sleep(rig, HOUR_NS)
    rig.run_ms(200)
    assert rig.told(Finished)
    assert rig.told(Anchor)[-1].motion is Motion.STOPPED
    notes_of(rig.port.in_order())


def test_a_followed_song_stands_after_sleep_until_its_clock_starts_again() -> None:
    rig = Rig(PlayerConfig(sync=Sync.CLOCK))
    rig.do(SetLoop(LOOP, 1), Incoming(b"\xfa", rig.clock.ns))

    def ticks(count: int) -> None:
        for _ in range(count):
            rig.do(Incoming(b"\xf8", rig.clock.ns))
            rig.run_ms(500 / 24)

    ticks(96)
    woke_ns = sleep(rig, HOUR_NS)
    rig.run_ms(100)
    ticks(48)  # a clock that runs on; nobody has said that the song does
    assert rig.told(Anchor)[-1].motion is Motion.STOPPED
    assert not [message for due, message in rig.port.sent if message[0] >> 4 == 9 and due > woke_ns]
    rig.do(Incoming(b"\xfa", rig.clock.ns))
    began_ns = rig.clock.ns
    ticks(48)
    rig.do(Incoming(b"\xfc", rig.clock.ns))
    rig.run_ms(100)
    assert [note for note in notes_of(rig.port.in_order()) if note.on >= began_ns]


# --- the clock on the wall ----------------------------------------------------------------------------------

BRIDGE = Path(__file__).parents[2] / "bridge"
WALL = {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "datetime", "date", "CLOCK_REALTIME"}


def wall_clock_uses(source: str) -> list[str]:
    """Each place where a module reads the time of day."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [f"import {name.name}" for name in node.names if name.name.startswith("datetime")]
        elif isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            found += [f"from {node.module} import {name.name}" for name in node.names if name.name in WALL]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("time", "datetime"):
            found += [f"line {node.lineno}: {ast.unparse(node)}"] if node.attr in WALL else []
    return found


def test_a_wall_clock_that_is_set_moves_nothing_because_nothing_that_keeps_time_reads_it() -> None:
    modules = [
        path for part in ("timing", "ports", "player", "realtime") for path in (BRIDGE / part).rglob("*.py")
    ]
    assert len(modules) > 30
    assert {str(path): found for path in modules if (found := wall_clock_uses(path.read_text()))} == {}


@pytest.mark.parametrize(
    "source", ["import time\ntime.time()", "from time import time_ns", "import datetime", "time.localtime"]
)
def test_the_test_above_sees_a_wall_clock(source: str) -> None:
    assert wall_clock_uses(source)


# --- a real player ------------------------------------------------------------------------------------------

BPM = 300.0
RATE = 48_000
PER_TICK = 60 * RATE / (960 * BPM)
BAR = 3840 * PER_TICK


@pytest.fixture
def peer() -> Iterator[Peer]:
    with JackServer(), Peer() as peer:
        yield peer


@pytest.mark.jack
@pytest.mark.skipif(sys.platform == "win32", reason="stops the player with a signal")
def test_a_player_that_is_stopped_and_continued_is_in_phase_again_and_leaves_nothing_open(peer: Peer) -> None:
    def measure() -> None:
        with Running(PlayerConfig(api="jack", bpm=BPM)) as player:
            opened = player.wait_for(PortsOpened)
            player.send(SetLoop(LOOP, 1))
            player.wait_for(LoopPlaying)
            peer.connect(opened.out, peer.inp)
            peer.forget()
            pid = player.link.pid
            assert pid is not None
            with undisturbed(peer):
                player.send(Start())
                first = min(max(0, note.start_ticks) for note in loop_notes(LOOP))
                begin = peer.wait_for(lambda events: len(events) > 0)[0].frame - first * PER_TICK
                peer.wait_until_frame(round(begin + 1.3 * BAR))
            os.kill(pid, signal.SIGSTOP)  # JACK has xruns now
            peer.wait_until_frame(round(begin + 2.6 * BAR))
            os.kill(pid, signal.SIGCONT)
            peer.wait_until_frame(round(begin + 2.9 * BAR))
            with undisturbed(peer):
                peer.wait_until_frame(round(begin + 5.1 * BAR))
                player.send(Stop())
                player.wait_for(Anchor, lambda anchor: anchor.motion is Motion.STOPPED)
                peer.wait_until_frame(peer.frame() + RATE // 10)
                heard = [(frame, message) for frame, message in peer.heard() if message[0] < 0xF0]
                notes = notes_of(heard, cut=True)
                burst = [note for note in notes if 0 <= note.on - (begin + 2.6 * BAR) < RATE // 20]
                assert len(burst) <= 2 * 9
                assert_played(
                    notes,
                    LOOP,
                    zero=begin + 3 * BAR,
                    per_tick=PER_TICK,
                    at_ticks=3 * 3840,
                    until_ticks=5 * 3840,
                    within=2,
                    first_within=2,
                    begins=False,
                )
            stats = player.close()
        assert stats is not None
        assert stats.open_notes == 0

    retake(measure, peer)
