"""Help: how to connect one's DAW, the same words as in docs/daw."""

from __future__ import annotations

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from bridge.errors import GroovebridgeError
from gui.models import SessionModel
from gui.models.guides import GUIDES, Guide, guide_named
from gui.views import theme
from gui.views.controls import Captioned, ChoiceBox
from gui.views.paper import Paper


class HelpPage(QWidget):
    """A choice of DAWs, and the guide to the chosen one below it."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.daw: ChoiceBox[Guide] = ChoiceBox("DAW", "Which program you work with", 200)
        self.paper = Paper("Guide")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, theme.MARGIN, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(Captioned("Your DAW", self.daw))
        column.addWidget(self.paper, 1)
        self.daw.chosen.connect(self.show_guide)
        self.paper.wanted.connect(self._follow)
        self.show_guide(GUIDES[0])

    def show_guide(self, guide: Guide) -> None:
        """Show a guide from its beginning."""
        self.daw.show_choices([(each.title, each) for each in GUIDES], guide)
        try:
            self.paper.show_text(guide.text)
        except GroovebridgeError as error:
            self.paper.show_text(str(error))

    def _follow(self, link: str) -> None:
        """Open another guide, or go to a heading: `ports.md#windows`, `#latency`."""
        file, _, anchor = link.partition("#")
        if file:
            self.show_guide(guide_named(file.removesuffix(".md")))
        if anchor:
            self.paper.go_to(anchor)
