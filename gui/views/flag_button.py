"""The button in the corner of the map that puts a flag where we are."""

from __future__ import annotations

from PyQt6.QtWidgets import QWidget

from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, explain
from gui.views.learn import learnable
from gui.views.words import unready

SIDE = 28
FLAG_TIP = (
    "Put a flag on the map where we are, or take it away (G).\n"
    "A click on a flag travels there, a double click or F2 names it.\n"
    "It keeps the place; P pins the very loop that plays."
)
NO_PLACE = "What plays has no place on the map. Travel there, then put a flag."


class FlagButton(Button):
    """Checked where a flag stands. Once `settle`d, it lies over the bottom right corner of its parent."""

    def __init__(self, session: SessionModel, parent: QWidget) -> None:
        super().__init__("Flag here", "", role="icon")
        self._session = session
        self.setParent(parent)
        self.setCheckable(True)
        self.show_icon("flag", theme.Ink.TEXT)
        self.setFixedSize(SIDE, SIDE)
        learnable(self, "flag", "next flag", "flag before")
        self.clicked.connect(self._toggle)
        session.flags.changed.connect(self.refresh)
        session.settings_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def settle(self) -> None:
        """The parent has another size."""
        parent = self.parentWidget()
        if parent is not None:
            self.move(parent.width() - SIDE - theme.GAP // 2, parent.height() - SIDE - theme.GAP // 2)

    def refresh(self) -> None:
        """Show whether a flag stands where we are."""
        place, phase = self._session.place, self._session.phase
        mapped = self._session.chart is not None
        why_not = "This model has no map." if phase is Phase.READY else unready(phase)
        explain(self, mapped and place is not None, FLAG_TIP, NO_PLACE if mapped else why_not)
        self.setChecked(self._session.flags.at(place) is not None)

    def _toggle(self) -> None:
        self._session.flags.toggle(self._session.place)
        self.refresh()
