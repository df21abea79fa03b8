"""A second look at lost ticks: were they lost, or was that a new tempo?

Amid jitter of half a period, the first ticks at a new tempo can look like ticks behind a gap (`breaks`), and
waiting for more of them would make every real gap last longer. So the follower decides at once, and looks
again when it has heard more: by then ticks behind a gap have kept their distance from the old line, and
those of a new tempo have gone on leaving it.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.timing.beatmap import BeatMap
from bridge.timing.breaks import bend, step_over_bend
from bridge.timing.ticks import Tick

LOOKS = (8, 24)
"""After so many more ticks."""
_ODDS = 16.0
"""How much better (`step_over_bend`) a bend has to explain them: what was decided stays where in doubt."""


class Doubt:
    """One verdict of lost ticks (or doubled ones, `missing` < 0), and what was heard around it. Pure.

    line     that of before, by the numbers of then
    ticks    the newest on that line, and those behind the gap, by the numbers of then
    """

    def __init__(self, line: BeatMap, missing: int, ticks: Iterable[Tick]) -> None:
        self.missing = missing
        self._line = line
        self._ticks = list(ticks)
        self._heard = 0
        self._behind = len(self._ticks)

    def hear(self, number: int, at_ns: int) -> None:
        """Another tick; `number` counts the missing ones."""
        self._ticks.append((number - self.missing, at_ns))
        self._heard += 1

    @property
    def over(self) -> bool:
        """Whether there will be no look any more."""
        return self._heard > LOOKS[-1]

    def was_tempo(self, deviation_ns: float) -> list[Tick] | None:
        """The ticks at the new tempo, by the numbers of then, if that is what it was and now is the time to
        say so. Takes some 1 ms.
        """
        if self._heard not in LOOKS:
            return None
        errors = [at - self._line.to_ns(number) for number, at in self._ticks]
        height = self.missing * self._line.ns_per_tick
        if step_over_bend(errors, deviation_ns, height) > -_ODDS:
            return None
        place, off = bend(errors)
        n = len(errors)
        if off > (n + 4 * (2 * n) ** 0.5) * deviation_ns**2:
            return None  # nor does a bend explain them: both happened, or something else
        return self._ticks[place:]
