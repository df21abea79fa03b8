"""The path on the map: its line, its places with the bars of the song, and where it goes next."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from bridge.studio.path import Path, Place
from gui.views import theme
from gui.views.map_geometry import MapGeometry

LINE = 1.6
PLACE = 4.5
HEADING = 6.0
GAP = 2.0


def paint_path(painter: QPainter, layout: MapGeometry, path: Path, strong: bool) -> None:
    """Draw the path. strong: it is drawn on or followed, so it stands out."""
    if not path.places:
        return
    points = [layout.pixel(*place) for place in path.places]
    ink = QColor(theme.TEXT if strong else theme.DIM)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _stroke(painter, points, ink, Qt.PenStyle.SolidLine)
    if path.around and len(points) > 2:
        _stroke(painter, [points[-1], points[0]], ink, Qt.PenStyle.DashLine)
    painter.setFont(_font())
    for at in points:
        painter.setPen(QPen(QColor(theme.WELL), 2))
        painter.setBrush(ink)
        painter.drawEllipse(at, PLACE, PLACE)
    for box, bar in _bars(layout, path):
        painter.fillRect(box, QColor(theme.WELL))
        painter.setPen(ink)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, bar)


def path_boxes(layout: MapGeometry, path: Path) -> list[QRectF]:
    """What the places of a path and their bars cover."""
    around = QPointF(PLACE + 1, PLACE + 1)
    places = [layout.pixel(*place) for place in path.places]
    return [*(QRectF(at - around, at + around) for at in places), *(box for box, _ in _bars(layout, path))]


def path_line(layout: MapGeometry, path: Path) -> list[QPointF]:
    """The corners of its line, the way back included if it goes around."""
    points = [layout.pixel(*place) for place in path.places]
    return [*points, points[0]] if path.around and len(points) > 2 else points


def paint_heading(painter: QPainter, layout: MapGeometry, heading: Place) -> None:
    """Where the song will be a bar further on: a ring in the colour of what comes next."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((theme.WELL, 4.0), (theme.NEXT, 2.0)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawEllipse(layout.pixel(*heading), HEADING, HEADING)


def _stroke(painter: QPainter, points: list[QPointF], ink: QColor, style: Qt.PenStyle) -> None:
    for colour, width in ((QColor(theme.WELL), LINE + 2), (ink, LINE)):
        painter.setPen(QPen(colour, width, style if colour is ink else Qt.PenStyle.SolidLine))
        painter.drawPolyline(QPolygonF(points))


def _font() -> QFont:
    return theme.font(theme.CAPTION_PX, bold=True)


def _bars(layout: MapGeometry, path: Path) -> list[tuple[QRectF, str]]:
    """The bar of each place and where it is written; where two would overlap, the earlier one."""
    metrics, written = QFontMetricsF(_font()), list[tuple[QRectF, str]]()
    for number, place in enumerate(path.places):
        bar = str(1 + number * path.leg_bars)
        box = _box(metrics, layout, layout.pixel(*place), bar)
        if not any(box.intersects(other) for other, _ in written):
            written.append((box, bar))
    return written


def _box(metrics: QFontMetricsF, layout: MapGeometry, at: QPointF, text: str) -> QRectF:
    """Where a place's bar is written: above it, or below where there is no room, and never beside the map."""
    box = QRectF(0, 0, metrics.horizontalAdvance(text) + 4, metrics.height() - 2)
    box.moveCenter(at)
    above = at.y() - PLACE - GAP - box.height()
    box.moveTop(above if above > 0 else at.y() + PLACE + GAP)
    box.moveLeft(min(max(1.0, box.left()), layout.width - box.width() - 1))
    return box
