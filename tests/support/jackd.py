"""A JACK server of the tests' own: no sound card, its own name, gone without a trace.

    @pytest.fixture(scope="module")
    def server() -> Iterator[JackServer]:
        with JackServer() as server:
            yield server

While the server runs, `JACK_DEFAULT_SERVER` names it, so that clients in this process and in its children
find it. libjack can speak to one server at a time in a process: close the clients of one before opening
clients of another.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

_SHM = Path("/dev/shm")
_START_S = 10.0
_TURN_S = 30.0
_ANSWER_S = 3.0


def said_by(*command: str) -> str:
    """What one of JACK's own programs prints; nothing where it does not end: libjack 1.9.21 may deadlock in
    `jack_client_close`, which held up a whole run of the tests once.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ANSWER_S)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


class JackServer:
    """`jackd -d dummy` without audio ports, real-time where that is allowed.

    As a context manager it starts, sets `JACK_DEFAULT_SERVER`, and on leaving stops and restores. Where
    jackd is not installed or will not start, the test is skipped, which the suite's conftest turns into a
    failure under CI.
    """

    def __init__(self, period: int = 128, rate: int = 48_000) -> None:
        self.name = f"gb-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.period = period
        self.rate = rate
        self.realtime = False
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._log = Path(tempfile.gettempdir(), f"jackd-{self.name}.log")
        self._said = ""
        self._before: str | None = None

    def __enter__(self) -> Self:
        self.start()
        self._before = os.environ.get("JACK_DEFAULT_SERVER")
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is None:
            os.environ.pop("JACK_DEFAULT_SERVER", None)
        else:
            os.environ["JACK_DEFAULT_SERVER"] = self._before
        self.stop()

    def start(self) -> None:
        """Start and wait until a client can be opened."""
        if not (shutil.which("jackd") and shutil.which("jack_wait")):
            pytest.skip("jackd is not installed (Debian: apt install jackd2)")
        deadline = time.monotonic() + _TURN_S
        while True:
            self.realtime = self._start("-R")
            if self.realtime or self._start("-r"):
                return
            if "Too many servers" not in self.log() or time.monotonic() > deadline:
                pytest.skip(f"jackd does not start here: {self.log()[-500:]}")
            time.sleep(0.5)  # other test runs of this user hold all eight places

    def stop(self) -> None:
        """End the server in order; its clients learn of it. Idempotent."""
        self._end(signal.SIGTERM)
        if self._killed:
            # jackd lists its servers, eight at most, in shared memory. A killed one stays listed, and keeps
            # its 100 MB, until one of the same name starts; so one does.
            self._killed = False
            self._start("-r")
            self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Have the server vanish, as in a crash. `stop` clears away what is left of it."""
        self._end(signal.SIGKILL)
        self._killed = True

    def freeze(self) -> None:
        """Have the server stand still until `thaw`: no periods, no answers, as when a driver hangs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server run again. It will count xruns."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        """What jackd has written so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else self._said

    def _start(self, mode: str) -> bool:
        scheduling = [mode, "-P", "60"] if mode == "-R" else [mode]
        driver = ["-d", "dummy", "-C", "0", "-P", "0", "-r", str(self.rate), "-p", str(self.period)]
        # A test run that is killed takes its server along.
        tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*tied, "jackd", "-n", self.name, *scheduling, "-t", "5000", *driver],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._answers():
                if mode == "-R" and "Cannot use real-time scheduling" in self.log():
                    break
                return True
            try:
                self._process.wait(timeout=0.02)
                break
            except subprocess.TimeoutExpired:
                continue
        self._end(signal.SIGTERM)
        return False

    def _answers(self) -> bool:
        if not (_SHM / f"jack_{self.name}_{os.getuid()}_0").exists():
            return False
        answer = said_by("jack_wait", "-s", self.name, "-c")
        return "not running" not in answer and "running" in answer

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)  # a frozen one would not take notice
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._killed = True
        self._said = self._log.read_text(errors="replace")
        self._log.unlink()
        for path in _SHM.glob("jack*"):
            if self.name in path.name:  # a server that was killed leaves its socket and semaphores
                path.unlink(missing_ok=True)
