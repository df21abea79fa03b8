"""The page of the session: its name and file, save and open, and the ones before it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFontMetrics
from PyQt6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from bridge.studio.session_file import SUFFIX
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, explain, paragraph
from gui.views.file_dialogs import ask_open, ask_session_file, save_session
from gui.views.words import unready

KEPT = (
    "All that is at the desk is kept while you work; after a crash, too, it is there at the next start. "
    "A session file holds the loop, the mix, tempo, sync, ports, the ends of the morph, and the takes that "
    "were heard in it. Opening one while the song plays does not stop it."
)
_NOT_BEFORE = "Nothing was left unsaved."
_ROW_WIDTH = theme.SHEET_WIDTH - 4 * theme.MARGIN


class SessionsPage(QWidget):
    """Shows `SessionModel.sessions`."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.name = QLabel()
        self.name.setFont(theme.font(theme.TITLE_PX, bold=True))
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.place = _caption("")
        self.save = Button("Save the session", "", "Save")
        self.save_as = Button("Save the session as", "", "Save as …")
        self.open = Button("Open a session", "", "Open …")
        self.new = Button("New session", "", "New")
        self.before = Button("Back to what was not saved", "", "Back to what was not saved")
        self.recent = QVBoxLayout()
        self.recent.setSpacing(theme.GAP // 2)
        kept = paragraph(KEPT)

        acts = QGridLayout()
        acts.setSpacing(theme.GAP)
        for place, button in enumerate((self.save, self.save_as, self.open, self.new)):
            acts.addWidget(button, 0, place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, theme.MARGIN, 0)
        column.setSpacing(theme.GAP)
        for part in (self.name, self.place):
            column.addWidget(part)
        column.addLayout(acts)
        column.addSpacing(theme.GAP)
        column.addWidget(_heading("Recent"))
        column.addLayout(self.recent)
        column.addWidget(self.before)
        column.addSpacing(theme.GAP)
        column.addWidget(kept)
        column.addStretch(1)

        self.save.clicked.connect(lambda: save_session(self.window() or self, session))
        self.save_as.clicked.connect(lambda: ask_session_file(self.window() or self, session))
        self.open.clicked.connect(lambda: ask_open(self.window() or self, session))
        self.new.clicked.connect(session.sessions.new)
        self.before.clicked.connect(self._open_before)
        session.sessions.changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    @property
    def recent_buttons(self) -> list[Button]:
        """A button for each file that was used, the last one first."""
        widgets = [item.widget() for row in range(self.recent.count()) if (item := self.recent.itemAt(row))]
        return [widget for widget in widgets if isinstance(widget, Button)]

    def refresh(self) -> None:
        """Show what the session is called, and the ones before it."""
        files, ready = self._session.sessions, self._session.phase is Phase.READY
        why = unready(self._session.phase)
        file = "" if files.file is None else str(files.file)
        for label, text in ((self.name, files.name), (self.place, _whereabouts(files.file, files.unsaved))):
            label.setText(_fitting(text, label.fontMetrics(), theme.SHEET_WIDTH - 3 * theme.MARGIN))
            label.setToolTip(file)
        explain(self.save, ready, "Save the session (Ctrl+S)", why)
        explain(
            self.save_as,
            ready,
            "Save the session under another name (Ctrl+Shift+S)",
            why,
        )
        explain(self.open, ready, "Open a session, preset or MIDI file (Ctrl+O)", why)
        explain(
            self.new,
            ready,
            "Begin another session at the same instruments (Ctrl+N)",
            why,
        )
        tip = f"Go back to what was changed and not saved when another session was opened:\n{files.before}"
        why_not = _NOT_BEFORE if ready else why
        explain(self.before, ready and files.has_before, tip, why_not)
        self._show_recent(files.recent, ready)

    def _show_recent(self, recent: tuple[Path, ...], ready: bool) -> None:
        while (item := self.recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for path in recent:
            button = Button(f"Open {path.stem}", "", "")
            button.setProperty("role", "row")
            text = f"{path.stem}   ·   {_short(path.parent)}"
            room = _ROW_WIDTH - 2 * theme.MARGIN
            button.setText(_fitting(text, button.fontMetrics(), room).replace("&", "&&"))
            button.clicked.connect(partial(self._open, path))
            explain(button, ready, str(path), unready(self._session.phase))
            self.recent.addWidget(button)
        if not recent:
            self.recent.addWidget(_caption(f"No session was saved yet. Its file ends in {SUFFIX}."))

    def _open(self, path: Path, _checked: bool = False) -> None:
        self._session.sessions.open(path)

    def _open_before(self) -> None:
        path = self._session.sessions.before
        if path is not None:
            self._session.sessions.open(path)


def _fitting(text: str, metrics: QFontMetrics, room: int) -> str:
    """The text, without its middle where it is wider than `room` pixels."""
    return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room)


def _whereabouts(file: Path | None, unsaved: bool) -> str:
    if file is None:
        return "Not saved in a file yet" if unsaved else "Nothing in it yet"
    return f"{'Changed since it was saved' if unsaved else 'Saved'} in {_short(file.parent)}"


def _short(folder: Path) -> str:
    """A folder as people write it: their own is ~."""
    home = Path.home()
    return str("~" / folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.font(theme.CAPTION_PX))
    label.setProperty("role", "caption")
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.font(theme.BODY_PX, bold=True))
    return label
