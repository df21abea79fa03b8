"""The song follows a path over the map, bar by bar; when a bar's place is asked for is `rides`' matter."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bridge.errors import GroovebridgeError
from bridge.player.messages import SwapAt
from bridge.studio.path import Path, Place
from bridge.studio.rides import Rider, due
from bridge.studio.sketch import Sketch, Spot
from bridge.studio.studio import Studio
from bridge.studio.undo import Riding

_NO_PATH = "There is no path to follow. Draw one on the map: switch Path on, then click where it should go."


@dataclass(frozen=True, slots=True)
class Journeying:
    """What there is to see: the path, whether the song follows it, and where it will be a bar further on."""

    path: Path = field(default_factory=Path)
    following: bool = False
    heading: Place | None = None


class _Drawing:
    """The path on the other side of a step of undo."""

    def __init__(self, journey: Journey, path: Path) -> None:
        self._journey = journey
        self._other = path

    def turn(self) -> None:
        """Have it, and keep what there was."""
        there, self._other = self._other, self._journey.journeying.path
        self._journey.set_path(there)


class Journey(Rider):
    """The path of one studio. Sliders, locks and the mix may move meanwhile; whoever takes the idea elsewhere
    (a hand on the map, a new idea, the morph) ends it. All that one ride did is one step of undo, which ends
    it too; what a hand did meanwhile is taken back without that.
    """

    def __init__(self, studio: Studio, told: Callable[[], None] = lambda: None) -> None:
        super().__init__(studio, told, "studio-journey")
        self._seen = Journeying()
        self._listen()

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

    def draw(self, path: Path, gesture: object = None) -> None:
        """Have this path as a hand draws it: a step of undo. `gesture`: changes of one are one step."""
        if path != self._seen.path:
            self._studio.turn(_Drawing(self, path).turn, gesture)

    def take(self, path: Path) -> None:
        """Have the path of a session, and stay where we are."""
        self.stop()
        self.set_path(path)

    def follow(self) -> None:
        """Have the song follow the path from now on. GroovebridgeError where there is none."""
        if not self._seen.path.places:
            raise GroovebridgeError(_NO_PATH)
        self.close_ride()
        with self._changed:
            self._seen = replace(self._seen, following=True)
            self._set_off()
        self._told()

    def stop(self) -> None:
        """Stay where we are."""
        with self._changed:
            if not self._seen.following:
                return
            self._seen = replace(self._seen, following=False, heading=None)
            self._changed.notify_all()
        self._told()

    # --- inside ---

    def _run(self) -> None:
        gesture = Riding()
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
                self._changed.wait(wanted.wait_s(now_ns))
            return None

    def _go(self, here: Spot | None, there: Spot, at: SwapAt, gesture: Riding) -> bool:
        """Have the studio go on, unless somebody has gone elsewhere since; whether it did."""
        went = False

        def step(sketch: Sketch) -> Sketch:
            nonlocal went
            went = self._seen.following and (here is None or sketch.origin == here)
            return sketch.at(there) if went else sketch

        self._studio.change(step, gesture, at)
        return went
