"""How a loop looks: the ground with bars and lanes, the hits, the next loop's ghosts. Knows no widget."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPolygonF

from bridge.groove import BARS, STEPS, STEPS_PER_BAR, DrumLoop, Voice
from bridge.groove.edit import Cell, Touch
from bridge.groove.loop import BEATS_PER_BAR, STEPS_PER_BEAT
from gui.views import theme
from gui.views.loop_geometry import EDGE, HEADER_HEIGHT, LABELS_WIDTH, LANES, PLAYHEAD_REACH, LoopGeometry

TOUCH_REACH = 2.5
"""Half the size of the cross that marks a silenced cell."""

QUIETEST = 0.38
"""The brightness of a hit of velocity 0; velocity 1 has 1."""


def paint_ground(painter: QPainter, layout: LoopGeometry) -> None:
    """The well, shaded beats, lanes, bar lines with their numbers."""
    painter.fillRect(QRectF(0, 0, layout.width, layout.height), QColor(theme.WELL))
    grid = layout.grid
    for beat in range(0, STEPS // STEPS_PER_BEAT, 2):
        left, right = layout.x(beat * STEPS_PER_BEAT), layout.x((beat + 1) * STEPS_PER_BEAT)
        painter.fillRect(QRectF(left, grid.top(), right - left, grid.height()), QColor(theme.BEAT_SHADE))
    for voice in LANES:
        lane = layout.lane(voice)
        bottom = round(lane.bottom())
        painter.fillRect(QRectF(LABELS_WIDTH, bottom - 1, grid.right() - LABELS_WIDTH, 1), QColor(theme.LINE))
    for bar in range(BARS + 1):
        line = round(layout.x(bar * STEPS_PER_BAR))
        painter.fillRect(QRectF(line, HEADER_HEIGHT - 6, 1, grid.height() + 6), QColor(theme.BAR_LINE))
    for bar in range(BARS):
        for beat in range(BEATS_PER_BAR):
            first = beat == 0
            painter.setPen(QColor(theme.TEXT if first else theme.DIM))
            painter.setFont(theme.font(theme.BODY_PX if first else theme.CAPTION_PX, bold=first))
            x = layout.x(bar * STEPS_PER_BAR + beat * STEPS_PER_BEAT)
            place = QRectF(x + 9, 0, layout.step_width * STEPS_PER_BEAT, HEADER_HEIGHT)
            text = f"{bar + 1}" if first else f".{beat + 1}"
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def paint_hits(
    painter: QPainter, layout: LoopGeometry, loop: DrumLoop, silent: Collection[Voice] = ()
) -> None:
    """Every hit: louder is higher and brighter, early is left. Those of silent voices are hollow and dim."""
    for step, voice, velocity, offset in _hits(loop):
        hit = layout.hit(step, voice, velocity, offset)
        colour = theme.VOICE_COLOURS[voice]
        if voice in silent:
            painter.setPen(QPen(theme.shade(colour, QUIETEST), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(hit.adjusted(0.5, 0.5, -0.5, -0.5))
            continue
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.shade(colour, QUIETEST + (1 - QUIETEST) * velocity))
        painter.drawRoundedRect(hit, 1.5, 1.5)


def paint_touches(painter: QPainter, layout: LoopGeometry, touches: Mapping[Cell, Touch]) -> None:
    """A mark under every cell that was changed by hand: a bar under a hit, a cross for one silenced."""
    painter.setPen(QPen(QColor(theme.TEXT), 1.5))
    for (step, number), touch in touches.items():
        voice = Voice(number)
        floor = layout.lane(voice).bottom() - 2
        if touch.velocity:
            hit = layout.hit(step, voice, touch.velocity, touch.offset)
            painter.drawLine(QPointF(hit.left(), floor), QPointF(hit.right(), floor))
        else:
            middle, reach = QPointF(layout.x(step) + TOUCH_REACH + 1, floor - TOUCH_REACH), TOUCH_REACH
            for up in (-reach, reach):
                painter.drawLine(middle + QPointF(-reach, up), middle + QPointF(reach, -up))


def paint_cursor(painter: QPainter, layout: LoopGeometry, cell: tuple[int, Voice]) -> None:
    """The frame around the cell that the hand is at."""
    painter.setPen(QPen(QColor(theme.FOCUS), 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(layout.cell(*cell).adjusted(-1, 1, 1, -1), 2, 2)


def paint_readout(painter: QPainter, layout: LoopGeometry, cell: tuple[int, Voice], text: str) -> None:
    """What the hand is at, in words: above its lane, or below the topmost, within the view."""
    painter.setFont(theme.font(theme.BODY_PX))
    lane = layout.lane(cell[1])
    room = painter.boundingRect(QRectF(0, 0, layout.width, lane.height()), Qt.AlignmentFlag.AlignLeft, text)
    plaque = QRectF(0, 0, room.width() + 20, room.height() + 8)
    plaque.moveLeft(min(layout.x(cell[0]), layout.width - plaque.width() - EDGE))
    above = lane.top() - plaque.height() - 2
    plaque.moveTop(above if above >= 0 else lane.bottom() + 2)
    painter.setPen(QPen(QColor(theme.EDGE), 1))
    painter.setBrush(QColor(theme.PANEL))
    painter.drawRoundedRect(plaque, theme.RADIUS, theme.RADIUS)
    painter.setPen(QColor(theme.TEXT))
    painter.drawText(plaque, Qt.AlignmentFlag.AlignCenter, text)


def paint_ghosts(painter: QPainter, layout: LoopGeometry, loop: DrumLoop) -> None:
    """The hits of the loop that comes next, hollow."""
    painter.setPen(QPen(QColor(theme.NEXT), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for step, voice, velocity, offset in _hits(loop):
        hit = layout.hit(step, voice, velocity, offset)
        painter.drawRoundedRect(hit.adjusted(0.5, 0.5, -0.5, -0.5), 1.5, 1.5)


def paint_playhead(painter: QPainter, layout: LoopGeometry, steps: float, rolling: bool) -> None:
    """The line at the song's position, with its mark in the header; dim while the song stands still."""
    colour = QColor(theme.NOW if rolling else theme.FAINT)
    x = layout.x(steps)
    painter.fillRect(QRectF(x - 0.75, HEADER_HEIGHT - 6, 1.5, layout.grid.height() + 6), colour)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    top, reach = HEADER_HEIGHT - 12.0, PLAYHEAD_REACH - 1.0
    painter.drawPolygon(
        QPolygonF([QPointF(x - reach, top), QPointF(x + reach, top), QPointF(x, top + reach + 2)])
    )


def paint_message(painter: QPainter, layout: LoopGeometry, text: str) -> None:
    """A sentence in the middle, where there is no loop to show."""
    painter.setFont(theme.font(theme.BODY_PX + 3))
    how = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = painter.boundingRect(layout.grid.adjusted(60, 0, -60, 0), how, text)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.PANEL))
    painter.drawRoundedRect(room.adjusted(-28, -18, 28, 18), theme.RADIUS, theme.RADIUS)
    painter.setPen(QColor(theme.TEXT))
    painter.drawText(room, how, text)


def _hits(loop: DrumLoop) -> list[tuple[int, Voice, float, float]]:
    cells = zip(*loop.hits.nonzero(), strict=True)
    return [
        (int(step), Voice(int(voice)), float(loop.velocities[step, voice]), float(loop.offsets[step, voice]))
        for step, voice in cells
    ]
