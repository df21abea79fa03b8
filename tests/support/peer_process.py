"""The process behind `Peer`: a JACK client that answers JSON lines. Run as a script, with the client's
name."""

from __future__ import annotations

import gc
import heapq
import itertools
import json
import sys
from collections import deque
from typing import Any

import jack

jack.set_error_function(lambda _message: None)
jack.set_info_function(lambda _message: None)


class Client:
    """Records, plays and counts. All frames are 64 bits wide: the 32-bit counter, unwrapped from cycle to
    cycle."""

    def __init__(self, name: str) -> None:
        self.client: Any = jack.Client(name, no_start_server=True)
        self.inp: Any = self.client.midi_inports.register("in")
        self.out: Any = self.client.midi_outports.register("out")
        self.heard: list[tuple[int, bytes]] = []
        self.handed: deque[tuple[int, int, bytes]] = (
            deque()
        )  # to the process callback: (frame, number, message)
        self.to_play: list[tuple[int, int, bytes]] = []  # the callback's heap
        self.numbers = itertools.count()
        self.forget_handed = False
        self.echo: int | None = None
        self.xruns = self.jumps = self.missed = 0
        self.last_frame = int(self.client.frame_time)
        self.expected: int | None = None
        self.client.set_process_callback(self.process)
        self.client.set_xrun_callback(self.count_xrun)
        self.client.activate()

    def count_xrun(self, _delayed_us: float) -> None:
        self.xruns += 1

    def unwrap(self, raw: int) -> int:
        last = self.last_frame
        return last + (raw - last + (1 << 31)) % (1 << 32) - (1 << 31)

    def process(self, frames: int) -> None:
        start = self.last_frame = self.unwrap(self.client.last_frame_time)
        if self.expected not in (None, start):
            self.jumps += 1
        self.expected = start + frames
        self.out.clear_buffer()
        if self.forget_handed:
            self.forget_handed = False
            self.to_play.clear()
        while self.handed:
            heapq.heappush(self.to_play, self.handed.popleft())
        while self.to_play and self.to_play[0][0] < start + frames:
            frame, _, message = heapq.heappop(self.to_play)
            self.missed += frame < start
            self.out.write_midi_event(max(frame - start, 0), message)
        for offset, data in self.inp.incoming_midi_events():
            self.heard.append((start + offset, bytes(data)))
            if self.echo is not None:
                self.handed.append((start + offset + self.echo, next(self.numbers), bytes(data)))

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.pop("command"):
            case "connect":
                self.client.connect(request["source"], request["destination"])
            case "frame":
                return {"frame": self.unwrap(self.client.frame_time)}
            case "period":
                return {"period": self.client.blocksize}
            case "set_period":
                self.client.blocksize = request["frames"]
            case "play":
                for frame, message in request["events"]:
                    self.handed.append((frame, next(self.numbers), bytes.fromhex(message)))
            case "echo":
                self.echo = request["frames"]
            case "stop":
                self.handed.clear()
                self.forget_handed = True
            case "heard":
                return {"events": [(frame, data.hex()) for frame, data in self.heard[request["since"] :]]}
            case "forget":
                self.heard = []
            case "xruns":
                return {"xruns": self.xruns + self.jumps + self.missed}
        return {}


def say(answer: dict[str, Any]) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer requests until the input ends."""
    sys.setswitchinterval(0.0001)
    gc.disable()
    client = Client(sys.argv[1])
    say({"in": client.inp.name, "out": client.out.name, "rate": client.client.samplerate})
    for line in sys.stdin:
        try:
            answer = client.answer(json.loads(line))
        except (jack.JackError, KeyError) as error:
            answer = {"error": str(error)}
        say(answer)
    client.client.deactivate()
    client.client.close()


if __name__ == "__main__":
    main()
