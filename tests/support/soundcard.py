"""A sound card that can be heard, hung and unplugged: a pipe that ALSA writes to as fast as it is read.

PortAudio, ALSA and the stream of samples are real; only the speakers are not.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest

_CONFIG = """
pcm.!default {{ type file slave.pcm {{ type null }} file "{pipe}" format raw }}
ctl.!default {{ type null }}
"""
_CHUNK = 3840  # bytes: 10 ms of two float32 channels at 48 kHz
_CHUNK_S = 0.01


class Soundcard:
    """As a context manager it is the default output of the processes that are started meanwhile.

    There is no JACK server for them, so that they look for a sound card.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        pipe, config = folder / "speakers", folder / "asoundrc"
        os.mkfifo(pipe)
        config.write_text(_CONFIG.format(pipe=pipe), encoding="utf-8")
        patch.setenv("ALSA_CONFIG_PATH", str(config))
        patch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
        self._pipe = pipe
        self._playing = threading.Event()
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []
        self.heard = threading.Event()
        """Set when something other than silence comes."""
        self.seconds = 0.0
        """How long it has played."""

    def plug(self) -> None:
        """Play what comes from now on."""
        self._end.clear()
        self._playing.set()
        reading = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)  # there may be nobody who plays
        thread = threading.Thread(target=self._play, args=(reading,), name="sound card")
        thread.start()
        self._threads.append(thread)

    def hang(self) -> None:
        """Take no more samples, and say nothing."""
        self._playing.clear()

    def unplug(self) -> None:
        """Go, with an error for whoever plays."""
        self._end.set()
        self._playing.set()
        while self._threads:
            self._threads.pop().join()

    def _play(self, reading: int) -> None:
        with open(reading, "rb", buffering=0) as pipe:
            while not self._end.wait(_CHUNK_S):
                self._playing.wait()
                chunk = pipe.read(_CHUNK) or b""
                self.seconds += len(chunk) / _CHUNK * _CHUNK_S
                whole = np.frombuffer(chunk[: len(chunk) // 4 * 4], np.float32)
                if np.abs(whole).max(initial=0.0) > 1e-4:
                    self.heard.set()

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
