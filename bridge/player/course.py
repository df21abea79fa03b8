"""Where the song stands, and how many of its bars are left."""

from __future__ import annotations

from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR
from bridge.timing import next_boundary
from bridge.timing.pattern import cell_at


class Course:
    """A song of so many bars (None: without an end). Owned by the player's loop.

    The bars count from wherever the song is started, over stops and starts, until all were played.
    """

    def __init__(self, bars: int | None) -> None:
        self._all = None if bars is None else bars * TICKS_PER_BAR
        self._left = self._all
        self.position = 0
        """Where the song stands, while it does not roll: a sixteenth, in ticks."""
        self.winding_down = False
        """Whether it ends with the four bars that roll."""

    def end_from(self, ticks: float) -> int | None:
        """Where a roll that begins at `ticks` has to end by itself."""
        ends = []
        if self._left is not None:
            ends.append(cell_at(ticks) + self._left)
        if self.winding_down:
            ends.append(next_boundary(ticks + 1, LOOP_TICKS))
        return min(ends, default=None)

    def rolled(self, from_ticks: float, to_ticks: float) -> None:
        """The song was played from here to there, and stands at the sixteenth that it was in."""
        self.position = cell_at(to_ticks)
        if self._left is not None:
            played = self.position - cell_at(from_ticks)  # more than was left, if the machine slept
            self._left = max(0, self._left - played)

    def passed(self, position: int) -> None:
        """The song has come here from where it stood, and nobody has heard how. The bars count."""
        if self._left is not None:
            self._left -= max(0, position - self.position)
        self.position = position

    def is_over(self) -> bool:
        """Whether all bars were played. The song stands where they ended then, and has them all before it."""
        if self._left is None or self._left > 0:
            return False
        self.position += self._left
        self._left = self._all
        return True
