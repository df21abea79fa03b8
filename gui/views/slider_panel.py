"""The hands-on part: style, sliders, the map, freedom, seed and new ideas, when a change is heard, undo."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bridge.model import Settings
from bridge.model.settings import AXIS_RANGE, NAMED_RANGE, TEMPERATURE_RANGE
from bridge.player.messages import SwapAt
from bridge.studio import Studio
from gui.models import Phase, SessionModel
from gui.views import theme, words
from gui.views.controls import Button, Captioned, ChoiceBox, Segments, WholeBox, explain
from gui.views.learn import choosing, learnable
from gui.views.map_view import MapView
from gui.views.morph_bar import MorphBar
from gui.views.path_bar import PathBar
from gui.views.slider_grid import Entry, SliderGrid, SliderRow, signed
from gui.views.value_slider import ValueSlider
from gui.views.wander_bar import WanderBar

AXES = tuple(f"z{number}" for number in range(1, 9))
"""The raw latent axes that have a slider: the eight that matter most, in standard deviations."""
AT_START = Settings()
SEED_RANGE = (0, 2**31 - 1)  # what a Qt number box holds; the studio takes more
AXIS_STEP = 0.1
NAMED_STEP = 0.05
FREEDOM_STEP = 0.05
ANY_STYLE = "Any style"
STYLE_TIP = "Asks for loops of one style. Seed and sliders stay as they are."
NAMED_TIP = (
    "In the middle the idea stays as it is; what you set is kept for the next ideas.\n"
    "Double click, Home or Delete puts it back. Arrow keys and wheel step, with Shift finely."
)
AXIS_TIP = (
    "Moves the whole loop in one direction the model has learned. Hollow: where this idea put it; "
    "solid: held by you.\n"
    "Double click, Home or Delete puts it back. Arrow keys and wheel step, with Shift finely."
)
STAYS_TIP = "\nSquare: it stays while the others wander. Its menu (right click) lets it join them."
AXES_NOTE = "Raw axes: the directions in which this model's loops differ most. 0 is the middle."
NO_NAMED_NOTE = (
    "This model has no named sliders, only raw axes: “python -m model_export calibrate” adds them."
)
FREEDOM_TIP = (
    "How freely it is played. 0 % is the most likely loop, 100 % as free as the drummers it learned from.\n"
    f"Double click or Home goes back to {100 * AT_START.temperature:.0f} %."
)
SWAPS = (
    ("Now", SwapAt.NOW, "Hear changes at once, from the middle of the step on"),
    ("Step", SwapAt.STEP, "Hear changes at the next step (sixteenth)"),
    ("Bar", SwapAt.BAR, "Hear changes at the next bar"),
    ("Loop", SwapAt.LOOP, "Hear changes when the four bars start again"),
)


class SliderPanel(QWidget):
    """Shows and drives what the loop is made of. `rebuilt` tells that the named sliders are other widgets."""

    rebuilt = pyqtSignal()

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.setObjectName("sliders")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.style_box: ChoiceBox[str | None] = ChoiceBox("Style", "", 160)
        learnable(self.style_box, *choosing("style"))
        self.raw = Button("Raw axes", "", "Raw axes", role="fold")
        self.raw.setCheckable(True)
        self.reset = learnable(Button("Reset sliders", "", "Reset sliders"), "reset sliders")
        self.named = self._named_grid(tuple(words.SLIDERS))
        self.note = QLabel()
        self.note.setFont(theme.font(theme.CAPTION_PX))
        self.note.setProperty("role", "caption")
        self.note.setWordWrap(True)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.axes = SliderGrid(
            [Entry(name, name, f"Raw axis {name}") for name in AXES], AXIS_RANGE, AXIS_STEP
        )
        self._steer(self.axes)
        self.new_idea = learnable(Button("New idea", "", "New idea", role="main"), "new idea")
        self.seed = learnable(WholeBox("Seed", "", SEED_RANGE), "seed")
        self.swap: Segments[SwapAt] = Segments(SWAPS)
        for button, (_, at, _) in zip(self.swap.buttons, SWAPS, strict=True):
            learnable(button, f"swap {at.value}")
        self._heard = QLabel("Heard")
        self._heard.setToolTip("When a change is heard: now, or at the next step, bar or loop")
        self._idea = Captioned("Seed", self.seed)
        self.map = learnable(MapView(session), "map x", "map y", "pin")
        self.map.setContextMenuPolicy(
            Qt.ContextMenuPolicy.DefaultContextMenu
        )  # its right click is the path's, too
        self.path = PathBar(session)
        self.morph = MorphBar(session)
        self.wander = WanderBar(session)
        self.fill = learnable(Button("Fill", "", "Fill now"), "fill")
        self.undo = learnable(Button("Undo", "", "Undo"), "undo")
        self.redo = learnable(Button("Redo", "", "Redo"), "redo")

        whole = QHBoxLayout(self)
        whole.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        whole.setSpacing(theme.MARGIN * 2)
        self._left = self._build_left()
        whole.addLayout(self._left, 5)
        travel = QVBoxLayout()
        travel.setSpacing(theme.GAP // 2)
        travel.addWidget(self.map, 1)
        travel.addWidget(self.path)
        whole.addLayout(travel, 4)
        whole.addLayout(self._build_right(), 3)

        self.style_box.chosen.connect(lambda style: session.ask(Studio.set_style, style))
        self.raw.toggled.connect(self._fold)
        self.path.draw.toggled.connect(self.map.set_drawing)
        self.reset.clicked.connect(session.release_all)
        self.fill.clicked.connect(lambda: session.ask(Studio.fill))
        self.undo.clicked.connect(lambda: session.ask(Studio.undo))
        self.redo.clicked.connect(lambda: session.ask(Studio.redo))
        self.new_idea.clicked.connect(lambda: session.ask(Studio.new_idea))
        self.seed.valueChanged.connect(lambda seed: session.ask(Studio.set_seed, seed))
        self.swap.chosen.connect(lambda swap_at: session.ask(Studio.set_swap, swap_at))
        session.settings_changed.connect(self.refresh)
        session.wander.changed.connect(self.refresh)
        session.phase_changed.connect(self._on_phase)
        self._on_phase()

    def _build_left(self) -> QVBoxLayout:
        top = QHBoxLayout()
        top.setSpacing(theme.GAP)
        self._style_title = QLabel("Style")
        self._style_title.setMinimumWidth(theme.TITLE_WIDTH)
        self._style_title.setBuddy(self.style_box)
        top.addWidget(self._style_title)
        top.addWidget(self.style_box)
        top.addStretch(1)
        top.addWidget(self.raw)
        top.addWidget(self.reset)
        left = QVBoxLayout()
        left.setSpacing(theme.GAP)
        left.addLayout(top)
        left.addWidget(self.named)
        left.addWidget(self.note)
        left.addWidget(self.axes)
        left.addStretch(1)
        return left

    def _build_right(self) -> QVBoxLayout:
        feel = QGridLayout()
        feel.setHorizontalSpacing(theme.GAP)
        feel.setColumnStretch(1, 1)
        slider = ValueSlider("Freedom", "", *TEMPERATURE_RANGE, TEMPERATURE_RANGE[0], FREEDOM_STEP)
        learnable(slider, "temperature")
        slider.edited.connect(lambda value: self._session.ask(Studio.set_temperature, value))
        slider.released.connect(lambda: self._session.ask(Studio.set_temperature, AT_START.temperature))
        self.freedom = SliderRow("Freedom", slider, feel, 0, 0)
        ideas = QHBoxLayout()
        ideas.setSpacing(theme.GAP)
        ideas.addWidget(Captioned(" ", self.new_idea), 2)
        ideas.addWidget(Captioned(" ", self.fill), 1)
        ideas.addWidget(self._idea, 2)
        right = QVBoxLayout()
        right.setSpacing(theme.GAP)
        right.addLayout(feel)
        right.addLayout(ideas)
        right.addWidget(self.morph)
        right.addWidget(self.wander)
        heard = QHBoxLayout()
        heard.setSpacing(theme.GAP)
        heard.addWidget(self._heard)
        heard.addWidget(self.swap, 1)
        right.addLayout(heard)
        right.addStretch(1)
        return right

    def _named_grid(self, names: Sequence[str]) -> SliderGrid:
        titles = [words.slider_words(name)[0] for name in names]
        entries = [Entry(name, title, title) for name, title in zip(names, titles, strict=True)]
        grid = SliderGrid(entries, NAMED_RANGE, NAMED_STEP)
        self._steer(grid)
        return grid

    def _steer(self, grid: SliderGrid) -> None:
        grid.edited.connect(lambda name, value: self._session.ask(Studio.set_slider, name, value))
        grid.released.connect(lambda name: self._session.ask(Studio.set_slider, name, None))
        grid.stays_asked.connect(self._session.wander.set_still)

    def _on_phase(self) -> None:
        """Once the model is there, have the sliders that it has; until then those that models have."""
        names = self._session.sliders
        if names and names != tuple(self.named.rows):
            before, self.named = self.named, self._named_grid(names)
            self._left.replaceWidget(before, self.named)
            before.hide()
            before.deleteLater()
            self.rebuilt.emit()
        self._fold()
        self.refresh()

    def _fold(self) -> None:
        """Show the raw axes where they were asked for, or where the model has nothing else."""
        only_raw = self._session.phase is Phase.READY and not self._session.sliders
        folded = not self.raw.isChecked()
        self.raw.put_icon("unfold" if folded else "fold", theme.Ink.DIM)
        self.raw.setToolTip("Show the model's raw axes" if folded else "Put the raw axes away")
        self.note.setText(NO_NAMED_NOTE if only_raw else AXES_NOTE)
        self.named.setVisible(not only_raw)
        self.raw.setVisible(not only_raw)
        self.note.setVisible(only_raw or not folded)
        self.axes.setVisible(only_raw or not folded)

    def refresh(self) -> None:
        """Show the session's settings."""
        state = self._session.state
        ready = self._session.phase is Phase.READY and state is not None
        why_not = words.unready(self._session.phase)
        self._show_style(ready, why_not)
        self._show_named(ready, why_not)
        self._show_axes(ready, why_not)
        reset_tip = "Let every slider rest, and put every raw axis back where this idea had it"
        all_rest = "Every slider is at rest." if ready else why_not
        explain(self.reset, ready and bool(self._session.moved), reset_tip, all_rest)
        temperature = AT_START.temperature if state is None else state.settings.temperature
        self.freedom.show_value(temperature, ready, f"{100 * temperature:.0f} %")
        self.freedom.explain(ready, FREEDOM_TIP, why_not)
        explain(self.new_idea, ready, "Draw the next idea of this seed (N)", why_not)
        explain(self.seed, ready, "The same seed brings the same ideas again", why_not)
        self.swap.explain(ready, why_not)
        self._heard.setEnabled(ready)
        no_fill = "This model has no fill slider." if ready else why_not
        explain(
            self.fill,
            ready and "fill" in self._session.sliders,
            "Play a fill for the rest of the bar, then come home (F)",
            no_fill,
        )
        nothing = "Nothing has been changed yet." if ready else why_not
        explain(
            self.undo,
            state is not None and state.can_undo,
            "Go back to what there was before (Ctrl+Z)",
            nothing,
        )
        again = "Nothing was taken back." if ready else why_not
        explain(self.redo, state is not None and state.can_redo, "Do it again (Ctrl+Shift+Z)", again)
        if state is not None:
            self.seed.show_value(state.settings.seed)
            self.swap.show_value(state.swap_at)
            self._idea.caption.setText(f"Seed · idea {state.settings.index + 1}")

    def _show_style(self, ready: bool, why_not: str) -> None:
        state, styles = self._session.state, self._session.styles
        choices = [(ANY_STYLE, None), *((words.style_word(name), name) for name in styles)]
        self.style_box.show_choices(choices, None if state is None else state.settings.style)
        missing = "This model was trained without styles." if ready else why_not
        explain(self.style_box, ready and bool(styles), STYLE_TIP, missing)
        self._style_title.setEnabled(self.style_box.isEnabled())

    def _show_named(self, ready: bool, why_not: str) -> None:
        for name, row in self.named.rows.items():
            value = self._session.slider(name)
            row.show_value(value, value != 0, signed(value) if ready else "–")
            tip = f"{words.slider_words(name)[1]}.\n{NAMED_TIP}{self._show_walk(name, row)}"
            row.explain(ready, tip, why_not)

    def _show_axes(self, ready: bool, why_not: str) -> None:
        for name, row in self.axes.rows.items():
            axis = self._session.axis(name)
            value, held = axis if axis is not None else (0.0, False)
            known = ready and axis is not None
            row.show_value(value, held, signed(value) if known else "–")
            tip = AXIS_TIP + self._show_walk(name, row)
            row.explain(known, tip, why_not if not ready else "This model has fewer axes.")

    def _show_walk(self, name: str, row: SliderRow) -> str:
        """Show what the walk does with a slider; words on that for its tip."""
        wandering = self._session.wander.wandering
        stays = name in wandering.still
        row.slider.show_home(wandering.homes.get(name), stays)
        return STAYS_TIP if stays else ""
