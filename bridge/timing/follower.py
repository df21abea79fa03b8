"""Follow a MIDI clock: jittery F8 in, a smooth line "F8 number -> ns" out.

Three questions are asked of every tick, in this order.

1. *Is it where the line expects it?* Within 4 standard deviations, of the jitter (measured as it goes) and of
   the line. Then it is taken into the line (`linefit`: the longest past that is still straight).
2. *If not, is it alone?* A late tick says nothing about the tempo: it is held, and forgotten when the next
   one is back in its place. Meanwhile the line runs on, which costs nothing.
3. *If several in a row are off, what do they have in common?*
   - The same distance, whole periods: ticks were lost (or doubled). The numbers move, the line stays. A late
     one among them does not count.
   - The same distance, not whole periods: the sender stalled. The line moves, its tempo stays.
   - A growing distance: a new tempo. The line starts again from the held ticks. Amid jitter the growth of a
     few ticks says little; then it is how they left the line, at once or by and by (`breaks`).
   - A tempo outside 20..400 BPM: nonsense. Those ticks never were, like those of a flood.

Three early ticks are enough, because hardly anything makes a tick early but a new tempo; late ones need
five, as late ticks are what a busy sender produces (three, where whole periods are missing).

What these answers missed is found by looking back: every eighth tick at all that were heard (`recount`), and
twice after ticks were taken for lost (`doubt`). Neither looks past the tick that a song began with.

Time is an argument. A tick costs some 0.05 ms, one that looks back amid jitter up to 1 ms; nothing blocks.
Not thread-safe.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from statistics import fmean, linear_regression

from bridge.timing.beatmap import MAX_BPM, MIN_BPM, BeatMap
from bridge.timing.breaks import step_over_bend
from bridge.timing.doubt import Doubt
from bridge.timing.linefit import MAX_WINDOW, WINDOWS, fit_line
from bridge.timing.recount import LOOK_EVERY, Recount
from bridge.timing.ticks import Ticks

CLOCKS_PER_BEAT = 24
LOCKED_AFTER_TICKS = 12
LOST_AFTER_NS = 500_000_000
EARLY_IN_A_ROW = 3
LATE_IN_A_ROW = 5
LOST_IN_A_ROW = 3
PATIENCE = 12
EARLY_ODDS = 16.0
"""How much better (`step_over_bend`) a step has to explain early ticks: no cable doubles them, and a new
tempo does make them early."""

_NS_PER_MINUTE = 60_000_000_000
_TOLERANCE = 1.02  # a sender at exactly 400 BPM is heard at up to 2 % more
_MIN_PERIOD_NS = _NS_PER_MINUTE / (MAX_BPM * CLOCKS_PER_BEAT) / _TOLERANCE
_MAX_PERIOD_NS = _NS_PER_MINUTE / (MIN_BPM * CLOCKS_PER_BEAT) * _TOLERANCE
_OUTLIER_DEVIATIONS = 4.0
_CROWDED_DEVIATIONS = 3.0  # where that is most of a period
_MIN_DEVIATION_NS = 50_000.0  # a clock on exact frames still has frames
_FIRST_GUESS_NS = 1_000_000.0  # what jitter to expect of a clock that we do not know
_FLOOD = 32  # so many ticks in less than four fifths of the time that they take at 400 BPM are a flood
_FLOOD_NS = 0.8 * _FLOOD * _MIN_PERIOD_NS
_BENDS = 72
_BEND = 0.6745 * 6**0.5  # the median of |a - 2b + c| where a, b, c have a Gaussian jitter of deviation 1


class Lock(Enum):
    """How well the follower knows the clock. LOST: no usable tick for half a second."""

    WAITING = "waiting"
    LOCKING = "locking"
    LOCKED = "locked"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class FollowerState:
    """What the follower knows: `phase_ms` is how far the last beat of ticks lay from its line, positive is
    late.
    """

    kind: Lock
    bpm: float | None
    phase_ms: float


class ClockFollower:
    """Turns the arrival times of F8 into a line; numbers ticks so that a lost one still counts."""

    def __init__(self) -> None:
        self._number = -1
        self._line: BeatMap | None = None
        self._ticks = Ticks(MAX_WINDOW)
        self._past = Recount()  # as they were heard: `_ticks` may have been shifted, or begun anew
        self._window = 0  # the place of the line's length among the windows
        self._held: list[tuple[int, int]] = []
        self._doubt: Doubt | None = None  # whether the last lost ticks were lost
        self._sure = False  # locked once: a new tempo is a new tempo, not a wrong first guess
        self._bends: deque[int] = deque([round(_FIRST_GUESS_NS * _BEND)] * 8, maxlen=_BENDS)
        self._deviation_ns = _deviation(self._bends)
        self._phases: deque[int] = deque(maxlen=CLOCKS_PER_BEAT)
        self._recent: deque[int] = deque(maxlen=_FLOOD)
        self._last_ns: int | None = None  # of any tick outside a flood
        self._interval_ns: int | None = None  # between the last two
        self._good_ns: int | None = None  # of a tick that made sense

    # --- what it knows ------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """The number of the newest tick; the first one ever was 0. Lost ticks have numbers, doubled ones
        none.
        """
        return self._number

    @property
    def line(self) -> BeatMap | None:
        """The line "tick number -> ns"; None until two ticks have been heard."""
        return self._line

    @property
    def heard_ns(self) -> int | None:
        """When the last tick that made sense was heard."""
        return self._good_ns

    def map_from(self, number: int, ticks: float, ticks_per_clock: float) -> BeatMap | None:
        """The line in song ticks, where tick `number` is at `ticks`. None until two ticks have been heard."""
        line = self._line
        if line is None:
            return None
        origin = ticks + (line.origin_ticks - number) * ticks_per_clock
        return BeatMap(origin, line.origin_ns, line.ns_per_tick / ticks_per_clock)

    def next_tick_ns(self) -> int | None:
        """When the next tick is expected; None until two ticks have been heard."""
        return None if self._line is None else self._line.to_ns(self._number + 1)

    def silence_ns(self) -> int:
        """How long a gap is still taken for lost ticks: a second or 30 clocks, whichever is longer."""
        period = 0.0 if self._line is None else self._line.ns_per_tick
        return max(1_000_000_000, round(30 * period))

    def state(self, now_ns: int) -> FollowerState:
        """What is known at `now_ns`."""
        if self._line is None or self._good_ns is None:
            return FollowerState(Lock.WAITING if self._last_ns is None else Lock.LOCKING, None, 0.0)
        if now_ns - self._good_ns > LOST_AFTER_NS:
            kind = Lock.LOST
        else:
            kind = Lock.LOCKED if len(self._ticks) >= LOCKED_AFTER_TICKS else Lock.LOCKING
        bpm = _NS_PER_MINUTE / (CLOCKS_PER_BEAT * self._line.ns_per_tick)
        return FollowerState(kind, bpm, fmean(self._phases) / 1e6 if self._phases else 0.0)

    # --- what it hears ------------------------------------------------------------------------------------

    def tick(self, at_ns: int, *, first: bool = False) -> None:
        """An F8 arrived. `first`: the song begins with it, so where it lies is right, whatever came
        before.
        """
        self._recent.append(at_ns)
        if len(self._recent) == _FLOOD and at_ns - self._recent[0] < _FLOOD_NS and not first:
            self._forget_held()
            return
        self._number += 1
        silent = self._last_ns is not None and at_ns - self._last_ns > self.silence_ns()
        self._measure_jitter(at_ns)
        line = self._line
        if line is None:
            self._find_tempo(at_ns)
            return
        if self._doubt is not None:
            self._doubt.hear(self._number, at_ns)
        error = at_ns - line.to_ns(self._number)
        limit = self._limit_ns()
        if silent or first:  # its place is what was said, not what was counted
            self._doubt = None
            self._past.clear()
        if silent or (first and abs(error) > limit):
            self._shift(error)
            error = 0
        if abs(error) <= limit:
            self._held.clear()
            self._take(at_ns, error)
        else:
            self._held.append((self._number, at_ns))
            self._judge(line)
        if self._doubt is not None:
            self._look_again(self._doubt)

    def settle(self) -> None:
        """The clock's count matters now (its song stops), though the last ticks may be off the line and not
        judged yet: if they went off it at once, by whole periods, ticks were lost before them. By and by, as
        at a slower tempo, none were.
        """
        line = self._line
        if line is None or not self._held or self._line_deviation_ns() > 0.15 * line.ns_per_tick:
            return
        period = line.ns_per_tick
        limit = min(self._limit_ns(), 0.3 * period)
        errors = [at - line.to_ns(number) for number, at in self._held]
        missing = round(errors[-1] / period)
        whole = missing > 0 and abs(errors[-1] - missing * period) <= limit
        if whole and self._stepped(line, self._held, missing * period) > -(_OUTLIER_DEVIATIONS**2):
            alike = zip(self._held, errors, strict=True)
            self._held = [tick for tick, error in alike if abs(error - missing * period) <= limit]
            self._renumber(missing, 0)

    def _find_tempo(self, at_ns: int) -> None:
        """Before there is a line: two neighbouring ticks at a legal distance are the first."""
        if len(self._ticks) and not _MIN_PERIOD_NS <= at_ns - self._ticks.last[1] <= _MAX_PERIOD_NS:
            self._ticks.clear()
        self._ticks.append((self._number, at_ns))
        self._past.put([(self._number, at_ns)])
        if len(self._ticks) >= 2:
            self._refit(at_ns)

    def _take(self, at_ns: int, error: int) -> None:
        self._ticks.append((self._number, at_ns))
        self._phases.append(error)
        self._sure = self._sure or len(self._ticks) >= LOCKED_AFTER_TICKS
        self._refit(at_ns)
        self._past.put([(self._number, at_ns)])
        if self._number % LOOK_EVERY == 0:
            self._recount()

    def _recount(self) -> None:
        """Count ticks that were lost and that nobody noticed, once that is plain."""
        missing = 0 if self._line is None else self._past.look(self._line.ns_per_tick, self._deviation_ns)
        if missing:
            self._number += missing
            self._ticks.replace(self._past.ticks)
            self._doubt = None
            self._refit(self._ticks.last[1])

    def _refit(self, at_ns: int) -> None:
        self._good_ns = at_ns
        line, self._window = fit_line(self._ticks, self._deviation_ns, self._window)
        if _MIN_PERIOD_NS <= line.ns_per_tick <= _MAX_PERIOD_NS:
            self._line = line

    def _judge(self, line: BeatMap) -> None:
        """Several ticks in a row were off: find out what they have in common, or wait for more."""
        period = line.ns_per_tick
        errors = [at - line.to_ns(number) for number, at in self._held]
        missing = round(errors[-1] / period)
        if missing != 0 and self._line_deviation_ns() <= 0.15 * period:
            limit = min(self._limit_ns(), 0.5 * period)
            alike = [n for n, error in enumerate(errors) if abs(error - missing * period) <= limit]
            alike = alike[-LOST_IN_A_ROW:]
            if len(alike) == LOST_IN_A_ROW and alike[-1] == len(errors) - 1:
                offset = fmean(errors[n] for n in alike)
                growth, doubt = self._growth([errors[n] for n in alike])
                whole = abs(offset - missing * period) <= 0.3 * period
                steps = self._stepped(line, [self._held[n] for n in alike], missing * period)
                if abs(growth) <= 2 * doubt and whole and steps > (0 if missing > 0 else EARLY_ODDS):
                    self._held = [self._held[n] for n in alike]
                    self._renumber(missing, round(offset - missing * period))
                    return
        if len(errors) < PATIENCE and _is_staircase(errors, period):
            return  # ticks were lost, and more while we looked
        if len(errors) >= (LATE_IN_A_ROW if errors[-1] > 0 else EARLY_IN_A_ROW):
            growth, doubt = self._growth(errors)
            if self._sure and len(errors) < PATIENCE and self._is_crooked(errors, growth):
                return  # lost and late ones in a row, which neither explains alone
            bent = abs(growth) > 3 * doubt or len(self._ticks) <= 2 * len(self._held)
            if bent or self._stepped(line, self._held) < 0:
                self._change_tempo()
            elif len(errors) >= LATE_IN_A_ROW:
                offset = fmean(errors)
                whole = abs(offset - missing * period) <= 0.3 * period
                self._renumber(missing if whole else 0, round(offset - missing * period if whole else offset))

    def _stepped(self, line: BeatMap, off: list[tuple[int, int]], height_ns: float | None = None) -> float:
        """How likely ticks that are off the line went there at once, not by and by: see `step_over_bend`."""
        before = self._ticks.newest(PATIENCE)
        errors = [at - line.to_ns(number) for number, at in (*before, *off)]
        return step_over_bend(errors, self._deviation_ns, height_ns)

    def _renumber(self, missing: int, shift_ns: int) -> None:
        """Ticks were lost (or doubled), or the sender stalled: same tempo, and the held ticks are good."""
        self._doubt = None
        if abs(shift_ns) > self._limit_ns():
            self._shift(shift_ns)
            if not missing:  # a stall, which whole periods would explain wrongly
                self._past.clear()
        elif missing and self._line is not None:
            self._doubt = Doubt(self._line, missing, [*self._ticks.newest(PATIENCE), *self._held])
        self._number += missing
        while len(self._ticks) > 2 and self._ticks.last[0] >= self._held[0][0] + missing:
            self._ticks.pop()
        for number, at_ns in self._held:
            if number + missing > self._ticks.last[0]:
                self._ticks.append((number + missing, at_ns))
        self._number = max(self._number, self._ticks.last[0])
        self._past.put([(number + missing, at_ns) for number, at_ns in self._held])
        self._refit(self._held[-1][1])
        self._held.clear()

    def _look_again(self, doubt: Doubt) -> None:
        """If those ticks were not lost after all, number the newer ones anew."""
        ticks = doubt.was_tempo(self._deviation_ns)
        if ticks is not None:
            self._held = ticks
            self._number -= doubt.missing
            self._change_tempo()
        if ticks is not None or doubt.over:
            self._doubt = None

    def _change_tempo(self) -> None:
        n = len(self._held)
        deviation_ns = max(self._deviation_ns, _scatter(self._held))  # a jitter may be as new as the tempo
        line, window = fit_line(Ticks(MAX_WINDOW, self._held), deviation_ns, 0)
        period = line.ns_per_tick
        legal = min(max(period, _MIN_PERIOD_NS), _MAX_PERIOD_NS)
        doubt = deviation_ns * math.sqrt(12 / (n**3 - n))
        if abs(period - legal) <= 3 * doubt:
            missing = 0 if self._sure else _gaps([*self._ticks.newest(MAX_WINDOW), *self._held], legal)
            self._ticks.replace((number + missing, at_ns) for number, at_ns in self._held)
            if missing:  # somewhere among the first ones
                self._past.clear()
            self._past.put(self._ticks.newest(MAX_WINDOW))
            self._number += missing
            line = BeatMap(line.origin_ticks + missing, line.origin_ns, legal)
            self._phases.clear()
            self._good_ns = self._held[-1][1]
            self._line, self._window = line, window
        elif self._sure and n < PATIENCE:
            return  # a few make a tempo of their own, if they come early enough
        else:
            self._forget_held()
        self._held.clear()

    def _forget_held(self) -> None:
        """They never were."""
        self._number -= len(self._held)
        self._held.clear()

    def _shift(self, by_ns: int) -> None:
        """Move the past, so that the line keeps its tempo and runs `by_ns` later."""
        self._ticks.replace((number, at_ns + by_ns) for number, at_ns in self._ticks.newest(MAX_WINDOW))
        line = self._line
        if line is not None:
            self._line = BeatMap(line.origin_ticks, line.origin_ns + by_ns, line.ns_per_tick)

    # --- how much it jitters ------------------------------------------------------------------------------

    def _measure_jitter(self, at_ns: int) -> None:
        """Note by how much the last two intervals differ: that knows nothing of the line, nor of a ramp."""
        if self._last_ns is not None:
            interval = at_ns - self._last_ns
            if self._interval_ns is not None:
                self._bends.append(abs(interval - self._interval_ns))
                self._deviation_ns = _deviation(self._bends)
            self._interval_ns = interval
        self._last_ns = at_ns

    def _line_deviation_ns(self) -> float:
        """Standard deviation of the line at the newest tick's number, from how many ticks it stands on."""
        n = min(len(self._ticks), WINDOWS[self._window])
        ahead = (n - 1) / 2 + self._number - self._ticks.last[0]
        return self._deviation_ns * math.sqrt(1 / n + 12 * ahead * ahead / (n**3 - n))

    def _limit_ns(self) -> float:
        """How far from the line the newest tick may be: less than the period, or lost ticks would pass."""
        deviation = math.hypot(self._deviation_ns, self._line_deviation_ns())
        period = self._line.ns_per_tick if self._line is not None else math.inf
        return min(_OUTLIER_DEVIATIONS * deviation, max(0.6 * period, _CROWDED_DEVIATIONS * deviation))

    def _is_crooked(self, errors: list[int], growth: float) -> bool:
        """Whether errors that grow by so much from tick to tick are further off their line than by jitter."""
        n = len(errors)
        middle, mean = (n - 1) / 2, fmean(errors)
        off = sum((error - mean - growth * (i - middle)) ** 2 for i, error in enumerate(errors))
        return off > 9 * (n - 2) * self._deviation_ns**2

    def _growth(self, errors: list[int]) -> tuple[float, float]:
        """By how much the errors grow from tick to tick, and the standard deviation of that figure."""
        n = len(errors)
        middle = (n - 1) / 2
        growth = 12 * sum((i - middle) * error for i, error in enumerate(errors)) / (n**3 - n)
        stood_on = min(len(self._ticks), WINDOWS[self._window])
        doubt = self._deviation_ns * math.sqrt(12 / (n**3 - n) + 12 / (stood_on**3 - stood_on))
        return growth, doubt


