"""A straight line through noisy ticks, over as long a past as a straight line explains.

A long window averages jitter away (the newest point of a least-squares line over n ticks deviates by
2/sqrt(n) of the jitter), but lags behind a ramp by its square. No single length serves both. So lines are
fitted over windows of growing length, all ending at the newest tick, and the longest is taken whose value
there lies in the confidence intervals of all shorter ones (Goldenshluger and Nemirovski 1997, "On spatially
adaptive estimation of nonparametric regression"; Katkovnik 1999: the intersection of confidence intervals).
From tick to tick the length moves by one place at most: a ramp disagrees for many ticks in a row, chance for
one or two.

    tempo    ----------------------------____
    windows          [---------------------- ]   disagrees with the shorter ones: too long
                                  [--------- ]   the longest that agrees
                                      [----- ]
"""

from __future__ import annotations

import math

from bridge.timing.beatmap import BeatMap
from bridge.timing.ticks import Ticks

WINDOWS = (6, 9, 13, 18, 26, 37, 52, 73, 103, 145, 190)
"""Lengths in ticks, each about 1.4 times the last; 190 is two bars of 4/4."""

MAX_WINDOW = WINDOWS[-1]
CONFIDENCE = 1.7
"""Half-width of the confidence intervals, in standard deviations of the estimate."""


def fit_line(ticks: Ticks, deviation_ns: float, place: int) -> tuple[BeatMap, int]:
    """The line "tick number -> ns" through the newest ticks, and the place in `WINDOWS` that it used.

    At least two ticks; `deviation_ns` is the standard deviation of their jitter, `place` what the last call
    returned (0 at first). A few sums for each window, some 35 microseconds. Pure.
    """
    count = len(ticks)
    lengths = [*(length for length in WINDOWS if length < count), min(count, MAX_WINDOW)]
    low, high = -math.inf, math.inf
    fits: list[tuple[float, float]] = []
    agreed = 0
    for n in lengths[: place + 2]:
        sx, sy, sxx, sxy = ticks.sums(n)
        spread = n * sxx - sx * sx
        slope = (n * sxy - sx * sy) / spread
        value = (sy - slope * sx) / n
        fits.append((value, slope))
        width = CONFIDENCE * deviation_ns * math.sqrt(sxx / spread)
        low, high = max(low, value - width), min(high, value + width)
        if low <= high:
            agreed = len(fits) - 1
        elif len(fits) >= place:
            break
    place = max(agreed, min(place, len(fits)) - 1)
    value, slope = fits[place]
    last_number, last_ns = ticks.last
    return BeatMap(last_number, last_ns + round(value), slope), place
