"""Count-in: how many bars are counted before the song."""

from __future__ import annotations

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bridge.player.messages import Sync
from bridge.studio import Studio
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Segments, paragraph
from gui.views.learn import choosing, learnable
from gui.views.words import unready

CHOICES = (
    ("Off", 0, "Off: play begins at once"),
    ("1 bar", 1, "One bar on the hi-hat, then the drums"),
    ("2 bars", 2, "Two bars on the hi-hat, then the drums"),
)
MEANING = (
    "Beats on the hi-hat before the song. Clock and Start go out with the song, so a DAW begins with it."
)
NOT_OURS = {
    Sync.CLOCK: "Your DAW leads: it counts in.",
    Sync.LINK: "On Link the song begins on the next bar line of the others.",
}


class CountInSection(QWidget):
    """Off, one bar or two."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.choices: Segments[int] = learnable(Segments(CHOICES), *choosing("count-in"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(paragraph(MEANING))
        column.addWidget(self.choices)
        self.choices.chosen.connect(lambda bars: session.ask(Studio.set_count_in, bars))
        session.transport_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is set."""
        state = self._session.state
        ready = self._session.phase is Phase.READY and state is not None
        sync = Sync.INTERNAL if state is None else state.sync
        why_not = NOT_OURS.get(sync, "") if ready else unready(self._session.phase)
        self.choices.explain(ready and sync is Sync.INTERNAL, why_not)
        self.choices.show_value(0 if state is None else state.count_in)
