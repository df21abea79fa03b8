"""The file that keeps the history: read at the start, added to while one plays, and never too long to read.

    {"take": 12, "at": 1795392000.0, "loop": [[0, 0, 0.87, -0.02], ...], "sketch": {...}}
    {"take": 12, "name": "the good one"}
    {"take": 12, "pinned": true}

One line of JSON for each thing that happened; lines are only ever added. A line that a crash cut short is
skipped and counted. Of a long journal the newest takes are read, and all that are pinned or named. It is then
*renewed*: what was read begins a new file, and the old one stays beside it under another name
(history-0001.jsonl), whole. Another window that still writes to the old one loses nothing either.
"""

from __future__ import annotations

import json
import math
import os
import re
import threading
from array import array
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from bridge.errors import GroovebridgeError
from bridge.files import FileWriteError, make_folder, write_atomically
from bridge.groove.edit import of_rows
from bridge.studio.history import NEWEST, Take, lines_of
from bridge.studio.saved import SketchData

LONGEST = 4 * NEWEST
"""A journal with more takes than that is renewed."""

_TAKE = re.compile(rb'\{"take":\s*(\d+),\s*"at":')
_ODD = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, GroovebridgeError)
"""What a line may raise that is none of ours, or of which a disk has changed some bytes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is read of a journal.

    takes     the newest, and those that are pinned or named; oldest first
    damaged   how many lines could not be understood
    count     how many takes there are in the file
    """

    takes: tuple[Take, ...] = ()
    damaged: int = 0
    count: int = 0

    @property
    def outworn(self) -> bool:
        """Whether the journal should be renewed: it is long, or damaged."""
        return self.damaged > 0 or self.count > LONGEST


def read_journal(path: Path, newest: int = NEWEST) -> Kept:
    """What a journal has; no file, nothing. Raises GroovebridgeError for one that cannot be read at all."""
    try:
        with path.open("rb") as file:
            return _read(file, newest)
    except FileNotFoundError:
        return Kept()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise GroovebridgeError(f"The history in {path} cannot be read: {reason}.") from error


def _read(file: BinaryIO, newest: int) -> Kept:
    places = array("q")  # of the takes' lines, in bytes
    by_number: dict[int, int] = {}  # two windows may have given one number to two takes: the later one counts
    marks: dict[int, dict[str, Any]] = {}  # place -> what was said of that take later
    damaged, place = 0, 0
    for line in file:
        try:
            if found := _TAKE.match(line):
                by_number[int(found[1])] = place
                places.append(place)
            else:
                happened = json.loads(line)
                marks.setdefault(by_number[int(happened.pop("take"))], {}).update(happened)
        except _ODD:
            damaged += 1
        place += len(line)
    newest_places = set(places[-newest:])
    marked = {each for each, what in marks.items() if what.get("pinned") or what.get("name")}
    takes: dict[int, Take] = {}
    for place in sorted(newest_places | marked):
        file.seek(place)
        try:
            take = _take(file.readline(), marks.get(place, {}))
        except _ODD:
            damaged += 1
            continue
        if take.number in takes:
            take = replace(take, number=max(takes) + 1)
        takes[take.number] = take
    return Kept(tuple(takes[number] for number in sorted(takes)), damaged, len(places))


def _take(line: bytes, marks: Mapping[str, Any]) -> Take:
    saved = json.loads(line)
    sketch = SketchData.model_validate(saved["sketch"]).build()
    take = Take(int(saved["take"]), float(saved["at"]), of_rows(saved["loop"]), sketch)
    if not math.isfinite(take.at):
        raise ValueError("there is no such time")
    return replace(take, name=str(marks.get("name", "")), pinned=marks.get("pinned") is True)


def renew(path: Path, takes: Iterable[Take]) -> Path | None:
    """Begin the journal anew with these takes; where the old one is now. None, and nothing is changed, where
    that cannot be done.
    """
    names = (path.with_name(f"{path.stem}-{number:04d}{path.suffix}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    try:
        os.link(path, aside)  # under both names until the new one is whole: at no time is there none
    except OSError:
        return None
    try:
        lines = (line for take in takes for line in lines_of(take))
        write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
    except FileWriteError:
        with suppress(OSError):
            aside.unlink()
        return None
    return aside


class Journal:
    """Adds lines to a file from a thread of its own. `failed` is called once, from there, if it cannot.

    renewed   takes to begin the file anew with, first of all; None: it goes on as it is

    Each line has reached the disk a moment after `add`; a crash of this process loses none that was handed to
    the system, a loss of power the last second's at most.
    """

    def __init__(
        self,
        path: Path,
        failed: Callable[[GroovebridgeError], None],
        renewed: tuple[Take, ...] | None = None,
    ) -> None:
        self._path = path
        self._failed = failed
        self._renewed = renewed
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def add(self, line: str) -> None:
        """Write a line. Never blocks."""
        self._lines.put(line)

    def close(self) -> None:
        """Write what is left and end. Idempotent."""
        self._lines.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            make_folder(self._path.parent)
            if self._renewed is not None:
                renew(self._path, self._renewed)
                self._renewed = None
            with self._path.open("ab") as file:
                if file.tell() and not _ends_a_line(self._path):
                    file.write(b"\n")  # a crash cut the last line short: it must not swallow the next
                while (line := self._lines.get()) is not None:
                    file.write(line.encode() + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
        except (OSError, FileWriteError) as error:
            told = error if isinstance(error, FileWriteError) else FileWriteError(self._path, error)
            self._failed(told)
            while self._lines.get() is not None:
                pass


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
