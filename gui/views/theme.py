"""Every colour and measure of the window, in one place.

The colours are those of the palette that is worn: read them as `theme.NAME` when painting, never at import.
Who keeps a picture paints it anew when `dressed_anew(event)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QColor, QFont, QPalette
from PyQt6.QtWidgets import QApplication, QWidget

from bridge.groove import Voice
from gui.views.palettes import DARK, Palette

# --- colours of the palette that is worn ---
GROUND = DARK.ground
PANEL = DARK.panel
WELL = DARK.well
GROOVE = DARK.groove
BEAT_SHADE = DARK.beat_shade
CONTROL = DARK.control
CONTROL_HOVER = DARK.control_hover
LINE = DARK.line
BAR_LINE = DARK.bar_line
EDGE = DARK.edge
TEXT = DARK.text
DIM = DARK.dim
FAINT = DARK.faint
NOW = DARK.now
NOW_GROUND = DARK.now_ground
NEXT = DARK.next
ATTENTION = DARK.attention
ATTENTION_GROUND = DARK.attention_ground
FOCUS = DARK.focus
VOICE_COLOURS: Mapping[Voice, str] = DARK.voices
STYLE_COLOURS = DARK.styles
_worn = DARK


def wear(palette: Palette) -> None:
    """Make a palette's colours this module's own. What is on the screen stays as it was: see `apply`."""
    colours = {name.upper(): getattr(palette, name) for name in Palette.__dataclass_fields__}
    globals().update(colours, VOICE_COLOURS=palette.voices, STYLE_COLOURS=palette.styles, _worn=palette)


def worn() -> Palette:
    """The palette that is worn."""
    return _worn


class Ink(StrEnum):
    """A colour by its name, for what keeps its colour through a change of palette."""

    TEXT = "text"
    DIM = "dim"
    FAINT = "faint"
    NOW = "now"
    ATTENTION = "attention"
    FOCUS = "focus"

    @property
    def colour(self) -> str:
        """The colour in the palette that is worn."""
        return str(getattr(_worn, self.value))


def write_in(widget: QWidget, ink: Ink) -> None:
    """Have a label write in a colour, which costs nothing where it does so already."""
    if widget.property("ink") == ink.value:
        return
    widget.setProperty("ink", ink.value)
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)


def dressed_anew(event: QEvent | None) -> bool:
    """Whether a widget is told by this event (in its `changeEvent`) that the colours may be others now."""
    return event is not None and event.type() == QEvent.Type.StyleChange


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
STRIP_BUTTON = 22


def font(pixels: int, bold: bool = False) -> QFont:
    """The interface's typeface at a size in pixels."""
    made = QFont(QApplication.font())
    made.setPixelSize(pixels)
    made.setBold(bold)
    return made


def shade(colour: str, strength: float, ground: str | None = None) -> QColor:
    """A colour brought towards its ground (None: the well): strength 1 is the colour, 0 the ground."""
    top, bottom = QColor(colour), QColor(WELL if ground is None else ground)

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


def apply(app: QApplication, wanted: Palette = DARK) -> None:
    """Dress the application in a palette, the same on every platform; every widget hears of it."""
    wear(wanted)
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
        QPalette.ColorRole.Link: FOCUS,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(FAINT))
    app.setPalette(palette)
    body = QFont(app.font())
    body.setPixelSize(BODY_PX)
    app.setFont(body)
    app.setStyleSheet(_style())


def _style() -> str:
    inks = "\n".join(f'QLabel[ink="{ink}"]:enabled {{ color: {ink.colour}; }}' for ink in Ink)
    return f"""
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
QPushButton#play:checked:disabled {{ background: {NOW_GROUND}; border-color: {NOW}; }}
QPushButton[role="icon"], QPushButton[role="icon"]:focus {{ padding: 0; }}
QPushButton[role="record"]:checked {{ background: {ATTENTION_GROUND}; border-color: {ATTENTION}; }}
QPushButton[role="row"] {{ text-align: left; background: transparent; border-color: transparent; }}
QPushButton[role="row"]:hover {{ background: {CONTROL_HOVER}; }}
QPushButton[role="row"]:focus {{ border-color: {FOCUS}; }}
QPushButton[role="strip"] {{
    padding: 0; font-size: {CAPTION_PX}px; border-radius: 3px; border-color: {LINE}; background: transparent;
    color: {DIM};
}}
QPushButton[role="strip"]:hover {{ background: {CONTROL_HOVER}; color: {TEXT}; }}
QPushButton[role="strip"]:checked {{
    background: {TEXT}; color: {WELL}; border-color: {TEXT}; font-weight: bold;
}}
QPushButton[role="strip"]:focus {{ border: 2px solid {FOCUS}; padding: 0; }}
QPushButton[role="strip"]:disabled {{ color: {FAINT}; background: transparent; border-color: {LINE}; }}
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
#learning {{ background: transparent; border: 2px dashed {NEXT}; border-radius: {RADIUS}px; }}
#learning-words {{
    background: {CONTROL}; color: {TEXT}; padding: 4px 8px;
    border: 1px solid {NEXT}; border-radius: {RADIUS}px;
}}
QMenu {{ background: {CONTROL}; color: {TEXT}; border: 1px solid {EDGE}; padding: 4px 0; }}
QMenu::item {{ padding: 6px 18px; }}
QMenu::item:selected {{ background: {CONTROL_HOVER}; }}
QMenu::item:disabled {{ color: {FAINT}; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 0; }}
#status[level="attention"] {{ background: {ATTENTION_GROUND}; }}
#mark {{ background: {FAINT}; border-radius: 4px; }}
#status[level="busy"] #mark {{ background: {FOCUS}; }}
#status[level="attention"] #mark {{ background: {ATTENTION}; }}
#paper {{
    background: transparent; color: {TEXT};
    selection-background-color: {FOCUS}; selection-color: {WELL};
}}
QLabel[role="key"] {{
    background: {CONTROL}; border: 1px solid {EDGE}; border-radius: 4px; padding: 1px 6px;
}}
#history {{ background: {GROUND}; padding: 2px 10px; }}
{inks}
"""
