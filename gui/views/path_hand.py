"""What a hand does to the path on the map: add a place, drag it, take it away."""

from __future__ import annotations

from PyQt6.QtCore import QPointF

from bridge.studio.undo import Lasting
from gui.models.journey import JourneyModel
from gui.views.map_geometry import MapGeometry


class PathHand:
    """A hand that draws. It holds one place from a press to the release, which is one step of undo."""

    def __init__(self, journey: JourneyModel) -> None:
        self._journey = journey
        self._held: int | None = None
        self._gesture = Lasting()

    def press(self, layout: MapGeometry, pixel: QPointF) -> None:
        """Take hold of the place under the pointer, or of a new one."""
        places, self._gesture = self._journey.path.places, Lasting()
        self._held = layout.grasped(places, pixel)
        if self._held is None:
            self._journey.add(layout.point(pixel), self._gesture)
            self._held = len(places) if len(self._journey.path.places) > len(places) else None

    def drag(self, layout: MapGeometry, pixel: QPointF) -> None:
        """Take it along, if one is held."""
        if self._held is not None and self._held < len(self._journey.path.places):
            self._journey.move(self._held, layout.point(pixel), self._gesture)

    def release(self) -> None:
        """Let it go."""
        self._held = None

    def take_away(self, layout: MapGeometry, pixel: QPointF) -> bool:
        """Take away the place under the pointer; whether there was one."""
        number = layout.grasped(self._journey.path.places, pixel)
        if number is not None:
            self._journey.remove(number)
            self._held = None
        return number is not None
