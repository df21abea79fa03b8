"""More MIDI comes in than anyone can hear: notes are on their frames, commands obeyed, memory stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.groove.notes import loop_notes
from bridge.player import PlayerConfig
from bridge.player.intake import CLOCKS, ORDERS, OTHERS, Intake
from bridge.player.messages import (
    Anchor,
    LoopPlaying,
    Motion,
    PortsOpened,
    SetLoop,
    SetSync,
    Start,
    Stop,
    Sync,
)
from bridge.ports import Incoming, PortLost
from tests.player.support import Running, assert_played, notes_of, random_loop
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import retake, undisturbed

BPM = 300.0
RATE = 48_000
PER_TICK = 60 * RATE / (960 * BPM)
LOOP = random_loop(21, density=0.25, feel=0.5)
NOTE, CLOCK, START = b"\x90\x24\x40", b"\xf8", b"\xfa"


def kept(message: bytes, count: int, inbox: SimpleQueue[object] | None = None) -> int:
    """How many of so many messages in a row get in."""
    inbox = inbox or SimpleQueue()
    before = inbox.qsize()
    intake = Intake(inbox)
    for number in range(count):
        intake.put(Incoming(message, number))
    assert inbox.qsize() - before + intake.dropped == count
    return inbox.qsize() - before


@pytest.mark.parametrize(("message", "limit"), [(NOTE, OTHERS), (CLOCK, CLOCKS), (START, ORDERS)])
def test_no_more_waits_than_can_be_heard_soon(message: bytes, limit: int) -> None:
    assert kept(message, 3 * ORDERS) == limit


def test_a_flood_of_notes_keeps_out_no_clock_and_one_of_clock_no_start_and_neither_a_command() -> None:
    inbox: SimpleQueue[object] = SimpleQueue()
    assert kept(NOTE, ORDERS, inbox) == OTHERS
    assert kept(CLOCK, 10, inbox) == 10
    assert kept(CLOCK, ORDERS, inbox) > 0
    assert kept(START, 10, inbox) == 10
    kept(START, ORDERS, inbox)
    waiting = inbox.qsize()
    for item in (Stop(), PortLost("Gone.")):
        Intake(inbox).put(item)
    assert inbox.qsize() == waiting + 2


@given(st.lists(st.binary(max_size=8), max_size=60))
def test_any_bytes_are_taken_in_order_but_system_exclusive_and_nothing(messages: list[bytes]) -> None:
    inbox: SimpleQueue[object] = SimpleQueue()
    intake = Intake(inbox)
    for message in messages:
        intake.put(Incoming(message, 0))
    came = [inbox.get() for _ in range(inbox.qsize())]
    assert came == [Incoming(message, 0) for message in messages if message and message[0] != 0xF0]
    assert intake.dropped == 0


# --- a real player ------------------------------------------------------------------------------------------


@pytest.fixture
def peer() -> Iterator[Peer]:
    with JackServer(), Peer() as peer:
        yield peer


def memory_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def flood_of(seconds: float, *kinds: bytes) -> list[tuple[int, bytes]]:
    """10,000 messages a second of these kinds in turn, as (frame, message): ten MIDI cables, filled."""
    return [
        (number * RATE // 10_000, kinds[number % len(kinds)]) for number in range(round(10_000 * seconds))
    ]


GARBAGE = (
    NOTE,
    b"\xf0" + bytes(60) + b"\xf7",
    b"\x00",
    b"\xff",
    b"\xf2\x01",
    b"\xb0\x07\x40",
    b"\xfd",
    b"\xf7",
)


@pytest.mark.jack
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("kinds", [GARBAGE, (CLOCK, START, NOTE, b"\xfc", b"\xf2\x10\x00")])
def test_notes_are_on_their_frames_and_a_stop_is_obeyed_in_a_flood(
    peer: Peer, kinds: tuple[bytes, ...]
) -> None:
    events = flood_of(2.5, *kinds)

    def measure() -> None:
        with Running(PlayerConfig(api="jack", bpm=BPM)) as player, Peer("flood") as flood:
            opened = player.wait_for(PortsOpened)
            player.send(SetLoop(LOOP, 1))
            player.wait_for(LoopPlaying)
            peer.connect(opened.out, peer.inp)
            flood.connect(flood.out, opened.inp or "")
            peer.forget()
            pid = player.link.pid
            assert pid is not None
            before_kb = memory_kb(pid)
            begin = flood.play(events, flood.frame() + RATE)  # to take up so much is an xrun in itself
            peer.wait_until_frame(begin + RATE // 10)
            with undisturbed(peer):
                player.send(Start())
                peer.wait_until_frame(round(begin + 2.2 * RATE))
                player.forget()
                player.send(Stop())
                player.wait_for(Anchor, lambda anchor: anchor.motion is Motion.STOPPED, timeout_s=2)
                stopped = peer.frame()
                peer.wait_until_frame(stopped + 4 * peer.period)  # the note-offs are out by then
                grown_kb = memory_kb(pid) - before_kb
                heard = [(frame, message) for frame, message in peer.heard() if message[0] < 0xF0]
                notes = notes_of(heard)
                first = min(max(0, note.start_ticks) for note in loop_notes(LOOP))
                bars = int((notes[-1].on - notes[0].on) / (3840 * PER_TICK))
                assert bars >= 2
                assert_played(
                    notes,
                    LOOP,
                    zero=notes[0].on - first * PER_TICK,
                    per_tick=PER_TICK,
                    at_ticks=0,
                    until_ticks=bars * 3840,
                    within=1.5,
                    first_within=1.5,
                )
                assert stopped < begin + events[-1][0], "the flood was over before Stop was obeyed"
                assert grown_kb < 4000
            stats = player.close()
        assert stats is not None
        assert stats.open_notes == 0
        assert stats.late_handover == 0

    retake(measure, peer)


@pytest.mark.jack
def test_a_clock_at_an_absurd_rate_can_be_left(peer: Peer) -> None:
    def measure() -> None:
        with Running(PlayerConfig(api="jack", sync=Sync.CLOCK)) as player, Peer("flood") as flood:
            opened = player.wait_for(PortsOpened)
            player.send(SetLoop(LOOP, 1))
            peer.connect(opened.out, peer.inp)
            flood.connect(flood.out, opened.inp or "")
            peer.forget()
            begin = flood.play([(0, START), *flood_of(1.5, CLOCK)], flood.frame() + RATE)
            peer.wait_until_frame(begin + RATE // 10)
            peer.forget()  # an xrun at its begin may swallow a note-on; the note-off comes all the same
            with undisturbed(peer):
                peer.wait_until_frame(begin + RATE)
                player.send(SetSync(Sync.INTERNAL))
                player.wait_for(Anchor, lambda anchor: anchor.sync is Sync.INTERNAL, timeout_s=2)
                peer.wait_until_frame(peer.frame() + RATE // 10)
                heard = [(frame, message) for frame, message in peer.heard() if message[0] < 0xF0]
                notes_of(heard, cut=True)
            stats = player.close()
        assert stats is not None
        assert stats.open_notes == 0

    retake(measure, peer)
