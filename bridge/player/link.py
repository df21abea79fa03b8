"""The studio's end of the player: starts the process, sends it commands, hands over its reports."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from bridge.player.messages import Command, Ended, Fault, PlayerConfig, Quit, Report, Stats
from bridge.player.process import FROM_TERMINAL, run_player

OnReport = Callable[[Report], None]

_TERMINATE_S = 1.0


class PlayerLink:
    """A running player process.

    `on_report` is called for each report from a thread of the link, in order, until `Ended` or a fatal
    `Fault` has been handed over; it must not block for long and must not call `close`. All methods are
    thread-safe. The player ends with `close`, and by itself when this process ends or dies. Starting takes
    milliseconds; the player's first report (`PortsOpened` or a fatal `Fault`) comes a fraction of a second
    later.
    """

    def __init__(self, config: PlayerConfig, on_report: OnReport) -> None:
        self._on_report = on_report
        self._stats: Stats | None = None
        self._outgoing: SimpleQueue[Command | None] = SimpleQueue()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=True)
        self._pipe: Connection = ours
        self._process = context.Process(
            target=run_player, args=(config, theirs), name="groovebridge-player", daemon=True
        )
        with _held_back():
            self._process.start()
        theirs.close()
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
                        "The player stopped unexpectedly. Try again to start a new one.",
                        fatal=True,
                    )
                )
                return
            if isinstance(report, Ended):
                self._stats = report.stats
            self._on_report(report)
            if isinstance(report, Ended):
                return


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
