"""MIDI clock out: when it is sent."""

from __future__ import annotations

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bridge.studio import Studio
from bridge.studio.targets import CLOCKS_OUT
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Segments, paragraph
from gui.views.learn import choosing, learnable
from gui.views.words import unready

OFF, PLAYING, ALWAYS = CLOCKS_OUT
CHOICES = (
    ("Off", OFF, "Off: no clock is sent"),
    ("While it plays", PLAYING, "While it plays: clock from Start to Stop"),
    (
        "Always",
        ALWAYS,
        "Always: also while the song stands, so that others know the tempo",
    ),
)
MEANING = "A DAW that follows us hears clock, Start, Stop and the song position on our output."


class ClockSection(QWidget):
    """Off, while the song plays, or always."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.choices: Segments[tuple[bool, bool]] = learnable(Segments(CHOICES), *choosing("clock out"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(paragraph(MEANING))
        column.addWidget(self.choices)
        self.choices.chosen.connect(lambda sent: session.ask(Studio.set_send_clock, *sent))
        session.transport_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is sent."""
        state = self._session.state
        ready = self._session.phase is Phase.READY and state is not None
        self.choices.explain(ready, unready(self._session.phase))
        sent = OFF if state is None or not state.send_clock else (True, state.clock_while_stopped)
        self.choices.show_value(sent)
