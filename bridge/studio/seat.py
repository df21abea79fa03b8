"""Where a window keeps what is at its desk: each of several that are open at once has files of its own."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from bridge.errors import GroovebridgeError
from bridge.files import make_folder
from bridge.studio.session_file import SUFFIX


class Seat:
    """A place at one of the desks of a folder, which no other window has until it is left. A process that
    ends, however it ends, leaves it: the system lets go of its lock.

    desk     what is at the desk, kept for the next start (`last_time.py`)
    before   what was open, and not saved, before another session was opened
    """

    def __init__(self, folder: Path, number: int, lock: FileLock | None) -> None:
        ending = "" if number == 1 else f"-{number}"
        self.desk = folder / f"desk{ending}.json"
        self.before = folder / f"before{ending}{SUFFIX}"
        self._lock = lock

    @classmethod
    def take(cls, folder: Path) -> Seat:
        """The first seat that is free; quick. In a folder that cannot be written to it is the first one:
        nothing is kept there anyway, which is told when it is tried.
        """
        with suppress(GroovebridgeError):
            make_folder(folder)
        for number in count(1):
            lock = FileLock(folder / f"desk-{number}.lock", blocking=False, thread_local=False)
            try:
                lock.acquire()
            except Timeout:
                continue
            except (OSError, NotImplementedError):
                break
            return cls(folder, number, lock)
        return cls(folder, 1, None)

    def leave(self) -> None:
        """Let another window have it. Idempotent."""
        if self._lock is not None:
            self._lock.release()
