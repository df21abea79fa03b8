"""What a hand does to the flags on the map: it travels there, moves them, and types their names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import QPointF, QRect
from PyQt6.QtWidgets import QApplication, QWidget

from bridge.studio.flags import LONGEST_NAME, Flag
from bridge.studio.path import Place
from bridge.studio.undo import Lasting
from gui.models.flags import FlagModel
from gui.views.flag_painter import grips, name_spots
from gui.views.learn import Offer
from gui.views.map_geometry import MapGeometry
from gui.views.name_editor import NameEditor
from gui.views.shortcuts import DIGITS

EDITOR = (130, 24)


class _Held:
    """A flag in the hand, since a press at `start`; `grip` is how far its place is from the pointer."""

    def __init__(self, flag: Flag, start: QPointF, grip: QPointF) -> None:
        self.flag, self.start, self.grip = flag, start, grip
        self.place = flag.place
        self.moved = False
        self.gesture = Lasting()


class FlagHand:
    """A hand at the flags of a map that is laid out by `layout`.

    From a press to its release it holds one flag. Moved, that is one step of undo; else we travel there.
    """

    def __init__(self, view: QWidget, flags: FlagModel, layout: Callable[[], MapGeometry]) -> None:
        self._view = view
        self._flags = flags
        self._layout = layout
        self.editor = NameEditor(view, "Name of the flag")
        self._held: _Held | None = None
        self._pushed: tuple[Place | None, Place, Lasting] | None = None  # from where we are, to here

    def reach(self, pixel: QPointF) -> tuple[float, Flag] | None:
        """The flag that a hand takes hold of here, and how far away it is in pixels."""
        flags = self._flags.flags
        found = self._layout().reached(grips(self._layout(), flags), pixel)
        return None if found is None else (found[0], flags[found[1]])

    def tip(self, flag: Flag) -> str:
        """What one can do with a flag, in words."""
        number = self._number(flag)
        keys = f" (Ctrl+{number + 1})" if number is not None and number + 1 in DIGITS else ""
        return f"{flag.name}, a flag. A click travels there{keys}, a drag moves it, a double click names it."

    def press(self, flag: Flag, pixel: QPointF) -> None:
        """Take hold of a flag."""
        self._held = _Held(flag, pixel, self._layout().pixel(*flag.place) - pixel)

    def drag(self, pixel: QPointF) -> None:
        """Take it along, once the hand has left where it pressed."""
        held = self._held
        if held is None:
            return
        if not held.moved and (pixel - held.start).manhattanLength() < QApplication.startDragDistance():
            return
        held.moved = True
        self._move(held, self._layout().point(pixel + held.grip))

    def release(self) -> None:
        """Let it go: travel there, if it has not moved."""
        held, self._held = self._held, None
        if held is not None and not held.moved:
            self.visit(held.flag)

    def give_up(self) -> bool:
        """Let it go where it was; whether one was held."""
        held, self._held = self._held, None
        if held is not None and held.moved:
            self._move(held, held.flag.place)
        return held is not None

    def push(self, here: Place | None, right: float, up: float) -> None:
        """Move the flag where we are; pushed on from the same place, the one that was there."""
        place, gesture = here, Lasting()
        if (
            self._pushed is not None
            and self._pushed[0] == here
            and self._flags.at(self._pushed[1]) is not None
        ):
            _, place, gesture = self._pushed
        number = self._flags.at(place)
        if place is None or number is None:
            self._flags.move(None, (0.0, 0.0))
            return
        x, y = (min(1.0, max(-1.0, at + by)) for at, by in zip(place, (right, up), strict=True))
        self._flags.move(number, (x, y), gesture)
        self._pushed = here, self._flags.flags[number].place, gesture

    def visit(self, flag: Flag) -> None:
        """Travel there."""
        if (number := self._number(flag)) is not None:
            self._flags.visit(number)

    def offers(self, flag: Flag | None, place: Place | None) -> list[Offer]:
        """What the menu offers: what can be done with the flag, or a new one at the place."""
        if flag is not None:
            return [
                (f"Travel to {flag.name}", partial(self.visit, flag)),
                ("Name it …", partial(self.ask_name, flag)),
                ("Take the flag away", partial(self._flags.toggle, flag.place)),
            ]
        return [] if place is None else [("Put a flag here", partial(self._flags.toggle, place))]

    def ask_name(self, flag: Flag) -> None:
        """Have its name typed where it stands."""
        layout = self._layout()
        width, height = EDITOR
        at = name_spots(layout, flag, width, height)[0]
        left = min(max(0.0, at.x() - width / 2), max(0.0, layout.width - width))
        top = min(max(0.0, at.y() - height / 2), max(0.0, layout.height - height))
        self.editor.ask(
            flag.name, QRect(int(left), int(top), width, height), LONGEST_NAME, partial(self._name, flag)
        )

    def _name(self, flag: Flag, name: str) -> None:
        if (number := self._number(flag)) is not None and name != flag.name:
            self._flags.rename(number, name)

    def _move(self, held: _Held, place: Place) -> None:
        if (number := self._flags.at(held.place)) is not None:
            self._flags.move(number, place, held.gesture)
            held.place = self._flags.flags[number].place

    def _number(self, flag: Flag) -> int | None:
        return self._flags.at(flag.place)
