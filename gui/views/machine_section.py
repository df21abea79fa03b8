"""Of this machine: the MIDI system that is used, and whether the player has real-time priority."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from bridge.ports import API_TITLES, usual_apis
from bridge.studio import StudioState
from bridge.studio.timekeeping import priority_finding
from gui.models import Phase, SessionModel
from gui.models.preferences import AUTO
from gui.views import theme
from gui.views.controls import Captioned, Segments
from gui.views.words import unready

_MEANT = {
    "jack": "JACK: every note on its exact frame; its server must run",
    "alsa": "ALSA: what every Linux has",
    "coremidi": "CoreMIDI: what every Mac has",
    "winmm": "Windows MIDI: what every Windows has",
}


def choices() -> tuple[tuple[str, str, str], ...]:
    """(label, API, tooltip) for each MIDI system of this platform, after the choice by itself."""
    usual = usual_apis()
    best = f"{API_TITLES[usual[0]]} if its server answers"
    rest = "".join(f", else {API_TITLES[api]}" for api in usual[1:])
    return (
        ("Automatic", AUTO, f"Automatic: {best}{rest}"),
        *((API_TITLES[api], api, _MEANT[api]) for api in usual),
    )


class MachineSection(QWidget):
    """Which MIDI system, which of them is in use, and what the system granted the player."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.choices: Segments[str] = Segments(choices())
        self.in_use, self.priority = QLabel(), QLabel()
        self.priority.setWordWrap(True)
        self.priority.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(Captioned("MIDI system", self.choices))
        column.addWidget(self.in_use)
        column.addWidget(Captioned("Real-time priority", self.priority))
        self.choices.chosen.connect(session.use_midi)
        for changed in (session.transport_changed, session.opened_changed, session.phase_changed):
            changed.connect(self.refresh)
        session.preferences.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is so."""
        state = self._session.state if self._session.phase is Phase.READY else None
        self.choices.explain(self._session.phase is Phase.READY, unready(self._session.phase))
        self.choices.show_value(self._session.preferences.wishes.midi)
        self.in_use.setText(_in_use(state))
        self.priority.setText(_priority(state))


def _in_use(state: StudioState | None) -> str:
    if state is None or state.ports is None:
        return "No MIDI port is open."
    if state.ports.api == "none":
        return "No MIDI system is running."
    return f"{API_TITLES.get(state.ports.api, state.ports.api)} is in use."


def _priority(state: StudioState | None) -> str:
    if state is None or state.priority is None:
        return "The player asks for it when it starts."
    return priority_finding(state.priority).text
