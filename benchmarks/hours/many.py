"""Lives one after the other, each with its own seed, so that one that broke can be lived again."""

from __future__ import annotations

import resource
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.hours.life import Life, a_pool, life_hours


@dataclass(frozen=True, slots=True)
class Lived:
    """What a life was: `story` says how it broke, None if it did not."""

    number: int
    hours: float
    cpu_s: float
    rss_mb: float
    counts: Counter[str]
    story: str | None


def live(task: tuple[int, int]) -> Lived:
    """One life of a seed."""
    seed, number = task
    name = f"{seed}/{number}"
    hours = life_hours(name)
    began_s = time.process_time()
    life, story = None, None
    try:
        life = Life(name, a_pool())
        life.run(hours)
    except Exception:
        at_h = 0.0 if life is None else (life.clock.ns - life.began_ns) / 3.6e12
        told = "" if life is None else "\n".join(life.told)
        story = f"{told}\n{traceback.format_exc()}\nseed {seed}, life {number}, after {at_h:.4f} hours"
    counts = Counter() if life is None else life.counts
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Lived(number, hours, time.process_time() - began_s, rss_mb, counts, story)


def lives(seed: int, hours: float) -> Iterator[tuple[int, int]]:
    """The lives that make up so many hours."""
    number = 0
    while hours > 0:
        yield seed, number
        hours -= life_hours(f"{seed}/{number}")
        number += 1
