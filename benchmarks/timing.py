"""How late notes are here: the player beside a bare C loop, idle and under load; and on JACK, by frames.

    .venv/bin/python -m benchmarks.timing                 a minute a row, then the follower's table
    .venv/bin/python -m benchmarks.timing --idle-minutes 10 --json > docs/figures/timing.json
                                                          the run of docs/timing.md
    .venv/bin/python -m benchmarks.timing --api alsa      through a real driver: alsa, rtmidi-jack, ...

A player process plays four busy bars and MIDI clock at 250 BPM through the sender that ALSA, CoreMIDI and
Windows ports have; its driver is to nowhere, so what is timed is ours. Lateness is the return of the send
minus the time that was due. At the same moments, `bare_loop.c` waits for times of its own, with the same spin
and at the same priority: what it is late by is the system's share. The load is the app's window redrawn whole
at 60 Hz, inference back to back, and a busy process a core.

On JACK (a server of our own without a sound card) a second client notes the frame of each clock: at 250 BPM
and 48 kHz one comes every 480 frames exactly.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import follower
from benchmarks.decode import machine
from benchmarks.listener import PORT, listening, off_frames
from benchmarks.load import load
from bridge import realtime
from bridge.errors import GroovebridgeError
from bridge.player.messages import Stats
from bridge.ports.sender import SPIN_NS
from bridge.studio.trial import try_player

BPM = 250
BAR_S = 60 * 4 / BPM
RATE, PERIOD = 48_000, 128
CLOCK_FRAMES = RATE * 60 // BPM // 24
_WAIT_NS = 9_973_000  # about as often as the player sends, and at ever other moments than it does
_PRIORITY = 4  # the player's: bridge.realtime.linux.PRIORITY, which other systems cannot import
_SERVER = "groovebridge-timing"


class LackError(GroovebridgeError):
    """Something that the benchmark needs is not here; the sentence says what, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A player beside the bare loop: p50, p99 and max of each, in ms."""

    loaded: bool
    seconds: float
    priority: str
    messages: int
    late_handover: int
    ours_ms: tuple[float, float, float]
    bare_ms: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class JackRow:
    """A player on JACK: clocks heard by another client, how many of them were off their frame, and how far.

    late_ms is the player's own account of all its messages, notes too. Xruns are counted from the first
    clock to the last.
    """

    loaded: bool
    clocks: int
    off: int
    most_ms: float
    late_ms: float
    late_handover: int
    xruns: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run measured; `load` is the system's load average of a minute before it. Sentences in `said`
    tell what could not be measured. JACK's rows take `seconds` each.
    """

    machine: str
    load: float
    seconds: float
    rows: tuple[Row, ...]
    jack: tuple[JackRow, ...]
    said: tuple[str, ...]


def measure(seconds: float, api: str = "none", idle_seconds: float | None = None) -> Report:
    """All rows, each for so long, the idle one with priority for `idle_seconds`; `api` is the port of those
    that send at once.
    """
    average = os.getloadavg()[0]
    bars = max(1, round(seconds / BAR_S))
    idle_bars = bars if idle_seconds is None else max(1, round(idle_seconds / BAR_S))
    rows: list[Row] = []
    jack: list[JackRow] = []
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            bare = compiled(Path(folder))
            for loaded in (False, True):
                with server() if api == "rtmidi-jack" else nullcontext(), load() if loaded else nullcontext():
                    for wanted in (True, False):
                        try:
                            of_row = idle_bars if wanted and not loaded else bars
                            rows.append(side_by_side(bare, api, of_row, loaded, wanted))
                        except LackError as lack:
                            said.append(str(lack))
        except LackError as lack:
            said.append(str(lack))
    try:
        for loaded in (False, True):
            with server(), load() if loaded else nullcontext():
                jack.append(on_jack(bars, loaded))
    except GroovebridgeError as error:
        said.append(str(error))
    return Report(machine(), average, bars * BAR_S, tuple(rows), tuple(jack), tuple(dict.fromkeys(said)))


# --- the sender, beside the bare loop -----------------------------------------------------------------------


