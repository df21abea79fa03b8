"""Below the map: drawing the path, how long its legs are, and the song that follows it."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QWidget

from bridge.studio.path import LEGS
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, ChoiceBox, explain
from gui.views.learn import choosing, learnable
from gui.views.words import unready

LEG_WIDTH = 78
AIR = 4
"""On either side of a word, at least."""
DRAW_TIP = (
    "Draw a path on the map: a click adds a place, a drag moves it, a right click takes it away.\n"
    "On the map Insert adds the place where we are, Delete takes the last one away, Shift+Delete all."
)
LEG_TIP = "How many bars it is from a place of the path to the next"
AROUND_TIP = "From its last place the path goes on to the first; off, the song stays at the last"
FOLLOW_TIP = (
    "The song follows the path: each bar has its place, also after a jump.\n"
    "A hand on the map, a new idea or the morph ends it, and so does undoing it."
)
NO_PATH = "There is no path yet: switch Path on, then click on the map where it should go."
NO_WAY = "The path needs a second place before it can go around."


class PathBar(QWidget):
    """Path, legs, around, follow. `draw` is checked while a press on the map draws."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        journey = session.journey
        self.draw = Button("Draw a path on the map", "", "Path")
        self.legs: ChoiceBox[int] = ChoiceBox("Bars from place to place", "", LEG_WIDTH)
        learnable(self.legs, *choosing("path bars"))
        self.around = learnable(Button("Path goes around", "", "Around"), "path goes around")
        self.follow = learnable(Button("Follow the path", "", "Follow"), "follow the path")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP // 2)
        for toggle in (self.draw, self.around, self.follow):
            toggle.setCheckable(True)
            toggle.setProperty("role", "icon")  # little more room than its word takes, in the smallest window
            word = toggle.fontMetrics().horizontalAdvance(toggle.text())
            toggle.setMinimumWidth(word + 2 * AIR)
        for widget in self.controls:
            row.addWidget(widget, 1)
        self.legs.chosen.connect(journey.set_leg)
        self.around.clicked.connect(journey.set_around)
        self.follow.clicked.connect(journey.follow)
        journey.changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What there is to work, left to right."""
        return self.draw, self.legs, self.around, self.follow

    def refresh(self) -> None:
        """Show the path's settings, and whether the song follows it."""
        journey, path = self._session.journey, self._session.journey.path
        ready = self._session.chart is not None
        missing = self._session.phase is Phase.READY
        why_not = "This model has no map." if missing else unready(self._session.phase)
        explain(self.draw, ready, DRAW_TIP, why_not)
        explain(self.legs, ready, LEG_TIP, why_not)
        self.legs.show_choices(
            [(f"{bars} bar{'s' if bars > 1 else ''}", bars) for bars in LEGS], path.leg_bars
        )
        lacking = NO_PATH if ready else why_not
        explain(self.around, len(path.places) > 1, AROUND_TIP, NO_WAY if path.places else lacking)
        explain(self.follow, bool(path.places), FOLLOW_TIP, lacking)
        self.around.setChecked(path.around)
        self.follow.setChecked(journey.following)
