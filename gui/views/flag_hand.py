"""What a hand does to the flags on the map: a menu for each, and a name that is typed where it stands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import QPointF, QRect
from PyQt6.QtWidgets import QWidget

from bridge.studio.flags import LONGEST_NAME, Flag
from bridge.studio.path import Place
from gui.models.flags import FlagModel
from gui.views.flag_painter import grips, name_spots
from gui.views.learn import Offer
from gui.views.map_geometry import MapGeometry
from gui.views.name_editor import NameEditor
from gui.views.shortcuts import DIGITS

EDITOR = (130, 24)


class FlagHand:
    """A hand at the flags of a map that is laid out by `layout`."""

    def __init__(self, view: QWidget, flags: FlagModel, layout: Callable[[], MapGeometry]) -> None:
        self._view = view
        self._flags = flags
        self._layout = layout
        self.editor = NameEditor(view, "Name of the flag")

    def reach(self, pixel: QPointF) -> tuple[float, Flag] | None:
        """The flag that a hand takes hold of here, and how far away it is in pixels."""
        flags = self._flags.flags
        found = self._layout().reached(grips(self._layout(), flags), pixel)
        return None if found is None else (found[0], flags[found[1]])

    def tip(self, flag: Flag) -> str:
        """What one can do with a flag, in words."""
        number = self._number(flag)
        keys = f" (Ctrl+{number + 1})" if number is not None and number + 1 in DIGITS else ""
        return f"{flag.name}, a flag. A press travels there{keys}, a double click names it."

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

    def _number(self, flag: Flag) -> int | None:
        return self._flags.at(flag.place)
