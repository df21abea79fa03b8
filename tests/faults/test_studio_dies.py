"""The studio's process dies; the player, which is another process, plays on for the next."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeVar

import pytest

from bridge.groove.notes import loop_notes
from bridge.player import PlayerConfig, PlayerLink, meeting
from bridge.player.alone import STAND_NS
from bridge.player.meeting import take_up
from bridge.player.messages import Anchor, LoopPlaying, Motion, PortsOpened, Report, Stop, Sync
from tests.faults.doomed import BAR, BPM, LOOP, PER_TICK, RATE, channel_messages, studio
from tests.player.support import assert_played, notes_of
from tests.support.jackd import JackServer
from tests.support.peer import Peer, clock_events
from tests.support.takes import retake, undisturbed

pytestmark = [pytest.mark.jack, pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")]


_T = TypeVar("_T")


def until(ready: Callable[[], _T | None]) -> _T:
    """The answer, once there is one."""
    deadline = time.monotonic() + 10
    while not (answer := ready()):
        assert time.monotonic() < deadline
        time.sleep(0.01)  # no event tells of what another process does
    return answer


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


@pytest.fixture
def peer(server: JackServer) -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def test_a_studio_that_starts_again_takes_up_the_player_and_nobody_hears_it(peer: Peer) -> None:
    """Killed in the second bar, taken up in the fourth, stopped in the seventh: it is one song."""

    def measure() -> None:
        reports: list[Report] = []
        with studio(peer) as doomed, ExitStack() as links:
            with undisturbed(peer):
                begin = peer.wait_for(lambda events: len(events) > 0)[0].frame
                peer.wait_until_frame(round(begin + 1.3 * BAR))
                doomed.kill()
                peer.wait_until_frame(round(begin + 3.1 * BAR))
                orphan = take_up(None)
                assert orphan is not None
                link = links.enter_context(PlayerLink(orphan.legacy.config, reports.append, orphan))
                peer.wait_until_frame(round(begin + 6.2 * BAR))
                link.send(Stop())
                peer.wait_until_frame(round(begin + 6.4 * BAR))
                first = min(max(0, note.start_ticks) for note in loop_notes(LOOP))
                assert_played(
                    notes_of(channel_messages(peer)),
                    LOOP,
                    zero=begin - first * PER_TICK,
                    per_tick=PER_TICK,
                    at_ticks=0,
                    until_ticks=6 * 3840,
                    within=1.5,
                    first_within=1.5,
                )
            stats = link.close()
            assert doomed.player_ends(5)
        assert stats is not None and stats.open_notes == 0
        assert orphan.legacy.memo == b"what the studio was set to"
        assert [loop.loop_id for loop in orphan.legacy.loops] == [7]
        assert [type(report) for report in reports[:3]] == [PortsOpened, LoopPlaying, Anchor]
        rolls = reports[2]
        assert isinstance(rolls, Anchor) and rolls.motion is Motion.ROLLING and rolls.bpm == BPM

    retake(measure, peer)


def test_alone_it_follows_its_clock_and_ends_with_its_stop(peer: Peer) -> None:
    def measure() -> None:
        with Peer("daw") as daw, studio(peer, Sync.CLOCK) as doomed:
            daw.connect(daw.out, doomed.inp)
            with undisturbed(peer):
                doomed.kill()
                start = daw.play([*clock_events(BPM, 24 * 8), (round(2 * BAR), b"\xfc")])
                peer.wait_until_frame(round(start + 2 * BAR + RATE / 10))
                notes = notes_of(channel_messages(peer))
                assert len(notes) > 40
                assert notes[-1].off <= start + 2 * BAR + 1024
                assert not doomed.player_ends(0)
            assert doomed.player_ends(5)
            assert peer.frame() >= start + 2 * BAR + STAND_NS * RATE / 1e9

    retake(measure, peer)


def test_the_player_of_a_studio_that_lives_or_is_frozen_is_not_for_the_taking(peer: Peer) -> None:
    with studio(peer) as doomed:
        assert take_up(None) is None
        doomed.process.send_signal(signal.SIGSTOP)
        assert take_up(None) is None
        doomed.process.send_signal(signal.SIGCONT)


def test_one_that_a_studio_does_not_want_plays_on_for_the_next(peer: Peer) -> None:
    with studio(peer) as doomed:
        peer.wait_for(lambda events: len(events) > 4)
        doomed.kill()
        until(lambda: any(meeting._folder().glob("player-*.json")))  # it has seen that it is alone
        assert take_up(PlayerConfig(api="jack", out="peer:in")) is None
        orphan = until(lambda: take_up(PlayerConfig(api="jack", bpm=90)))
        orphan.pipe.close()
