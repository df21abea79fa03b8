"""A studio without a player process: the link is a double that answers when the test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.model import Settings
from bridge.player.meeting import Orphan
from bridge.player.messages import Command, PlayerConfig, Report, SetLoop, Stats
from bridge.studio import Studio, StudioState
from bridge.studio.history import History
from bridge.studio.sketch import Sketch


class SmallModel:
    """Each draw is another loop; no axis but z1, which sets how hard the hits are."""

    def __init__(self) -> None:
        self.decoded: list[Settings] = []
        self.free = threading.Event()  # cleared: decoding waits
        self.free.set()

    def loop(self, settings: Settings) -> DrumLoop:
        if unknown := (set(settings.axes) | set(settings.sliders)) - {"z1"}:
            raise GroovebridgeError(f"There is no slider {unknown}. This model has z1.")
        self.free.wait()
        self.decoded.append(settings)
        hits = np.random.default_rng([settings.seed, settings.index]).random((64, 9)) < 0.2
        return DrumLoop.of(hits, hits * (0.5 + settings.axes.get("z1", 0) / 10), np.zeros((64, 9)))


@dataclass
class DoubleLink:
    """Remembers commands; the test speaks for the player with `on_report`."""

    config: PlayerConfig
    on_report: Callable[[Report], None]
    orphan: Orphan | None = None
    commands: list[Command] = field(default_factory=list)
    closed: bool = False
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def send(self, command: Command) -> None:
        with self.arrived:
            self.commands.append(command)
            self.arrived.notify_all()

    def close(self) -> Stats | None:
        self.closed = True
        return Stats(notes_sent=7)

    def loops(self) -> list[SetLoop]:
        """The loops that were sent."""
        return [command for command in self.commands if isinstance(command, SetLoop)]

    def wait_for_loops(self, count: int) -> list[SetLoop]:
        """The loops that were sent, once there are so many."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.loops()) >= count, timeout=5), self.commands
        return self.loops()


class Desk:
    """A studio on doubles."""

    def __init__(
        self,
        config: PlayerConfig | None = None,
        evolve: bool = False,
        orphan: Orphan | None = None,
        make: Callable[[Sketch], DrumLoop] | None = None,
        history: History | None = None,
    ) -> None:
        self.model = SmallModel()
        self.links: list[DoubleLink] = []
        self._changed = threading.Condition()
        self.studio = Studio(
            self.model, self._link, config, evolve=evolve, orphan=orphan, make=make, history=history
        )
        self.studio.subscribe(self._on_change)

    def _link(
        self, config: PlayerConfig, on_report: Callable[[Report], None], orphan: Orphan | None = None
    ) -> DoubleLink:
        self.links.append(DoubleLink(config, on_report, orphan))
        return self.links[-1]

    @property
    def link(self) -> DoubleLink:
        """The link to the player that lives."""
        return self.links[-1]

    @property
    def state(self) -> StudioState:
        """The studio's state."""
        return self.studio.state

    def _on_change(self, _: StudioState) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, fits: Callable[[StudioState], bool]) -> StudioState:
        """The state, once it fits."""
        with self._changed:
            assert self._changed.wait_for(lambda: fits(self.state), timeout=5), self.state
        return self.state

    def tell(self, *reports: Report) -> None:
        """The player reports."""
        for report in reports:
            self.link.on_report(report)


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    """Makes desks, and closes their studios."""
    desks: list[Desk] = []

    def make(*args: Any, **kwargs: Any) -> Desk:
        desks.append(Desk(*args, **kwargs))
        return desks[-1]

    yield make
    for desk in desks:
        desk.model.free.set()
        desk.studio.close()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """A desk as it starts, once its first loop is there: what a test asks for comes after it."""
    made = make_desk()
    made.link.wait_for_loops(1)
    return made
