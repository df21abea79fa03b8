"""Every colour and measure of the window, in one place. Dark: a stage is dark.

A colour means one thing: four for the families of voices, one for "now", one for "next", one for "attention".
Text on its ground has a contrast of 4.5 : 1 or more (WCAG 2.1, 1.4.3), which a test holds.
"""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtGui import QColor, QFont, QPalette
from PyQt6.QtWidgets import QApplication

from bridge.groove import Voice

# --- colours ---
GROUND = "#14171c"
PANEL = "#1b1f26"
WELL = "#0e1115"
BEAT_SHADE = "#14181e"
CONTROL = "#272d36"
CONTROL_HOVER = "#303743"
LINE = "#262c35"
BAR_LINE = "#4b5564"
EDGE = "#3a4350"
TEXT = "#eceff4"
DIM = "#a3adba"
FAINT = "#6b7685"
NOW = "#4ade80"
NOW_GROUND = "#1d4a30"
NEXT = "#ff9ad5"
ATTENTION = "#ff7a6b"
ATTENTION_GROUND = "#3a1f1f"
FOCUS = "#8fb8ff"

_SKINS = "#f2a65a"
_CYMBALS = "#6fd3e3"
_TOMS = "#c4a5ff"
_CRASH = "#f2dd72"
VOICE_COLOURS: Mapping[Voice, str] = {
    Voice.KICK: _SKINS,
    Voice.SNARE: _SKINS,
    Voice.CLOSED_HAT: _CYMBALS,
    Voice.OPEN_HAT: _CYMBALS,
    Voice.RIDE: _CYMBALS,
    Voice.LOW_TOM: _TOMS,
    Voice.MID_TOM: _TOMS,
    Voice.HIGH_TOM: _TOMS,
    Voice.CRASH: _CRASH,
}

STYLE_COLOURS = (
    "#6fd3e3",
    "#f2a65a",
    "#c4a5ff",
    "#f2dd72",
    "#8fb8ff",
    "#9be28f",
    "#ff9d9d",
    "#e6b8e8",
    "#b9c98a",
    "#7fd1b9",
)
"""The styles on the map, in the order of the bundle; their names stand beside them."""

# --- measures, in device-independent pixels ---
WINDOW_SIZE = (1240, 780)
MINIMUM_SIZE = (1100, 700)
MARGIN = 14
GAP = 8
RADIUS = 5
CONTROL_HEIGHT = 32
CAPTION_PX = 11
BODY_PX = 13
TITLE_WIDTH = 84
FIGURE_WIDTH = 48
READOUT_PX = 22
TITLE_PX = 16
SHEET_WIDTH = 440


def font(pixels: int, bold: bool = False) -> QFont:
    """The interface's typeface at a size in pixels."""
    made = QFont(QApplication.font())
    made.setPixelSize(pixels)
    made.setBold(bold)
    return made


def shade(colour: str, strength: float, ground: str = WELL) -> QColor:
    """A colour brought towards its ground: strength 1 is the colour, 0 the ground."""
    top, bottom = QColor(colour), QColor(ground)

    def mix(a: int, b: int) -> int:
        return round(b + (a - b) * strength)

    return QColor(
        mix(top.red(), bottom.red()), mix(top.green(), bottom.green()), mix(top.blue(), bottom.blue())
    )


def translucent(colour: str, opacity: float) -> QColor:
    """A colour that lets the ground through; opacity 1 hides it."""
    made = QColor(colour)
    made.setAlphaF(opacity)
    return made


def apply(app: QApplication) -> None:
    """Dress the application: the same look on every platform."""
    app.setStyle("Fusion")
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: GROUND,
        QPalette.ColorRole.WindowText: TEXT,
        QPalette.ColorRole.Base: CONTROL,
        QPalette.ColorRole.AlternateBase: PANEL,
        QPalette.ColorRole.Text: TEXT,
        QPalette.ColorRole.Button: CONTROL,
        QPalette.ColorRole.ButtonText: TEXT,
        QPalette.ColorRole.ToolTipBase: CONTROL,
        QPalette.ColorRole.ToolTipText: TEXT,
        QPalette.ColorRole.PlaceholderText: DIM,
        QPalette.ColorRole.Highlight: FOCUS,
        QPalette.ColorRole.HighlightedText: WELL,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(FAINT))
    app.setPalette(palette)
    body = QFont(app.font())
    body.setPixelSize(BODY_PX)
    app.setFont(body)
    app.setStyleSheet(_STYLE)


