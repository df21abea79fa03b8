"""The pinned takes that have a place on the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.studio.history import Take
from bridge.studio.path import Place
from bridge.studio.sketch import Sketch
from gui.models.history import title_of


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned take: its number in the history, what it is called, and where its idea lies."""

    number: int
    title: str
    place: Place


class PinModel(QObject):
    """Qt thread only. A take without a place (a morph, a file) is pinned in the history alone."""

    changed = pyqtSignal()

    def __init__(self, place_of: Callable[[Sketch], Place | None]) -> None:
        super().__init__()
        self._place_of = place_of
        self._places: dict[int, Place | None] = {}
        self._pins: tuple[Pin, ...] = ()

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins, oldest take first."""
        return self._pins

    def show(self, takes: Sequence[Take]) -> None:
        """These are the takes; a place is looked up once."""
        pinned = [take for take in takes if take.pinned]
        self._places = {
            take.number: self._places[take.number]
            if take.number in self._places
            else self._place_of(take.sketch)
            for take in pinned
        }
        found = [(take, self._places[take.number]) for take in pinned]
        pins = tuple(Pin(take.number, title_of(take), place) for take, place in found if place is not None)
        if pins != self._pins:
            self._pins = pins
            self.changed.emit()
