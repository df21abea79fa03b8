"""A JACK client that notes the frame of each MIDI clock it hears: what another program sees of our time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from bridge.ports.frames import unwrap
from bridge.ports.jack_client import load_jack, open_client

NAME = "timing-listener"
PORT = f"{NAME}:in"
_CLOCK = 0xF8


class Listener:
    """Frames of the clocks heard so far, 64 bits wide; and the xruns that JACK told of since the first."""

    def __init__(self, client: Any) -> None:
        self.frames: list[int] = []
        self.xruns = 0
        self.rate = int(client.samplerate)
        self._client = client
        self._port = client.midi_inports.register("in")
        self._start = int(client.frame_time)
        client.set_process_callback(self._process)
        client.set_xrun_callback(self._count)

    def _process(self, _frames: int) -> None:
        self._start = unwrap(self._client.last_frame_time, self._start)
        for offset, data in self._port.incoming_midi_events():
            if data[0][0] == _CLOCK:
                self.frames.append(self._start + offset)

    def _count(self, _delayed_us: float) -> None:
        if self.frames:  # before, it was a client that joined
            self.xruns += 1


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on the running server. PortError when there is none."""
    client = open_client(load_jack(), NAME)
    try:
        listener = Listener(client)
        client.activate()
        yield listener
    finally:
        client.deactivate()
        client.close()


def off_frames(frames: Sequence[int], period: int) -> list[int]:
    """By how many frames each clock is off the grid that the one before it stands on; one less than clocks.

    Counted from one clock to the next, so that an xrun, which makes the server's frames jump, is seen once.
    """
    return [after - before - period for before, after in pairwise(frames)]
