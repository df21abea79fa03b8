"""The hands-on part: eight shapes, freedom, the seed and new ideas, and when a change is heard."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bridge.model import Settings
from bridge.model.settings import AXIS_RANGE, TEMPERATURE_RANGE
from bridge.player.messages import SwapAt
from bridge.studio import Studio
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, Captioned, Segments, WholeBox, explain
from gui.views.value_slider import ValueSlider

AXES = tuple(f"z{number}" for number in range(1, 9))
"""The raw latent axes that have a slider: the eight that matter most, in standard deviations."""
AT_START = Settings()
SEED_RANGE = (0, 2**31 - 1)  # what a Qt number box holds; the studio takes more
SHAPE_STEP = 0.1
FREEDOM_STEP = 0.05
COLUMNS = 2
SHAPE_TIP = (
    "Moves the whole loop in one direction the model has learned. Hollow: where this idea put it; "
    "solid: held by you.\nDouble click or Delete puts it back. Arrow keys and wheel step, with Shift finely."
)
FREEDOM_TIP = (
    "How freely it is played. 0 % is the most likely loop, 100 % as free as the drummers it learned from.\n"
    f"Double click goes back to {100 * AT_START.temperature:.0f} %."
)
SWAPS = (
    ("Step", SwapAt.STEP, "Hear changes at the next step (sixteenth)"),
    ("Bar", SwapAt.BAR, "Hear changes at the next bar"),
    ("Loop", SwapAt.LOOP, "Hear changes when the four bars start again"),
)


def signed(value: float) -> str:
    """A value with its sign, as printed: a true minus, and no minus before zero."""
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "\N{MINUS SIGN}")


class SliderRow:
    """A name, a slider and its value in figures; put into a grid."""

    def __init__(self, title: str, slider: ValueSlider, grid: QGridLayout, row: int, column: int) -> None:
        self.slider = slider
        self.title = QLabel(title)
        self.title.setBuddy(slider)
        self.figure = QLabel()
        self._colour = ""
        self.figure.setFixedWidth(48)
        self.figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.title, row, column)
        grid.addWidget(slider, row, column + 1)
        grid.addWidget(self.figure, row, column + 2)

    def show_value(self, value: float, held: bool, figure: str) -> None:
        """Show the value; its figure is bright when it is held."""
        self.slider.show_value(value, held)
        self.figure.setText(figure)
        colour = theme.TEXT if held else theme.DIM
        if colour != self._colour:  # a style sheet costs: not at every step of a drag
            self._colour = colour
            self.figure.setStyleSheet(f"QLabel:enabled {{ color: {colour} }}")

    def explain(self, enabled: bool, tip: str, why_not: str) -> None:
        """Enable the row, or say why it is not."""
        explain(self.slider, enabled, tip, why_not)
        self.title.setEnabled(enabled)
        self.figure.setEnabled(enabled)


class SliderPanel(QWidget):
    """Shows and drives what the loop is made of."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.setObjectName("sliders")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

        shapes = QGridLayout()
        shapes.setHorizontalSpacing(theme.GAP)
        shapes.setVerticalSpacing(4)
        self.shapes: dict[str, SliderRow] = {}
        rows = len(AXES) // COLUMNS
        for number, name in enumerate(AXES):
            title = f"Shape {number + 1}"
            slider = ValueSlider(title, SHAPE_TIP, *AXIS_RANGE, 0.0, SHAPE_STEP)
            column, row = divmod(number, rows)
            self.shapes[name] = SliderRow(title, slider, shapes, row, column * 4)
            slider.edited.connect(lambda value, name=name: session.ask(Studio.set_slider, name, value))
            slider.released.connect(lambda name=name: session.ask(Studio.set_slider, name, None))
        for column in range(COLUMNS):
            shapes.setColumnStretch(column * 4 + 1, 1)
        shapes.setColumnMinimumWidth(3, theme.MARGIN * 2)

        feel = QGridLayout()
        feel.setHorizontalSpacing(theme.GAP)
        slider = ValueSlider("Freedom", FREEDOM_TIP, *TEMPERATURE_RANGE, TEMPERATURE_RANGE[0], FREEDOM_STEP)
        self.freedom = SliderRow("Freedom", slider, feel, 0, 0)
        feel.setColumnStretch(1, 1)
        slider.edited.connect(lambda value: session.ask(Studio.set_temperature, value))
        slider.released.connect(lambda: session.ask(Studio.set_temperature, AT_START.temperature))

        self.reset = Button("Reset shapes", "", "Reset shapes")
        self.new_idea = Button("New idea", "", "New idea", role="main")
        self.seed = WholeBox("Seed", "", SEED_RANGE)
        self.swap: Segments[SwapAt] = Segments(SWAPS)
        self._idea = Captioned("Seed", self.seed)

        ideas = QHBoxLayout()
        ideas.setSpacing(theme.MARGIN)
        ideas.addWidget(Captioned(" ", self.new_idea), 1)
        ideas.addWidget(self._idea, 1)
        timing = QHBoxLayout()
        timing.setSpacing(theme.MARGIN)
        timing.addWidget(Captioned("Changes are heard at the next", self.swap), 2)
        timing.addWidget(Captioned(" ", self.reset), 1)
        right = QVBoxLayout()
        right.setSpacing(theme.GAP)
        right.addLayout(feel)
        right.addLayout(ideas)
        right.addLayout(timing)
        right.addStretch(1)

        whole = QHBoxLayout(self)
        whole.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        whole.setSpacing(theme.MARGIN * 3)
        whole.addLayout(shapes, 2)
        whole.addLayout(right, 1)

        self.new_idea.clicked.connect(lambda: session.ask(Studio.new_idea))
        self.reset.clicked.connect(session.release_axes)
        self.seed.valueChanged.connect(lambda seed: session.ask(Studio.set_seed, seed))
        self.swap.chosen.connect(lambda swap_at: session.ask(Studio.set_swap, swap_at))
        session.settings_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the session's settings."""
        state = self._session.state
        ready = self._session.phase is Phase.READY and state is not None
        failed = self._session.phase is Phase.FAILED
        why_not = "There is no drummer yet." if failed else "The drummer is still loading."
        held_any = False
        for name, row in self.shapes.items():
            axis = self._session.axis(name)
            value, held = axis if axis is not None else (0.0, False)
            held_any |= held
            known = ready and axis is not None
            row.show_value(value, held, signed(value) if known else "–")
            missing = why_not if not ready else "This model has fewer shapes."
            row.explain(known, SHAPE_TIP, missing)
        temperature = AT_START.temperature if state is None else state.settings.temperature
        self.freedom.show_value(temperature, ready, f"{100 * temperature:.0f} %")
        self.freedom.explain(ready, FREEDOM_TIP, why_not)
        explain(self.new_idea, ready, "Draw the next idea of this seed (N)", why_not)
        explain(self.seed, ready, "The same seed brings the same ideas again", why_not)
        reset_tip = "Put every shape back where this idea had it"
        explain(self.reset, ready and held_any, reset_tip, "No shape is held." if ready else why_not)
        self.swap.explain(ready, why_not)
        if state is not None:
            self.seed.show_value(state.settings.seed)
            self.swap.show_value(state.swap_at)
            self._idea.caption.setText(f"Seed · idea {state.settings.index + 1}")
