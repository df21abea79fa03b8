"""How far our song position is from a foreign clock's, beside a follower that plays on its ticks.

    python -m benchmarks.follower            the table of docs/timing.md (deterministic, simulated clock)
    python -m benchmarks.follower --seeds 3  quicker

A simulated sender has a true time for every clock (F8); jitter, loss and lateness are added on the way. The
figure is our time for a clock's position minus its true time, by the line that we had `LOOKAHEAD` before
it, which is when a player hands the note to its port: what is measured is what sounds. The naive follower
plays a note when its F8 arrives (and counts only those that do), so its error is the jitter itself. It obeys
the same Start, Stop, Continue and song position as we do. After each of these nothing is read for three
clocks: those notes were handed over before anyone could know.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.timing import TICKS_PER_CLOCK, TICKS_PER_SIXTEENTH, ClockTransport

LOOKAHEAD_NS = 40_000_000
CLOCKS = 24

START, CONTINUE, STOP, TICK = b"\xfa", b"\xfb", b"\xfc", b"\xf8"
UNREAD_CLOCKS = 3

Tempo = Callable[[float], float]
"""BPM by beat."""


@dataclass(frozen=True)
class Cue:
    """What the sender says just before the clock of a beat, and where its song is with that clock.

    `at_step` is a sixteenth; None: it stands, and the clock runs on.
    """

    beat: float
    messages: tuple[bytes, ...]
    at_step: int | None


def position(step: int) -> bytes:
    """A song position pointer."""
    return bytes((0xF2, step & 127, step >> 7 & 127))


def bars(number: int, *messages: bytes) -> tuple[Cue, ...]:
    """A sender that loops its first four bars so many times and says this each time."""
    first = Cue(0, (START,), 0)
    return (first, *(Cue(16 * turn, messages, 0) for turn in range(1, number)))


@dataclass(frozen=True)
class Scenario:
    """A sender, what happens to its ticks on the way, and the beats over which the error is read.

    `lost` and `late` are shares of the ticks, `burst` the first tick of 24 that are lost. `goal` says which
    figure the project wants, in ms; `seeds` is how many runs are enough.
    """

    name: str
    tempo: Tempo
    jitter_ms: float = 1.0
    lost: float = 0.0
    late: float = 0.0
    late_ms: float = 10.0
    burst: int | None = None
    cues: tuple[Cue, ...] = (Cue(0, (START,), 0),)
    beats: int = 200
    read_from: float = 8
    read_to: float = math.inf
    goal: str = ""
    seeds: int = 1000


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
    Scenario("1 % of ticks lost, jitter 3 ms", constant(120), jitter_ms=3, lost=0.01),
    Scenario("180 BPM, 1 % of ticks lost, jitter 3 ms", constant(180), jitter_ms=3, lost=0.01),
    Scenario("240 BPM, 1 % of ticks lost, jitter 3 ms", constant(240), jitter_ms=3, lost=0.01),
    Scenario("24 ticks lost in a row, jitter 1 ms", constant(120), burst=400, beats=40),
    Scenario("ramp 120 to 140 in 4 bars", ramp(120, 140, 16, 16), beats=48, read_from=16, goal="max 4"),
    Scenario("ramp 140 to 120 in 4 bars", ramp(140, 120, 16, 16), beats=48, read_from=16, goal="max 4"),
    Scenario("step 120 to 140, from a beat after", step(120, 140, 16), beats=40, read_from=17, goal="max 3"),
    Scenario("step 140 to 120, from a beat after", step(140, 120, 16), beats=40, read_from=17, goal="max 3"),
    Scenario("step 120 to 140, that beat itself", step(120, 140, 16), beats=40, read_from=16, read_to=17),
    Scenario("first beats after joining", constant(120), beats=8, read_from=1),
    Scenario("clock ran two bars before Start", constant(120), cues=(Cue(8, (START,), 0),), beats=24),
    Scenario(
        "Stop, the clock runs on, Continue",
        constant(120),
        cues=(Cue(0, (START,), 0), Cue(8, (STOP,), None), Cue(11.5, (CONTINUE,), 32)),
        beats=40,
    ),
    Scenario(
        "Stop, position, Continue; later Continue again",
        constant(120),
        cues=(Cue(0, (START,), 0), Cue(8, (STOP, position(77), CONTINUE), 77), Cue(16, (CONTINUE,), 109)),
        beats=40,
    ),
    Scenario("loops with a song position alone", constant(120), cues=bars(6, position(0)), beats=96),
    Scenario("loops with Start alone", constant(120), cues=bars(6, START), beats=96),
    Scenario(
        "loops with Stop, position, Start", constant(120), cues=bars(6, STOP, position(0), START), beats=96
    ),
    Scenario(
        "two Starts in a row", constant(120), cues=(Cue(0, (START,), 0), Cue(8, (START, START), 0)), beats=40
    ),
    Scenario(
        "the song position wraps",
        constant(120),
        cues=(Cue(0, (position(16352), CONTINUE), 16352), Cue(8, (position(0),), 16384)),
        beats=40,
    ),
    Scenario(
        "an hour: 1 % lost, 5 % late, jitter 1 ms", constant(120), lost=0.01, late=0.05, beats=7200, seeds=1
    ),
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


Feed = list[tuple[int, bytes, int]]
"""What a follower hears: (when, message, the clock that it belongs to), in order."""


def feed(scenario: Scenario, times: Sequence[int], heard: Sequence[int | None]) -> Feed:
    """The clocks, and each cue a millisecond before its clock."""
    cues = {round(cue.beat * CLOCKS): cue.messages for cue in scenario.cues}
    entries: Feed = []
    for clock, at in enumerate(heard):
        said_at = (times[clock] if at is None else at) - 1_000_000
        entries += [(said_at, message, clock) for message in cues.get(clock, ())]
        if at is not None:
            entries.append((at, TICK, clock))
    return sorted(entries, key=lambda entry: entry[0])


def places(scenario: Scenario, count: int) -> list[int | None]:
    """Where the sender's song is with each clock, in ticks; None where it stands or nothing is read."""
    where: list[int | None] = [None] * count
    for cue, following in zip(scenario.cues, (*scenario.cues[1:], None), strict=True):
        first = round(cue.beat * CLOCKS)
        last = count if following is None else round(following.beat * CLOCKS)
        if cue.at_step is not None:
            for clock in range(first + UNREAD_CLOCKS, last):
                where[clock] = cue.at_step * TICKS_PER_SIXTEENTH + (clock - first) * TICKS_PER_CLOCK
    return where


