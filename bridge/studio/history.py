"""Every loop that was played, in order: to return to, pin and name. Nothing played is lost, not in a crash:
the lines that it writes are kept by `journal.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.groove.edit import to_rows
from bridge.studio.saved import SketchData
from bridge.studio.sketch import Sketch

NEWEST = 500
"""So many takes are at hand, and all before them that are pinned or named; the journal has every one."""


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
    """The takes that are at hand, oldest first: in a night of new loops they grow no more than a journal that
    is read. Not thread-safe: the studio's lock guards it.

    `write` is given each line of the journal that is new, and must not block.
    """

    def __init__(
        self,
        takes: tuple[Take, ...] = (),
        write: Callable[[str], None] = lambda _: None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._takes = {take.number: take for take in takes}
        self._heard = 0  # the number of what was heard last: takes may have been brought since
        self._write = write
        self._now_s = now_s

    @property
    def takes(self) -> tuple[Take, ...]:
        """The newest `NEWEST`, and those before that are pinned or named; oldest first."""
        return tuple(self._takes.values())

    def played(self, loop: DrumLoop, sketch: Sketch) -> Take:
        """A loop is heard: a new take, unless it is what was heard last, or the last one, again."""
        last = next(reversed(self._takes.values()), None)
        again = (take for take in (self._takes.get(self._heard), last) if take and take.loop == loop)
        if (take := next(again, None)) is None:
            take = Take(1 if last is None else last.number + 1, self._now_s(), loop, sketch)
            self._add(take)
        self._heard = take.number
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
                self._add(replace(take, number=number))
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
        for number in list(self._takes)[:-NEWEST]:
            if not (self._takes[number].pinned or self._takes[number].name):
                del self._takes[number]
        for line in lines_of(take):
            self._write(line)

    def _change(self, number: int, **changes: Any) -> None:
        take = self.take(number)
        changed = replace(take, **changes)
        if changed != take:
            self._takes[number] = changed
            self._write(_line(number, **changes))


def lines_of(take: Take) -> Iterator[str]:
    """What a journal says of a take, in lines: that it was played, and how it is marked."""
    sketch = SketchData.of(take.sketch).model_dump()
    yield _line(take.number, at=take.at, loop=to_rows(take.loop), sketch=sketch)
    if take.name:
        yield _line(take.number, name=take.name)
    if take.pinned:
        yield _line(take.number, pinned=True)


def _line(number: int, **what: Any) -> str:
    return json.dumps({"take": number, **what}, separators=(",", ":"))
