"""Ableton Link: who wins over whose tempo, what a look at the session costs, how near our bar lines are.

    python -m benchmarks.link                the figures of docs/timing.md; Linux, root, two minutes
    python -m benchmarks.link --joins 5      quicker

Everything runs in a network namespace that has only `lo`, with a peer in a process of its own. The peer's
session is as young as it can be at each join: a program that left it just before comes back. On another
machine's radio network the phase is what that network makes it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.player.ableton import AbletonLink
from bridge.player.conductors import LinkConductor
from bridge.player.messages import ClockState
from bridge.ports import Clock, open_ports
from bridge.ports.sender import HostClock
from tests.support.jackd import JackServer
from tests.support.link_peer import LinkPeer
from tests.support.loopback import only_loopback

POLL_S = 0.01
LOOKS = 3000
PHASES = 400


def bare_join(peer: LinkPeer, bpm: float, wait_s: float) -> bool:
    """Join by the book but for a wait before it, and leave; whether the peer's tempo stayed as it was."""
    before = peer.see().bpm
    session = AbletonLink()
    time.sleep(wait_s)
    session.enter(bpm)
    peer.wait_for(lambda seen: seen.peers == 1)
    kept = abs(peer.see().bpm - before) < 0.1
    session.leave()
    peer.wait_for(lambda seen: seen.peers == 0)
    return kept


def our_join(peer: LinkPeer, bpm: float) -> bool:
    """Join as the player does, and leave; whether the peer's tempo stayed as it was."""
    before = peer.see().bpm
    conductor = joined(AbletonLink(), bpm, HostClock())
    kept = abs(peer.see().bpm - before) < 0.1
    conductor.leave()
    peer.wait_for(lambda seen: seen.peers == 0)
    return kept


def joined(session: AbletonLink, bpm: float, clock: Clock) -> LinkConductor:
    """A conductor that has found the peer."""
    conductor = LinkConductor(session, bpm)
    while conductor.status(0).clock is not ClockState.LOCKED:
        look(conductor, clock)
        time.sleep(POLL_S)
    return conductor


def look(conductor: LinkConductor, clock: Clock) -> int:
    """What the player does every 10 ms; returns how long it took, in ns."""
    now_ns = clock.now_ns()
    begun = time.perf_counter_ns()
    conductor.check(now_ns, now_ns + 45_000_000)
    return time.perf_counter_ns() - begun


def phases_ms(peer: LinkPeer, clock: Clock) -> list[float]:
    """How far our bar lines are off the peer's, look by look, while the song rolls."""
    conductor = joined(AbletonLink(), 120, clock)
    peer.play()
    found: list[float] = []
    while len(found) < PHASES:
        look(conductor, clock)
        time.sleep(POLL_S)
        if (line := conductor.line) is not None:
            seen, now_ns = peer.see(), clock.now_ns()
            beats = line.to_ticks(now_ns) / 960 - seen.beat_at(clock.to_host_ns(now_ns))
            found.append(abs((beats + 2) % 4 - 2) * 60e3 / seen.bpm)
    peer.stop()
    conductor.leave()
    peer.wait_for(lambda seen: seen.peers == 0)
    return found


@contextmanager
def jack_clock() -> Iterator[Clock]:
    """The frame counter of a JACK server without a sound card."""
    with JackServer():
        ports = open_ports("jack", None, None, inbox=_Nobody())
        yield ports.clock
        ports.close()


class _Nobody:
    def put(self, item: object, /) -> None:
        """Hear nothing."""


def spread(values: list[float]) -> str:
    """Median, 99th percentile and maximum."""
    ordered = sorted(values)
    ranks = (len(ordered) // 2, len(ordered) * 99 // 100, len(ordered) - 1)
    return " | ".join(f"{ordered[rank]:.3f}" for rank in ranks)


def main() -> None:
    """Measure all and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--joins", type=int, default=20, help="joins per row (20)")
    joins = parser.parse_args().joins
    with only_loopback(), LinkPeer(96) as peer:
        print("| joining | the session's tempo was kept |\n| --- | --- |")
        for wait_s in (0.0, 0.2, 0.6):
            kept = sum(bare_join(peer, 100.0 + number, wait_s) for number in range(joins))
            print(f"| Link alone, {wait_s:g} s after it was made | {kept} of {joins} |", flush=True)
        kept = sum(our_join(peer, 100.0 + number) for number in range(joins))
        print(f"| Groovebridge | {kept} of {joins} |\n", flush=True)

        print("| | p50 | p99 | max |\n| --- | --- | --- | --- |")
        clock = HostClock()
        conductor, looks = joined(AbletonLink(), 120, clock), []
        for _ in range(LOOKS):
            looks.append(look(conductor, clock) / 1000)
            time.sleep(0.001)
        conductor.leave()
        peer.wait_for(lambda seen: seen.peers == 0)
        print(f"| a look at the session, microseconds | {spread(looks)} |", flush=True)
        print(
            f"| phase against a peer, ms, ports of this machine's clock | {spread(phases_ms(peer, clock))} |"
        )
        with jack_clock() as frames:
            print(f"| phase against a peer, ms, JACK's frames | {spread(phases_ms(peer, frames))} |")


if __name__ == "__main__":
    main()
