"""A window on real parts: the shipped model, a studio, a player process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytestqt.qtbot import QtBot

from bridge.player.messages import PlayerConfig, PortsOpened
from bridge.ports.base import PortNames
from gui import app
from gui.models import Opened, Phase, SessionModel
from gui.views import MainWindow

START_MS = 30_000  # a player is a process of its own: on a busy machine it may take long to be there


@dataclass
class Room:
    """A window on real parts."""

    qtbot: QtBot
    api: str
    bundle: Path | None = None

    def __post_init__(self) -> None:
        self.session = SessionModel(self._open_studio, self._list_ports)
        self.window = MainWindow(self.session)
        self.qtbot.addWidget(self.window)
        self.window.show()
        self.session.open()
        self.until(lambda: self.ports is not None or self.session.phase is Phase.FAILED)
        assert self.session.phase is Phase.READY, self.session.status.text

    def _open_studio(self) -> Opened:
        return app.open_studio(self.bundle, PlayerConfig(api=self.api))

    def _list_ports(self, _api: str) -> PortNames:
        return app.list_ports(self.api)

    @property
    def ports(self) -> PortsOpened | None:
        """What is open."""
        return None if self.session.state is None else self.session.state.ports

    def until(self, true: Callable[[], bool]) -> None:
        """Let Qt work until this is so."""
        self.qtbot.waitUntil(true, timeout=START_MS)
