"""Where things are on the map: pure arithmetic between its plane (-1..1 both ways, y upwards) and pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF

EDGE = 12
"""Pixels around the plane, so that a loop at its border shows whole."""
GRASP = 12.0
"""How near, in pixels, a hand must be to a place to take hold of it."""


@dataclass(frozen=True, slots=True)
class MapGeometry:
    """The layout for a widget of this size in device-independent pixels: the plane fills it."""

    width: int
    height: int

    @property
    def plane(self) -> QRectF:
        """The pixels of the plane."""
        return QRectF(EDGE, EDGE, max(1, self.width - 2 * EDGE), max(1, self.height - 2 * EDGE))

    def pixel(self, x: float, y: float) -> QPointF:
        """Where a point of the plane is drawn."""
        plane = self.plane
        return QPointF(
            plane.left() + (x + 1) / 2 * plane.width(), plane.bottom() - (y + 1) / 2 * plane.height()
        )

    def pixels(self, points: npt.NDArray[np.floating]) -> list[QPointF]:
        """Where many points [N, 2] of the plane are drawn."""
        plane = self.plane
        size = np.array([plane.width(), -plane.height()])
        at = (points + 1) / 2 * size + [plane.left(), plane.bottom()]
        return [QPointF(x, y) for x, y in at.tolist()]

    def point(self, pixel: QPointF) -> tuple[float, float]:
        """The point of the plane under a pixel; beside the plane, the nearest on its border."""
        plane = self.plane
        x = 2 * (pixel.x() - plane.left()) / plane.width() - 1
        y = 2 * (plane.bottom() - pixel.y()) / plane.height() - 1
        return min(1.0, max(-1.0, x)), min(1.0, max(-1.0, y))

    def grasped(self, places: Sequence[tuple[float, float]], pixel: QPointF) -> int | None:
        """The number of the place that a hand at a pixel takes hold of: the nearest one, if it is near."""
        found = self.reached([self.pixel(*place) for place in places], pixel)
        return None if found is None else found[1]

    def reached(self, grips: Sequence[QPointF], pixel: QPointF) -> tuple[float, int] | None:
        """Of pixels at which things can be taken hold of, the nearest one, if it is near: how far it is away
        in pixels, and its number.
        """
        away = [
            (math.hypot(at.x() - pixel.x(), at.y() - pixel.y()), number) for number, at in enumerate(grips)
        ]
        distance, number = min(away, default=(math.inf, 0))
        return (distance, number) if distance <= GRASP else None
