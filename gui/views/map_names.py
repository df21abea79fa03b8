"""Where names stand on the map, so that each can be read: pure arithmetic on rectangles in pixels.

Names are placed one after the other, each at the first spot around its middle that is free of what stands
there already, of other names and of the path:

              . . .
            . [Funk] .        the nearest spot first, ring after ring
              . x .           x: the middle of the style's loops
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF

RINGS = (0.0, 7.0, 12.0, 17.0, 23.0, 30.0, 38.0, 46.0)
"""How far from its middle a name may stand, up and down; to the sides it is `WIDER` times as far."""
WIDER = 1.5
AROUND = 16
"""Spots on a ring."""
APART = (5.0, 1.0)
"""Pixels between two names, side by side and one above the other: two must not read as one."""
CLEAR = 9.0
"""Pixels beside a path that stay free for the ring that travels on it, where there is room for that."""
THIN = 2.0
FAR = 10.0
"""A name that is further than this from what it names, in pixels, has a line to it."""
EVERY = 4.0
"""A line is kept free by squares so many pixels apart."""

Boxes = npt.NDArray[np.float64]
"""Rectangles [N, 4]: left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name that wants to be read.

    size     of its rectangle: width, height
    middle   what it names
    spots    the centres of where it may stand, the best first; None: all around its middle, with a line to
             that where it is far
    """

    size: tuple[float, float]
    middle: QPointF
    spots: tuple[QPointF, ...] | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a name stands, and where a line begins that leads from it to what it names; None: it has none."""

    box: QRectF
    lead: QPointF | None = None


def place(
    wanted: Sequence[Wanted], room: QRectF, taken: Sequence[QRectF], line: Sequence[QPointF] = ()
) -> list[Placed | None]:
    """Where each name stands, in the order in which they choose; None where it has no room.

    room    all of them stay in it
    taken   what is in the way
    line    a path: names keep clear of it where they can, and stand on it rather than not at all

    A name that stands far from its middle has a line there, unless that would cross what stands already.
    """
    corners = [*pairwise(line)]
    path = [_around(corners, margin) for margin in (CLEAR, THIN)]
    stood = _boxes(taken)
    placed: list[Placed | None] = []
    for each in wanted:
        spots = _spots(each, room)
        free = spots[~_meets(spots, stood)]
        near = path if each.spots is None else path[1:]  # of few spots the best, so close to a path too
        free = next((clear for beside in near if len(clear := free[~_meets(free, beside)])), free)
        if not len(free):
            placed.append(None)
            continue
        box = _rect(free[0])
        lead = None if each.spots is not None else _lead(box, each.middle)
        way = np.empty((0, 4)) if lead is None else _around([(lead, each.middle)], THIN / 2)
        if lead is not None and _meets(way, stood).any():
            lead, way = None, way[:0]
        placed.append(Placed(box, lead))
        own = _boxes([box]) + np.array([-APART[0], -APART[1], *APART])
        stood = np.concatenate([stood, own, way])
    return placed


def _lead(box: QRectF, middle: QPointF) -> QPointF | None:
    """The point of a name that is nearest to what it names; None where it stands near enough."""
    x = min(max(middle.x(), box.left()), box.right())
    y = min(max(middle.y(), box.top()), box.bottom())
    return QPointF(x, y) if math.hypot(middle.x() - x, middle.y() - y) > FAR else None


def _spots(wanted: Wanted, room: QRectF) -> Boxes:
    """The rectangles where a name may stand, pushed into the room; none where it is too small."""
    width, height = wanted.size
    if width > room.width() or height > room.height():
        return np.empty((0, 4))
    if wanted.spots is None:
        x, y = wanted.middle.x(), wanted.middle.y()
        centres = np.array(_RAYS) * [WIDER, 1.0] + [x, y]
    else:
        centres = np.array([(spot.x(), spot.y()) for spot in wanted.spots])
    half = np.array([width / 2, height / 2])
    low, high = (room.left(), room.top()), (room.right(), room.bottom())
    centres = np.clip(centres, np.array(low) + half, np.array(high) - half)
    return np.concatenate([centres - half, centres + half], axis=1)


_RAYS = [
    (ring * math.sin(2 * math.pi * ray / AROUND), -ring * math.cos(2 * math.pi * ray / AROUND))
    for ring in RINGS
    for ray in range(AROUND if ring else 1)
]


def _meets(boxes: Boxes, others: Boxes) -> npt.NDArray[np.bool_]:
    """Which of the boxes [N] overlap any of the others."""
    left, top, right, bottom = boxes.T[:, :, None]
    in_columns = (left < others[:, 2]) & (right > others[:, 0])
    in_rows = (top < others[:, 3]) & (bottom > others[:, 1])
    return np.asarray((in_columns & in_rows).any(axis=1))


def _boxes(rects: Iterable[QRectF]) -> Boxes:
    found = [(rect.left(), rect.top(), rect.right(), rect.bottom()) for rect in rects]
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _rect(box: npt.NDArray[np.float64]) -> QRectF:
    left, top, right, bottom = box.tolist()
    return QRectF(left, top, right - left, bottom - top)


def _around(lines: Iterable[tuple[QPointF, QPointF]], margin: float) -> Boxes:
    """Squares in a row along lines, so large that nothing gets between them."""
    rows = [np.empty((0, 2))]
    for start, end in lines:
        length = math.hypot(end.x() - start.x(), end.y() - start.y())
        shares = np.linspace(0, 1, 2 + int(length / EVERY))[:, None]
        rows.append(np.array([[start.x(), start.y()]]) * (1 - shares) + [[end.x(), end.y()]] * shares)
    points = np.concatenate(rows)
    return np.concatenate([points - margin, points + margin], axis=1)
