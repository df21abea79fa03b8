"""`groovebridge play` beside a player that the test speaks for."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bridge.model import Settings
from bridge.player.meeting import Orphan
from bridge.player.messages import Command, Fault, Finished, Notice, PlayerConfig, PortsOpened, Report, Start
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
