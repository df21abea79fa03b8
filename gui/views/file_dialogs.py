"""Where the user chooses files. None of these dialogs keeps the beat or the window waiting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import platformdirs
from PyQt6.QtCore import QDir, Qt
from PyQt6.QtWidgets import QFileDialog, QWidget

from bridge.studio.session_file import SUFFIX
from gui.models import Phase, SessionModel
from gui.models.files import OFFERED


def ask_open(parent: QWidget, session: SessionModel) -> None:
    """Have the user choose a session, preset or MIDI file, and go on with it."""
    if session.phase is Phase.READY:
        dialog = _dialog(parent, "Open a session, preset or MIDI file")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(OFFERED)
        _ask(dialog, session.files.open)


def save_session(parent: QWidget, session: SessionModel) -> None:
    """Save the session in its file; the user chooses one for the first time."""
    if session.phase is Phase.READY and not session.sessions.save():
        ask_session_file(parent, session)


def ask_session_file(parent: QWidget, session: SessionModel) -> None:
    """Have the user choose a file for the session, and save it there."""
    if session.phase is Phase.READY:
        ask_saving(parent, "Save the session", session.sessions.name, f"Sessions (*{SUFFIX})", SUFFIX)(
            session.sessions.save_as
        )


def ask_saving(
    parent: QWidget, title: str, name: str, kinds: str, suffix: str
) -> Callable[[Callable[[Path], object]], None]:
    """A dialog in which the user chooses where to save; what it returns opens it, and calls with the file."""
    dialog = _dialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(kinds)
    dialog.setDefaultSuffix(suffix.removeprefix("."))
    dialog.selectFile(name)
    return lambda act: _ask(dialog, act)


def _dialog(parent: QWidget, title: str) -> QFileDialog:
    """In the folder that was used last; the first time in the user's music, not where the program happens to
    run.
    """
    dialog = QFileDialog(parent, title)
    if dialog.directory() == QDir.current():
        music = platformdirs.user_music_path()
        dialog.setDirectory(str(music if music.is_dir() else Path.home()))
    return dialog


def _ask(dialog: QFileDialog, act: Callable[[Path], object]) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda path: act(Path(path)))
    dialog.open()
