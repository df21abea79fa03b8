"""The list of keyboard shortcuts, from the table that makes them."""

from __future__ import annotations

from itertools import groupby

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from gui.models import SessionModel
from gui.views import theme
from gui.views.shortcuts import AT_HAND, SHORTCUTS


def rows() -> list[tuple[str, str, str]]:
    """(group, keys, what) of each line, keys as this system writes them; those that do alike share one."""
    made = []
    for (group, what), members in groupby(SHORTCUTS, key=lambda each: (each.group, each.what)):
        keys = [each.sequence.toString(QKeySequence.SequenceFormat.NativeText) for each in members]
        made.append((group, keys[0] if len(keys) == 1 else f"{keys[0]} … {keys[-1]}", what))
    return [*made, *AT_HAND]


class ShortcutsPage(QWidget):
    """Keys on the left, what they do on the right, by groups."""

    def __init__(self, _session: SessionModel) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, theme.MARGIN, theme.MARGIN)
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.GAP // 2)
        grid.setColumnStretch(1, 1)
        line = 0
        for group, members in groupby(rows(), key=lambda row: row[0]):
            title = QLabel(group)
            title.setFont(theme.font(theme.BODY_PX, bold=True))
            title.setContentsMargins(0, theme.GAP if line else 0, 0, 0)
            grid.addWidget(title, line, 0, 1, 2)
            for line, (_, keys, what) in enumerate(members, start=line + 1):  # noqa: B020
                grid.addWidget(_key(keys), line, 0, Qt.AlignmentFlag.AlignLeft)
                told = QLabel(what)
                told.setWordWrap(True)
                told.setAccessibleDescription(keys)
                grid.addWidget(told, line, 1)
            line += 1
        grid.setRowStretch(line, 1)


def _key(keys: str) -> QLabel:
    label = QLabel(keys)
    label.setProperty("role", "key")
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
