"""The button at the end of the top line that opens the pages of the side sheet."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QMenu

from gui.views import theme
from gui.views.controls import Button
from gui.views.pages import Page


class MenuButton(Button):
    """Lists pages; `wanted` tells the name of the one that was chosen."""

    wanted = pyqtSignal(str)

    def __init__(self, pages: Sequence[Page]) -> None:
        super().__init__("Menu", "Settings, sessions, help and more", role="icon")
        self.show_icon("menu", theme.Ink.TEXT)
        self._list = QMenu(self)
        for page in pages:
            action = self._list.addAction(page.title)
            assert action is not None, "Qt makes an action of every title"
            action.triggered.connect(lambda _checked, name=page.name: self.wanted.emit(name))
        self.setVisible(bool(pages))
        self.clicked.connect(self._show)

    def _show(self) -> None:
        corner = self.rect().bottomRight()
        corner.setX(corner.x() - self._list.sizeHint().width())
        self._list.popup(self.mapToGlobal(corner))
