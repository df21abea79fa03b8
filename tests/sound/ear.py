"""A JACK client that hears one audio port, and counts frames."""

from __future__ import annotations

import queue
import time
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bridge.ports.jack_client import load_jack, open_client

WAIT_S = 20.0
_LOUD = 1e-4
_QUIET = 3000  # frames of silence after which a sound sets in anew


class Ear:
    """Hears what `listen` connects it to; one at a time in a process. A `Watch` for takes."""

    def __init__(self) -> None:
        self.clean: int | None = None
        self._xruns = 0
        self._expected: int | None = None
        self._periods: queue.SimpleQueue[tuple[int, NDArray[np.float32]]] = queue.SimpleQueue()
        self.sounding_until = 0
        """The last frame, so far, at which there was sound."""
        self._client = open_client(load_jack(), "ear")
        self._port = self._client.inports.register("in")
        self._client.set_process_callback(self._process)
        self._client.set_xrun_callback(self._count_xrun)
        self._client.activate()

    def listen(self, port: str) -> None:
        """Hear this port."""
        self._client.connect(port, self._port)

    @property
    def period(self) -> int:
        """The server's period in frames."""
        return int(self._client.blocksize)

    @period.setter
    def period(self, frames: int) -> None:
        self._client.blocksize = frames

    def xruns(self) -> int:
        """Xruns so far: those that the server told of, and jumps of its frame counter."""
        return self._xruns

    def forget(self) -> None:
        """Drop what was heard so far."""
        while not self._periods.empty():
            self._periods.get()

    def blows(self, count: int) -> list[int]:
        """The frames at which sound sets in after silence, until there are `count`; fewer if they do not
        come.
        """
        found: list[int] = []
        deadline = time.monotonic() + WAIT_S
        while len(found) < count and time.monotonic() < deadline:
            start, sound = self._periods.get(timeout=WAIT_S)
            for at in np.flatnonzero(np.abs(sound) > _LOUD):
                frame = start + int(at)
                if frame - self.sounding_until > _QUIET:
                    found.append(frame)
                self.sounding_until = frame
        return found

    def hush(self, frames: int) -> None:
        """Listen until it has been silent for so many frames."""
        while True:
            start, sound = self._periods.get(timeout=WAIT_S)
            loud = np.flatnonzero(np.abs(sound) > _LOUD)
            if len(loud):
                self.sounding_until = start + int(loud[-1])
            elif start > self.sounding_until + frames:
                return

    def close(self) -> None:
        """Leave the server."""
        self._client.deactivate()
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _process(self, frames: int) -> None:
        start = self._client.last_frame_time
        self._xruns += self._expected not in (None, start)
        self._expected = start + frames
        self._periods.put((start, self._port.get_array().copy()))

    def _count_xrun(self, _delayed_us: float) -> None:
        self._xruns += 1
