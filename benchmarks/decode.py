"""How long one loop takes: our decoder, encoder and prior beside a flat decoder, and beside what is possible.

    python -m benchmarks.decode                   a table (the bundle that comes with the program)
    python -m benchmarks.decode --bundle BUNDLE   another one
    python -m benchmarks.decode --json            for docs/speed.md, see scripts/speed_tables.py

Everything runs in one process on one core, in turn, round after round; the figure is the median over the
rounds of a round's median. CPU time is what the one thread spends: what else the machine does is not in it,
though it takes its share of the caches. Wall time is there for CUDA, and to compare with.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.flat import LATENT, FlatDecoder, flat_graph
from benchmarks.floors import one_loop, product_rate, read_rate, work_of
from bridge.errors import GroovebridgeError
from bridge.model import Bundle
from bridge.model.providers import CUDA, ProviderError, open_session

OURS = ("decoder", "encoder", "prior")
FLAT = "flat decoder"
EAGER = "flat decoder, eager PyTorch"
TAKES = 15


@dataclass(frozen=True, slots=True)
class Time:
    """One loop's time in ms: medians over the rounds, and the best and the worst round's CPU time."""

    cpu_ms: float
    wall_ms: float
    best_ms: float
    worst_ms: float


@dataclass(frozen=True, slots=True)
class Floor:
    """The least times of a graph in ms, and the rates (a second) that they follow from."""

    mebibytes: float
    megaoperations: float
    gigabytes_a_second: float
    gigaoperations_a_second: float
    memory_ms: float
    arithmetic_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run measured. `load`: the system's load average of a minute, before and after."""

    machine: str
    load: tuple[float, float]
    cuda: str
    times: Mapping[str, Time]
    floors: Mapping[str, Floor]


def measure(bundle: Bundle, rounds: int) -> Report:
    """Time everything, in turn. Sets torch to one thread."""
    torch.set_num_threads(1)
    before = os.getloadavg()[0]
    flat = FlatDecoder().eval()
    pair = bundle.pair()
    with TemporaryDirectory() as folder:
        flat_path = Path(folder) / "flat.onnx"
        flat_path.write_bytes(flat_graph(flat))
        paths = {name: bundle.path / f"{name}.onnx" for name in OURS} | {FLAT: flat_path}
        takes = {name: _run(open_session(path), pair) for name, path in paths.items()}
        z = torch.zeros(1, LATENT)
        takes[EAGER] = torch.inference_mode()(lambda: flat(z))
        cuda = ""
        try:
            for name in ("decoder", FLAT):
                takes[f"{name}, CUDA"] = _run(open_session(paths[name], CUDA), pair)
        except ProviderError as error:
            cuda = str(error)
        works = {name: work_of(path.read_bytes()) for name, path in paths.items()}
    times = _interleaved(takes, rounds)
    floors = {}
    operations = product_rate()
    for name, work in works.items():
        if work.operations:
            rate = read_rate(work.working_set or work.bytes)
            floors[name] = Floor(
                work.bytes / 2**20,
                work.operations / 1e6,
                rate / 1e9,
                operations / 1e9,
                1e3 * work.bytes / rate,
                1e3 * work.operations / operations,
            )
    return Report(machine(), (before, os.getloadavg()[0]), cuda, times, floors)


def _run(session: Any, pair: Mapping[str, Any]) -> Callable[[], object]:
    """One run of a session on the bundle's stored loop, or on zeros where it has no such input."""
    feed = {value.name: one_loop(value) for value in session.get_inputs()}
    feed |= {
        name: pair[name][:1] for name in feed if name in pair and pair[name].shape[1:] == feed[name].shape[1:]
    }
    return lambda: session.run(None, feed)


def _interleaved(takes: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Time]:
    """Each in turn some times, round after round: whatever the machine does meets all of them alike."""
    cpu: dict[str, list[float]] = {name: [] for name in takes}
    wall: dict[str, list[float]] = {name: [] for name in takes}
    for _ in range(rounds):
        for name, take in takes.items():
            take()
            spent, passed = [], []
            for _ in range(TAKES):
                start, start_cpu = time.perf_counter_ns(), time.thread_time_ns()
                take()
                spent.append((time.thread_time_ns() - start_cpu) / 1e6)
                passed.append((time.perf_counter_ns() - start) / 1e6)
            cpu[name].append(statistics.median(spent))
            wall[name].append(statistics.median(passed))
    return {
        name: Time(
            statistics.median(cpu[name]), statistics.median(wall[name]), min(cpu[name]), max(cpu[name])
        )
        for name in takes
    }


def machine() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(report: Report) -> str:
    """What a person reads."""
    flat = report.times[FLAT].cpu_ms
    lines = [f"{'one loop, one core':30} {'CPU ms':>7} {'best':>7} {'worst':>7} {'wall':>7} {'of flat':>8}"]
    for name, spent in report.times.items():
        lines.append(
            f"{name:30} {spent.cpu_ms:7.2f} {spent.best_ms:7.2f} {spent.worst_ms:7.2f} {spent.wall_ms:7.2f} "
            f"{spent.cpu_ms / flat:7.1%}"
        )
    lines.append("")
    for name, floor in report.floors.items():
        taken = report.times[name].cpu_ms
        lines.append(
            f"{name}: memory {floor.memory_ms:.2f} ms ({floor.mebibytes:.1f} MiB at "
            f"{floor.gigabytes_a_second:.0f} GB/s), {floor.memory_ms / taken:.0%} of its time; arithmetic "
            f"{floor.arithmetic_ms:.2f} ms ({floor.megaoperations:.0f} million operations at "
            f"{floor.gigaoperations_a_second:.0f} G/s), {floor.arithmetic_ms / taken:.0%}"
        )
    lines += [
        "",
        report.cuda or "CUDA starts here.",
        f"{report.machine}, load {report.load[0]:.1f} before and {report.load[1]:.1f} after",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description="The time of one loop, beside a flat decoder and the floors."
    )
    parser.add_argument("--bundle", type=Path, help="a bundle (the one that comes with the program)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each (15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    try:
        report = measure(Bundle.load(given.bundle), max(1, given.rounds))
    except GroovebridgeError as error:
        sys.exit(str(error))
    print(json.dumps(asdict(report), indent=2) if given.json else table(report))


if __name__ == "__main__":
    main()
