"""A straight line through noisy ticks, over as long a past as a straight line explains.

A long window averages jitter away (the newest point of a least-squares line over n ticks deviates by
2/sqrt(n) of the jitter), but lags behind a ramp by its square. No single length serves both. So lines are
fitted over windows of growing length, all ending at the newest tick, and the longest is taken whose value
there lies in the confidence intervals of all shorter ones (Goldenshluger and Nemirovski 1997, "On spatially
adaptive estimation of nonparametric regression"; Katkovnik 1999 calls it the intersection of confidence
intervals).

    tempo    ----------------------------____
    windows          [---------------------- ]   disagrees with the shorter ones: too long
                                  [--------- ]   the longest that agrees
                                      [----- ]
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bridge.timing.beatmap import BeatMap

WINDOWS = (4, 6, 9, 13, 18, 26, 37, 52, 73, 103, 145)
"""Lengths in ticks, each about 1.4 times the last; 145 is six beats."""

MAX_WINDOW = WINDOWS[-1]
CONFIDENCE = 2.0
"""Half-width of the confidence intervals, in standard deviations of the estimate."""


def fit_line(ticks: Sequence[tuple[int, int]], deviation_ns: float) -> BeatMap:
    """The line "tick number -> ns" through the last ticks (number, ns), at least two, numbers ascending.

    `deviation_ns` is the standard deviation of their jitter. One pass over at most 145 ticks, some 40
    microseconds. Pure.
    """
    last_number, last_ns = ticks[-1]
    n = sx = sy = sxx = sxy = 0.0
    value, period = 0.0, 0.0
    low, high = -math.inf, math.inf
    count = len(ticks)
    ends = [w for w in WINDOWS if w < count]
    ends.append(min(count, MAX_WINDOW))
    i = count
    for end in ends:
        while count - i < end:
            i -= 1
            number, ns = ticks[i]
            x = number - last_number
            y = ns - last_ns
            n += 1
            sx += x
            sy += y
            sxx += x * x
            sxy += x * y
        spread = n * sxx - sx * sx
        if spread <= 0:
            continue
        slope = (n * sxy - sx * sy) / spread
        at_end = (sy - slope * sx) / n
        width = CONFIDENCE * deviation_ns * math.sqrt(sxx / spread)
        low, high = max(low, at_end - width), min(high, at_end + width)
        if low > high:
            break
        value, period = at_end, slope
    return BeatMap(last_number, last_ns + round(value), period)
