"""One background thread for what may take long, such as loading the model; answers come in the Qt thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.errors import GroovebridgeError

T = TypeVar("T")
log = logging.getLogger(__name__)


class Worker(QObject):
    """Runs jobs one after another, off the Qt thread.

    `run`, `close` and the answers belong to the thread that made the worker; a job runs in the worker's own.
    """

    _finished = pyqtSignal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="window-worker")
        self._closed = False
        self._optional: set[Future[Any]] = set()  # of the jobs that wait or run: those that may be dropped
        self._finished.connect(self._deliver)  # queued by Qt: it is emitted in the worker's thread

    def run(
        self, job: Callable[[], T], then: Callable[[Future[T]], None], *, must: bool = False
    ) -> Future[T]:
        """Run the job; `then` gets its finished future in the Qt thread, unless the worker closes first.
        `must`: the job is done even then.
        """
        future = self._pool.submit(job)
        if not must:
            self._optional.add(future)
            future.add_done_callback(self._optional.discard)
        self._pool.submit(self._finished.emit, then, future)  # one thread: it runs when the job has ended
        return future

    def close(self) -> None:
        """Wait for the job that runs and for those that must be done, drop the others that wait, deliver
        nothing more. Idempotent.
        """
        self._closed = True
        for future in list(self._optional):
            future.cancel()
        self._pool.shutdown(wait=True)

    def _deliver(self, then: Callable[[Future[Any]], None], done: Future[Any]) -> None:
        if not self._closed:
            then(done)


def sentence(error: BaseException, what: str) -> str:
    """What to tell of a job that failed: the user's errors as they are; a bug by its kind, logged in full."""
    if isinstance(error, GroovebridgeError):
        return str(error)
    log.error("%s", what, exc_info=error)
    return f"{what} ({type(error).__name__}: {error}). The terminal has the details; please report this."
