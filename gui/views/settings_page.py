"""The settings, section by section: a new one is one line here."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from gui.models import SessionModel
from gui.views import theme
from gui.views.appearance import AppearanceSection
from gui.views.clock_section import ClockSection
from gui.views.count_in_section import CountInSection
from gui.views.latency_section import LatencySection
from gui.views.machine_section import MachineSection

SECTIONS: tuple[tuple[str, Callable[[SessionModel], QWidget]], ...] = (
    ("Count-in", CountInSection),
    ("Latency", LatencySection),
    ("MIDI clock out", ClockSection),
    ("This machine", MachineSection),
    ("Appearance", AppearanceSection),
)
"""(title, what makes it), from top to bottom."""


class SettingsPage(QWidget):
    """All sections, each under its title."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self.sections: dict[str, QWidget] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, theme.MARGIN, theme.MARGIN)
        column.setSpacing(theme.GAP)
        for title, make in SECTIONS:
            head = QLabel(title)
            head.setFont(theme.font(theme.BODY_PX, bold=True))
            head.setContentsMargins(0, theme.MARGIN if self.sections else 0, 0, 0)
            section = self.sections[title] = make(session)
            section.setAccessibleName(title)
            column.addWidget(head)
            column.addWidget(section)
        column.addStretch(1)
