"""The path over the map, and the song that follows it, as the window sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.studio.journey import Journey, Journeying
from bridge.studio.path import Path, Place


class JourneyModel(QObject):
    """Qt thread only. `attempt` does what may be refused, and says so; `changed` tells of all of it.

    The path may be drawn once a studio is there, in steps of undo; before, nothing happens.
    """

    changed = pyqtSignal()
    _told = pyqtSignal()

    def __init__(self, attempt: Callable[[Callable[[], object]], bool]) -> None:
        super().__init__()
        self._attempt = attempt
        self._journey: Journey | None = None
        self._shown = Journeying()
        self._told.connect(self._look)  # queued by Qt when it comes from another thread

    @property
    def path(self) -> Path:
        """The path as it is drawn."""
        return self._shown.path

    @property
    def following(self) -> bool:
        """Whether the song follows it."""
        return self._shown.following

    @property
    def heading(self) -> Place | None:
        """Where the song will be a bar further on; None while it does not follow."""
        return self._shown.heading

    @property
    def tell(self) -> Callable[[], None]:
        """What a `Journey` is to call when there is something new; from any thread."""
        return self._told.emit

    def begin(self, journey: Journey) -> None:
        """The studio is there, and its journey."""
        self._journey = journey
        self._look()

    def add(self, place: Place, gesture: object = None) -> None:
        """Go on to one more place. `gesture`: changes of one are one step of undo."""
        self._draw(lambda path: path.adding(place), gesture)

    def move(self, number: int, place: Place, gesture: object = None) -> None:
        """Put a place somewhere else. IndexError. `gesture`: as in `add`."""
        self._draw(lambda path: path.moving(number, place), gesture)

    def remove(self, number: int) -> None:
        """Take a place away. IndexError."""
        self._draw(lambda path: path.without(number))

    def clear(self) -> None:
        """Take all places away."""
        self._draw(lambda path: replace(path, places=()))

    def set_leg(self, bars: int) -> None:
        """How many bars it is from a place to the next, one of `LEGS`."""
        self._draw(lambda path: replace(path, leg_bars=bars))

    def set_around(self, on: bool) -> None:
        """Whether the path goes on from its last place to the first."""
        self._draw(lambda path: replace(path, around=on))

    def follow(self, on: bool) -> None:
        """Have the song follow the path, or stay where it is."""
        if (journey := self._journey) is not None:
            self._attempt(journey.follow if on else journey.stop)
            self._look()

    def _draw(self, change: Callable[[Path], Path], gesture: object = None) -> None:
        if (journey := self._journey) is not None:
            self._attempt(lambda: journey.draw(change(journey.journeying.path), gesture))
            self._look()

    def _look(self) -> None:
        if self._journey is not None and self._journey.journeying != self._shown:
            self._shown = self._journey.journeying
            self.changed.emit()
