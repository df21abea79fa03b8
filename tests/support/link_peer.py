"""Another program on Ableton Link: a peer in a process of its own, that owes nothing to the code under test.

with LinkPeer(bpm=96) as peer:
    peer.wait_for(lambda seen: seen.peers == 1)
    peer.set_tempo(133)
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The session as the peer sees it; at `at_ns` (perf_counter_ns) the session's beat was `beat`."""

    bpm: float
    peers: int
    playing: bool
    start_beat: float
    at_ns: int
    beat: float

    def beat_at(self, at_ns: int) -> float:
        """The beat at another moment of `time.perf_counter_ns`."""
        return self.beat + (at_ns - self.at_ns) * self.bpm / 60e9


class LinkPeer:
    """A peer with start/stop sync. When the constructor returns its session stands, if only just."""

    def __init__(self, bpm: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.link_peer", str(bpm)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.see()

    def see(self) -> Seen:
        """The session now."""
        return self._ask("see")

    def set_tempo(self, bpm: float) -> None:
        """Change it for all."""
        self._ask(f"tempo {bpm}")

    def play(self) -> Seen:
        """Start all transports at the next bar line."""
        return self._ask("play")

    def stop(self) -> None:
        """Stop all transports."""
        self._ask("stop")

    def wait_for(self, what: Callable[[Seen], bool]) -> Seen:
        """The first state that fits; TimeoutError after ten seconds."""
        deadline = time.monotonic() + TIMEOUT_S
        while not what(seen := self.see()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited in vain: {seen}")
            time.sleep(0.002)
        return seen

    def close(self) -> None:
        """Leave the session; the others are told."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(TIMEOUT_S)
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, command: str) -> Seen:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return Seen(**json.loads(self._process.stdout.readline()))


def _main() -> None:
    from link import Link

    link = Link(float(sys.argv[1]))
    link.startStopSyncEnabled = True
    link.enabled = True
    scout = Link(
        float(sys.argv[1])
    )  # enabling may take Link half a second; when the scout was met, it is done
    scout.enabled = True
    while not link.numPeers():
        time.sleep(0.002)
    del scout
    while link.numPeers():
        time.sleep(0.002)
    for line in sys.stdin:
        command, *values = line.split()
        _obey(link, command, values)
        print(json.dumps(asdict(_see(link))), flush=True)  # noqa: T201 - to our own parent


def _obey(link: Any, command: str, values: list[str]) -> None:
    state, now_us = link.captureAppSessionState(), link.clock().micros()
    if command == "tempo":
        state.setTempo(float(values[0]), now_us)
    elif command == "play":
        bar = -(-state.beatAtTime(now_us, 4.0) // 4) * 4
        state.setIsPlaying(True, round(state.timeAtBeat(bar, 4.0)))
    elif command == "stop":
        state.setIsPlaying(False, now_us)
    if command != "see":
        link.commitAppSessionState(state)


def _see(link: Any) -> Seen:
    clock, pairs = link.clock(), []
    for _ in range(5):  # the closest pair of the two clocks: we may be interrupted between them
        before = time.perf_counter_ns()
        now_us = clock.micros()
        pairs.append((time.perf_counter_ns() - before, before, now_us))
    gap_ns, before, now_us = min(pairs)
    state = link.captureAppSessionState()
    return Seen(
        bpm=state.tempo(),
        peers=link.numPeers(),
        playing=state.isPlaying(),
        start_beat=state.beatAtTime(max(0, state.timeForIsPlaying()), 4.0),
        at_ns=before + gap_ns // 2,
        beat=state.beatAtTime(now_us, 4.0),
    )


if __name__ == "__main__":
    _main()
