"""About: version, licences and the data's authors; and the model's card."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bridge.errors import GroovebridgeError
from gui.models import SessionModel
from gui.models.about import about, model_card
from gui.views import theme
from gui.views.controls import Segments
from gui.views.paper import Paper

TEXTS: tuple[tuple[str, Callable[[], str], str], ...] = (
    ("Groovebridge", about, "Groovebridge: version and licences"),
    ("Model card", model_card, "Model card: what the model is, where from, how good, and its limits"),
)


class AboutPage(QWidget):
    """One of the texts, as chosen."""

    def __init__(self, _session: SessionModel) -> None:
        super().__init__()
        self.choice: Segments[Callable[[], str]] = Segments(TEXTS)
        self.paper = Paper("About")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, theme.MARGIN, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.choice)
        column.addWidget(self.paper, 1)
        self.choice.chosen.connect(self.show_text)
        self.show_text(about)

    def show_text(self, text: Callable[[], str]) -> None:
        """Show a text from its beginning, or why it is not there."""
        self.choice.show_value(text)
        try:
            self.paper.show_text(text())
        except GroovebridgeError as error:
            self.paper.show_text(str(error))
