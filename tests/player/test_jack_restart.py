"""A real player through the restart of a real JACK server: the song goes on in time."""

from __future__ import annotations

import time

import pytest

from bridge.player import PlayerConfig
from bridge.player.messages import Anchor, Fault, Motion, Notice, PortsOpened, SetLoop, Start
from bridge.timing import BeatMap
from tests.player.support import Running, assert_played, notes_of, random_loop
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import LONGEST, take

BPM = 300.0
RATE = 48_000
STEADY = random_loop(21, density=0.25, feel=0.5)


def frames_of(ticks: float) -> float:
    return ticks * 60 * RATE / (960 * BPM)


def channel_messages(peer: Peer) -> list[tuple[int, bytes]]:
    return [(frame, message) for frame, message in peer.heard() if message[0] < 0xF0]


def at_once(peer: Peer) -> tuple[int, int]:
    """The server's frame and the host's time at one moment: of some readings, the quickest."""
    readings = []
    for _ in range(20):
        before = time.perf_counter_ns()
        frame = peer.frame()
        readings.append((time.perf_counter_ns() - before, frame, before))
    took_ns, frame, before = min(readings)
    return frame, before + took_ns // 2


@pytest.mark.jack
def test_a_server_that_is_restarted_is_found_and_the_song_goes_on_where_it_would_be() -> None:
    # Long periods, for few xruns: each puts the song, which goes by frames, back against the host's time.
    with JackServer(LONGEST) as server, Running(PlayerConfig(api="jack", bpm=BPM)) as player:
        opened = player.wait_for(PortsOpened)
        player.send(SetLoop(STEADY, 1), Start())
        before = player.wait_for(Anchor, lambda anchor: anchor.motion is Motion.ROLLING)
        server.stop()
        assert player.wait_for(Fault).ports_lost
        player.forget()
        server.start()
        assert player.wait_for(PortsOpened) == opened
        assert player.wait_for(Notice).text == "The MIDI port Groovebridge:out is back."
        song = BeatMap.at(before.bpm, before.ticks, before.at_ns)
        with Peer() as peer:
            peer.connect(opened.out, peer.inp)

            def measure() -> None:
                peer.forget()
                frame, now_ns = at_once(peer)
                first = int(song.to_ticks(now_ns)) // 240 * 240 + 480
                peer.wait_until_frame(frame + round(frames_of(2 * 3840)))
                assert_played(
                    notes_of(closed(channel_messages(peer)), cut=True),
                    STEADY,
                    zero=frame + (song.to_ns(first) - now_ns) * RATE / 1e9,
                    per_tick=frames_of(1),
                    at_ticks=first,
                    until_ticks=first + 6 * 960,
                    within=RATE // 50,
                    first_within=RATE // 50,
                    begins=False,
                )

            take(measure, peer)
        stats = player.close()
    assert stats is not None
    assert stats.open_notes == 0


def closed(messages: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """With a note-off for what still sounds: we stop listening in the midst of the song."""
    end = messages[-1][0] + 1 if messages else 0
    sounding: dict[int, None] = {}
    for _, message in messages:
        if message[0] & 0xF0 == 0x90:
            sounding[message[1]] = None
        else:
            sounding.pop(message[1], None)
    return [*messages, *((end, bytes((0x89, key, 0))) for key in sounding)]
