"""Notes out of a real JACK port and back in: the figure is right to a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bridge.groove.notes import TICKS_PER_BAR
from bridge.player import PlayerConfig
from bridge.player.messages import Loopback, MeasureLoopback, PortsOpened, SetLatency, SetLoop, SetSync, Sync
from bridge.studio.loopback import LoopbackError, in_words, measure
from tests.player.support import Running, assert_played, notes_of, random_loop
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import take

pytestmark = pytest.mark.jack

FRAME_MS = 1000 / 48_000
NOTES = 12
ECHO = 1200
"""Frames: more than two periods, even of the longest that a take may need."""
FRAMES_A_BAR = 400 * 96
STEADY = random_loop(21, density=0.25, feel=0.5)
ASKED = MeasureLoopback(NOTES)


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


@pytest.fixture
def peer(server: JackServer) -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def player(server: JackServer) -> Iterator[Running]:
    with Running(PlayerConfig(api="jack")) as player:
        player.wait_for(PortsOpened)
        yield player


def asking(player: Running) -> Callable[[], Loopback]:
    def ask() -> Loopback:
        player.forget()
        player.send(ASKED)
        return player.wait_for(Loopback)

    return ask


@pytest.mark.parametrize("frames", [ECHO, 1801])
def test_a_program_that_returns_notes_late_is_measured_to_a_frame(
    player: Running, peer: Peer, frames: int
) -> None:
    """The two connections are a ring, and JACK makes one of them a period late: that is part of the way."""
    peer.echo(frames)
    peer.connect("Groovebridge:out", peer.inp)
    peer.connect(peer.out, "Groovebridge:in")
    found, period = take(lambda: (asking(player)(), peer.period), peer)
    assert (found.sent, found.heard, found.trouble) == (NOTES, NOTES, "")
    assert found.latency_ms == pytest.approx((frames + period) * FRAME_MS, abs=FRAME_MS)
    assert found.jitter_max_ms <= FRAME_MS


@pytest.mark.parametrize("makes_up", [False, True])
def test_what_was_measured_puts_our_drums_on_the_clock_that_we_follow(
    player: Running, peer: Peer, makes_up: bool
) -> None:
    """The peer is a DAW that returns notes at once and sends clock: a ring, and one way is a period late."""
    peer.connect("Groovebridge:out", peer.inp)
    peer.connect(peer.out, "Groovebridge:in")
    player.send(SetLoop(STEADY, 1))
    clock = [(400 * tick, b"\xf8") for tick in range(24 * 9)]  # 300 BPM
    zero = 400 * 24 + 1
    started = sorted([*clock, (zero - 201, b"\xfa"), (400 * 24 * 9, b"\xfc")])

    def follow() -> None:
        player.send(SetSync(Sync.INTERNAL), SetLatency(0))
        peer.echo(ECHO)
        round_ms = asking(player)().latency_ms - ECHO * FRAME_MS
        peer.echo(None)
        player.send(SetSync(Sync.CLOCK), SetLatency(round_ms if makes_up else 0))
        peer.forget()
        start = peer.play(started)
        peer.wait_until_frame(start + 400 * 24 * 9 + 4800)
        heard = notes_of([(frame, message) for frame, message in peer.heard() if message[0] < 0xF0])
        assert_played(
            heard,
            STEADY,
            zero=start + zero - 1 + FRAMES_A_BAR + (0 if makes_up else peer.period),
            per_tick=10,
            at_ticks=TICKS_PER_BAR,
            until_ticks=2 * TICKS_PER_BAR - 960,
            within=4,
            first_within=4,
            begins=False,
        )

    take(follow, peer)


def test_our_own_output_at_our_own_input_takes_no_time(player: Running, peer: Peer) -> None:
    peer.connect("Groovebridge:out", "Groovebridge:in")
    found = take(asking(player), peer)
    assert found.heard == NOTES
    assert found.latency_ms == pytest.approx(0, abs=FRAME_MS)


def test_the_command_waits_for_the_loop_and_says_what_to_set(peer: Peer) -> None:
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        if len(said) == 2:  # it has said that nothing comes back yet
            peer.echo(ECHO)
            peer.connect("Groovebridge:out", peer.inp)
            peer.connect(peer.out, "Groovebridge:in")

    found = take(lambda: measured(said, say), peer)
    assert found.heard == NOTES
    assert f"--sync clock --latency {(ECHO + peer.period) * FRAME_MS:.1f}`" in in_words(found)


def measured(said: list[str], say: Callable[[str], None]) -> Loopback:
    said.clear()
    return measure(PlayerConfig(api="jack"), NOTES, 20, say)


def test_where_nothing_comes_back_there_is_a_sentence_that_says_what_to_do(server: Any) -> None:
    with pytest.raises(LoopbackError, match="No note came back"):
        measure(PlayerConfig(api="jack"), NOTES, 0, lambda _: None)


def test_a_port_that_is_not_there_is_told_of(server: Any) -> None:
    with pytest.raises(LoopbackError, match="Nobody"):
        measure(PlayerConfig(api="jack", out="Nobody"), NOTES, 0, lambda _: None)
