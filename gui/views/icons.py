"""The window's few icons, drawn as paths so that they are crisp at every scale and depend on no font."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from gui.views import theme

SIZE = 18
SCALES = (1.0, 1.5, 2.0, 3.0)


def _play() -> QPainterPath:
    path = QPainterPath(QPointF(4.5, 2.5))
    path.lineTo(15.5, 9)
    path.lineTo(4.5, 15.5)
    path.closeSubpath()
    return path


def _stop() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(3.5, 3.5, 11, 11), 1, 1)
    return path


def _refresh() -> QPainterPath:
    path = QPainterPath()
    circle = QRectF(3.5, 3.5, 11, 11)
    path.arcMoveTo(circle, 40)
    path.arcTo(circle, 40, 290)
    path.moveTo(9.2, 7.4)
    path.lineTo(13.6, 5.6)
    path.lineTo(13.0, 1.0)
    return path


def _unfold() -> QPainterPath:
    path = QPainterPath(QPointF(7, 4.5))
    path.lineTo(11.5, 9)
    path.lineTo(7, 13.5)
    return path


def _fold() -> QPainterPath:
    path = QPainterPath(QPointF(4.5, 7))
    path.lineTo(9, 11.5)
    path.lineTo(13.5, 7)
    return path


def _menu() -> QPainterPath:
    path = QPainterPath()
    for y in (4.5, 9.0, 13.5):
        path.moveTo(3, y)
        path.lineTo(15, y)
    return path


def _flag() -> QPainterPath:
    path = QPainterPath(QPointF(4.5, 16))
    path.lineTo(4.5, 2.5)
    path.lineTo(14.5, 6.5)
    path.lineTo(4.5, 10.5)
    return path


_PATHS = {
    "play": (_play, True),
    "stop": (_stop, True),
    "refresh": (_refresh, False),
    "unfold": (_unfold, False),
    "fold": (_fold, False),
    "menu": (_menu, False),
    "flag": (_flag, False),
}


def icon(name: str, colour: str) -> QIcon:
    """The icon of a name (play, stop, refresh, unfold, fold, menu, flag) in a colour, faint when disabled."""
    made = QIcon()
    for scale in SCALES:
        made.addPixmap(_pixmap(name, colour, scale), QIcon.Mode.Normal)
        made.addPixmap(_pixmap(name, theme.FAINT, scale), QIcon.Mode.Disabled)
    return made


def _pixmap(name: str, colour: str, scale: float) -> QPixmap:
    side = round(SIZE * scale)
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    outline, filled = _PATHS[name]
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    if filled:
        painter.fillPath(outline(), QColor(colour))
    else:
        pen = QPen(QColor(colour), 1.7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.strokePath(outline(), pen)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap
