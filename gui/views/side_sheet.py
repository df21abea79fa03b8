"""A sheet over the right side of the window, for what is not played: settings, help, lists. Not modal."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from gui.views import theme
from gui.views.controls import Button


class LeadingPage(QWidget):
    """A page that leads to others: `wanted` tells the name of the one to show."""

    wanted = pyqtSignal(str)


class SideSheet(QFrame):
    """Shows one page at a time beside the music, which goes on; Escape or its button closes it.

    It lies over its parent, from under `above` to over `below`, and follows the parent's size. A page is made
    when it is first shown, and kept.
    """

    turned = pyqtSignal()
    """Another page is shown, or none."""

    wanted = pyqtSignal(str)
    """A page leads to another of this name."""

    def __init__(self, parent: QWidget, above: QWidget, below: QWidget) -> None:
        super().__init__(parent)
        self._above, self._below = above, below
        self._pages: dict[str, QWidget] = {}
        self._name: str | None = None
        self._focus_before: QWidget | None = None
        self.setObjectName("sheet")
        self.title = QLabel()
        self.title.setFont(theme.font(theme.TITLE_PX, bold=True))
        self.close_button = Button("Close", "Close (Esc)", "Close")
        self.close_button.clicked.connect(self.close_page)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, theme.MARGIN, 0)
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, 0, theme.GAP)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addWidget(self._scroll, 1)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.close_page)
        parent.installEventFilter(self)
        self.hide()

    @property
    def name(self) -> str | None:
        """The page that is shown; None while the sheet is closed."""
        return self._name

    @property
    def page(self) -> QWidget | None:
        """The widget of the page that is shown."""
        return None if self._name is None else self._pages[self._name]

    def show_page(self, name: str, title: str, make: Callable[[], QWidget]) -> None:
        """Open at a page, which `make` makes the first time."""
        if name not in self._pages:
            page = self._pages[name] = make()
            if isinstance(page, LeadingPage):
                page.wanted.connect(self.wanted)
        if self._name is None:
            window = self.window()
            self._focus_before = None if window is None else window.focusWidget()
        self._name = name
        self._scroll.takeWidget()  # ours again: kept, not destroyed
        self._scroll.setWidget(self._pages[name])
        self._pages[name].show()
        self.title.setText(title)
        self.setAccessibleName(title)
        self._place()
        self.show()
        self.raise_()
        self.close_button.setFocus()
        self.turned.emit()

    def close_page(self) -> None:
        """Close the sheet; the focus goes back to where it was, if it is in the sheet."""
        if self._name is None:
            return
        self._name = None
        window = self.window()
        focus = None if window is None else window.focusWidget()
        goes_back = focus is None or self.isAncestorOf(focus)
        self.hide()
        if goes_back and self._focus_before is not None:
            self._focus_before.setFocus()
        self.turned.emit()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802
        """Follow the window's size."""
        if a1 is not None and a1.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._place()
        return super().eventFilter(a0, a1)

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        top, bottom = self._above.geometry().bottom() + 1, self._below.geometry().top()
        width = theme.SHEET_WIDTH
        self.setGeometry(parent.width() - width, top, width, max(0, bottom - top))
