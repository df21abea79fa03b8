"""Where things are in the loop view: pure arithmetic between steps, voices and pixels.

      labels │ 1    .    .    .  │ 2    .  ...            header: bar numbers
      crash  │
      ...    │    ▐  ▐          │                         one lane a voice, cymbals on top, kick at the bottom
      kick   │▐      ▐          │

A hit's left edge is its moment: on the grid line when it is on time, left of it when early. Half a step is
left free before step 0 for its early hits.
"""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRect, QRectF

from bridge.groove import STEPS, DrumLoop, Voice

LANES = (
    Voice.CRASH,
    Voice.RIDE,
    Voice.HIGH_TOM,
    Voice.MID_TOM,
    Voice.LOW_TOM,
    Voice.OPEN_HAT,
    Voice.CLOSED_HAT,
    Voice.SNARE,
    Voice.KICK,
)
"""The voices from top to bottom, as drum notation stacks them."""

NAME_WIDTH = 98
LABELS_WIDTH = 184
HEADER_HEIGHT = 26
EDGE = 12
LANE_GAP = 5
HIT_SHARE = 0.56
SMALLEST_HIT = 3.0
PLAYHEAD_REACH = 7
"""Pixels left and right of the playhead's line that its mark in the header takes."""


@dataclass(frozen=True, slots=True)
class LoopGeometry:
    """The layout for a widget of this size in device-independent pixels."""

    width: int
    height: int

    @property
    def left(self) -> float:
        """Where step 0 is."""
        return LABELS_WIDTH + self.step_width / 2

    @property
    def step_width(self) -> float:
        """The width of a sixteenth."""
        return max(1.0, (self.width - LABELS_WIDTH - EDGE) / (STEPS + 0.5))

    @property
    def grid(self) -> QRectF:
        """The 64 steps by nine lanes."""
        top = HEADER_HEIGHT
        return QRectF(self.left, top, self.step_width * STEPS, max(1.0, self.height - top - EDGE / 2))

    def x(self, steps: float) -> float:
        """The x of a position in the loop, in steps 0..64."""
        return self.left + steps * self.step_width

    def lane(self, voice: Voice) -> QRectF:
        """The whole lane of a voice, labels included."""
        grid = self.grid
        height = grid.height() / len(LANES)
        return QRectF(0, grid.top() + LANES.index(voice) * height, self.width, height)

    def hit(self, step: int, voice: Voice, velocity: float, offset: float) -> QRectF:
        """A hit: as high as it is loud, from the floor of its lane, its left edge at its moment."""
        lane = self.lane(voice)
        room = lane.height() - LANE_GAP
        height = max(SMALLEST_HIT, room * velocity)
        floor = lane.bottom() - LANE_GAP / 2
        left = self.x(step + offset)
        return QRectF(left, floor - height, max(SMALLEST_HIT, self.step_width * HIT_SHARE), height)

    def cell_at(self, point: QPointF) -> tuple[int, Voice] | None:
        """The step and voice under a point, or None outside the grid."""
        grid = self.grid
        if not grid.contains(point):
            return None
        step = min(STEPS - 1, int((point.x() - grid.left()) / self.step_width))
        lane = min(len(LANES) - 1, int((point.y() - grid.top()) / grid.height() * len(LANES)))
        return step, LANES[lane]

    def cell(self, step: int, voice: Voice) -> QRectF:
        """The room of a cell."""
        lane = self.lane(voice)
        return QRectF(self.x(step), lane.top(), self.step_width, lane.height())

    def voice_at(self, y: float) -> Voice | None:
        """The voice whose lane is at this height; None in the header."""
        lane = int((y - self.grid.top()) // (self.grid.height() / len(LANES)))
        return LANES[lane] if 0 <= lane < len(LANES) else None

    def hit_at(self, point: QPointF, loop: DrumLoop) -> tuple[int, Voice] | None:
        """The hit that is drawn under a point, at any height of its lane, else the cell there; None outside.

        An early hit stands in the cell before its own: what is seen is what is taken.
        """
        voice = self.voice_at(point.y())
        if voice is None:
            return None
        here = (point.x() - self.left) / self.step_width
        wide = max(HIT_SHARE, SMALLEST_HIT / self.step_width)
        near = range(max(0, int(here) - 2), min(STEPS, int(here) + 3))
        starts = [(step + float(loop.offsets[step, voice]), step) for step in near if loop.hits[step, voice]]
        under = [
            (abs(here - start - wide / 2), step) for start, step in starts if start <= here <= start + wide
        ]
        return (min(under)[1], voice) if under else self.cell_at(point)

    def playhead(self, steps: float) -> QRect:
        """All pixels that the playhead covers at a position in steps."""
        x = self.x(steps)
        return QRect(int(x) - PLAYHEAD_REACH - 1, 0, 2 * PLAYHEAD_REACH + 3, self.height)
