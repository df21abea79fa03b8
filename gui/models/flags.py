"""The flags on the map, as the window sees them."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.studio import Studio, flags, gestures
from bridge.studio.flags import Flag, Flags
from bridge.studio.path import Place


class FlagModel(QObject):
    """Qt thread only. What one does with flags is asked of the studio; each thing is a step of undo.

    Numbers count from 0, in the order in which the flags were put. One that is gone by now is passed over.
    """

    changed = pyqtSignal()

    def __init__(self, ask: Callable[[Callable[[Studio], None]], bool]) -> None:
        super().__init__()
        self._ask = ask
        self._flags: Flags = ()

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The flags, oldest first."""
        return self._flags

    def at(self, place: Place | None) -> int | None:
        """The number of the flag at this very place, if there is one."""
        return flags.at(self._flags, place)

    def show(self, there: Flags) -> None:
        """These are the flags."""
        if there != self._flags:
            self._flags = there
            self.changed.emit()

    def toggle(self, place: Place | None) -> None:
        """Put a flag, or take away the one that is there; a sentence where there is no place."""
        self._ask(lambda studio: gestures.toggle_flag(studio, place))

    def rename(self, number: int, name: str) -> None:
        """Call a flag something; nothing gives it a number."""
        if 0 <= number < len(self._flags):
            self._ask(lambda studio: studio.set_flags(lambda there: flags.rename(there, number, name)))

    def move(self, number: int | None, place: Place, gesture: object = None) -> None:
        """Put a flag somewhere else; a sentence where there is none. Changes of one gesture are one step of
        undo.
        """
        self._ask(lambda studio: gestures.move_flag(studio, number, place, gesture))

    def visit(self, number: int) -> None:
        """Travel to a flag; a sentence where there is none of this number."""
        self._ask(lambda studio: gestures.visit(studio, number))

    def step(self, by: int) -> None:
        """Travel to the next flag (1) or the one before (-1); a sentence where there is none."""
        self._ask(lambda studio: gestures.next_flag(studio, by))
