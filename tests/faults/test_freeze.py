"""The studio stands still, or the DAW goes away: the player keeps its time, and its manners."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from bridge.player.messages import Sync
from tests.faults.doomed import BAR, BPM, LOOP, PER_TICK, RATE, channel_messages, studio
from tests.player.support import assert_played, notes_of
from tests.support.jackd import JackServer
from tests.support.peer import Peer, clock_events
from tests.support.takes import retake, undisturbed

pytestmark = [pytest.mark.jack, pytest.mark.skipif(sys.platform == "win32", reason="stops with signals")]


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


@pytest.fixture
def peer(server: JackServer) -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def test_a_studio_frozen_for_five_seconds_delays_no_note_and_hears_again_once_it_is_thawed(
    peer: Peer,
) -> None:
    def measure() -> None:
        with Peer("daw") as daw, studio(peer, Sync.CLOCK) as doomed:
            daw.connect(daw.out, doomed.inp)
            daw.play(clock_events(BPM, 24, start=b""))  # so that its tempo is known when it starts
            with undisturbed(peer):
                peer.wait_until_frame(peer.frame() + round(BAR / 2))
                start = 1 + daw.play([*clock_events(BPM, 24 * 4 * 7), (round(7 * BAR), b"\xfc")])
                peer.wait_until_frame(round(start + BAR / 2))
                doomed.process.send_signal(signal.SIGSTOP)
                peer.wait_until_frame(round(start + 6.8 * BAR))
                doomed.process.send_signal(signal.SIGCONT)
                peer.wait_until_frame(round(start + 7 * BAR + RATE / 10))
                assert_played(
                    notes_of(channel_messages(peer)),
                    LOOP,
                    zero=start,
                    per_tick=PER_TICK,
                    at_ticks=0,
                    until_ticks=7 * 3840 - 240,
                    within=12,
                    first_within=3 * peer.period + 500,  # a clock that has only just begun is heard late
                )
            assert doomed.hears("Stats")  # of the stop, which came after it was thawed

    retake(measure, peer)


def test_a_daw_that_quits_is_followed_for_a_second_and_no_longer_and_so_is_the_next(peer: Peer) -> None:
    def measure() -> None:
        with studio(peer, Sync.CLOCK) as doomed:
            with Peer("daw") as daw:
                daw.connect(daw.out, doomed.inp)
                start = daw.play(clock_events(BPM, 24 * 4 * 20))
                peer.wait_until_frame(round(start + 1.5 * BAR))
            quit_at = peer.frame()
            peer.wait_until_frame(quit_at + 2 * RATE)
            first = notes_of(channel_messages(peer), cut=True)  # a client that leaves may swallow a note-on
            peer.forget()
            assert quit_at < first[-1].off < quit_at + 1.3 * RATE
            with Peer("daw") as daw:
                daw.connect(daw.out, doomed.inp)
                start = daw.play([*clock_events(BPM, 24 * 4 * 2), (round(2 * BAR), b"\xfc")])
                peer.wait_until_frame(round(start + 2 * BAR + RATE / 10))
            assert len(notes_of(channel_messages(peer), cut=True)) > 40

    retake(measure, peer)
