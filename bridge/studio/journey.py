"""The song follows a path over the map, bar by bar.

    song     |  bar 0  :         |  bar 1  :         |  bar 2
    asked    | at(0)   : at(1)   |         : at(2)   |
    heard    | at(0)             | at(1)             | at(2)

In the middle of a bar the place of the next one is asked for, to be heard from its bar line. Where a song
that jumped finds itself elsewhere in the first half of a bar, that bar's own place is asked for at the next
step. So a bar sounds the same however one got there.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bridge.errors import GroovebridgeError
from bridge.groove.notes import TICKS_PER_BAR
from bridge.player.messages import Anchor, Motion, SwapAt
from bridge.studio.path import Path, Place
from bridge.studio.sketch import Sketch, Spot
from bridge.studio.state import position_ticks
from bridge.studio.studio import Studio
from bridge.studio.undo import Lasting
from bridge.timing import BeatMap

LONGEST_WAIT_S = 60.0
_NO_PATH = "There is no path to follow. Draw one on the map: switch Path on, then click where it should go."


@dataclass(frozen=True, slots=True)
class Due:
    """The bar (from 0) whose place is wanted now, when it is to be heard, and when to look again (None: when
    the transport changes); times as those of the anchor.
    """

    bar: int
    at: SwapAt
    look_ns: int | None = None


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


@dataclass(frozen=True, slots=True)
class Journeying:
    """What there is to see: the path, whether the song follows it, and where it will be a bar further on."""

    path: Path = field(default_factory=Path)
    following: bool = False
    heading: Place | None = None


class Journey:
    """The path of one studio. Thread-safe; while the song follows it there is a thread, so no window can hold
    it up. Sliders, locks and the mix may move meanwhile; whoever takes the idea elsewhere (a hand on the map,
    a new idea, the morph, undo) ends it. All that one ride did is one step of undo.

    `told` is called, from any thread, when there is something new to see; it must not block.
    """

    def __init__(self, studio: Studio, told: Callable[[], None] = lambda: None) -> None:
        self._studio = studio
        self._told = told
        self._changed = threading.Condition()
        self._seen = Journeying()
        self._thread: threading.Thread | None = None
        self._unsubscribe = studio.subscribe(lambda _: self._wake())

    @property
    def journeying(self) -> Journeying:
        """The newest picture."""
        return self._seen

    def set_path(self, path: Path) -> None:
        """Have this path; a song that follows goes on along it, or stays where it is if it has no place."""
        with self._changed:
            self._seen = replace(self._seen, path=path)
            if not path.places:
                self._seen = replace(self._seen, following=False, heading=None)
            self._changed.notify_all()
        self._told()

    def follow(self) -> None:
        """Have the song follow the path from now on. GroovebridgeError where there is none."""
        if not self._seen.path.places:
            raise GroovebridgeError(_NO_PATH)
        self.close_ride()
        with self._changed:
            self._seen = replace(self._seen, following=True)
            self._thread = threading.Thread(target=self._run, name="studio-journey", daemon=True)
            self._thread.start()
        self._told()

    def stop(self) -> None:
        """Stay where we are."""
        with self._changed:
            if not self._seen.following:
                return
            self._seen = replace(self._seen, following=False, heading=None)
            self._changed.notify_all()
        self._told()

    def close_ride(self) -> None:
        """Stop, and wait for the thread to end. Not from a callback of the studio."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End for good, before the studio does. Idempotent. Not from a callback of the studio."""
        self._unsubscribe()
        self.close_ride()

    # --- inside; the studio is never called with the lock held ---

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        gesture = Lasting()
        here: Spot | None = None
        while (step := self._next_step(here)) is not None and self._go(here, *step, gesture):
            here = step[0]
        self.stop()

    def _next_step(self, here: Spot | None) -> tuple[Spot, SwapAt] | None:
        """Where to go next, once that is elsewhere; None if it is over. `here`: where we went last."""
        with self._changed:
            while self._seen.following:
                state, now_ns = self._studio.state, time.perf_counter_ns()
                if here is not None and state.sketch.origin != here:
                    return None
                wanted, path = due(state.anchor, now_ns), self._seen.path
                heading = path.at(wanted.bar + 1)
                if heading != self._seen.heading:
                    self._seen = replace(self._seen, heading=heading)
                    self._told()
                there = Spot(*path.at(wanted.bar))
                if there != here:
                    return there, wanted.at
                wait_s = LONGEST_WAIT_S if wanted.look_ns is None else (wanted.look_ns - now_ns) / 1e9
                self._changed.wait(min(max(0.0, wait_s), LONGEST_WAIT_S))
            return None

    def _go(self, here: Spot | None, there: Spot, at: SwapAt, gesture: Lasting) -> bool:
        """Have the studio go on, unless somebody has gone elsewhere since; whether it did."""
        went = False

        def step(sketch: Sketch) -> Sketch:
            nonlocal went
            went = self._seen.following and (here is None or sketch.origin == here)
            return sketch.at(there) if went else sketch

        self._studio.change(step, gesture, at)
        return went
