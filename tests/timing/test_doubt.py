"""A second look at ticks that seemed lost."""

from __future__ import annotations

import random

from bridge.timing.beatmap import BeatMap
from bridge.timing.doubt import LOOKS, Doubt
from bridge.timing.ticks import Tick

PERIOD_NS = 20_000_000
LINE = BeatMap(0, 0, PERIOD_NS)
JITTER_NS = 3_000_000
BEFORE, HELD = 12, 4


def look(times: list[float], missing: int = 1) -> list[Tick] | None:
    """The verdict on ticks that came at these times."""
    chance = random.Random(1)
    heard = [(number, round(at + chance.gauss(0, JITTER_NS))) for number, at in enumerate(times)]
    doubt = Doubt(LINE, missing, heard[: BEFORE + HELD])
    for number, at_ns in heard[BEFORE + HELD :]:
        doubt.hear(number + missing, at_ns)
        if (verdict := doubt.was_tempo(JITTER_NS)) is not None:
            return verdict
    return None


def row(*periods: float) -> list[float]:
    """`BEFORE` ticks on the line, then one after each of these."""
    times = [float(n * PERIOD_NS) for n in range(BEFORE)]
    for period in periods:
        times.append(times[-1] + period)
    return times


AFTER = HELD + LOOKS[-1]


def test_ticks_that_go_on_leaving_the_line_were_a_new_tempo() -> None:
    slower = 1.25 * PERIOD_NS
    verdict = look(row(*[slower] * AFTER))
    assert verdict is not None
    numbers = [number for number, _ in verdict]
    assert abs(numbers[0] - BEFORE) <= 2
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_ticks_that_keep_their_distance_were_lost() -> None:
    assert look(row(2 * PERIOD_NS, *[PERIOD_NS] * (AFTER - 1))) is None


def test_ticks_that_were_lost_before_a_new_tempo_stay_lost() -> None:
    assert look(row(3 * PERIOD_NS, *[1.1 * PERIOD_NS] * (AFTER - 1)), missing=2) is None


def test_there_is_an_end_to_doubt() -> None:
    doubt = Doubt(LINE, 1, [(n, n * PERIOD_NS) for n in range(BEFORE)])
    for n in range(LOOKS[-1] + 1):
        assert not doubt.over
        doubt.hear(BEFORE + n + 1, (BEFORE + n + 1) * PERIOD_NS)
    assert doubt.over
