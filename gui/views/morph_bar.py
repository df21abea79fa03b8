"""The morph: its two ends, the fader between them, and the ride from one to the other."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QWidget

from bridge.studio.morphing import BARS, Morpher
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, ChoiceBox, explain
from gui.views.learn import choosing, learnable
from gui.views.value_slider import ValueSlider
from gui.views.words import unready

MIDDLE = 0.5
STEP = 0.05
END_WIDTH = 28
BARS_WIDTH = 84
NO_ENDS = "A morph needs both its ends: A and B each take the loop that plays."
FADER_TIP = (
    "From loop A to loop B, through what lies between them. Solid: this is what plays.\n"
    "Double click or Home goes to the middle. Arrow keys and wheel step, with Shift finely."
)
AUTO_TIP = (
    "Morph to B by itself (from B to A), a step at each bar line; the fader, a new idea or undo ends it.\n"
    "While the song stands, it waits."
)


class MorphBar(QWidget):
    """A, fader, B, and the ride."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.a = learnable(Button("Morph end A", "", "A"), "morph from here")
        self.b = learnable(Button("Morph end B", "", "B"), "morph to here")
        self.fader = learnable(ValueSlider("Morph", "", 0.0, 1.0, MIDDLE, STEP), "morph")
        self.bars: ChoiceBox[int] = ChoiceBox("Bars of the morph", "", BARS_WIDTH)
        self.bars.show_choices([(f"{bars} bar{'s' if bars > 1 else ''}", bars) for bars in BARS], BARS[0])
        learnable(self.bars, *choosing("morph bars"))
        self.auto = learnable(Button("Morph by itself", "", "Auto"), "morph by itself")
        self.auto.setCheckable(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP // 2)
        for end in (self.a, self.b):
            end.setFixedWidth(END_WIDTH)
            end.setProperty("role", "icon")
        for widget in self.controls:
            row.addWidget(widget, 1 if widget is self.fader else 0)
        self.a.clicked.connect(lambda: session.morph(Morpher.take_a))
        self.b.clicked.connect(lambda: session.morph(Morpher.take_b))
        self.fader.sliderPressed.connect(lambda: session.morph(Morpher.grab))
        self.fader.sliderReleased.connect(lambda: session.morph(Morpher.let_go))
        self.fader.edited.connect(lambda share: session.morph(Morpher.move, share))
        self.fader.released.connect(lambda: session.morph(Morpher.move, MIDDLE))
        self.bars.chosen.connect(lambda bars: session.morph(Morpher.set_bars, bars))
        self.auto.clicked.connect(lambda on: session.morph(Morpher.ride if on else Morpher.stop))
        session.settings_changed.connect(self.refresh)
        session.loops_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What there is to work, left to right."""
        return self.a, self.fader, self.b, self.bars, self.auto

    def refresh(self) -> None:
        """Show where the morph stands."""
        morphing, loop = self._session.morphing, self._session.loop
        ready = self._session.phase is Phase.READY
        why_not = unready(self._session.phase)
        for button, name, end in ((self.a, "A", morphing.a), (self.b, "B", morphing.b)):
            again = "" if end is None else " in place of the one it has"
            explain(button, ready, f"Take the loop that plays now as {name} of the morph{again}", why_not)
            button.setProperty("taken", end is not None)
            style = button.style()
            if style is not None:
                style.polish(button)
        both = ready and morphing.a is not None and morphing.b is not None
        lacking = NO_ENDS if ready else why_not
        explain(self.fader, both, FADER_TIP, lacking)
        at_end = MIDDLE if loop is None or not both else {morphing.b: 1.0, morphing.a: 0.0}.get(loop, MIDDLE)
        held = morphing.share is not None
        self.fader.show_value(at_end if morphing.share is None else morphing.share, held)
        explain(self.bars, ready, "How many bars the morph takes by itself", why_not)
        self.bars.setCurrentIndex(BARS.index(morphing.bars))
        explain(self.auto, both, AUTO_TIP, lacking)
        self.auto.setChecked(morphing.riding)
