"""Every loop that was played, in order: to return to, pin and name. Nothing played is lost, not in a crash.

The takes are kept in a journal, a file of one line of JSON for each thing that happened:

    {"take": 12, "at": 1795392000.0, "loop": [[0, 0, 0.87, -0.02], ...], "sketch": {...}}
    {"take": 12, "name": "the good one"}
    {"take": 12, "pinned": true}

Lines are only ever added. A line that a crash cut short is skipped when the journal is read, and counted.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bridge.errors import GroovebridgeError
from bridge.files import FileWriteError, make_folder
from bridge.groove import DrumLoop
from bridge.groove.edit import of_rows, to_rows
from bridge.studio.saved import SketchData
from bridge.studio.sketch import Sketch


@dataclass(frozen=True, slots=True)
class Take:
    """A loop that was played.

    number   1, 2, ... in the order in which they were first played
    at       when, in seconds since 1970 (UTC)
    """

    number: int
    at: float
    loop: DrumLoop
    sketch: Sketch
    name: str = ""
    pinned: bool = False


class History:
    """The takes, oldest first. Not thread-safe: the studio's lock guards it.

    `write` is given each line of the journal that is new, and must not block.
    """

    def __init__(
        self,
        takes: tuple[Take, ...] = (),
        write: Callable[[str], None] = lambda _: None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._takes = {take.number: take for take in takes}
        self._write = write
        self._now_s = now_s

    @property
    def takes(self) -> tuple[Take, ...]:
        """All takes, oldest first."""
        return tuple(self._takes.values())

    def played(self, loop: DrumLoop, sketch: Sketch) -> Take:
        """A loop is heard: a new take, unless it is the last one again."""
        last = next(reversed(self._takes.values()), None)
        if last is not None and last.loop == loop:
            return last
        take = Take(1 if last is None else last.number + 1, self._now_s(), loop, sketch)
        self._add(take)
        return take

    def bring(self, takes: Iterable[Take]) -> tuple[int, ...]:
        """Have these takes of a session here as well; the number of each, which is another one here. One that
        is here already stays, and gets a pin or a name that it has there.
        """
        here = {(take.at, take.loop): take.number for take in self._takes.values()}
        numbers = []
        for take in takes:
            number = here.get((take.at, take.loop))
            if number is None:
                number = max(self._takes, default=0) + 1
                self._add(replace(take, number=number, name="", pinned=False))
            if take.name:
                self.rename(number, take.name)
            if take.pinned:
                self.pin(number, True)
            numbers.append(number)
        return tuple(numbers)

    def rename(self, number: int, name: str) -> None:
        """Call a take something; GroovebridgeError for one that is not there."""
        self._change(number, name=" ".join(name.split()))

    def pin(self, number: int, pinned: bool) -> None:
        """Mark a take as a favourite, or not; GroovebridgeError for one that is not there."""
        self._change(number, pinned=pinned)

    def take(self, number: int) -> Take:
        """One take; GroovebridgeError for one that is not there."""
        if number not in self._takes:
            raise GroovebridgeError(f"There is no take {number} in the history.")
        return self._takes[number]

    def _add(self, take: Take) -> None:
        self._takes[take.number] = take
        sketch = SketchData.of(take.sketch).model_dump()
        self._line(take.number, at=take.at, loop=to_rows(take.loop), sketch=sketch)

    def _change(self, number: int, **changes: Any) -> None:
        take = self.take(number)
        changed = replace(take, **changes)
        if changed != take:
            self._takes[number] = changed
            self._line(number, **changes)

    def _line(self, number: int, **what: Any) -> None:
        self._write(json.dumps({"take": number, **what}, separators=(",", ":")))


def read_journal(path: Path) -> tuple[tuple[Take, ...], int]:
    """The takes in a journal, and how many lines of it could not be understood. No file, no takes.

    Raises GroovebridgeError for a file that cannot be read at all.
    """
    takes: dict[int, Take] = {}
    ours: dict[
        int, int
    ] = {}  # a number in the file -> the take; two windows may have given one number to two
    damaged = 0
    for line in _lines(path):
        try:
            happened = json.loads(line)
            number = int(happened.pop("take"))
            if "loop" in happened:
                sketch = SketchData.model_validate(happened["sketch"]).build()
                take = Take(number, float(happened["at"]), of_rows(happened["loop"]), sketch)
                if number in takes:
                    take = replace(take, number=max(takes) + 1)
                ours[number] = take.number
                takes[take.number] = take
            else:
                kept = {key: happened[key] for key in ("name", "pinned") if key in happened}
                takes[ours[number]] = replace(takes[ours[number]], **kept)
        except (ValueError, KeyError, TypeError, AttributeError, GroovebridgeError):
            damaged += 1
    return tuple(takes[number] for number in sorted(takes)), damaged


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise GroovebridgeError(f"The history in {path} cannot be read: {reason}.") from error


class Journal:
    """Adds lines to a file from a thread of its own. `failed` is called once, from there, if it cannot.

    Each line has reached the disk a moment after `add`; a crash of this process loses none that was handed to
    the system, a loss of power the last second's at most.
    """

    def __init__(self, path: Path, failed: Callable[[GroovebridgeError], None]) -> None:
        self._path = path
        self._failed = failed
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
