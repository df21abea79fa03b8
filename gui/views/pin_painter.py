"""A pin on the map: a star."""

from __future__ import annotations

import math

from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QColor, QPainter, QPen, QPolygonF

from gui.models.pins import Pin
from gui.views import theme
from gui.views.map_geometry import MapGeometry

RADIUS = 7.0
INNER = 0.45
"""How far in a star's notches are, as a share of its radius."""


def pin_box(layout: MapGeometry, pin: Pin) -> QRectF:
    """What a pin covers."""
    around = QPointF(RADIUS, RADIUS)
    at = layout.pixel(*pin.place)
    return QRectF(at - around, at + around)


def paint_pin(painter: QPainter, layout: MapGeometry, pin: Pin) -> None:
    """Draw a star at the pin's place."""
    centre = layout.pixel(*pin.place)
    corners = [
        centre + QPointF(math.sin(angle), -math.cos(angle)) * (INNER * RADIUS if number % 2 else RADIUS)
        for number, angle in ((number, number * math.pi / 5) for number in range(10))
    ]
    painter.setPen(QPen(QColor(theme.WELL), 1.5))
    painter.setBrush(QColor(theme.TEXT))
    painter.drawPolygon(QPolygonF(corners))
