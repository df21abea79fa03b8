"""The shell around the engine: what is in its inbox, and in which order it is taken."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue

import pytest

from bridge.groove.notes import LOOP_TICKS
from bridge.player import PlayerConfig
from bridge.player.ahead import WAKE_NS
from bridge.player.engine import Engine
from bridge.player.lifeline import Lifeline
from bridge.player.messages import (
    Anchor,
    Fault,
    Motion,
    OpenPorts,
    Quit,
    Report,
    SetLoop,
    SetTempo,
    Start,
    Sync,
)
from bridge.player.process import _Player
from bridge.player.reopening import Checked
from bridge.ports import Incoming, PortLost
from tests.player.support import random_loop

CONFIG = PlayerConfig(api="none", sync=Sync.CLOCK)


@pytest.fixture
def inbox() -> SimpleQueue[object]:
    return SimpleQueue()


@pytest.fixture
def studio() -> Iterator[tuple[Connection, Connection]]:
    """The studio's end of a pipe, and the player's."""
    ours, theirs = Pipe()
    yield ours, theirs
    ours.close()


@pytest.fixture
def lifeline(inbox: SimpleQueue[object], studio: tuple[Connection, Connection]) -> Iterator[Lifeline]:
    made = Lifeline(CONFIG, studio[1], inbox)
    yield made
    made.close(5)


@pytest.fixture
def player(inbox: SimpleQueue[object], lifeline: Lifeline) -> Iterator[_Player]:
    made = _Player(CONFIG, inbox, lifeline)
    yield made
    made.end()
    gc.unfreeze()
    gc.enable()


def told(lifeline: Lifeline, pipe: Connection) -> list[Report]:
    """All that was reported; nothing more is told then."""
    lifeline.close(5)
    reports = []
    while pipe.poll():
        reports.append(pipe.recv())
    return reports


def test_what_closed_ports_left_behind_is_dropped_and_commands_keep_their_order(
    player: _Player,
    inbox: SimpleQueue[object],
    lifeline: Lifeline,
    studio: tuple[Connection, Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handled: list[object] = []
    handle = Engine.handle

    def note(engine: Engine, item: object, now_ns: int) -> None:
        handled.append(item)
        handle(engine, item, now_ns)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "handle", note)
    player._asked = OpenPorts("none")
    items = [
        Checked(player._asked, None),  # there are such ports: the old ones are closed, and these opened
        SetTempo(90),
        Incoming(b"\xfa", 1),
        PortLost("The old ports have gone."),
        SetTempo(100),
        Quit(),
    ]
    for item in items:
        inbox.put(item)
    player.run()
    assert handled == [SetTempo(90), SetTempo(100)]
    assert not [report for report in told(lifeline, studio[0]) if isinstance(report, Fault)]


def test_a_flood_of_commands_does_not_keep_the_engine_from_its_wake_up(
    player: _Player, inbox: SimpleQueue[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command takes 4 ms of a simulated clock: the engine advances every 10 ms all the same."""
    now_ns = [1_000_000_000]
    advanced: list[int] = []

    class Clock:
        def now_ns(self) -> int:
            return now_ns[0]

    def handle(_engine: Engine, _item: object, _now_ns: int) -> None:
        now_ns[0] += 4_000_000

    def advance(_engine: Engine, at_ns: int) -> int:
        advanced.append(at_ns)
        return at_ns + WAKE_NS

    def open_ports(self: _Player, _wanted: OpenPorts) -> None:
        self._clock = Clock()  # type: ignore[assignment]

    monkeypatch.setattr(Engine, "handle", handle)
    monkeypatch.setattr(Engine, "advance", advance)
    monkeypatch.setattr(_Player, "_open", open_ports)
    for bpm in range(60, 200):
        inbox.put(SetTempo(bpm))
    inbox.put(Quit())
    player.run()
    assert len(advanced) > 40
    assert max(after - before for before, after in itertools.pairwise(advanced)) <= WAKE_NS + 4_000_000


def test_after_a_minute_alone_a_player_finishes_its_four_bars_and_ends_with_every_note_closed(
    inbox: SimpleQueue[object], studio: tuple[Connection, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = PlayerConfig(api="none", bpm=400)
    lifeline = Lifeline(config, studio[1], inbox)
    anchors: list[Anchor] = []
    report = lifeline.report

    def watch(told: Report) -> None:
        report(told)
        if isinstance(told, Anchor):
            anchors.append(told)
            if told.motion is Motion.ROLLING:
                studio[0].close()  # the studio dies, and a minute passes at once
                monkeypatch.setattr("bridge.player.alone.PLAY_ON_NS", 0)

    monkeypatch.setattr(lifeline, "report", watch)
    player = _Player(config, inbox, lifeline)
    inbox.put(SetLoop(random_loop(1, density=0.5), 1))
    inbox.put(Start())
    try:
        player.run()
    finally:
        player.end()
        lifeline.close(5)
        gc.unfreeze()
        gc.enable()
    assert (anchors[-1].motion, anchors[-1].ticks) == (Motion.STOPPED, LOOP_TICKS)
    assert player._engine.stats().open_notes == 0
    assert player._engine.stats().notes_sent > 100
