"""The sliders' random walk: on or off, how far, and how fast."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QWidget

from bridge.studio.sway import PACES, Manner
from gui.models import Phase, SessionModel
from gui.views import theme, words
from gui.views.controls import Button, ChoiceBox, explain
from gui.views.learn import choosing, learnable
from gui.views.value_slider import ValueSlider

PACE_WIDTH = 84
STEP = 0.05
AT_START = Manner()
WANDER_TIP = (
    "The sliders, and the raw axes that you hold, wander from where they are, a little at each bar (W).\n"
    "One that you move goes on from there; its menu (right click) has it stay. The mark below is its home.\n"
    "Off, they stay where they are; undo brings them all home."
)
AMOUNT_TIP = (
    "How far a slider may wander from where it was.\n"
    f"Double click or Home goes back to {100 * AT_START.amount:.0f} %."
)
PACE_TIP = "How many bars a slider takes from one turning point to the next"


class WanderBar(QWidget):
    """Wander, amount, pace."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        wander = session.wander
        self.wander = learnable(Button("Wander", "", "Wander"), "wander")
        self.wander.setCheckable(True)
        self.amount = learnable(
            ValueSlider("Amount of wandering", "", 0.0, 1.0, AT_START.amount, STEP), "wander amount"
        )
        self.pace: ChoiceBox[int] = ChoiceBox("Bars from turn to turn", "", PACE_WIDTH)
        self.pace.show_choices([(f"{bars} bar{'s' if bars > 1 else ''}", bars) for bars in PACES], PACES[0])
        learnable(self.pace, *choosing("wander bars"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP // 2)
        for widget in self.controls:
            row.addWidget(widget, 1 if widget is self.amount else 0)
        self.wander.clicked.connect(wander.toggle)
        self.amount.edited.connect(wander.set_amount)
        self.amount.released.connect(lambda: wander.set_amount(AT_START.amount))
        self.pace.chosen.connect(wander.set_bars)
        wander.changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What there is to work, left to right."""
        return self.wander, self.amount, self.pace

    def refresh(self) -> None:
        """Show whether the sliders wander, and how."""
        wandering = self._session.wander.wandering
        ready = self._session.phase is Phase.READY
        why_not = words.unready(self._session.phase)
        explain(self.wander, ready, WANDER_TIP, why_not)
        explain(self.amount, ready, AMOUNT_TIP, why_not)
        explain(self.pace, ready, PACE_TIP, why_not)
        self.wander.setChecked(wandering.on)
        self.amount.show_value(wandering.manner.amount, wandering.on)
        self.pace.setCurrentIndex(PACES.index(wandering.manner.bars))
