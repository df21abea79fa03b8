"""Another program on the JACK server: it records exact frames, plays exact frames, and counts xruns.

It runs in a process of its own, with its own few lines of JACK-Client, so that what it measures owes nothing
to the code under test.

    with JackServer() as server, Peer() as peer:
        ports = open_ports("jack", None, None, inbox)
        peer.connect(ports.out.name, peer.inp)
        ...
        heard = peer.wait_for(lambda events: len(events) >= 100)      # list[Heard(frame, message)]

A foreign MIDI clock is a list of (frames from its start, bytes); `play` returns the frame at which it starts:

        start = peer.play(clock_events(bpm=120, ticks=96, rate=server.rate))

Frames are exact only outside of xruns: `takes` repeats what they have spoilt.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pytest

_ANSWER_S = 30.0
_SCRIPT = Path(__file__).with_name("peer_process.py")


class Heard(NamedTuple):
    """A message that arrived at the peer's input, and the server's frame (64 bits) at which it did."""

    frame: int
    message: bytes


class Peer:
    """A JACK client `name` with the ports `in` and `out`, in a process of its own."""

    def __init__(self, name: str = "peer") -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._heard: list[Heard] = []
        self.clean: int | None = None
        """The xruns so far where a take has begun, while it runs; else None."""
        hello = self._answer()
        self.inp: str = hello["in"]
        self.out: str = hello["out"]
        self.rate: int = hello["rate"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process. Idempotent; works when the server has gone."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()  # end of input is the process's sign to leave
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def connect(self, source: str, destination: str) -> None:
        """Connect two ports of any programs, by full name."""
        self._ask("connect", source=source, destination=destination)

    def frame(self) -> int:
        """The server's frame now, 64 bits."""
        return int(self._ask("frame")["frame"])

    @property
    def period(self) -> int:
        """The server's period in frames."""
        return int(self._ask("period")["period"])

    @period.setter
    def period(self, frames: int) -> None:
        self._ask("set_period", frames=frames)

    def play(self, events: Iterable[tuple[int, bytes]], start: int | None = None) -> int:
        """Send each message on the exact frame `start` + its offset; return `start` (None: 100 ms from now).

        Messages on one frame go in the order given. Returns at once; what is played adds to what still plays.
        """
        if start is None:
            start = self.frame() + self.rate // 10
        self._ask("play", events=[(start + offset, message.hex()) for offset, message in events])
        return start

    def echo(self, frames: int | None) -> None:
        """Return each message that comes in, so many frames (two periods at least) later; None: no more."""
        self._ask("echo", frames=frames)

    def stop_playing(self) -> None:
        """Forget what has not yet been played."""
        self._ask("stop")

    def heard(self) -> Sequence[Heard]:
        """All that has arrived since the start or the last `forget`."""
        new = self._ask("heard", since=len(self._heard))["events"]
        self._heard += [Heard(frame, bytes.fromhex(message)) for frame, message in new]
        return self._heard

    def forget(self) -> None:
        """Drop what has arrived so far."""
        self._ask("forget")
        self._heard = []

    def wait_for(self, enough: Callable[[Sequence[Heard]], bool], timeout_s: float = 10.0) -> Sequence[Heard]:
        """Wait until `enough(all that was heard)`; return all that was heard.

        Fails the test when it takes too long. In a take that an xrun has spoilt (xruns lose messages), a
        second of silence is enough to give it up.
        """
        count, news = 0, time.monotonic()
        deadline = news + timeout_s
        while not enough(heard := self.heard()):
            now = time.monotonic()
            if len(heard) != count:
                count, news = len(heard), now
            spoilt = now > news + 1 and self.clean is not None and self.xruns() != self.clean
            if spoilt or now > deadline:
                pytest.fail(f"the peer waited {timeout_s} s in vain; it heard {len(heard)}: ...{heard[-8:]}")
            time.sleep(0.005)
        return heard

    def wait_until_frame(self, frame: int) -> None:
        """Wait until the server's frame counter has passed `frame`."""
        while (left := frame - self.frame()) >= 0:
            time.sleep(max(left / self.rate, 0.001))

    def xruns(self) -> int:
        """Xruns so far: those that the server told of, and jumps of the frame counter from cycle to cycle."""
        return int(self._ask("xruns")["xruns"])

    def _ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], _ANSWER_S)[0]:
            pytest.fail(f"the JACK peer has not answered for {_ANSWER_S:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            pytest.fail(f"the JACK peer has ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            pytest.fail(f"the JACK peer: {answer['error']}")
        return answer


def clock_events(
    bpm: float, ticks: int, rate: int = 48_000, start: bytes = b"\xfa"
) -> list[tuple[int, bytes]]:
    """A MIDI clock as (frame offset, bytes): `start` (b"" for none) one frame before the first of `ticks`
    F8s.

    The F8s lie on the frames nearest to their exact times; offset 0 is the `start` message, 1 the downbeat.
    """
    step = rate * 60 / bpm / 24
    beats = [(1 + round(tick * step), b"\xf8") for tick in range(ticks)]
    return [(0, start), *beats] if start else beats
