"""The keys that work wherever the focus is: one table, which makes them and which the help lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtGui import QKeySequence, QShortcut

from bridge.studio import Studio
from gui.models import SessionModel
from gui.views.file_dialogs import ask_open, ask_session_file, save_session

if TYPE_CHECKING:
    from gui.views.main_window import MainWindow

Standard = QKeySequence.StandardKey
Act = Callable[["MainWindow", SessionModel], object]
DIGITS = range(1, 10)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Keys, what they do in a few words, and how.

    keys   as Qt writes them ("Ctrl+P"), or a standard key, which each system has its own way for
    """

    group: str
    keys: str | QKeySequence.StandardKey
    what: str
    act: Act

    @property
    def sequence(self) -> QKeySequence:
        """The keys on this system."""
        return QKeySequence(self.keys)


def _preset(number: int) -> Shortcut:
    what = "That preset, as the list has them"
    return Shortcut("Recall", str(number), what, lambda _, session: session.files.play_preset(number))


def _take(number: int) -> Shortcut:
    def replay(_: MainWindow, session: SessionModel) -> None:
        takes = session.history.takes
        if number <= len(takes):
            session.ask(Studio.replay, takes[number - 1].number)
        else:
            session.refuse(f"The history has no take {number} from the left yet. Play on, and it fills.")

    return Shortcut("Recall", f"Alt+{number}", "That take of the history, from the left", replay)


def _flag(number: int) -> Shortcut:
    what = "To that flag on the map"
    return Shortcut("Recall", f"Ctrl+{number}", what, lambda _, session: session.flags.visit(number - 1))


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("Play", "Space", "Play from the top, or stop", lambda _, session: session.toggle_play()),
    Shortcut("Play", "F", "Fill for the rest of the bar", lambda _, session: session.ask(Studio.fill)),
    Shortcut("Play", "T", "Tap the tempo", lambda window, _: window.tap_tempo()),
    Shortcut("Play", "N", "New idea", lambda _, session: session.ask(Studio.new_idea)),
    Shortcut("Play", "W", "Have the sliders wander, or stay", lambda _, session: session.wander.toggle()),
    Shortcut(
        "Play",
        "G",
        "Flag the map where we are, or take the flag away",
        lambda _, session: session.flags.toggle(session.place),
    ),
    Shortcut("Play", "L", "Lock the voice under the pointer", lambda window, _: window.lock_pointed()),
    Shortcut("Change", Standard.Undo, "Undo", lambda _, session: session.ask(Studio.undo)),
    Shortcut("Change", "Ctrl+Shift+Z", "Redo", lambda _, session: session.ask(Studio.redo)),
    *map(_preset, DIGITS),
    *map(_take, DIGITS),
    *map(_flag, DIGITS),
    Shortcut("Files", Standard.Save, "Save the session", save_session),
    Shortcut("Files", "Ctrl+Shift+S", "Save the session as …", ask_session_file),
    Shortcut("Files", Standard.Open, "Open a session, preset or MIDI file", ask_open),
    Shortcut("Files", Standard.New, "New session", lambda _, session: session.sessions.new()),
    Shortcut(
        "Files",
        "Ctrl+R",
        "Record, or end it with this bar",
        lambda window, _: window.takeout.toggle_recording(),
    ),
    Shortcut(
        "Files", "Ctrl+Shift+E", "Save the last bars as played", lambda window, _: window.takeout.ask_bars()
    ),
    Shortcut("Files", "Ctrl+P", "Keep what plays as a preset", lambda window, _: window.presets.ask_name()),
    Shortcut("Window", "Ctrl+,", "Settings", lambda window, _: window.show_page("settings")),
    Shortcut("Window", "F1", "Help with your DAW", lambda window, _: window.show_page("help")),
    Shortcut("Window", "Ctrl+F1", "These shortcuts", lambda window, _: window.show_page("shortcuts")),
    Shortcut("Window", "Ctrl+Q", "Close Groovebridge", lambda window, _: window.close()),
)

AT_HAND: tuple[tuple[str, str, str], ...] = (
    ("At a control", "Tab, Shift+Tab", "To the next control, to the one before"),
    ("At a control", "Arrows, wheel", "Step; with Shift finely"),
    ("At a control", "Home, double click", "Let a slider rest"),
    ("At a control", "Return", "Press a button; play the chosen take"),
    ("In the loop", "Arrows", "Walk from cell to cell"),
    ("In the loop", "Return", "Strike the cell, or silence its hit"),
    ("In the loop", "+, −", "Louder, softer"),
    ("In the loop", "Ctrl+Left, Ctrl+Right", "Earlier, later; with Shift finely"),
    ("In the loop", "Delete", "Give the cell back to the drummer"),
    ("In the loop", "Esc", "While a hit is pulled: let it go back"),
    ("On the map", "Insert", "The path goes on to where we are"),
    ("On the map", "Delete", "Take the path's last place away; with Shift the whole path"),
    ("On the map", "P", "Pin what plays, or take the pin off"),
    ("On the map", "PageUp, PageDown", "To the flag before, to the next flag"),
    ("On the map", "F2", "Name the flag where we are"),
    ("On the map", "Ctrl+arrows", "Move the flag where we are; with Shift finely"),
    ("On the map", "Esc", "While a flag is dragged: let it go back"),
    ("In the history", "P", "Pin, or take the pin off"),
    ("In the history", "F2", "Name"),
    ("In the history", "Ctrl+E", "Save as a MIDI file"),
    ("In this sheet", "Esc", "Close it"),
)
"""(where, keys, what): the keys that a control has for itself while it has the focus."""


def install(window: MainWindow, session: SessionModel) -> None:
    """Give the window the keys of the table."""
    for shortcut in SHORTCUTS:
        QShortcut(shortcut.sequence, window).activated.connect(partial(shortcut.act, window, session))
