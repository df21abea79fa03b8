"""How quick the window is to the hand, what it costs while it plays, and how soon it is there.

    .venv/bin/python -m benchmarks.desk                                    a minute and a half
    .venv/bin/python -m benchmarks.desk --json > docs/figures/desk.json    the run of docs/desk.md

The real window (offscreen), studio, model and player process; on a JACK server of our own where JACK is,
else with ports to nowhere. Each scale is a run of the app in a process of its own (`desk_app.py`):

- *slider to player*: from a mouse move on the slider Density to the report that the player has the new loop,
  while the song stands (nothing waits for a boundary then), and while it plays and swaps are "now", when the
  report comes as the loop is heard. Beside it the model's own time for a loop.
- *frames*: painting the loop and the map, whole and what one frame of the playhead touches. Beside them the
  time to fill as many pixels, which is the least that any picture costs.
- *idle*: processor time of window and player while a song plays and nobody touches anything.
- *start*: from the start of the process to the first painted window, and to beat 1 of a song that is started
  as soon as the button can be pressed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.decode import machine
from benchmarks.timing import LackError, server
from bridge.errors import GroovebridgeError

STARTS = 5
SCALES = (1, 2)
IDLE_S = 20.0
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Spread:
    """p50 and p99 in ms, of so many."""

    p50: float
    p99: float
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run measured. `load`: the system's load average before. Times in ms.

    hand    name -> event to loop; frames: scale -> name -> time; the first of each is the measure of it
    cpu     process -> share of one core while playing, 0..1
    memory  process -> proportional set size in MiB
    start   name -> median of `STARTS`
    """

    machine: str
    load: float
    api: str
    hand: Mapping[str, Spread]
    frames: Mapping[str, Mapping[str, Spread]]
    cpu: Mapping[str, float]
    memory: Mapping[str, float]
    start: Mapping[str, float]
    said: tuple[str, ...]


def spread(times_ns: Sequence[int]) -> Spread:
    """The spread of so many times."""
    ordered = sorted(times_ns)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return Spread(statistics.median(ordered) / 1e6, p99 / 1e6, len(ordered))


def measure(idle_s: float) -> Report:
    """Run the app at each scale, and start it some times."""
    average = os.getloadavg()[0]
    said: list[str] = []
    try:
        with server():
            return _measured("jack", idle_s, average, said)
    except LackError as lack:
        said.append(str(lack))
    return _measured("none", idle_s, average, said)


def _measured(api: str, idle_s: float, average: float, said: Sequence[str]) -> Report:
    starts = [_app("start", f"{time.perf_counter_ns()}") for _ in range(STARTS)]
    runs = {scale: _app("work", api, f"{idle_s * (scale == 1)}", scale=scale) for scale in SCALES}
    first = runs[SCALES[0]]
    return Report(
        machine(),
        average,
        api,
        {name: spread(times) for name, times in first["hand"].items()},
        {
            f"{scale}x": {name: spread(times) for name, times in run["frames"].items()}
            for scale, run in runs.items()
        },
        first["cpu"],
        first["memory"],
        {name: statistics.median(start[name] for start in starts) for name in starts[0]},
        tuple(said),
    )


def _app(*arguments: str, scale: int = 1) -> dict[str, Any]:
    """What one run of the app says of itself. Nothing of the user's is read or written."""
    command = [sys.executable, "-m", "benchmarks.desk_app", *arguments]
    with TemporaryDirectory() as folder:
        homes = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"), folder)
        qt = {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(scale)}
        environment = {**os.environ, **homes, **qt}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=TIMEOUT_S, check=False
        )
    if done.returncode:
        raise GroovebridgeError(f"The app did not run to its end: {done.stderr.strip()[-400:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


# --- what a person reads ------------------------------------------------------------------------------------

TIMES_HEAD = ("what", "p50, ms", "p99, ms", "p50 beside it")
COST_HEAD = ("while playing, untouched", "window", "player", "together", "goal")
START_HEAD = ("from the start of the process", "s", "goal, s")
GOALS = {"window": 2.0, "sound": 3.0}
TITLES = {"window": "first window", "sound": "first beat, played at once"}


def time_rows(times: Mapping[str, Spread]) -> list[tuple[str, ...]]:
    """Rows under TIMES_HEAD; the first is the measure of the others."""
    unit = next(iter(times.values())).p50
    return [
        (name, f"{each.p50:.2f}", f"{each.p99:.2f}", f"{each.p50 / unit:.1f} x")
        for name, each in times.items()
    ]


def cost_rows(report: Report) -> list[tuple[str, ...]]:
    """Rows under COST_HEAD."""
    cpu, memory = report.cpu, report.memory
    shares = (f"{100 * cpu[name]:.1f} %" for name in ("window", "player"))
    sizes = (f"{memory[name]:.0f} MiB" for name in ("window", "player"))
    return [
        ("processor, of one core", *shares, f"{100 * sum(cpu.values()):.1f} %", "10 %"),
        ("memory, proportional", *sizes, f"{sum(memory.values()):.0f} MiB", "300 MB"),
    ]


def start_rows(report: Report) -> list[tuple[str, ...]]:
    """Rows under START_HEAD."""
    return [(TITLES[name], f"{ms / 1e3:.2f}", f"{GOALS[name]:g}") for name, ms in report.start.items()]


def words(report: Report) -> str:
    """The whole report, for a terminal."""
    parts = [_table(TIMES_HEAD, time_rows(report.hand))]
    parts += [f"at {scale}\n{_table(TIMES_HEAD, time_rows(times))}" for scale, times in report.frames.items()]
    parts += [_table(COST_HEAD, cost_rows(report)), _table(START_HEAD, start_rows(report))]
    parts.append("\n".join((*report.said, f"{report.machine}; load average {report.load:.1f} before.")))
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The window: how quick, how costly, how soon.")
    parser.add_argument("--idle-seconds", type=float, default=IDLE_S, help=f"({IDLE_S:g})")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    try:
        report = measure(given.idle_seconds)
    except GroovebridgeError as error:
        sys.exit(str(error))
    print(json.dumps(asdict(report), indent=2) if given.json else words(report))


if __name__ == "__main__":
    main()
