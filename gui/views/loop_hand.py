"""A hand on the loop, by mouse or keyboard: which cell it holds, and what it does to it. No widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PyQt6.QtCore import QPointF, Qt

from bridge.groove import STEPS, Voice
from bridge.groove.edit import Cell, Touch, touch_at
from bridge.studio import gestures
from bridge.studio.undo import Lasting
from gui.models import SessionModel
from gui.views.loop_edit import FIRST_VELOCITY, pulled, toggled, words
from gui.views.loop_geometry import LANES, LoopGeometry

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_LOUDER = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}
VELOCITY_STEP = 5 / 127
TIMING_STEP = 0.05


@dataclass(slots=True)
class _Hold:
    """A press on a cell and what became of it; as the gesture it is one step of undo.

    before   what a hand had made of the cell until then; None: nothing
    """

    cell: tuple[int, Voice]
    start: QPointF
    touch: Touch
    before: Touch | None
    pulling: bool = False
    gesture: Lasting = field(default_factory=Lasting)


class LoopHand:
    """Edits the loop that is shown, or the one that is about to take over, if there is one.

    A click strikes an empty cell and silences a hit; a pull is velocity (up and down) and timing (sideways),
    the wheel velocity. The keyboard has a cursor of its own. What is done is a change of the studio's sketch,
    and so undoable.
    """

    def __init__(self, session: SessionModel) -> None:
        self._session = session
        self._hold: _Hold | None = None
        self._velocity = FIRST_VELOCITY
        self.cursor: tuple[int, Voice] = (0, Voice.KICK)

    # --- what there is ---

    @property
    def pulled_cell(self) -> tuple[int, Voice] | None:
        """The cell whose hit is being pulled."""
        return self._hold.cell if self._hold is not None and self._hold.pulling else None

    @property
    def touches(self) -> Mapping[Cell, Touch]:
        """The cells that were changed by hand."""
        state = self._session.state
        return {} if state is None else state.sketch.touches

    def touch(self, cell: Cell) -> Touch | None:
        """How a cell is hit, once all that was done is heard; None where there is no loop."""
        loop = self._session.next_loop or self._session.loop
        if loop is None:
            return None
        return self.touches.get(cell) or touch_at(loop, cell)

    def describe(self, cell: tuple[int, Voice]) -> str:
        """The cell in a musician's words."""
        touch, state = self.touch(cell), self._session.state
        if touch is None or state is None:
            return ""
        return words(*cell, touch, state.bpm) + (" · by hand" if cell in self.touches else "")

    # --- the mouse ---

    def press(self, cell: tuple[int, Voice] | None, at: QPointF) -> None:
        """Take hold of a cell."""
        touch = None if cell is None else self.touch(cell)
        if cell is not None and touch is not None:
            self.cursor = cell
            self._hold = _Hold(cell, at, touch, self.touches.get(cell))

    def pull(self, at: QPointF, layout: LoopGeometry, far: float, fine: bool) -> bool:
        """Move with the button down; True if that moved a hit, which takes a pull of `far` pixels."""
        hold = self._hold
        if hold is None:
            return False
        way = at - hold.start
        if not hold.pulling and way.manhattanLength() < far:
            return False
        hold.pulling = True
        begun = hold.touch if hold.touch.velocity else Touch(self._velocity)
        louder = -way.y() / layout.lane(hold.cell[1]).height()
        self.set(hold.cell, pulled(begun, louder, way.x() / layout.step_width, fine), hold.gesture)
        return True

    def release(self) -> None:
        """Let go. A press that pulled nothing strikes an empty cell, or silences a hit."""
        hold, self._hold = self._hold, None
        if hold is not None and not hold.pulling:
            self.set(hold.cell, toggled(hold.touch, self._velocity), hold.gesture)

    def cancel(self) -> bool:
        """Let go as if nothing had been pulled; False where nothing is held."""
        hold, self._hold = self._hold, None
        if hold is not None and hold.pulling:
            self._session.ask(gestures.touch, {hold.cell: hold.before}, hold.gesture)
        return hold is not None

    # --- the wheel ---

    def roll(self, cell: tuple[int, Voice], notches: float, fine: bool) -> bool:
        """Make a hit louder, or softer with less than 0 notches; False where nothing is hit."""
        touch = self.touch(cell)
        if touch is None or not touch.velocity:
            return False
        self.cursor = cell
        return self._nudge(notches * VELOCITY_STEP, 0, fine)

    # --- the keyboard ---

    def key(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        """Act on a key; False if it is none of ours."""
        which = Qt.Key(key)
        if which == Qt.Key.Key_Escape:
            return self.cancel()
        fine = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if which in _ARROWS and modifiers & (
            Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier
        ):
            sideways, _ = _ARROWS[which]
            return bool(sideways) and self._nudge(0, sideways * TIMING_STEP, fine)
        if which in _ARROWS:
            return self._walk(*_ARROWS[which])
        if which in _LOUDER:
            return self._nudge(_LOUDER[which] * VELOCITY_STEP, 0)
        if which in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.toggle(self.cursor)
            return True
        if which in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.give_back((self.cursor,))
            return True
        return False

    def _walk(self, right: int, down: int) -> bool:
        step, voice = self.cursor
        lane = min(len(LANES) - 1, max(0, LANES.index(voice) + down))
        self.cursor = ((step + right) % STEPS, LANES[lane])
        return True

    def _nudge(self, louder: float, later: float, fine: bool = False) -> bool:
        touch = self.touch(self.cursor)
        if touch is not None and touch.velocity:
            self.set(self.cursor, pulled(touch, louder, later, fine), ("nudge", self.cursor))
        return True

    # --- what is done ---

    def set(self, cell: tuple[int, Voice], touch: Touch, gesture: object = None) -> None:
        """Have a cell hit like this."""
        if touch.velocity:
            self._velocity = touch.velocity
        self._session.ask(gestures.touch, {cell: touch}, gesture)

    def toggle(self, cell: tuple[int, Voice]) -> None:
        """Strike a cell, or silence it if it is hit."""
        touch = self.touch(cell)
        if touch is not None:
            self.set(cell, toggled(touch, self._velocity))

    def give_back(self, cells: tuple[Cell, ...]) -> None:
        """Give cells that were changed back to the drummer."""
        changed = {cell: None for cell in cells if cell in self.touches}
        if changed:
            self._session.ask(gestures.touch, changed)
