"""How fast, and in how much memory, `prepare` reads a large folder, and what a million files would take.

    python -m benchmarks.prepare                  20,000 files, killed half-way and taken up again; a table
    python -m benchmarks.prepare --files 2000     quicker
    python -m benchmarks.prepare --json

The folder is made up in a temporary place: drum files of 2 to 128 bars, among them copies and files of no
use. Peaks of memory are those of the command and of its largest worker (VmHWM, Linux), for a tenth of the
files and for all. Other programs slow the clock down, so processor time is told as well: the extrapolation
takes it, with each worker on a core of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from training.corpus import load_summary, open_windows
from training.loading import TrainingLoops
from training.prepare import JOURNAL

PARTS = 10
TICKS = 480
MILLION = 1_000_000
_BATCH = 64
_HEADER = b"MThd" + (6).to_bytes(4, "big") + (0).to_bytes(2, "big") + (1).to_bytes(2, "big")
_FOUR_FOUR = bytes([0, 0xFF, 0x58, 4, 4, 2, 24, 8])
_THREE_FOUR = bytes([0, 0xFF, 0x58, 4, 3, 2, 24, 8])
_END = bytes([0, 0xFF, 0x2F, 0])


@dataclass(frozen=True, slots=True)
class Peak:
    """The most memory that the command and its largest worker held, MB."""

    files: int
    command_mb: float
    worker_mb: float


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, and the same for a million files.

    seconds, cpu_seconds     of the second start, which reads what the journal did not have at the kill
    taken_up_at              files in the journal at the kill
    left_behind              workers that outlived the kill by ten seconds
    loader_loops_a_second    of processor time, one process
    """

    files: int
    mean_bytes: float
    load: tuple[float, float]
    workers: int
    peaks: tuple[Peak, Peak]
    seconds: float
    cpu_seconds: float
    files_a_second: float
    files_a_cpu_second: float
    taken_up_at: int
    left_behind: int
    used: int
    left_out: dict[str, int]
    corpus_mb: float
    loops: int
    loader_loops_a_second: float
    million_cpu_hours: float
    million_hours_16_cores: float
    million_gb: float
    million_loops: int