def our_errors(scenario: Scenario, times: Sequence[int], entries: Feed) -> list[float]:
    """Our error at every clock in ms: NaN where the song does not roll, or not yet."""
    transport = ClockTransport()
    where = places(scenario, len(times))
    errors, fed = [], 0
    for time, ticks in zip(times, where, strict=True):
        while fed < len(entries) and entries[fed][0] <= time - LOOKAHEAD_NS:
            transport.receive(entries[fed][1], entries[fed][0])
            fed += 1
        line = transport.map
        if line is None or ticks is None:
            errors.append(math.nan)
        else:
            errors.append((line.to_ns(ticks) - time) / 1e6)
    return errors


def naive_errors(scenario: Scenario, times: Sequence[int], entries: Feed) -> list[float]:
    """The error of a player that plays on the ticks, and counts them from each cue on."""
    where = places(scenario, len(times))
    errors = [math.nan] * len(times)
    count = 0
    for at, message, clock in entries:
        if message != TICK:
            count = clock
            continue
        if count < len(times) and where[count] is not None:
            errors[clock] = (at - times[count]) / 1e6
        count += 1
    return errors


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
    for seed in range(min(seeds, scenario.seeds)):
        entries = feed(scenario, times, arrivals(scenario, times, random.Random(seed)))
        ours += read(scenario, our_errors(scenario, times, entries))
        naive += read(scenario, naive_errors(scenario, times, entries))
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
