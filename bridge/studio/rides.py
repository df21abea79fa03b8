"""What goes by itself at the desk, bar by bar: what rides have in common, and which bar is due.

    song     |  bar 0  :         |  bar 1  :         |  bar 2
    asked    |         : bar 1   |         : bar 2   |
    heard    | bar 0             | bar 1             | bar 2

In the middle of a bar what the next one wants is asked for, to be heard from its bar line. Where a song
that jumped finds itself elsewhere in the first half of a bar, what that bar wants is asked for at the next
step. So a bar sounds the same however one got there.
"""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from bridge.groove.notes import TICKS_PER_BAR
from bridge.player.messages import Anchor, Motion, SwapAt
from bridge.studio.state import StudioState, position_ticks
from bridge.studio.studio import Studio
from bridge.timing import BeatMap

LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Due:
    """The bar (from 0) that is wanted now, when it is to be heard, and when to look again (None: when the
    transport changes); times as those of the anchor.
    """

    bar: int
    at: SwapAt
    look_ns: int | None = None

    def wait_s(self, now_ns: int) -> float:
        """For how long nothing else will be due."""
        wait_s = LONGEST_WAIT_S if self.look_ns is None else (self.look_ns - now_ns) / 1e9
        return min(max(0.0, wait_s), LONGEST_WAIT_S)


def due(anchor: Anchor | None, now_ns: int) -> Due:
    """What is wanted at a moment. Pure. While the song stands it is the bar that it begins with: the first
    where we lead, else where the other program left it.
    """
    if anchor is None or (anchor.motion is not Motion.ROLLING and anchor.sync.leads):
        return Due(0, SwapAt.STEP)
    ticks = position_ticks(anchor, now_ns)
    if anchor.motion is not Motion.ROLLING:
        return Due(int(ticks // TICKS_PER_BAR), SwapAt.STEP)
    bar = math.floor(ticks / TICKS_PER_BAR + 0.5)
    line = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns)
    at = SwapAt.STEP if ticks >= bar * TICKS_PER_BAR else SwapAt.BAR
    return Due(bar, at, math.ceil(line.to_ns((bar + 0.5) * TICKS_PER_BAR)) + 1)


class Rider(ABC):
    """What goes by itself in one studio. Thread-safe; while it goes there is a thread, so no window can hold
    it up. The studio is never called with `_changed` held.

    `told` is called, from any thread, when there is something new to see; it must not block. Who inherits
    calls `_listen` when it is made, and sets off with `_set_off`.
    """

    def __init__(self, studio: Studio, told: Callable[[], None], name: str) -> None:
        self._studio = studio
        self._told = told
        self._name = name
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    @abstractmethod
    def stop(self) -> None:
        """Stay where we are."""

    @abstractmethod
    def _run(self) -> None:
        """Go until it is over; in a thread of its own."""

    def close_ride(self) -> None:
        """Stop, and wait for the thread to end. Not from a callback of the studio."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End for good, before the studio does. Idempotent. Not from a callback of the studio."""
        self._unsubscribe()
        self.close_ride()

    def _listen(self) -> None:
        self._unsubscribe = self._studio.subscribe(self._on_state)

    def _on_state(self, state: StudioState) -> None:  # noqa: ARG002
        with self._changed:
            self._changed.notify_all()

    def _set_off(self) -> None:
        """Start the thread; `_changed` is held, and no other goes."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