def drum_file(chance: np.random.Generator) -> bytes:
    """A MIDI file of one drum part, 2 to 128 bars of sixteenths played by hand, as bytes."""
    bars = int(np.clip(np.exp(chance.normal(np.log(16), 0.8)), 2, 128))
    pattern = chance.random((4, 16, 9)) < chance.choice([0.05, 0.1, 0.15, 0.2])
    hits = np.tile(pattern, (bars // 4 + 1, 1, 1))[:bars] ^ (chance.random((bars, 16, 9)) < 0.01)
    steps, voices = np.nonzero(hits.reshape(-1, 9))
    notes = np.array([36, 38, 42, 46, 45, 47, 50, 49, 51], np.uint8)[voices]
    onsets = np.maximum(0, np.rint((steps + chance.normal(0, 0.08, len(steps))) * TICKS / 4)).astype(np.int64)
    struck = np.rint(np.clip(chance.normal(90, 20, len(steps)), 1, 127)).astype(np.uint8)
    ticks = np.concatenate([onsets, onsets + 30])
    rows = np.column_stack([np.tile(notes, 2), np.concatenate([struck, np.zeros_like(struck)])])
    order = np.argsort(ticks, kind="stable")
    track = bytearray(_FOUR_FOUR)
    for delta, (note, velocity) in zip(
        np.diff(ticks[order], prepend=0).tolist(), rows[order].tolist(), strict=True
    ):
        track += _length(delta) + bytes([0x99, note, velocity])
    return _whole(bytes(track))


def _length(delta: int) -> bytes:
    """A number as MIDI files have it: seven bits a byte, the highest bit set in all but the last."""
    coded = [delta & 0x7F]
    while delta := delta >> 7:
        coded.insert(0, delta & 0x7F | 0x80)
    return bytes(coded)


def _whole(track: bytes) -> bytes:
    body = track + _END
    return _HEADER + TICKS.to_bytes(2, "big") + b"MTrk" + len(body).to_bytes(4, "big") + body


def make_folder(folder: Path, files: int, seed: int = 0) -> int:
    """Fill `folder` with so many files in ten folders, one in twenty a copy, one in twenty of no use.

    Returns their size in bytes.
    """
    chance = np.random.default_rng(seed)
    size, data = 0, drum_file(chance)
    useless: list[Callable[[bytes], bytes]] = [
        lambda _: b"",
        lambda _: chance.bytes(2000),
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole.replace(_FOUR_FOUR, _THREE_FOUR, 1),
    ]
    for number in range(files):
        place = folder / f"{number * PARTS // files}" / f"{number:07d}.mid"
        place.parent.mkdir(parents=True, exist_ok=True)
        kind = number % 20
        if kind != 10:
            data = drum_file(chance)
        written = useless[number // 20 % len(useless)](data) if kind == 15 else data
        place.write_bytes(written)
        size += len(written)
    return size


class Watched:
    """`python -m training prepare` under observation: its peaks of memory, and how far its journal is."""

    def __init__(self, source: Path, target: Path, workers: int) -> None:
        self._journal = target.with_name(f"{target.name}.partial") / JOURNAL
        command = [sys.executable, "-m", "training", "prepare", str(source), "-o", str(target)]
        self._process = subprocess.Popen(
            [*command, "--workers", str(workers)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self.command_mb = self.worker_mb = 0.0
        self.workers: set[int] = set()

    def run(self, kill_within: range = range(0)) -> int:
        """Wait for its end, or kill it when so many files are in the journal; how many are."""
        while self._process.poll() is None:
            self._look()
            if self.done() in kill_within:
                self._process.send_signal(signal.SIGKILL)
                self._process.wait()
            time.sleep(0.1)
        _, said = self._process.communicate()
        if self._process.returncode not in (0, -signal.SIGKILL):
            raise SystemExit(f"prepare failed: {said}")
        return self.done()

    def done(self) -> int:
        """Files that the journal counts."""
        try:
            return int(json.loads(self._journal.read_bytes())["done"])
        except (OSError, ValueError):
            return 0

    def _look(self) -> None:
        self.command_mb = max(self.command_mb, _peak_mb(self._process.pid))
        for path in Path(f"/proc/{self._process.pid}/task/{self._process.pid}").glob("children"):
            for child in map(int, path.read_text().split()):
                self.workers.add(child)
                self.worker_mb = max(self.worker_mb, _peak_mb(child))


def _peak_mb(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), "0")
    return int(kilobytes) / 1024


def _outlived(workers: set[int]) -> int:
    """How many of the processes are there still after ten seconds at most."""
    ends = time.monotonic() + 10
    while (left := sum(_peak_mb(worker) > 0 for worker in workers)) and time.monotonic() < ends:
        time.sleep(0.1)
    return left


def measure(files: int, workers: int) -> Report:
    """Make the folder, prepare a tenth of it and then all with a kill half-way, and read batches of it."""
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="prepare-") as name:
        place = Path(name)
        size = make_folder(place / "midi", files)
        tenth = Watched(place / "midi" / "0", place / "tenth", workers)
        tenth.run()
        first = Watched(place / "midi", place / "corpus", workers)
        taken_up_at = first.run(kill_within=range(files // 2, files))
        left_behind = _outlived(first.workers)
        second = Watched(place / "midi", place / "corpus", workers)
        begun, cpu = time.monotonic(), _cpu_of_children()
        second.run()
        seconds, cpu_seconds = time.monotonic() - begun, _cpu_of_children() - cpu
        read = files - taken_up_at
        summary = load_summary(place / "corpus")
        corpus_bytes = sum(path.stat().st_size for path in (place / "corpus").iterdir())
        loops = sum(shard.every for shard in summary.of("train"))
        used = sum(shard.files for shard in summary.shards)
        if used + sum(summary.skipped.values()) != files:
            raise SystemExit(f"{files} files went in, {used} and {summary.skipped} came out")
        rate = _loader_rate(place / "corpus")
    return Report(
        files=files,
        mean_bytes=size / files,
        load=(before, os.getloadavg()[0]),
        workers=workers,
        peaks=(
            Peak(files // PARTS, tenth.command_mb, tenth.worker_mb),
            Peak(
                files,
                max(first.command_mb, second.command_mb),
                max(first.worker_mb, second.worker_mb),
            ),
        ),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        files_a_second=read / seconds,
        files_a_cpu_second=read / cpu_seconds,
        taken_up_at=taken_up_at,
        left_behind=left_behind,
        used=used,
        left_out=summary.skipped,
        corpus_mb=corpus_bytes / 1e6,
        loops=loops,
        loader_loops_a_second=rate,
        million_cpu_hours=MILLION / read * cpu_seconds / 3600,
        million_hours_16_cores=MILLION / read * cpu_seconds / 3600 / 16,
        million_gb=MILLION / files * corpus_bytes / 1e9,
        million_loops=round(MILLION / files * loops),
    )


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _loader_rate(corpus: Path, batches: int = 200) -> float:
    """Training loops, shuffled, that one process cuts from the shards in a second of processor time."""
    loader = TrainingLoops(open_windows(corpus, "train"), _BATCH, steps=batches).train_dataloader()
    begun = time.process_time()
    read = sum(len(batch.hits) for batch in loader)
    return read / (time.process_time() - begun)


def table(report: Report) -> str:
    """The figures in words."""
    tenth, whole = report.peaks
    left_out = sum(report.left_out.values())
    lines = [
        f"{report.files:,} files of {report.mean_bytes:,.0f} bytes, {report.workers} workers; other programs "
        f"kept the machine busy (load {report.load[0]:.1f} to {report.load[1]:.1f})",
        "",
        f"read                {report.files_a_second:.0f} files/s, "
        f"{report.files_a_cpu_second:.0f} a second of processor time",
        f"killed              at {report.taken_up_at:,} files in the journal; taken up there, "
        f"{report.left_behind} workers left behind",
        f"used, left out      {report.used:,} and {left_out:,}",
        *(f"                    {count:,} x {reason}" for reason, count in report.left_out.items()),
        f"memory at the peak  {tenth.files:,} files: {tenth.command_mb:.0f} MB + "
        f"{tenth.worker_mb:.0f} MB a worker",
        f"                    {whole.files:,} files: {whole.command_mb:.0f} MB + "
        f"{whole.worker_mb:.0f} MB a worker",
        f"corpus              {report.corpus_mb:.0f} MB, {report.loops:,} training loops",
        f"train's loader      {report.loader_loops_a_second:,.0f} loops a second of processor time",
        "",
        f"a million such      {report.million_cpu_hours:.1f} hours of one core, "
        f"{report.million_hours_16_cores:.1f} h on 16; {report.million_gb:.1f} GB, "
        f"{report.million_loops:,} training loops",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Preparing a large folder: rate, memory, resumption.")
    parser.add_argument("--files", type=int, default=20_000, help="how many to make up")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    if given.files < 200:
        parser.error("--files must be 200 or more: with fewer there is nothing to measure")
    report = measure(given.files, given.workers)
    print(json.dumps(asdict(report), indent=1) if given.json else table(report))


if __name__ == "__main__":
    main()
