"""A name that is typed where it stands."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QRect, Qt
from PyQt6.QtGui import QFocusEvent, QHideEvent, QKeyEvent
from PyQt6.QtWidgets import QLineEdit, QWidget


class NameEditor(QLineEdit):
    """Return, or a click elsewhere, keeps the name; Escape does not. It hides itself when it is done."""

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip("Return keeps the name, Esc leaves it as it was")
        self._keep: Callable[[str], None] | None = None
        self.hide()

    def ask(self, name: str, box: QRect, longest: int, keep: Callable[[str], None]) -> None:
        """Have a name of so many letters typed at a place of the parent; `keep` gets it."""
        self._keep = keep
        self.setMaxLength(longest)
        self.setText(name)
        self.selectAll()
        self.setGeometry(box)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802
        """Return keeps the name, Escape does not."""
        if a0 is not None and a0.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._end(kept=True)
        elif a0 is not None and a0.key() == Qt.Key.Key_Escape:
            self._end(kept=False)
        else:
            super().keyPressEvent(a0)

    def focusOutEvent(self, a0: QFocusEvent | None) -> None:  # noqa: N802
        """A click elsewhere keeps the name; a menu that opens over it, or another window, does not end it."""
        super().focusOutEvent(a0)
        passing = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        if a0 is not None and a0.reason() not in passing:
            self._end(kept=True)

    def hideEvent(self, a0: QHideEvent | None) -> None:  # noqa: N802
        """A window that closes keeps the name."""
        super().hideEvent(a0)
        self._end(kept=True)

    def _end(self, kept: bool) -> None:
        keep, self._keep = self._keep, None
        if keep is None:
            return
        name = self.text()
        parent = self.parentWidget()
        if self.hasFocus() and parent is not None:
            parent.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        if kept:
            keep(name)
