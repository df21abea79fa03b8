"""The player's loop beside ports that are lost, come back, hang, or never were there."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TypeVar

import pytest

from bridge.player import PlayerConfig
from bridge.player.messages import (
    Anchor,
    Command,
    Fault,
    Motion,
    Notice,
    OpenPorts,
    PortsChanged,
    PortsOpened,
    Quit,
    Report,
    SetLoop,
    SetTempo,
    Start,
)
from bridge.player.process import _Player
from bridge.player.reopening import Reopener
from bridge.ports import Incoming, OthersChanged, PeerBack, PeerGone, PortError, PortLost, Ports
from bridge.ports.nowhere import NowherePorts
from tests.player.support import random_loop

_R = TypeVar("_R")


def drained(reports: SimpleQueue[Report]) -> list[Report]:
    return [reports.get() for _ in range(reports.qsize())]


class Studio:
    """The player's loop in a thread, a machine with ports that come and go, and what was reported."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inbox: SimpleQueue[object] = SimpleQueue()
        self.reports: SimpleQueue[Report] = SimpleQueue()
        self.report = self.reports.put  # what a `Lifeline` has
        self.carried_out: list[Command] = []
        self.obeyed = self.carried_out.append
        self.dropped = 0
        self.opened: list[tuple[str, str | None, str | None, bool]] = []
        self.there, self.broken = True, False
        self.hangs = threading.Event()
        self.hangs.set()
        monkeypatch.setattr("bridge.player.reopening.RETRY_S", 0.01)
        monkeypatch.setattr("bridge.player.process.open_ports", self.open)
        monkeypatch.setattr("bridge.player.reopening.check_ports", self.check)
        self.player = _Player(PlayerConfig(api="none", bpm=300), self.inbox, self)  # type: ignore[arg-type]
        self.thread = threading.Thread(target=self.player.run)
        self.thread.start()

    def check(self, _api: str, out: str | None, _inp: str | None) -> None:
        self.hangs.wait(10)
        if self.broken:
            raise SystemError("a library's bug")
        if not self.there or out == "wrong":
            raise PortError("There is no such port. Plug it in.")

    def open(
        self,
        api: str,
        out: str | None,
        inp: str | None,
        _inbox: object,
        _name: str,
        patient: bool = False,
    ) -> Ports:
        self.check(api, out, inp)
        self.opened.append((api, out, inp, patient))
        return NowherePorts()

    def is_over(self, _rolling: bool) -> bool:
        return False

    def wait_for(self, kind: type[_R]) -> _R:
        while True:
            report = self.reports.get(timeout=10)
            if isinstance(report, kind):
                return report

    def close(self) -> None:
        self.hangs.set()
        self.inbox.put(Quit())
        self.thread.join(10)
        self.player.end()
        gc.unfreeze()
        gc.enable()


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    made = Studio(monkeypatch)
    made.wait_for(PortsOpened)
    yield made
    made.close()


def test_lost_ports_are_opened_again_as_soon_as_they_are_there(studio: Studio) -> None:
    studio.there = False
    studio.inbox.put(PortLost("It has gone. Plug it in."))
    assert studio.wait_for(Fault) == Fault("It has gone. Plug it in.", ports_lost=True)
    studio.inbox.put(SetTempo(1000))  # a player without ports still answers
    assert "1000" in studio.wait_for(Fault).text
    studio.there = True
    assert studio.wait_for(PortsOpened).api == "none"
    assert studio.wait_for(Notice) == Notice("The MIDI port nowhere is back.")
    assert studio.opened[-1] == ("none", None, None, True)


def test_a_library_that_breaks_while_ports_are_looked_for_is_told_once_and_they_are_found_all_the_same(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    studio.broken = True
    studio.inbox.put(PortLost("It has gone. Plug it in."))
    studio.wait_for(Fault)
    assert "a library's bug" in studio.wait_for(Fault).text
    studio.broken = False
    studio.wait_for(PortsOpened)
    studio.broken = True
    studio.inbox.put(OpenPorts("none", None, None))
    assert "a library's bug" in studio.wait_for(Fault).text
    assert len(caplog.records) == 2


def test_a_player_whose_ports_do_not_come_back_is_not_held_up_by_them(studio: Studio) -> None:
    studio.hangs.clear()
    studio.inbox.put(PortLost("It has gone. Plug it in."))
    studio.wait_for(Fault)
    studio.inbox.put(SetTempo(1000))
    assert "1000" in studio.wait_for(Fault).text
    studio.inbox.put(Quit())
    studio.thread.join(10)
    assert not studio.thread.is_alive()


def test_ports_that_are_lost_again_before_they_are_ours_are_looked_for_again(studio: Studio) -> None:
    studio.hangs.clear()
    studio.inbox.put(PortLost("It has gone. Plug it in."))
    studio.wait_for(Fault)
    studio.inbox.put(PortLost("It has gone again."))
    studio.inbox.put(Incoming(b"\xfa", 1))
    studio.hangs.set()
    studio.wait_for(Notice)


def test_an_unknown_port_leaves_what_plays_playing_and_is_told(studio: Studio) -> None:
    studio.inbox.put(SetLoop(random_loop(1), 1))
    studio.inbox.put(Start())
    while studio.wait_for(Anchor).motion is not Motion.ROLLING:
        continue
    ports = studio.player._ports
    studio.inbox.put(OpenPorts("none", "wrong"))
    assert studio.wait_for(Fault) == Fault("There is no such port. Plug it in.")
    assert studio.wait_for(PortsOpened).destination is None  # what is open, told once more
    assert studio.player._ports is ports
    assert OpenPorts("none", "wrong") not in studio.carried_out
    studio.inbox.put(SetTempo(120))
    assert studio.wait_for(Anchor).motion is Motion.ROLLING


def test_a_question_that_hangs_holds_up_nothing_and_the_last_one_counts(studio: Studio) -> None:
    studio.hangs.clear()
    for out in ("wrong", "right"):
        studio.inbox.put(OpenPorts("jack", out))
    studio.inbox.put(SetTempo(1000))
    assert "1000" in studio.wait_for(Fault).text
    studio.hangs.set()
    studio.wait_for(PortsOpened)
    assert [out for _, out, *_ in studio.opened if out] == ["right"]
    assert not [each for each in drained(studio.reports) if isinstance(each, Fault)]


def test_what_becomes_of_other_programs_ports_is_told(studio: Studio) -> None:
    studio.inbox.put(PeerGone("Gone: ardour:in."))
    assert studio.wait_for(Fault) == Fault("Gone: ardour:in.")
    studio.inbox.put(PeerBack("Back: ardour:in."))
    assert studio.wait_for(Notice) == Notice("Back: ardour:in.")
    studio.inbox.put(OthersChanged())
    studio.wait_for(PortsChanged)


def test_ports_that_are_found_when_nobody_wants_them_any_more_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bridge.player.reopening.RETRY_S", 0)
    inbox: SimpleQueue[object] = SimpleQueue()
    closed: SimpleQueue[object] = SimpleQueue()
    opening, go = threading.Event(), threading.Event()

    class Found(NowherePorts):
        def close(self) -> None:
            super().close()
            closed.put(self)

    def open_them() -> Ports:
        opening.set()
        go.wait(10)
        return Found()

    late = Reopener(open_them, inbox)
    opening.wait(10)
    late.give_up()  # while it opens them
    go.set()
    closed.get(timeout=10)
    assert inbox.empty()
    early = Reopener(open_them, inbox)
    inbox.get(timeout=10)
    early.give_up()  # when it has them
    closed.get(timeout=10)
    assert early.take() is None
