"""A flag on the map: a pennant on a pole that stands at its place, with its name beside it."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from bridge.studio.flags import Flag
from gui.views import theme
from gui.views.map_geometry import MapGeometry

POLE = 17.0
LINE = 1.4
PENNANT = QPointF(9, 4)
"""How far its tip is from the pole's top; it is as far again to its lower corner."""
GRIP = QPointF(3, -9)
"""Where a hand takes hold of it, from its place."""
LONGEST = 110
"""Pixels of a name; what is longer is cut with an ellipsis."""


def pennant(foot: QPointF) -> QPolygonF:
    """The cloth of a flag whose pole stands here."""
    top = foot - QPointF(0, POLE)
    return QPolygonF([top, top + PENNANT, top + QPointF(0, 2 * PENNANT.y())])


def grips(layout: MapGeometry, flags: tuple[Flag, ...]) -> list[QPointF]:
    """Where a hand takes hold of flags."""
    return [layout.pixel(*flag.place) + GRIP for flag in flags]


def name_box(layout: MapGeometry, flag: Flag, metrics: QFontMetricsF) -> tuple[QRectF, str]:
    """Where a flag's name is written, and what of it: right of the pennant, or left for want of room."""
    text = metrics.elidedText(flag.name, Qt.TextElideMode.ElideRight, LONGEST)
    foot = layout.pixel(*flag.place)
    box = QRectF(0, 0, metrics.horizontalAdvance(text) + 6, metrics.height())
    box.moveLeft(foot.x() + PENNANT.x() + LINE)
    if box.right() > layout.width - 1:
        box.moveRight(foot.x() - 3)
    box.moveTop(max(1.0, foot.y() - POLE + PENNANT.y() - box.height() / 2))
    return box, text


def paint_flag(painter: QPainter, layout: MapGeometry, flag: Flag) -> None:
    """Draw a flag and its name."""
    painter.setFont(theme.font(theme.CAPTION_PX, bold=True))
    box, text = name_box(layout, flag, QFontMetricsF(painter.font()))
    painter.fillRect(box, QColor(theme.WELL))
    foot, ink = layout.pixel(*flag.place), QColor(theme.TEXT)
    painter.setBrush(ink)
    for pen in (QPen(QColor(theme.WELL), LINE + 3), QPen(ink, LINE)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawLine(foot, foot - QPointF(0, POLE))
        painter.drawPolygon(pennant(foot))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