def _deviation(bends: Collection[int]) -> float:
    """Standard deviation of the jitter in ns, from the median bend, which a few odd ticks hardly move."""
    return max(_MIN_DEVIATION_NS, sorted(bends)[len(bends) // 2] / _BEND)


def _scatter(ticks: list[tuple[int, int]]) -> float:
    """Standard deviation in ns of four ticks or more from their own line; 0 for fewer."""
    if len(ticks) < EARLY_IN_A_ROW + 1:
        return 0.0
    numbers, times = zip(*ticks, strict=True)
    slope, intercept = linear_regression(numbers, times)
    off = sum((at - intercept - slope * number) ** 2 for number, at in ticks)
    return math.sqrt(off / (len(ticks) - 2))


def _gaps(ticks: list[tuple[int, int]], period_ns: float) -> int:
    """How many ticks are missing among the first ones of a clock, now that its period is known.

    None, where the intervals are too uneven to tell.
    """
    missing = 0
    for (before, before_ns), (after, after_ns) in pairwise(ticks):
        periods = (after_ns - before_ns) / period_ns
        if abs(periods - round(periods)) > 0.15:
            return 0
        missing += round(periods) - (after - before)
    return max(0, missing)


def _is_staircase(errors: list[int], period_ns: float) -> bool:
    """Whether the errors are whole periods, most the same as the one before: single ticks were lost."""
    stairs = [round(error / period_ns) for error in errors]
    off = (abs(error - stair * period_ns) for error, stair in zip(errors, stairs, strict=True))
    whole = max(off) <= 0.25 * period_ns
    level = sum(before == after for before, after in pairwise(stairs))
    return whole and stairs[-1] > 0 and 2 * level >= len(errors) - 1
