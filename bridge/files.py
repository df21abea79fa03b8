"""Write a file whole or not at all; and say it when nothing can be written to standard output."""

from __future__ import annotations

import errno
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bridge.errors import GroovebridgeError

_PART = re.compile(r"\..+\.\d+-\d+\.part")
_PART_LIVES_S = 3600.0
"""No write takes so long: a part that is older was left by a process that was killed at it."""
_swept: set[Path] = set()


class FileWriteError(GroovebridgeError):
    """A file or folder that cannot be written: why, and what to do."""

    def __init__(self, path: Path, error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        cure = "Free some space or choose another place." if full else "Choose another place."
        super().__init__(f"{path} cannot be written: {reason}. {cure}")


def write_atomically(path: Path | str, data: bytes) -> None:
    """Put `data` into the file at `path`: a reader sees the old content or the new, never a part.

    The bytes go to a hidden file beside it, reach the disk, and take its name, which reaches it too; where
    several write at once, one of them stays, whole. Devices and pipes (/dev/stdout) are written directly.
    Raises FileWriteError (full disk, no permission, no such folder) and leaves nothing behind; what a killed
    process left in this folder long ago is removed.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as device:
                device.write(data)
            return
        target = path.resolve()  # a link keeps pointing where it did
        partial = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.part")
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
            _sync_folder(target.parent)
        except BaseException:  # Ctrl-C, too, leaves no part behind
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FileWriteError(path, error) from error
    if target.parent not in _swept:
        _swept.add(target.parent)
        _sweep(target.parent)


def _sync_folder(folder: Path) -> None:
    """Have the names in it outlast a power cut, where the system can do that."""
    with suppress(OSError):  # Windows opens no folder, some file systems sync none
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove the parts of files whose writer was killed."""
    before = time.time() - _PART_LIVES_S
    for path in folder.glob(".*.part"):
        with suppress(OSError):
            if _PART.fullmatch(path.name) and path.stat().st_mtime < before:
                path.unlink()


def make_folder(path: Path | str) -> Path:
    """The folder at `path`, made with its parents where missing. Raises FileWriteError."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileWriteError(folder, error) from error
    return folder


def check_place(path: Path | str) -> None:
    """Raise FileWriteError now if a file at `path` could not be written later, as far as can be told."""
    path = Path(path)
    folder = path.absolute().parent
    if path.is_dir():
        raise FileWriteError(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    if not folder.is_dir():
        raise FileWriteError(path, FileNotFoundError(errno.ENOENT, "there is no such folder"))
    if not os.access(folder, os.W_OK) and not os.access(path, os.W_OK):
        raise FileWriteError(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


_OUTPUT_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EIO)  # a full disk, a terminal that has gone


@contextmanager
def printing() -> Iterator[None]:
    """Around a whole command line: what it prints has arrived, or GroovebridgeError says why not.

    A reader that has had enough (`| head`) is no mistake: then SystemExit(1) ends the command in silence.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in (*_OUTPUT_REFUSED, errno.EPIPE):
            raise
        with suppress(OSError, ValueError):  # what is left in the buffer cannot be written either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            raise SystemExit(1) from None
        reason = str(error.strerror).lower()
        raise GroovebridgeError(f"The output cannot be written: {reason}. Send it elsewhere.") from None
