"""The bottom line: one sentence about what is going on or what is wrong, and one button."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from gui.models import SessionModel
from gui.views import theme
from gui.views.controls import Button

MARK_SIZE = 8


class StatusLine(QWidget):
    """Says the session's status sentence."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumHeight(theme.CONTROL_HEIGHT + 14)
        self._mark = QLabel()
        self._mark.setObjectName("mark")
        self._mark.setFixedSize(MARK_SIZE, MARK_SIZE)
        self.text = QLabel()
        self.text.setAccessibleName("Status")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.remedy = Button("Remedy", "")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        row.setSpacing(theme.GAP)
        row.addWidget(self._mark)
        row.addWidget(self.text, 1)
        row.addWidget(self.remedy)
        self.remedy.clicked.connect(self._on_remedy)
        session.status_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Say the sentence, in a louder dress when it needs attention."""
        status = self._session.status
        self.text.setText(status.text)
        self.remedy.setVisible(status.remedy is not None)
        if status.remedy is not None:
            self.remedy.setText(status.remedy.value)
            self.remedy.setAccessibleName(status.remedy.value)
        self.setProperty("level", status.level.value)
        style = self.style()
        if style is not None:
            style.polish(self)
            style.polish(self._mark)

    def _on_remedy(self) -> None:
        remedy = self._session.status.remedy
        if remedy is not None:
            self._session.remedy(remedy)
