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
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pytest

_SHM = Path("/dev/shm")
_START_S = 10.0


class JackServer:
    """`jackd -d dummy` without audio ports, real-time where that is allowed.

    As a context manager it starts, sets `JACK_DEFAULT_SERVER`, and on leaving stops and restores. Where
    jackd is not installed or will not start, the test is skipped; under CI (the variable CI is set) it fails
    instead.
    """

    def __init__(self, period: int = 128, rate: int = 48_000) -> None:
        self.name = f"gb-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.period = period
        self.rate = rate
        self.realtime = False
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
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
            _unavailable("jackd is not installed (Debian: apt install jackd2)")
        self.realtime = self._start("-R")
        if not self.realtime and not self._start("-r"):
            _unavailable(f"jackd does not start here: {self.log()[-500:]}")

    def stop(self) -> None:
        """End the server in order; its clients learn of it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Have the server vanish, as in a crash, and clear away what it leaves in shared memory."""
        self._end(signal.SIGKILL)

    def log(self) -> str:
        """What jackd has written so far."""
        if self._log is None:
            return ""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def _start(self, mode: str) -> bool:
        scheduling = [mode, "-P", "60"] if mode == "-R" else [mode]
        driver = ["-d", "dummy", "-C", "0", "-P", "0", "-r", str(self.rate), "-p", str(self.period)]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the server)
        self._process = subprocess.Popen(
            ["jackd", "-n", self.name, *scheduling, "-t", "5000", *driver],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
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
        check = subprocess.run(["jack_wait", "-s", self.name, "-c"], capture_output=True, check=False)
        return b"not running" not in check.stdout and b"running" in check.stdout

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        mapped = _shared_memory(process.pid)
        process.send_signal(how)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._log is not None and how is signal.SIGTERM:
            self._log.close()
            self._log = None
        litter = [path for path in _SHM.glob("jack*") if self.name in path.name]
        for path in {*mapped, *litter}:
            path.unlink(missing_ok=True)


def _shared_memory(pid: int) -> set[Path]:
    """The server's own segments in shared memory; the registry belongs to all servers."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return set()
    return {Path(found) for found in re.findall(r"/dev/shm/jack-\d+-\d+", maps)}


def _unavailable(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and under CI the JACK tests must run")
    pytest.skip(reason)
