"""A window to work at in tests: window, session and studio are real, player and model the tests' own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from pytestqt.qtbot import QtBot

from bridge.groove import STEPS, VOICES, DrumLoop
from bridge.model import Settings
from bridge.model.map import Map
from bridge.player.meeting import Orphan
from bridge.player.messages import (
    Anchor,
    ClockState,
    Command,
    Ended,
    LoopPlaying,
    Motion,
    OpenPorts,
    PlayerConfig,
    PortsOpened,
    Report,
    SetLoop,
    SetSync,
    SetTempo,
    Start,
    Stats,
    Stop,
    Sync,
)
from bridge.ports.base import PortNames
from bridge.studio import Studio
from bridge.studio.last_time import load_last
from bridge.studio.seat import Seat
from bridge.studio.session_file import Session
from bridge.studio.sketch import Sketch, Spot
from gui.models import Opened, Phase, SessionModel
from gui.views import MainWindow

AXES = {f"z{number}": 0.25 * number - 1 for number in range(1, 9)}
"""Where every draw of the tests' model lies."""
SLIDERS = ("density", "syncopation", "swing", "intensity", "ghosts", "fill", "ride", "looseness")
STYLES = ("rock", "neworleans", "jazz")


class PlainModel:
    """Loops that differ with every setting: the same settings, the same loop."""

    def loop(self, settings: Settings) -> DrumLoop:
        style = 0 if settings.style is None else 1 + STYLES.index(settings.style)
        kinds = np.random.default_rng([settings.seed, settings.index, style])
        hits = kinds.random((STEPS, VOICES)) < 0.12
        moved = sum(settings.axes.values()) + sum(settings.sliders.values())
        touch = 0.3 + 0.1 * settings.temperature + 0.01 * moved
        return DrumLoop.of(hits, hits * touch, hits * kinds.uniform(-0.4, 0.4, hits.shape))


def coordinates(settings: Settings) -> dict[str, float]:
    return {**AXES, **settings.axes}


def plane() -> Map:
    """A map of a few loops."""
    numbers = np.random.default_rng(1)
    points = numbers.uniform(-1, 1, (40, 2)).astype(np.float32)
    z = numbers.standard_normal((40, 4)).astype(np.float32)
    return Map(points, z, np.arange(40) % 3, STYLES, np.full(40, 120, np.float32))


def make(sketch: Sketch) -> DrumLoop:
    """The loop of a sketch; on the map each place has another."""
    settings = sketch.settings
    if isinstance(sketch.origin, Spot):
        settings = replace(
            settings, seed=int(1000 * (2 + sketch.origin.x)), index=int(1000 * (2 + sketch.origin.y))
        )
    return PlainModel().loop(settings)


class TurnOver:
    """The song reaches the boundary at which a loop takes over."""


class Band:
    """A player in memory. It follows commands as a player does; its reports come from a thread of its own.

    A loop takes over at once while stopped; while rolling it waits for `turn_over`.
    """

    def __init__(self, config: PlayerConfig, on_report: Callable[[Report], None]) -> None:
        self.asked: list[Command] = []
        self._on_report = on_report
        self._queue: SimpleQueue[Command | Report | TurnOver | None] = SimpleQueue()
        self._anchor = Anchor(0, time.perf_counter_ns(), config.bpm, Motion.STOPPED, config.sync)
        self._waiting: int | None = None
        self._thread = threading.Thread(target=self._run, name="band")
        self._thread.start()
        self.report(PortsOpened("jack", "Groovebridge:out", "Groovebridge:in"))

    @property
    def alive(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    def send(self, command: Command) -> None:
        self.asked.append(command)
        self._queue.put(command)

    def report(self, report: Report) -> None:
        self._queue.put(report)

    def turn_over(self) -> None:
        """Reach the boundary: the loop that waits takes over."""
        self._queue.put(TurnOver())

    def close(self) -> Stats:
        self._queue.put(None)
        self._thread.join()
        return Stats()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, Report):
                self._on_report(item)
            elif isinstance(item, TurnOver):
                assert self._waiting is not None, "no loop waits"
                self._on_report(LoopPlaying(self._waiting, 3840))
                self._waiting = None
            else:
                self._follow(item)
        self._on_report(Ended(Stats()))

    def _follow(self, command: Command) -> None:
        match command:
            case SetLoop(loop_id=loop_id):
                if self._anchor.motion is Motion.ROLLING:
                    self._waiting = loop_id
                else:
                    self._on_report(LoopPlaying(loop_id, 0))
            case Start(at_ticks):
                self._move(motion=Motion.ROLLING, ticks=at_ticks or 0, at_ns=time.perf_counter_ns())
            case Stop():
                self._move(motion=Motion.STOPPED)
            case SetTempo(bpm):
                self._move(bpm=bpm)
            case SetSync(sync):
                clock = ClockState.WAITING if sync is Sync.CLOCK else ClockState.OFF
                self._move(sync=sync, clock=clock, motion=Motion.STOPPED)
            case OpenPorts(api, out, inp):
                api = "jack" if api == "auto" else api
                self._on_report(PortsOpened(api, "Groovebridge:out", None, out, inp))

    def _move(self, **changes: object) -> None:
        self._anchor = replace(self._anchor, **changes)  # type: ignore[arg-type]
        self._on_report(self._anchor)


