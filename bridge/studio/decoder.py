"""A thread that decodes what is missing: what was asked for in between, and is history, is never decoded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.player.messages import SwapAt
from bridge.studio.sketch import Sketch

_BROKEN = "A loop could not be made ({error}). The terminal has the details; please report this."
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A loop to decode: for all blocks of the song (`block` None), or for one block of an evolving song.

    `at` says when it takes over; None: as the session is set by then.
    """

    sketch: Sketch
    block: int | None = None
    at: SwapAt | None = None


class Decoder:
    """Asks `next_job` (under `lock`) what to decode, and gives the loop, or the error that there was, to
    `done` (without the lock); an error that is a bug is logged, and told too. It asks again after each job
    and each `wake`.
    """

    def __init__(
        self,
        lock: threading.RLock,
        decode: Callable[[Sketch], DrumLoop],
        next_job: Callable[[], Job | None],
        done: Callable[[Job, DrumLoop | GroovebridgeError], None],
    ) -> None:
        self._decode = decode
        self._next_job = next_job
        self._done = done
        self._changed = threading.Condition(lock)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="studio-decode", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """There may be a job. With the lock held."""
        self._changed.notify()

    def close(self) -> None:
        """End the thread after the job that it is at, and wait for it. Without the lock. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (job := self._wait()) is not None:
            try:
                result: DrumLoop | GroovebridgeError = self._decode(job.sketch)
            except GroovebridgeError as error:
                result = error
            except Exception as error:  # the next loop may well succeed; without this thread none would
                log.exception("a loop could not be made")
                result = GroovebridgeError(_BROKEN.format(error=f"{type(error).__name__}: {error}"))
            self._done(job, result)

    def _wait(self) -> Job | None:
        with self._changed:
            while not self._closed:
                if (job := self._next_job()) is not None:
                    return job
                self._changed.wait()
            return None
