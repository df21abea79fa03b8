"""A real Ableton Link session with real peers, each a process, on a network that has only `lo`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.player.ableton import AbletonLink
from bridge.player.conductors import LinkConductor
from bridge.player.messages import Anchor, ClockState, Motion, PlayerConfig, SetTempo, Start, Stop, Sync
from tests.player.support import Running
from tests.support.link_peer import LinkPeer, Seen
from tests.support.loopback import only_loopback

pytestmark = pytest.mark.link

NETWORKS, TIMES = 5, 4


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    try:
        with only_loopback():
            yield
    except PermissionError as error:
        pytest.skip(f"a network namespace of our own takes root: {error}")


def join_again_and_again(first_bpm: float) -> list[float]:
    """In a network of its own, join a session that is there, leave, and come back at once; its tempi."""
    with only_loopback(), LinkPeer(first_bpm) as peer:
        session, tempi = AbletonLink(), []
        for number in range(TIMES):
            conductor = LinkConductor(session, 180.0 + number)
            while conductor.status(0).clock is not ClockState.LOCKED:
                now_ns = time.perf_counter_ns()
                conductor.check(now_ns, now_ns)
                time.sleep(0.005)
            tempi += [peer.see().bpm, conductor.status(0).bpm or 0.0]
            conductor.leave()
            peer.wait_for(lambda seen: seen.peers == 0)  # from now on its session is as young as it can be
        return tempi


def test_joining_never_changes_the_tempo_of_a_session_that_is_there() -> None:
    bpms = [90.0 + number for number in range(NETWORKS)]
    with ThreadPoolExecutor(NETWORKS) as threads:
        for bpm, tempi in zip(bpms, threads.map(join_again_and_again, bpms), strict=True):
            assert tempi == pytest.approx([bpm] * 2 * TIMES, abs=0.01)


def off_ms(anchor: Anchor, seen: Seen) -> float:
    """How far the song is off the peer's bar lines."""
    beats = anchor.ticks / 960 - seen.beat_at(anchor.at_ns)
    return ((beats + 2) % 4 - 2) * 60e3 / seen.bpm


def test_tempo_phase_start_and_stop_go_both_ways() -> None:
    def told(bpm: float, motion: Motion) -> Anchor:
        return player.wait_for(
            Anchor, lambda each: abs(each.bpm - bpm) < 0.01 and each.motion is motion and each.peers == 1
        )

    with LinkPeer(131) as peer:
        player = Running(PlayerConfig(api="none", sync=Sync.LINK, bpm=77))
        try:
            told(131, Motion.STOPPED)
            peer.set_tempo(240)
            told(240, Motion.STOPPED)
            player.send(SetTempo(300))
            seen = peer.wait_for(lambda seen: abs(seen.bpm - 300) < 0.01)
            assert not seen.playing

            peer.play()
            anchor = told(300, Motion.ROLLING)
            assert abs(off_ms(anchor, peer.see())) < 1
            assert -960 < anchor.ticks < 960  # bar 1 is on the bar line that the peer named
            peer.stop()
            player.forget()
            told(300, Motion.STOPPED)

            player.forget()
            player.send(Start(7680))
            anchor = told(300, Motion.ROLLING)
            seen = peer.wait_for(lambda seen: seen.playing)
            assert abs((seen.start_beat + 2) % 4 - 2) < 1e-3
            assert abs(off_ms(anchor, seen)) < 1
            assert anchor.ticks / 960 - seen.beat_at(anchor.at_ns) == pytest.approx(
                8 - seen.start_beat, abs=0.01
            )
            player.send(Stop())
            peer.wait_for(lambda seen: not seen.playing)
        finally:
            player.close()
        peer.wait_for(lambda seen: seen.peers == 0)
        assert peer.see().bpm == pytest.approx(300, abs=0.01)
