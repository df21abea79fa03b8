"""A look back at the newest ticks: were some lost, and nobody noticed?

Amid jitter of a quarter of a period or more, a tick behind a gap may pass for one in its place, and the line
leans after it. Some ticks later the line is as straight as ever, one number behind, and no single tick shows
it. All of them together do: on either side of the gap they lie on parallel lines, a whole period apart.

    error              . . . . .      a line with a step or two of whole periods has to explain the ticks
                . . .                 well, and far better than a parabola or a line with a bend does: those
          . . .                       are tempi
          ------------------> tick

One gap is plain once some two dozen ticks are behind it: at 240 BPM and 3 ms of jitter half a second later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import sqrt
from operator import mul

from bridge.timing.ticks import Tick

LOOK_EVERY = 8
"""So many ticks from one look to the next."""
_WINDOWS = (48, 80, 128)
"""How many ticks are looked at, in turn: few of them seldom hold two gaps, many say more about one."""
_LEAST = 24
_STEPS = 2
_BEFORE, _BEHIND = 3, 6  # ticks on either side of a step, at least
_STRIDE = 3  # places are tried so far apart first
_ODDS = 24.0
"""How much better (`breaks.step_over_bend`) each step has to explain them than a tempo does."""
_OUTLIER = 16.0  # a late tick counts no more than four deviations
_CLEAN = 40.0  # a period of so many deviations: each single tick shows what was lost


class Recount:
    """The newest ticks as they were heard, with the numbers that we gave them. Not thread-safe."""

    def __init__(self) -> None:
        self.ticks: list[Tick] = []
        """Numbers ascend."""
        self._looks = 0

    def put(self, ticks: Sequence[Tick]) -> None:
        """These ticks, at least one, follow; what was known of their numbers and later ones was wrong."""
        while self.ticks and self.ticks[-1][0] >= ticks[0][0]:
            self.ticks.pop()
        self.ticks += ticks
        del self.ticks[: -_WINDOWS[-1]]

    def clear(self) -> None:
        """Forget all: what they say does not count any more."""
        self.ticks.clear()

    def look(self, period_ns: float, deviation_ns: float) -> int:
        """By how much the newest number is too low, or (negative) too high; 0 where that is not plain.
        The ticks have the right numbers then.

        Some 0.5 ms at most; nothing for a clock that hardly jitters.
        """
        self._looks += 1
        window = min(_WINDOWS[self._looks % len(_WINDOWS)], len(self.ticks))
        if window < _LEAST or period_ns > _CLEAN * deviation_ns:
            return 0
        ticks = self.ticks[-window:]
        place, missing = find_step(ticks, period_ns, deviation_ns)
        if missing and ticks[place][0] + missing > ticks[place - 1][0]:
            self.put([(number + missing, at_ns) for number, at_ns in ticks[place:]])
            return missing
        return 0


def find_step(ticks: Sequence[Tick], period_ns: float, deviation_ns: float) -> tuple[int, int]:
    """The place of the first of these ticks (a dozen at least) behind a step, and how many periods high that
    is: 0 if there is none. Pure.
    """
    n = len(ticks)
    (first, first_ns), (last, last_ns) = ticks[0], ticks[-1]
    middle, mean_ns = (first + last) / 2, (last_ns - first_ns) / (last - first)
    flat = _unit([1.0] * n)
    xs = _without([number - middle for number, _ in ticks], flat)
    slope = _unit(xs)
    curve = _unit(_without(_without([x * x for x in xs], flat), slope))
    heard = [(at_ns - first_ns - (number - first) * mean_ns) / deviation_ns for number, at_ns in ticks]
    errors = _without(_without(heard, flat), slope)
    slope_from = _sums_from(slope)
    height = period_ns / deviation_ns
    tempo: float | None = None
    better = 0.0
    steps: list[tuple[int, int]] = []
    while len(steps) < _STEPS:
        gain, place, missing = _best_step(errors, slope_from, height)
        if gain < _ODDS:
            break
        better += gain
        steps.append((place, missing))
        heard[place:] = [error - missing * height for error in heard[place:]]
        if tempo is None:
            tempo = max(_dot(errors, curve) ** 2, _best_bend(errors, xs, slope))
        errors = _without(_without(heard, flat), slope)
        off = sum(min(error * error, _OUTLIER) for error in errors)
        if better > tempo + _ODDS * len(steps) and off <= n + 4 * sqrt(2 * n):
            return steps[0]
    return 0, 0


def _best_step(errors: Sequence[float], slope_from: Sequence[float], height: float) -> tuple[float, int, int]:
    """Of all steps of whole periods the best: by how much it lessens the squared distance of the ticks from
    their line, its place, its periods.
    """
    n = len(errors)
    errors_from = _sums_from(errors)

    def step(place: int) -> tuple[float, int, int]:
        behind, off = n - place, errors_from[place]
        square = behind * place / n - slope_from[place] ** 2  # of a step of 1, beside its own line
        missing = round(off / (square * height))
        jump = missing * height
        return jump * (2 * off - jump * square), place, missing

    end = n - _BEHIND + 1
    _, place, _ = max(map(step, range(_BEFORE, end, _STRIDE)))
    return max(map(step, range(max(_BEFORE, place - _STRIDE + 1), min(end, place + _STRIDE))))


def _best_bend(errors: Sequence[float], xs: Sequence[float], slope: Sequence[float]) -> float:
    """By how much the best bend lessens the squared distance of the ticks from their line."""
    n = len(errors)
    rows = errors, slope, [1.0] * n, xs
    sums = [(_sums_from(row), _sums_from(map(mul, row, xs))) for row in rows]
    best = 0.0
    for place in range(_STRIDE, n - _STRIDE, _STRIDE):
        knee = xs[place] - 1  # the last x on the line
        off, lean, level, square = (moments[place] - knee * plain[place] for plain, moments in sums)
        square -= knee * level + lean * lean + level * level / n  # of a bend of 1, beside its own line
        best = max(best, off * off / square)
    return best


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _unit(row: Sequence[float]) -> list[float]:
    length = sqrt(_dot(row, row))
    return [x / length for x in row]


def _without(row: Sequence[float], unit: Sequence[float]) -> list[float]:
    """What is left of a row beside its part along a row of length 1."""
    part = _dot(row, unit)
    return [x - part * u for x, u in zip(row, unit, strict=True)]


def _sums_from(row: Iterable[float]) -> list[float]:
    """The sum from each place on."""
    return list(accumulate(reversed(list(row))))[::-1]
