"""The map but for what moves, painted once: dots, names, path, pins and flags.

    dots       the loops of the model: another picture only for another size, palette or model
    names      of styles and flags: placed and painted anew when what is in their way has come to rest
    picture    dots, path, names, pins and flags in one, which a frame only copies

What moves is where we are and where the song goes: `map_view.py` paints that on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap, QPolygonF

from bridge.model.map import UNLABELLED, Map
from bridge.studio.flags import Flag, Flags
from bridge.studio.path import Path, Place
from gui.models.pins import Pin
from gui.views import theme, words
from gui.views.flag_painter import flag_box, name_font, name_of, name_spots, paint_flag
from gui.views.map_geometry import MapGeometry
from gui.views.map_names import Placed, Wanted, place
from gui.views.path_painter import paint_path, path_boxes, path_line
from gui.views.pin_painter import paint_pin, pin_box

DOT = 1.7
"""The radius of a loop."""
HERE = 7.0
"""The radius of the ring where we are."""
HALO = 1.3
"""Pixels of ground around a letter, so that it can be read on the dots."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is on the map beside its loops.

    strong   the path is drawn on or followed, so it stands out
    """

    path: Path
    strong: bool
    pins: tuple[Pin, ...]
    flags: Flags


@dataclass(frozen=True, slots=True)
class Names:
    """Where names stand: by style, and by flag. Those that have no room are missing."""

    styles: Mapping[int, Placed]
    flags: Mapping[Flag, Placed]


class MapPicture:
    """Keeps the pictures of one model's map; what is not as it was when asked for is painted anew."""

    def __init__(self, chart: Map) -> None:
        self._chart = chart
        self._middles = middles(chart)
        self._dots: QPixmap | None = None
        self._names: Names | None = None
        self._names_for: tuple[object, ...] = ()
        self._written: QPixmap | None = None
        self._picture: QPixmap | None = None
        self._made_of: tuple[object, ...] = ()
        self._settled = False

    def forget(self) -> None:
        """The size or the colours are others."""
        self._dots = self._names = self._written = self._picture = None

    def settle(self) -> None:
        """What is in the way of names has come to rest, perhaps elsewhere."""
        self._settled = True

    def names(self, layout: MapGeometry, shown: Shown, here: Place | None, corner: QRectF) -> Names:
        """Where names stand. They keep off `here`, where we are (None: that is nowhere, or moves), and off a
        corner that is taken, as these were when all was last at rest.
        """
        wanted = layout, shown.path, shown.pins, shown.flags, here, corner
        if self._names is None or (self._settled and self._names_for != wanted):
            self._names, self._names_for = self._place(layout, shown, here, corner), wanted
            self._written = None
        self._settled = False
        return self._names

    def at(self, layout: MapGeometry, shown: Shown, names: Names, scale: float) -> QPixmap:
        """The picture at a layout and scale."""
        if self._dots is None or self._dots.devicePixelRatio() != scale:
            self._dots = self._paint_dots(layout, scale)
            self._written = None
        if self._written is None:
            self._written = self._write_names(layout, names, scale)
            self._picture = None
        if self._picture is None or self._made_of != (layout, shown):
            self._picture, self._made_of = _compose(self._dots, self._written, layout, shown), (layout, shown)
        return self._picture

    # --- inside ---

    def _place(self, layout: MapGeometry, shown: Shown, here: Place | None, corner: QRectF) -> Names:
        around = QPointF(HERE + 2, HERE + 2)
        taken = [corner, *(pin_box(layout, pin) for pin in shown.pins)]
        taken += [flag_box(layout, flag) for flag in shown.flags]
        taken += path_boxes(layout, shown.path)
        if here is not None:
            at = layout.pixel(*here)
            taken.append(QRectF(at - around, at + around))
        wanted = [self._flag_wanted(layout, flag) for flag in shown.flags]
        wanted += [self._style_wanted(layout, style) for style in self._middles]
        room = QRectF(1, 1, layout.width - 2, layout.height - 2)
        placed = place(wanted, room, taken, path_line(layout, shown.path))
        count = len(shown.flags)
        return Names(
            {style: name for style, name in zip(self._middles, placed[count:], strict=True) if name},
            {flag: name for flag, name in zip(shown.flags, placed[:count], strict=True) if name},
        )

    def _flag_wanted(self, layout: MapGeometry, flag: Flag) -> Wanted:
        size = _size(name_of(flag), name_font())
        return Wanted(size, layout.pixel(*flag.place), name_spots(layout, flag, *size))

    def _style_wanted(self, layout: MapGeometry, style: int) -> Wanted:
        return Wanted(_size(self._word(style), _font()), layout.pixel(*self._middles[style]))

    def _word(self, style: int) -> str:
        return words.style_word(self._chart.styles[style])

    def _paint_dots(self, layout: MapGeometry, scale: float) -> QPixmap:
        dots = _blank(layout, scale, QColor(theme.WELL))
        painter = QPainter(dots)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for style in (UNLABELLED, *self._middles):  # the rarer ones on top
            pen = QPen(QColor(style_colour(style)), 2 * DOT)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPoints(QPolygonF(layout.pixels(self._chart.points[self._chart.style == style])))
        painter.end()
        return dots

    def _write_names(self, layout: MapGeometry, names: Names, scale: float) -> QPixmap:
        written = _blank(layout, scale, QColor(Qt.GlobalColor.transparent))
        painter = QPainter(written)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for style, name in names.styles.items():
            if name.lead is not None:
                middle = layout.pixel(*self._middles[style])
                _lead(painter, name.lead, middle, QColor(style_colour(style)))
        for style, name in names.styles.items():
            _write(painter, name.box, self._word(style), _font(), QColor(style_colour(style)))
        for flag, name in names.flags.items():
            _write(painter, name.box, name_of(flag), name_font(), QColor(theme.TEXT))
        painter.end()
        return written


