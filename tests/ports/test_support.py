"""The real parts that the tests stand on: what they promise, they keep."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support import jackd
from tests.support.jackd import JackServer, said_by
from tests.support.peer import Peer, clock_events
from tests.support.takes import take

pytestmark = pytest.mark.jack


def litter(server: JackServer) -> list[Path]:
    return [path for path in Path("/dev/shm").glob("jack*") if server.name in path.name]


def test_a_server_is_there_while_it_runs_and_leaves_nothing() -> None:
    before = os.environ.get("JACK_DEFAULT_SERVER")
    with JackServer() as server:
        assert os.environ["JACK_DEFAULT_SERVER"] == server.name
        assert litter(server)
    assert os.environ.get("JACK_DEFAULT_SERVER") == before
    assert not litter(server)


def test_a_killed_server_gives_back_its_place_among_the_servers() -> None:
    """libjack lists eight servers, and strikes off a dead one when another of its name starts."""
    listed = Path("/dev/shm/jack-shm-registry")
    with JackServer() as server:
        assert server.name.encode() in listed.read_bytes()
        server.kill()
        assert server.name.encode() in listed.read_bytes()
    assert server.name.encode() not in listed.read_bytes()
    assert not litter(server)


def test_what_one_peer_plays_another_hears_on_the_same_frames(server: JackServer) -> None:
    with Peer("one") as one, Peer("two") as two:
        one.connect(one.out, two.inp)

        def measure() -> None:
            two.forget()
            events = clock_events(bpm=300, ticks=24)
            start = one.play(reversed(events))
            heard = two.wait_for(lambda heard: len(heard) >= len(events))
            assert [(frame - start, message) for frame, message in heard] == events

        take(measure, two)


def test_a_dirty_take_is_repeated_with_longer_periods_but_no_clean_fault(
    server: JackServer, peer: Peer
) -> None:
    takes = 0

    def dirty() -> None:
        nonlocal takes
        takes += 1
        before = peer.xruns()
        server.freeze()
        time.sleep(0.05)
        server.thaw()
        while peer.xruns() == before:
            time.sleep(0.001)
        raise AssertionError("spoilt by an xrun")

    with pytest.raises(pytest.fail.Exception, match="too busy to measure"):
        take(dirty, peer, patience_s=0)
    assert takes == 1
    period = peer.period
    assert take(lambda: dirty() if takes < 3 else "clean", peer) == "clean"
    assert takes == 3
    assert peer.period == 2 * period, "two takes were spoilt: a longer period bears more"

    def fault() -> None:
        raise AssertionError("a fault")

    with pytest.raises(AssertionError, match="a fault"):
        take(fault, peer)


def test_one_of_jacks_programs_that_does_not_end_says_nothing_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert said_by("echo", "running") == "running\n"
    monkeypatch.setattr(jackd, "_ANSWER_S", 0.2)
    assert said_by("sh", "-c", "echo running; exec sleep 60") == ""
