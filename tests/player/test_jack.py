"""The player process on a real JACK server, heard by another program: exact frames, exact notes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mido
import pytest

from bridge.player import PlayerConfig
from bridge.player.messages import Finished, PortsOpened, SetLoop, Start, Stats
from tests.player.support import Running, notes_of, random_loop
from tests.support.jackd import JackServer
from tests.support.peer import Peer, take

pytestmark = pytest.mark.jack

BPM = 300.0
RATE = 48_000


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


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
        heard, stats = take(measure, peer)
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
