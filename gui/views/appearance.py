"""How the window looks: the palette that is preferred, and the choice among them."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication, QVBoxLayout, QWidget

from gui.models import SessionModel
from gui.models.preferences import Appearance
from gui.views import theme
from gui.views.controls import Captioned, Segments
from gui.views.palettes import DARK, LIGHT, Palette

CHOICES = (
    ("Dark", Appearance.DARK, "Dark: for a stage"),
    ("Light", Appearance.LIGHT, "Light: for a room in daylight"),
    ("As the system", Appearance.SYSTEM, "As the system: dark or light, as your desktop is, and with it"),
)


def palette_for(appearance: Appearance) -> Palette:
    """The palette of a preference. Needs the application: the desktop is asked for its own."""
    if appearance is Appearance.SYSTEM:
        hints = QGuiApplication.styleHints()
        light = hints is not None and hints.colorScheme() is Qt.ColorScheme.Light
    else:
        light = appearance is Appearance.LIGHT
    return LIGHT if light else DARK


def dress(appearance: Appearance) -> None:
    """Have the application wear the palette of a preference, unless it does."""
    app, wanted = QApplication.instance(), palette_for(appearance)
    if isinstance(app, QApplication) and theme.worn() is not wanted:
        theme.apply(app, wanted)


class AppearanceSection(QWidget):
    """Dark, light, or as the desktop is; the window follows at once."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._preferences = session.preferences
        self.choices: Segments[Appearance] = Segments(CHOICES)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Captioned("Colours", self.choices))
        self.choices.chosen.connect(self._preferences.set_appearance)
        self._preferences.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is preferred."""
        self.choices.show_value(self._preferences.wishes.appearance)
