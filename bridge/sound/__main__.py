"""The drum sound as a process of its own: blows on standard input, one line of news on standard output.

Run by `SoundLink`. It sounds until its input ends, so it goes with whoever started it, however that ends.
Nothing that happens here reaches the process that plays: a sound card that hangs hangs here.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from bridge.errors import GroovebridgeError
from bridge.sound.device import Render, open_device
from bridge.sound.kit import Kit
from bridge.sound.link import CANCEL, RECORD, SILENCE, STRIKE
from bridge.sound.mixer import Mixer
from bridge.sound.stream import Stream


def main() -> int:
    """Open the output, then sound what comes; 1 where there is no output."""
    for name in ("SIGINT", "SIGHUP"):  # the terminal's: whoever started us decides
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    streams: list[Stream] = []

    def make_render(rate: int, frames: int) -> Render:
        stream = Stream(Mixer(Kit.make(rate)), rate, frames)
        streams.append(stream)
        return stream.render

    try:
        device = open_device(make_render, _give_up)
    except GroovebridgeError as error:
        _say({"failed": str(error)})
        return 1
    _say({"opened": device.name, "rate": device.rate})
    stream = streams[0]
    try:
        while len(record := sys.stdin.buffer.read(RECORD.size)) == RECORD.size:
            kind, voice, velocity, host_ns = RECORD.unpack(record)
            if kind == STRIKE:
                stream.strike(voice, velocity, host_ns)
            elif kind == CANCEL:
                stream.cancel_from(host_ns)
            elif kind == SILENCE:
                stream.silence(host_ns)
    finally:
        device.close()
    return 0


def _give_up(reason: str, again: bool) -> None:
    """There is no output any more: say so and end, whatever thread this is; the main one waits for blows."""
    _say({"failed": reason, "again": again})
    os._exit(1)


def _say(news: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
