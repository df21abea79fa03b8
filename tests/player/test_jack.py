"""The player process on a real JACK server, heard by another program: exact frames, exact notes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mido
import pytest

from bridge.player import PlayerConfig
from bridge.player.messages import Finished, PortsOpened, SetLoop, Start, Stats, Sync
from tests.player.support import Running, assert_played, notes_of, random_loop
from tests.support.jackd import JackServer
from tests.support.peer import Peer, take

pytestmark = pytest.mark.jack

BPM = 300.0
STEADY = random_loop(21, density=0.25, feel=0.5)
RATE = 48_000
TAKES = 12  # short ones, on a machine that may be busy
FIRST_HITS = 3 * 128 + 500
"""Frames: how late the first step of a clock that did not run before may be. Its F8 is heard two periods
late, and until the second one its tempo is a guess, with half a clock's error here."""


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


@pytest.fixture
def clock(server: JackServer) -> Iterator[Peer]:
    """Sends MIDI clock. Not `peer`: a ring of two programs would make one of them a period late."""
    with Peer("clock") as peer:
        yield peer


@pytest.fixture
def peer(server: JackServer) -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def frames_of(ticks: float, bpm: float = BPM) -> float:
    return ticks * 60 * RATE / (960 * bpm)


def recorded(path: Path) -> list[tuple[int, bytes]]:
    """The channel messages of a file with their ticks."""
    now, messages = 0, []
    for message in mido.MidiFile(path).tracks[0]:
        now += message.time
        if not message.is_meta:
            messages.append((now, bytes(message.bytes())))
    return messages


@contextmanager
def playing(config: PlayerConfig, peer: Peer) -> Iterator[Running]:
    """A player whose output the peer hears. That a client joins is an xrun in itself, so takes begin after
    it."""
    with Running(config) as player:
        peer.connect(player.wait_for(PortsOpened).out, peer.inp)
        yield player


def test_what_arrives_is_what_was_recorded_and_every_event_is_on_its_frame(
    peer: Peer, tmp_path: Path
) -> None:
    path = tmp_path / "R.mid"
    bars, takes = 8, 0

    def measure() -> tuple[list[tuple[int, bytes]], Stats]:
        nonlocal takes
        takes += 1
        peer.forget()
        player.forget()
        player.send(Start())
        player.wait_for(Finished)
        return [(event.frame, event.message) for event in peer.heard()], player.wait_for(Stats)

    with playing(PlayerConfig(api="jack", bpm=BPM, bars=bars, record=str(path)), peer) as player:
        player.send(SetLoop(random_loop(1), 1))
        heard, stats = take(measure, peer, attempts=TAKES)
        ended = player.close()
    assert ended is not None
    assert ended.open_notes == 0
    assert mido.MidiFile(path).length == pytest.approx(takes * bars * 4 * 60 / BPM, abs=1e-6)

    written = [event for event in recorded(path) if event[0] >= (takes - 1) * bars * 3840]
    assert [message for _, message in heard] == [message for _, message in written]
    offsets = [frame - frames_of(ticks) for (frame, _), (ticks, _) in zip(heard, written, strict=True)]
    assert max(offsets) - min(offsets) <= 1
    notes = notes_of(heard)
    assert len(notes) > 100
    if takes == 1:
        assert stats.notes_sent == len(notes)
        assert (stats.late_handover, stats.lateness_ms["max"]) == (0, 0)


def channel_messages(peer: Peer) -> list[tuple[int, bytes]]:
    return [(frame, message) for frame, message in peer.heard() if message[0] < 0xF0]


def song_position(step: int) -> bytes:
    return bytes((0xF2, step & 127, step >> 7))


def test_a_foreign_clock_that_starts_stops_continues_and_jumps_is_followed(clock: Peer, peer: Peer) -> None:
    script = (  # what arms, from which sixteenth, for how many beats
        ((b"\xfa",), 0, 4),
        ((b"\xfc", b"\xfb"), 16, 3),
        ((b"\xfc", song_position(16 * 7 + 3), b"\xfb"), 16 * 7 + 3, 3),
        ((song_position(16 * 2),), 16 * 2, 3),
        ((b"\xfc", b"\xfa"), 0, 3),
    )

    def measure() -> None:
        peer.forget()
        events: list[tuple[int, bytes]] = []
        at = 0
        rolls = []
        for arming, step, beats in script:
            events += [(at, message) for message in arming]
            at += 1
            rolls.append((at, step * 240, beats * 960))
            events += [(at + 400 * tick, b"\xf8") for tick in range(24 * beats)]
            at += 400 * 24 * beats
        start = clock.play([*events, (at, b"\xfc")])
        peer.wait_until_frame(start + at + RATE // 10)
        heard = channel_messages(peer)
        notes_of(heard)  # nothing doubled, nothing left open
        for zero, at_ticks, length in rolls:
            first, last = start + zero, start + zero + frames_of(length)
            # what was struck before the jump was known may still sound for a moment
            mine = notes_of([(f, m) for f, m in heard if first <= f], cut=True)
            assert_played(
                [note for note in mine if note.on < last],
                STEADY,
                zero=first,
                per_tick=frames_of(1),
                at_ticks=at_ticks,
                until_ticks=at_ticks + length - 240,
                within=12,
                first_within=FIRST_HITS,
            )

    with playing(PlayerConfig(api="jack", sync=Sync.CLOCK), peer) as player:
        clock.connect(clock.out, player.wait_for(PortsOpened).inp or "")
        player.send(SetLoop(STEADY, 1))
        take(measure, peer, attempts=TAKES)
        stats = player.close()
    assert stats is not None
    assert stats.open_notes == 0