def compiled(folder: Path) -> Path:
    """The bare loop, compiled into a folder; LackError where there is no compiler, or not Linux."""
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        raise LackError(
            "The bare C loop needs Linux and a C compiler (on Debian and Ubuntu: apt install gcc libc6-dev)."
        )
    program = folder / "bare_loop"
    source = Path(__file__).with_name("bare_loop.c")
    done = subprocess.run(
        [compiler, "-O2", "-o", program, source], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LackError(f"The bare C loop would not compile: {done.stderr.strip().splitlines()[-1]}")
    return program


@contextmanager
def bare_loop(program: Path, seconds: float, priority: int) -> Iterator[subprocess.Popen[str]]:
    """The bare loop at work for so long, beside what the block does."""
    waits = max(1, round(seconds * 1e9 / _WAIT_NS))
    command = [str(program), str(_WAIT_NS), str(waits), str(SPIN_NS), str(priority)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()  # only if the block failed is it still at work


def side_by_side(bare: Path, api: str, bars: int, loaded: bool, wanted: bool) -> Row:
    """One row; LackError where the priority that is wanted is refused."""
    with bare_loop(bare, bars * BAR_S + 1, _PRIORITY if wanted else 0) as process:
        stats = try_player(api, bars, BPM, realtime=wanted)
        said = process.communicate()[0].split()
    if wanted and (process.returncode or not stats.priority):
        raise LackError(f"Real-time priority is not granted, so its rows are missing. {realtime.advice()}")
    bare_ms = tuple(int(late_ns) / 1e6 for late_ns in said)
    return Row(
        loaded,
        bars * BAR_S,
        stats.priority,
        stats.messages,
        stats.late_handover,
        _ms(stats),
        (bare_ms[0], bare_ms[1], bare_ms[2]),
    )


def _ms(stats: Stats) -> tuple[float, float, float]:
    late = stats.lateness_ms
    return late["p50"], late["p99"], late["max"]


# --- JACK ---------------------------------------------------------------------------------------------------


@contextmanager
def server() -> Iterator[None]:
    """A JACK server without a sound card, for us and our children; LackError where none will start."""
    programs = shutil.which("jackd"), shutil.which("jack_wait")
    if None in programs:
        raise LackError("JACK is not installed here (on Debian and Ubuntu: apt install jackd2).")
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ["JACK_DEFAULT_SERVER"] = _SERVER
    driver = ["-d", "dummy", "-C", "0", "-P", "0", "-r", str(RATE), "-p", str(PERIOD)]
    command = ["jackd", "-n", _SERVER, "-R", "-P", "60", "-t", "5000", *driver]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            waited = ["jack_wait", "-s", _SERVER, "-w", "-t", "10"]
            try:
                subprocess.run(waited, capture_output=True, check=True, timeout=20)
            except subprocess.SubprocessError:
                raise LackError("The JACK server would not start: try `jackd -d dummy` to see why.") from None
            yield
        finally:
            process.terminate()
            if before is None:
                del os.environ["JACK_DEFAULT_SERVER"]
            else:
                os.environ["JACK_DEFAULT_SERVER"] = before


def on_jack(bars: int, loaded: bool) -> JackRow:
    """One row, on the server that runs."""
    with listening() as listener:
        stats = try_player("jack", bars, BPM, out=PORT)
    off = [abs(frames) for frames in off_frames(listener.frames, CLOCK_FRAMES) if frames]
    return JackRow(
        loaded,
        clocks=len(listener.frames),
        off=len(off),
        most_ms=max(off, default=0) / RATE * 1e3,
        late_ms=stats.lateness_ms["max"],
        late_handover=stats.late_handover,
        xruns=listener.xruns,
    )


# --- what a person reads ------------------------------------------------------------------------------------

HEAD = (
    "while",
    "minutes",
    "real-time priority",
    "goal, ms",
    *(f"{who} {what}" for who in ("ours", "C") for what in ("p50", "p99", "max")),
)
JACK_HEAD = ("JACK, while", "clocks heard", "off their frame", "at most, ms", "late hand-overs", "xruns")
GOALS = {(False, True): "p99 0.3, max 2", (True, True): "p99 1"}


def cells(row: Row) -> tuple[str, ...]:
    """A row of the lateness table, under HEAD."""
    goal = GOALS.get((row.loaded, bool(row.priority)), "")
    figures = (f"{ms:.3f}" for ms in (*row.ours_ms, *row.bare_ms))
    return (_while(row.loaded), f"{row.seconds / 60:.1f}", row.priority or "no", goal, *figures)


def jack_cells(row: JackRow) -> tuple[str, ...]:
    """A row of JACK's table, under JACK_HEAD."""
    counts = (str(row.clocks), str(row.off), f"{max(row.most_ms, row.late_ms):.3f}")
    return (_while(row.loaded), *counts, str(row.late_handover), str(row.xruns))


def _while(loaded: bool) -> str:
    return "window, inference, busy cores" if loaded else "idle"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns for a terminal."""
    lines = (head, *rows)
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def words(report: Report) -> str:
    """The whole report."""
    return "\n\n".join(
        (
            table(HEAD, [cells(row) for row in report.rows]),
            table(JACK_HEAD, [jack_cells(row) for row in report.jack]),
            "\n".join(
                (
                    *report.said,
                    f"{report.machine}; load average {report.load:.1f} before.",
                )
            ),
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description="Lateness of the player, and the error of its clock follower."
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="how long each of the six rows takes (1)")
    parser.add_argument("--idle-minutes", type=float, help="how long the idle row with priority takes")
    parser.add_argument("--api", default="none", help="the port of those that send at once (none)")
    parser.add_argument("--seeds", type=int, default=10, help="runs of each of the follower's scenarios (10)")
    parser.add_argument("--json", action="store_true", help="print the lateness as JSON, and no follower")
    given = parser.parse_args(arguments)
    try:
        idle = None if given.idle_minutes is None else given.idle_minutes * 60
        report = measure(given.minutes * 60, given.api, idle)
    except GroovebridgeError as error:
        sys.exit(str(error))
    if given.json:
        print(json.dumps(asdict(report), indent=2))
    else:
        print(words(report), "", follower.table(given.seeds), sep="\n")


if __name__ == "__main__":
    main()
