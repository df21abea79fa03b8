"""A flag on the map: a pennant on a pole that stands at its place, and where its name may stand."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from bridge.studio.flags import Flag
from gui.views import theme
from gui.views.map_geometry import MapGeometry

POLE = 17.0
LINE = 1.4
PENNANT = QPointF(9, 4)
"""How far its tip is from the pole's top; it is as far down again to its lower corner."""
GRIP = QPointF(3, -9)
"""Where a hand takes hold of it, from its place."""
GAP = 0.5
"""Pixels between a flag and its name."""
LONGEST = 110
"""Pixels of a name; what is longer is cut with an ellipsis."""


def grips(layout: MapGeometry, flags: tuple[Flag, ...]) -> list[QPointF]:
    """Where a hand takes hold of flags."""
    return [layout.pixel(*flag.place) + GRIP for flag in flags]


def name_font() -> QFont:
    """What names of flags are written in."""
    return theme.font(theme.CAPTION_PX, bold=True)


def name_of(flag: Flag) -> str:
    """What is written of a flag's name."""
    return QFontMetricsF(name_font()).elidedText(flag.name, Qt.TextElideMode.ElideRight, LONGEST)


def flag_box(layout: MapGeometry, flag: Flag) -> QRectF:
    """What a flag covers, without its name."""
    foot = layout.pixel(*flag.place)
    return QRectF(foot.x() - 2, foot.y() - POLE - 1, PENNANT.x() + 3, POLE + 3)


def name_spots(layout: MapGeometry, flag: Flag, width: float, height: float) -> tuple[QPointF, ...]:
    """The centres of where a name of this size may stand, the best first: right of the pennant, left, below,
    above.
    """
    box = flag_box(layout, flag).adjusted(-GAP, -GAP, GAP, GAP)
    level, middle = box.top() + PENNANT.y() + 1 + GAP, box.center().x()
    return (
        QPointF(box.right() + width / 2, level),
        QPointF(box.left() - width / 2, level),
        QPointF(middle, box.bottom() + height / 2),
        QPointF(middle, box.top() - height / 2),
    )


def paint_flag(painter: QPainter, layout: MapGeometry, flag: Flag) -> None:
    """Draw a flag without its name."""
    foot, ink = layout.pixel(*flag.place), QColor(theme.TEXT)
    top = foot - QPointF(0, POLE)
    cloth = QPolygonF([top, top + PENNANT, top + QPointF(0, 2 * PENNANT.y())])
    painter.setBrush(ink)
    for pen in (QPen(QColor(theme.WELL), LINE + 3), QPen(ink, LINE)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawLine(foot, top)
        painter.drawPolygon(cloth)
