"""How far our song position is from a foreign clock's, beside a follower that plays on its ticks.

    python -m benchmarks.follower            the table of docs/timing.md (deterministic, simulated clock)
    python -m benchmarks.follower --seeds 3  quicker

A simulated sender has a true time for every clock (F8); jitter, loss and lateness are added on the way. The
figure is our time for a clock's position minus its true time, by the line that we had `LOOKAHEAD` before
it, which is when a player hands the note to its port: what is measured is what sounds. The naive follower
plays a note when its F8 arrives (and counts only those that do), so its error is the jitter itself.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.timing import TICKS_PER_CLOCK, ClockTransport

LOOKAHEAD_NS = 40_000_000
CLOCKS = 24

Tempo = Callable[[float], float]
"""BPM by beat."""


@dataclass(frozen=True)
class Scenario:
    """A sender, what happens to its ticks on the way, and the beats over which the error is read.

    `lost` and `late` are shares of the ticks, `burst` the first tick of 24 that are lost. `goal` says which
    figure the project wants, in ms.
    """

    name: str
    tempo: Tempo
    jitter_ms: float = 1.0
    lost: float = 0.0
    late: float = 0.0
    late_ms: float = 10.0
    burst: int | None = None
    beats: int = 200
    read_from: float = 8
    read_to: float = math.inf
    goal: str = ""


def constant(bpm: float) -> Tempo:
    """One tempo."""
    return lambda _beat: bpm


def step(before: float, after: float, at_beat: float) -> Tempo:
    """A sudden change."""
    return lambda beat: before if beat < at_beat else after


def ramp(before: float, after: float, at_beat: float, beats: float) -> Tempo:
    """An even change over so many beats."""
    return lambda beat: before + (after - before) * min(1.0, max(0.0, (beat - at_beat) / beats))


SCENARIOS = (
    Scenario("120 BPM, exact", constant(120), jitter_ms=0),
    Scenario("120 BPM, jitter 1 ms", constant(120), goal="p99 0.5"),
    Scenario("120 BPM, jitter 3 ms", constant(120), jitter_ms=3, goal="p99 1.5"),
    Scenario("20 BPM, jitter 1 ms", constant(20)),
    Scenario("60 BPM, jitter 1 ms", constant(60)),
    Scenario("240 BPM, jitter 1 ms", constant(240)),
    Scenario("400 BPM, jitter 1 ms", constant(400)),
    Scenario("5 % of ticks 10 ms late, jitter 1 ms", constant(120), late=0.05),
    Scenario("1 % of ticks lost, jitter 1 ms", constant(120), lost=0.01),
    Scenario("24 ticks lost in a row, jitter 1 ms", constant(120), burst=400, beats=40),
    Scenario("ramp 120 to 140 in 4 bars", ramp(120, 140, 16, 16), beats=48, read_from=16, goal="max 4"),
    Scenario("ramp 140 to 120 in 4 bars", ramp(140, 120, 16, 16), beats=48, read_from=16, goal="max 4"),
    Scenario("step 120 to 140, from a beat after", step(120, 140, 16), beats=40, read_from=17, goal="max 3"),
    Scenario("step 140 to 120, from a beat after", step(140, 120, 16), beats=40, read_from=17, goal="max 3"),
    Scenario("step 120 to 140, that beat itself", step(120, 140, 16), beats=40, read_from=16, read_to=17),
    Scenario("first beats after joining", constant(120), beats=8, read_from=1),
)


def true_times(scenario: Scenario) -> list[int]:
    """When each clock of the sender is, in ns: each lasts 1/24 beat at the tempo in its middle."""
    times, now = [], 1e9
    for clock in range(scenario.beats * CLOCKS):
        times.append(round(now))
        now += 60e9 / CLOCKS / scenario.tempo((clock + 0.5) / CLOCKS)
    return times


def arrivals(scenario: Scenario, times: Sequence[int], chance: random.Random) -> list[int | None]:
    """When each clock arrives (None: lost). The first arrives in any case."""
    heard: list[int | None] = []
    for clock, time in enumerate(times):
        late = scenario.late_ms if chance.random() < scenario.late else 0.0
        at = time + round((chance.gauss(0, scenario.jitter_ms) + late) * 1e6)
        in_burst = scenario.burst is not None and 0 <= clock - scenario.burst < 24
        gone = clock > 0 and (in_burst or chance.random() < scenario.lost)
        heard.append(None if gone else at)
    return heard


def our_errors(times: Sequence[int], heard: Sequence[int | None]) -> list[float]:
    """Our error at every clock in ms: NaN where the song did not roll yet."""
    transport = ClockTransport()
    transport.receive(b"\xfa", times[0] - 10_000_000)
    ticks = sorted(at for at in heard if at is not None)
    errors, fed = [], 0
    for clock, time in enumerate(times):
        while fed < len(ticks) and ticks[fed] <= time - LOOKAHEAD_NS:
            transport.receive(b"\xf8", ticks[fed])
            fed += 1
        line = transport.map
        errors.append(math.nan if line is None else (line.to_ns(clock * TICKS_PER_CLOCK) - time) / 1e6)
    return errors


def naive_errors(times: Sequence[int], heard: Sequence[int | None]) -> list[float]:
    """The error of a player that plays position n when the n-th F8 arrives."""
    ticks = sorted(at for at in heard if at is not None)
    return [(at - time) / 1e6 for at, time in zip(ticks, times, strict=False)]


def read(scenario: Scenario, errors: Sequence[float]) -> list[float]:
    """The sizes of the errors in the beats that the scenario reads."""
    first = round(scenario.read_from * CLOCKS)
    last = len(errors) if scenario.read_to == math.inf else round(scenario.read_to * CLOCKS)
    return [abs(error) for error in errors[first:last] if not math.isnan(error)]


def measure(scenario: Scenario, seeds: int) -> tuple[list[float], list[float]]:
    """All errors of ours and of the naive follower, in ms, over `seeds` runs, sorted."""
    ours: list[float] = []
    naive: list[float] = []
    times = true_times(scenario)
    for seed in range(seeds):
        heard = arrivals(scenario, times, random.Random(seed))
        ours += read(scenario, our_errors(times, heard))
        naive += read(scenario, naive_errors(times, heard))
    return sorted(ours), sorted(naive)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of the sorted values lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(seeds: int) -> str:
    """The Markdown table."""
    rows = [
        "| clock | goal, ms | ours p50 | ours p99 | ours max | naive p50 | naive p99 | naive max |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for scenario in SCENARIOS:
        measured = measure(scenario, seeds)
        figures = [f"{quantile(errors, share):.2f}" for errors in measured for share in (0.5, 0.99, 1)]
        rows.append(f"| {scenario.name} | {scenario.goal} | {' | '.join(figures)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Phase error of the clock follower, in ms.")
    parser.add_argument("--seeds", type=int, default=10, help="runs of each scenario (10)")
    print(table(parser.parse_args().seeds))
