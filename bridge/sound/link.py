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
from typing import IO

from bridge import realtime

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
    again: bool = False
    """They had been heard, through an output that went: there may be another to start anew with, at once."""


SoundNews = SoundOpened | SoundFailed


class SoundLink:
    """A process that sounds. Times are `time.perf_counter_ns`, velocities 1..127, voices 0..8.

    `on_news` is called from a thread of the link: once when the output is open or is not to be had, and again
    when the process ends by itself. All other methods are for one thread, and never block but `close`: the
    process is started, and waited for, by a thread.
    """

    def __init__(self, on_news: Callable[[SoundNews], None], command: tuple[str, ...] | None = None) -> None:
        self._on_news = on_news
        self._command = command or (sys.executable, "-m", "bridge.sound")
        self._ending = threading.Event()
        self._records: SimpleQueue[bytes | None] = SimpleQueue()
        self.pid: int | None = None
        """The process, once it has been started."""
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._thread.start()

    def strike(self, voice: int, velocity: int, host_ns: int) -> None:
        """A blow, to be heard at a time (a moment later, the same for all)."""
        self._records.put(RECORD.pack(STRIKE, voice, velocity, host_ns))

    def cancel_from(self, host_ns: int) -> None:
        """Forget the blows due at or after a time that do not sound yet."""
        self._records.put(RECORD.pack(CANCEL, 0, 0, host_ns))

    def silence(self, host_ns: int) -> None:
        """Let all that sounds die away."""
        self._records.put(RECORD.pack(SILENCE, 0, 0, host_ns))

    def end(self) -> None:
        """Have the process end; nothing is told any more. One that does not within two seconds is killed."""
        self._ending.set()
        self._records.put(None)

    def close(self) -> None:
        """End the process and wait for that. Idempotent."""
        self.end()
        self._thread.join()

    def _run(self) -> None:
        realtime.leave()  # the process is to be an ordinary one: making a kit takes long
        try:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            self._on_news(SoundFailed(f"The drum sound could not be started ({error}). Try again."))
            self._drain()
            return
        self.pid = process.pid
        assert process.stdin is not None and process.stdout is not None
        helpers = [
            threading.Thread(target=self._read, args=(process.stdout,), name="sound-read", daemon=True),
            threading.Thread(target=self._write, args=(process.stdin,), name="sound-write", daemon=True),
        ]
        for helper in helpers:
            helper.start()
        self._ending.wait()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:  # it hangs; so may the writer, whose pipe is full
            process.kill()
            process.wait()
        for helper in helpers:
            helper.join()

    def _write(self, pipe: IO[bytes]) -> None:
        realtime.follow()
        try:
            with pipe:
                while (record := self._records.get()) is not None:
                    pipe.write(record)
                    if self._records.empty():
                        pipe.flush()
        except OSError:  # the process has gone: the reader tells
            self._drain()

    def _drain(self) -> None:
        while not self._ending.is_set():
            self._records.get()

    def _read(self, pipe: IO[bytes]) -> None:
        realtime.follow()
        failed = False
        with pipe:
            for line in pipe:
                news = json.loads(line)
                failed = "failed" in news
                if self._ending.is_set():
                    continue
                if failed:
                    self._on_news(SoundFailed(news["failed"], news.get("again", False)))
                else:
                    self._on_news(SoundOpened(news["opened"]))
        if not self._ending.is_set() and not failed:
            self._on_news(SoundFailed("The drum sound stopped unexpectedly. Switch it on again."))
