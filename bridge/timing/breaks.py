"""What broke a line of ticks: a step or a bend?

    lost ticks, a stall              a new tempo
    error            . . .           error              .
                                                      .
                                                    .
          . . . . .                      . . . . .
          ---------------> tick          ---------------> tick

Both put the newest ticks off the line, and amid jitter three or four of them look alike. What tells them
apart is how they got there: so each shape is fitted, with its best place for the break, to the ticks before
as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from statistics import fmean


def step_over_bend(errors: Sequence[float], deviation: float, height: float | None = None) -> float:
    """How much better a step explains the errors of ticks in a row than a bend does: the difference of the
    squared distances, in variances of the jitter. Positive: a step; 2 log of the likelihoods' ratio.

    height   how high the step is, where that is known; None: as high as the errors are

    The errors begin at rest. At most some 25 of them, which takes about 0.3 ms. Pure.
    """
    places = range(1, len(errors))
    step = min((_step(errors, place, height) for place in places), default=0.0)
    return (bend(errors)[1] - step) / deviation**2


def bend(errors: Sequence[float]) -> tuple[int, float]:
    """The first tick off the line, if what broke it was a bend, and the squared distance from that. Pure."""
    places = range(1, len(errors))
    return min(((place, _bend(errors, place)) for place in places), key=itemgetter(1), default=(0, 0.0))


def _step(errors: Sequence[float], place: int, height: float | None) -> float:
    """The squared distance from a step at `place`."""
    after = errors[place:]
    level = fmean(after) if height is None else height
    return sum(error**2 for error in errors[:place]) + sum((error - level) ** 2 for error in after)


def _bend(errors: Sequence[float], place: int) -> float:
    """The squared distance from a bend whose first tick off the line is `place`."""
    after = errors[place:]
    n = len(after)
    slope = sum(i * error for i, error in enumerate(after, 1)) / (n * (n + 1) * (2 * n + 1) / 6)
    off = sum((error - slope * i) ** 2 for i, error in enumerate(after, 1))
    return sum(error**2 for error in errors[:place]) + off