@dataclass
class Desk:
    """The window with all that is behind it."""

    qtbot: QtBot
    names: PortNames = field(
        default_factory=lambda: PortNames("jack", ("live:in", "synth:in"), ("live:out",))
    )
    sliders: tuple[str, ...] = SLIDERS
    styles: tuple[str, ...] = STYLES
    chart: bool = False  # whether the model has a map
    bands: list[Band] = field(default_factory=list)
    trouble: Exception | None = None
    list_trouble: Exception | None = None
    listed: list[str] = field(default_factory=list)  # the MIDI systems whose ports were asked for
    data: Path | None = None  # the folder where what is at the desk is kept

    def __post_init__(self) -> None:
        self.seat = None if self.data is None else Seat.take(self.data)
        self.session = SessionModel(self._open_studio, self._list_ports, self.seat)
        self.window = MainWindow(self.session)
        self.qtbot.addWidget(self.window)

    def _open_studio(self) -> Opened:
        if self.trouble is not None:
            raise self.trouble
        last = None if self.seat is None else load_last(self.seat.desk)[0]
        begin = Session() if last is None else last.session
        studio = Studio(
            PlainModel(),
            self._hire,
            begin.config,
            swap_at=begin.swap_at,
            evolve=begin.evolve,
            make=make if self.chart else None,
            sketch=begin.sketch,
            flags=begin.flags or (),
        )
        chart = plane() if self.chart else None
        return Opened(studio, coordinates, self.sliders, self.styles, chart, last=last)

    def _list_ports(self, api: str) -> PortNames:
        self.listed.append(api)
        if self.list_trouble is not None:
            raise self.list_trouble
        return self.names

    def _hire(
        self, config: PlayerConfig, on_report: Callable[[Report], None], orphan: Orphan | None = None
    ) -> Band:
        self.bands.append(Band(config, on_report))
        return self.bands[-1]

    @property
    def settings(self) -> Settings:
        """What the session is set to."""
        state = self.session.state
        assert state is not None
        return state.settings

    @property
    def band(self) -> Band:
        """The player that plays now."""
        return self.bands[-1]

    def open(self) -> None:
        """Show the window and wait until it can play."""
        self.window.show()
        self.session.open()
        self.until(lambda: self.session.phase is Phase.READY and self.state_known)

    @property
    def state_known(self) -> bool:
        """Whether the player has told which ports are open."""
        state = self.session.state
        return state is not None and state.ports is not None

    def occupy(self) -> None:
        """Have the window's background thread be busy until the window closes."""
        closes = threading.Event()
        self.session._worker.run(lambda: closes.wait(10), lambda _: None)
        self.session._worker.run(lambda: None, lambda _: None).add_done_callback(lambda _: closes.set())

    def until(self, true: Callable[[], bool]) -> None:
        """Let Qt work until this is so."""
        self.qtbot.waitUntil(true, timeout=10_000)

    def asked(self, command: Command) -> bool:
        """Whether the player was asked for this."""
        return command in self.band.asked