_STYLE = f"""
QToolTip {{ background: {CONTROL}; color: {TEXT}; border: 1px solid {EDGE}; padding: 4px 6px; }}
QLabel {{ color: {TEXT}; background: transparent; }}
QLabel:disabled {{ color: {FAINT}; }}
QLabel[role="caption"] {{ color: {DIM}; }}
QPushButton {{
    background: {CONTROL}; color: {TEXT};
    border: 1px solid {EDGE}; border-radius: {RADIUS}px; padding: 0 12px;
}}
QPushButton:hover {{ background: {CONTROL_HOVER}; }}
QPushButton:pressed {{ background: {EDGE}; }}
QPushButton:checked {{ background: {NOW_GROUND}; border-color: {NOW}; color: {TEXT}; }}
QPushButton[taken="true"] {{ border-color: {DIM}; font-weight: bold; }}
QPushButton:focus {{ border: 2px solid {FOCUS}; padding: 0 11px; }}
QPushButton:disabled {{ background: {PANEL}; color: {FAINT}; border-color: {LINE}; }}
QPushButton[role="icon"], QPushButton[role="icon"]:focus {{ padding: 0; }}
QPushButton[role="panic"] {{ color: {ATTENTION}; }}
QPushButton[role="panic"]:disabled {{ color: {FAINT}; }}
QPushButton[role="main"] {{ background: {CONTROL_HOVER}; font-weight: bold; }}
QPushButton[role="main"]:disabled {{ background: {PANEL}; }}
QPushButton[role="fold"]:checked {{ background: {CONTROL}; border-color: {EDGE}; }}
QPushButton[role="fold"]:checked:focus {{ border-color: {FOCUS}; }}
QAbstractSpinBox {{
    background: {WELL}; color: {TEXT}; border: 1px solid {EDGE}; border-radius: {RADIUS}px; padding: 0 8px;
    selection-background-color: {FOCUS}; selection-color: {WELL};
}}
QAbstractSpinBox:focus {{ border: 2px solid {FOCUS}; padding: 0 7px; }}
QAbstractSpinBox:disabled {{ background: {PANEL}; color: {DIM}; border-color: {LINE}; }}
QComboBox QAbstractItemView {{
    background: {CONTROL}; color: {TEXT}; border: 1px solid {EDGE}; outline: 0;
    selection-background-color: {CONTROL_HOVER}; selection-color: {TEXT};
}}
QComboBox QAbstractItemView::item {{ min-height: 28px; padding-left: 9px; }}
QComboBox QAbstractItemView::item:selected {{ background: {CONTROL_HOVER}; color: {TEXT}; }}
QScrollBar:horizontal {{ background: transparent; height: 8px; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {EDGE}; border-radius: 3px; min-width: 40px; margin: 1px 0; }}
QScrollBar::handle:horizontal:hover {{ background: {FAINT}; }}
QScrollBar:vertical {{ background: transparent; width: 8px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {EDGE}; border-radius: 3px; min-height: 40px; margin: 0 1px; }}
QScrollBar::handle:vertical:hover {{ background: {FAINT}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
#transport, #sliders {{ background: {PANEL}; }}
#status {{ background: {GROUND}; }}
#sheet {{ background: {PANEL}; border-left: 1px solid {EDGE}; }}
#sheet QScrollArea, #sheet QScrollArea > QWidget > QWidget {{ background: transparent; }}
QMenu {{ background: {CONTROL}; color: {TEXT}; border: 1px solid {EDGE}; padding: 4px 0; }}
QMenu::item {{ padding: 6px 18px; }}
QMenu::item:selected {{ background: {CONTROL_HOVER}; }}
QMenu::item:disabled {{ color: {FAINT}; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 0; }}
#status[level="attention"] {{ background: {ATTENTION_GROUND}; }}
"""
