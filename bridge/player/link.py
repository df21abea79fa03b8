"""The studio's end of the player: starts the process, sends it commands, hands over its reports."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.process
import os
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

from bridge.player.meeting import Orphan
from bridge.player.messages import Command, Ended, Fault, PlayerConfig, Quit, Report, Stats
from bridge.player.process import FROM_TERMINAL, run_player

OnReport = Callable[[Report], None]

_TERMINATE_S = 1.0


class _Process(Protocol):
    """A player's process: `multiprocessing.Process` is one."""

    @property
    def pid(self) -> int | None: ...

    def is_alive(self) -> bool: ...

    def join(self, timeout: float | None = None) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...

    def close(self) -> None: ...


class PlayerLink:
    """A running player process.

    `on_report` is called for each report from a thread of the link, in order, until `Ended` or a fatal
    `Fault` has been handed over; it must not block for long and must not call `close`. All methods are
    thread-safe. The player ends with `close`, and some time after this process has died (see
    `bridge.player.lifeline`). Starting takes milliseconds; the player's first report (`PortsOpened` or a
    fatal `Fault`) comes a fraction of a second later.

    orphan   a player that plays on without a studio, to be taken over in place of starting one; `config` is
             that which it has then
    """

    def __init__(self, config: PlayerConfig, on_report: OnReport, orphan: Orphan | None = None) -> None:
        self._on_report = on_report
        self._stats: Stats | None = None
        self._outgoing: SimpleQueue[Command | None] = SimpleQueue()
        self._pipe: Connection
        self._process: _Process
        if orphan is None:
            self._pipe, self._process = _spawn(config)
        else:
            self._pipe, self._process = orphan.pipe, _Adopted(orphan)
        self._sender = threading.Thread(target=self._send_all, name="player-link-send", daemon=True)
        self._reader = threading.Thread(target=self._read_all, name="player-link-read", daemon=True)
        self._closing = threading.Lock()
        self._closed = False
        self._sender.start()
        self._reader.start()

    @property
    def pid(self) -> int | None:
        """The process id of the player."""
        return self._process.pid

    def send(self, command: Command) -> None:
        """Have the player carry out a command, after those before it. Never blocks; dropped if the player has
        ended.
        """
        self._outgoing.put(command)

    def close(self, timeout_s: float = 5.0) -> Stats | None:
        """End the player in order: notes closed, recording written. Returns its figures, None if it gave
        none.

        A player that does not end within `timeout_s` is terminated, then killed. Idempotent.
        """
        with self._closing:
            if not self._closed:
                self._closed = True
                self._outgoing.put(Quit())
                self._reader.join(timeout_s)
                self._process.join(_TERMINATE_S)
                for force in (self._process.terminate, self._process.kill):
                    if self._process.is_alive():
                        force()
                        self._process.join(_TERMINATE_S)
                self._outgoing.put(None)
                self._sender.join()
                self._reader.join()
                self._pipe.close()
                self._process.close()
            return self._stats

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send_all(self) -> None:
        while (command := self._outgoing.get()) is not None:
            with contextlib.suppress(OSError):  # the player has gone: the reader tells
                self._pipe.send(command)

    def _read_all(self) -> None:
        while True:
            try:
                report: Report = self._pipe.recv()
            except (EOFError, OSError):
                self._on_report(
                    Fault(
                        "The player stopped unexpectedly.",
                        fatal=True,
                        crashed=True,
                    )
                )
                return
            if isinstance(report, Ended):
                self._stats = report.stats
            self._on_report(report)
            if isinstance(report, Ended):
                return


class _Adopted:
    """The process of a player that is not our child. As long as it lives, its end of the pipe is open.

    Asked only when nothing more is read: so what is there to read is the end.
    """

    def __init__(self, orphan: Orphan) -> None:
        self.pid = orphan.pid
        self._pipe = orphan.pipe

    def is_alive(self) -> bool:
        return not wait([self._pipe], 0)

    def join(self, timeout: float | None = None) -> None:
        wait([self._pipe], timeout)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self) -> None:
        """Nothing: the pipe is the link's."""

    def _signal(self, number: int) -> None:
        with contextlib.suppress(OSError):  # it has just ended
            os.kill(self.pid, number)


def _spawn(config: PlayerConfig) -> tuple[Connection, multiprocessing.process.BaseProcess]:
    """Start a player; our end of the pipe to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=True)
    process = context.Process(
        target=run_player, args=(config, theirs), name="groovebridge-player", daemon=True
    )
    with _held_back():
        process.start()
    theirs.close()
    return ours, process


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Start a process that is deaf to the terminal from its first instruction: it inherits blocked signals.

    The terminal sends Ctrl-C, and its own end, to both processes; only the studio acts on them, and asks the
    player to quit.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting a process would do so, and unblock Ctrl-C after it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FROM_TERMINAL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
