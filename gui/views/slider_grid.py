"""Sliders of one kind in two columns, each with its title and its value in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPoint, Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from gui.views import theme
from gui.views.controls import explain
from gui.views.learn import Offer, learnable
from gui.views.value_slider import ValueSlider

COLUMNS = 2
STAY = "Stay while others wander"
JOIN = "Wander with the others"


def signed(value: float) -> str:
    """A value with its sign, as printed: a true minus, and no minus before zero."""
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "\N{MINUS SIGN}")


class SliderRow:
    """A title, a slider and its value in figures; put into a grid."""

    def __init__(self, title: str, slider: ValueSlider, grid: QGridLayout, row: int, column: int) -> None:
        self.slider = slider
        self.title = QLabel(title)
        self.title.setMinimumWidth(theme.TITLE_WIDTH)
        self.title.setBuddy(slider)
        self.figure = QLabel()
        self.figure.setBuddy(slider)
        self.figure.setFixedWidth(theme.FIGURE_WIDTH)
        self.figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.title, row, column)
        grid.addWidget(slider, row, column + 1)
        grid.addWidget(self.figure, row, column + 2)

    def show_value(self, value: float, held: bool, figure: str) -> None:
        """Show the value; its figure is bright when it is held."""
        self.slider.show_value(value, held)
        self.figure.setText(figure)
        theme.write_in(self.figure, theme.Ink.TEXT if held else theme.Ink.DIM)

    def explain(self, enabled: bool, tip: str, why_not: str) -> None:
        """Enable the row, or say why it is not."""
        explain(self.slider, enabled, tip, why_not)
        self.title.setEnabled(enabled)
        self.figure.setEnabled(enabled)


@dataclass(frozen=True, slots=True)
class Entry:
    """A slider to be: the name that the model knows it by, its title, and its name for assistive programs."""

    name: str
    title: str
    spoken: str


class WanderSlider(ValueSlider):
    """A slider that may wander; `stays_asked` tells whether it is to stay while the others do."""

    stays_asked = pyqtSignal(bool)

    def offers(self, at: QPoint | None) -> list[Offer]:  # noqa: ARG002 - the same everywhere
        """What its menu offers."""
        text = JOIN if self.stays else STAY
        return [(text, lambda: self.stays_asked.emit(not self.stays))]


class SliderGrid(QWidget):
    """Sliders with one range that rest at 0, down the first column, then down the second.

    `edited` tells name and value when a person set one, `released` the name when they let it go,
    `stays_asked` the name, and whether it is to stay while the others wander.
    """

    edited = pyqtSignal(str, float)
    released = pyqtSignal(str)
    stays_asked = pyqtSignal(str, bool)

    def __init__(self, entries: Sequence[Entry], limits: tuple[float, float], step: float) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GAP)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(3, theme.MARGIN * 2)
        self.rows: dict[str, SliderRow] = {}
        height = -(-len(entries) // COLUMNS)
        for number, entry in enumerate(entries):
            slider = learnable(
                WanderSlider(entry.spoken, "", *limits, 0.0, step), entry.name, f"stay {entry.name}"
            )
            column, row = divmod(number, height)
            self.rows[entry.name] = SliderRow(entry.title, slider, grid, row, column * 4)
            slider.edited.connect(lambda value, name=entry.name: self.edited.emit(name, value))
            slider.released.connect(lambda name=entry.name: self.released.emit(name))
            slider.stays_asked.connect(lambda stays, name=entry.name: self.stays_asked.emit(name, stays))
        for column in range(COLUMNS):
            grid.setColumnStretch(column * 4 + 1, 1)
