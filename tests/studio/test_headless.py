"""`groovebridge play` beside a player that the test speaks for."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bridge.model import Settings
from bridge.player.meeting import Orphan
from bridge.player.messages import (
    Command,
    Fault,
    Finished,
    Notice,
    PlayerConfig,
    PortsOpened,
    Report,
    Sound,
    SoundStage,
    SoundWhen,
    Start,
)
from bridge.studio.headless import perform
from tests.studio.conftest import DoubleLink, SmallModel


def test_lost_ports_are_waited_for_and_both_are_said() -> None:
    opened = PortsOpened("jack", "Groovebridge:out", "Groovebridge:in")
    story: list[Report] = [
        Fault("JACK has gone.", ports_lost=True),
        opened,
        Notice("The port is back."),
        Finished(),
    ]
    tellers: list[threading.Thread] = []

    class Link(DoubleLink):
        def __init__(
            self, config: PlayerConfig, on_report: Callable[[Report], None], orphan: Orphan | None = None
        ) -> None:
            super().__init__(config, on_report, orphan)
            self.tell([opened])

        def tell(self, reports: list[Report]) -> None:
            def tell_all() -> None:
                for report in reports:
                    self.on_report(report)

            tellers.append(threading.Thread(target=tell_all))
            tellers[-1].start()

        def send(self, command: Command) -> None:
            super().send(command)
            if isinstance(command, Start):
                self.tell(story)

    said: list[str] = []
    outcome = perform(SmallModel(), PlayerConfig(), Settings(), said.append, link_factory=Link)
    for teller in tellers:
        teller.join()
    assert outcome.fault is None
    assert outcome.stats is not None
    assert said[0].startswith("Playing on Groovebridge:out")
    assert said[1:] == ["JACK has gone.", "The port is back."]


@pytest.mark.parametrize("heard", [True, False])
def test_the_song_waits_for_drums_that_were_asked_for_and_it_is_said_how_they_are(heard: bool) -> None:
    sound = Sound(SoundStage.ON, "speakers") if heard else Sound(SoundStage.FAILED, "Plug in.")
    beginning: list[Report] = [
        PortsOpened("none", "nowhere", None),
        Sound(SoundStage.OPENING),
        *([] if heard else [Fault("Plug in.")]),
        sound,
    ]
    told: list[Report] = []
    started_after: list[Report] = []
    tellers: list[threading.Thread] = []

    class Link(DoubleLink):
        def __init__(
            self, config: PlayerConfig, on_report: Callable[[Report], None], orphan: Orphan | None = None
        ) -> None:
            super().__init__(config, on_report, orphan)
            self.tell(beginning)

        def tell(self, reports: list[Report]) -> None:
            def tell_all() -> None:
                for report in reports:
                    told.append(report)
                    self.on_report(report)

            tellers.append(threading.Thread(target=tell_all))
            tellers[-1].start()

        def send(self, command: Command) -> None:
            super().send(command)
            if isinstance(command, Start):
                started_after.extend(told)
                self.tell([Finished()])

    said: list[str] = []
    warned: list[str] = []
    config = PlayerConfig(api="none", sound=SoundWhen.ON)
    outcome = perform(SmallModel(), config, Settings(), said.append, warn=warned.append, link_factory=Link)
    for teller in tellers:
        teller.join()
    assert outcome.fault is None
    assert sound in started_after
    assert ("The drums sound through speakers." in said) is heard
    assert warned == ([] if heard else ["Plug in."])
