"""Keeps what is at the desk on the disk while one works: soon after each change, in the background."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer

from bridge.errors import GroovebridgeError
from bridge.files import make_folder
from bridge.studio.last_time import LastTime, save_last
from gui.models.worker import Worker, sentence

DELAY_MS = 1000
"""So long after a change it is written, with what else has changed by then: a drag is no file a step."""


class Autosave(QObject):
    """Writes what `now` gives (None: nothing is there yet) to a file. Qt thread only.

    A disk that takes nothing is told once to `say`, until it takes something again.
    """

    def __init__(
        self, worker: Worker, path: Path, now: Callable[[], LastTime | None], say: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._worker = worker
        self._path = path
        self._now = now
        self._say = say
        self._written: LastTime | None = None
        self._failed = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._write)

    def look(self) -> None:
        """Something may have changed."""
        if not self._timer.isActive():
            self._timer.start()

    def close(self) -> None:
        """Write what is left, now. When the worker is closed and the studio is not."""
        self._timer.stop()
        last = self._now()
        if last is not None and last != self._written:
            with suppress(GroovebridgeError):  # nobody is there to be told, and it was told while one worked
                self._save(last)

    def _write(self) -> None:
        last = self._now()
        if last is not None and last != self._written:
            self._written = last
            self._worker.run(lambda: self._save(last), self._on_written, must=True)

    def _save(self, last: LastTime) -> None:
        make_folder(self._path.parent)
        save_last(self._path, last)

    def _on_written(self, done: Future[None]) -> None:
        error = done.exception()
        if error is None:
            self._failed = False
            return
        self._written = None
        if not self._failed:
            self._failed = True
            self._say(f"What is at the desk is not kept for the next start: {sentence(error, 'a fault')}")
