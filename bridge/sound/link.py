"""The player's end of the drum sound: starts its process, sends it blows, never waits for it."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

RECORD = struct.Struct("<BBBxxxxxq")
"""A blow on the pipe: kind, voice, velocity, host time in ns."""

STRIKE, CANCEL, SILENCE = 1, 2, 3

_END_S = 2.0


@dataclass(frozen=True, slots=True)
class SoundOpened:
    """The drums are heard: through which output, in words."""

    name: str


@dataclass(frozen=True, slots=True)
class SoundFailed:
    """The drums are not heard (any more); `reason` says why, and what to do."""

    reason: str


SoundNews = SoundOpened | SoundFailed


class SoundLink:
    """A process that sounds. Times are `time.perf_counter_ns`, velocities 1..127, voices 0..8.

    `on_news` is called from a thread of the link: once when the output is open or is not to be had, and again
    when the process ends by itself. All other methods are for one thread, and never block but `close`.
    """

    def __init__(self, on_news: Callable[[SoundNews], None], command: tuple[str, ...] | None = None) -> None:
        self._on_news = on_news
        self._closing = False
        self._records: SimpleQueue[bytes | None] = SimpleQueue()
        self._process = subprocess.Popen(
            command or (sys.executable, "-m", "bridge.sound"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._threads = [
            threading.Thread(target=self._write, name="sound-write", daemon=True),
            threading.Thread(target=self._read, name="sound-read", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def strike(self, voice: int, velocity: int, host_ns: int) -> None:
        """A blow, to be heard at a time (a moment later, the same for all)."""
        self._records.put(RECORD.pack(STRIKE, voice, velocity, host_ns))

    def cancel_from(self, host_ns: int) -> None:
        """Forget the blows due at or after a time that do not sound yet."""
        self._records.put(RECORD.pack(CANCEL, 0, 0, host_ns))

    def silence(self, host_ns: int) -> None:
        """Let all that sounds die away."""
        self._records.put(RECORD.pack(SILENCE, 0, 0, host_ns))

    def close(self) -> None:
        """End the process and wait for it: two seconds at most, then it is killed. Idempotent."""
        if self._closing:
            return
        self._closing = True
        self._records.put(None)
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            with pipe:
                while (record := self._records.get()) is not None:
                    pipe.write(record)
                    if self._records.empty():
                        pipe.flush()
        except OSError:  # the process has gone: the reader tells
            while not self._closing and self._records.get() is not None:
                pass

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        failed = False
        with pipe:
            for line in pipe:
                news = json.loads(line)
                failed = "failed" in news
                self._on_news(SoundFailed(news["failed"]) if failed else SoundOpened(news["opened"]))
        if not self._closing and not failed:
            self._on_news(SoundFailed("The drum sound stopped unexpectedly. Switch it on again."))