def _compose(dots: QPixmap, written: QPixmap, layout: MapGeometry, shown: Shown) -> QPixmap:
    picture = dots.copy()
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_path(painter, layout, shown.path, shown.strong)
    painter.drawPixmap(0, 0, written)
    for pin in shown.pins:
        paint_pin(painter, layout, pin)
    for flag in shown.flags:
        paint_flag(painter, layout, flag)
    painter.end()
    return picture


def _blank(layout: MapGeometry, scale: float, colour: QColor) -> QPixmap:
    pixmap = QPixmap(round(layout.width * scale), round(layout.height * scale))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(colour)
    return pixmap


def middles(chart: Map) -> dict[int, Place]:
    """The middle of each style that has loops, the style with the most loops first."""
    counts = np.bincount(chart.style[chart.style >= 0], minlength=len(chart.styles))
    order = np.argsort(-counts, kind="stable").tolist()
    found = {
        style: np.median(chart.points[chart.style == style], axis=0).tolist()
        for style in order
        if counts[style]
    }
    return {style: (x, y) for style, (x, y) in found.items()}


def style_colour(style: int) -> str:
    """The colour of a style's loops on the map; grey for those without one."""
    return theme.DIM if style == UNLABELLED else theme.STYLE_COLOURS[style % len(theme.STYLE_COLOURS)]


def _font() -> QFont:
    return theme.font(theme.CAPTION_PX)


def _size(text: str, font: QFont) -> tuple[float, float]:
    """How large a name is, with its halo."""
    metrics = QFontMetricsF(font)
    return metrics.horizontalAdvance(text) + 2 * HALO, metrics.ascent() + metrics.descent()


def _lead(painter: QPainter, start: QPointF, middle: QPointF, ink: QColor) -> None:
    """A line from a name to what it names."""
    for pen in (QPen(QColor(theme.WELL), 3), QPen(ink, 1)):
        painter.setPen(pen)
        painter.drawLine(start, middle)
    painter.setBrush(ink)
    painter.drawEllipse(middle, 1.5, 1.5)


def _write(painter: QPainter, box: QRectF, text: str, font: QFont, ink: QColor) -> None:
    """Write a name with ground around each of its letters."""
    base = QPointF(box.left() + HALO, box.top() + QFontMetricsF(font).ascent())
    painter.setFont(font)
    painter.setPen(QColor(theme.WELL))
    for x, y in product((-HALO, 0.0, HALO), repeat=2):  # a stroke around each letter takes five times as long
        painter.drawText(base + QPointF(x, y), text)
    painter.setPen(ink)
    painter.drawText(base, text)
