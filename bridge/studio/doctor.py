"""What this machine offers and how well it keeps time, in plain words: `groovebridge doctor`."""

from __future__ import annotations

import multiprocessing
import os
import platform
import queue
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from bridge.errors import GroovebridgeError

TAKES = 400
"""Waits that are timed; at 5 ms each it takes two seconds."""

PERIOD_NS = 5_000_000
PARITY = 1e-4
PROVIDERS = ("cpu", "cuda")
"""The providers that are spoken of; the rest of what onnxruntime lists is in the figures alone."""

_PRIORITY = 10  # what the player asks for
_TIMEOUT_S = 20.0


class Verdict(Enum):
    """What a finding means for playing."""

    GOOD = "good"
    LIMITED = "limited"  # it plays, but less well or less comfortably than it could
    BROKEN = "broken"  # it cannot play


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its name, what it means, a sentence, and the figures behind it."""

    name: str
    verdict: Verdict
    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The finding as values that JSON has."""
        return {"name": self.name, "verdict": self.verdict.value, "text": self.text, **self.figures}


def examine(bundle: Path | None = None) -> Iterator[Finding]:
    """Look at everything, one finding after the other, as each is known; under ten seconds in all.

    bundle: the model to try (None: the shipped one). Nothing is changed and nothing is sent. Does not raise
    for what is missing or broken: that is what findings are for.
    """
    yield _system()
    yield from _midi()
    yield _timing()
    yield from _model(bundle)


def _system() -> Finding:
    python = platform.python_version()
    return Finding(
        "System",
        Verdict.GOOD,
        f"{platform.system()} {platform.release()} on {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {python}.",
        {"python": python, "platform": platform.platform(), "processors": os.cpu_count()},
    )


# --- MIDI ---------------------------------------------------------------------------------------------------


def _midi() -> Iterator[Finding]:
    from bridge.ports import best_api
    from bridge.ports.jack_client import jack_answers
    from bridge.ports.rtmidi_port import rtmidi_works

    jack = jack_answers()
    yield Finding(
        "JACK",
        Verdict.GOOD if jack else Verdict.LIMITED,
        "A JACK server answers: notes will be on its exact frames. " + _ports("jack")
        if jack
        else "No JACK server answers. With one (jackd, or PipeWire's) every note is on its exact frame.",
        {"running": jack},
    )
    if sys.platform.startswith("linux"):
        alsa = rtmidi_works("alsa")
        yield Finding(
            "ALSA MIDI",
            Verdict.GOOD if alsa else Verdict.LIMITED,
            "The ALSA sequencer is here: a virtual port for any DAW. " + _ports("alsa")
            if alsa
            else "There is no ALSA sequencer here (load it with: sudo modprobe snd-seq).",
            {"available": alsa},
        )
    best = best_api()
    if best == "none":
        yield Finding(
            "MIDI",
            Verdict.LIMITED,
            "No MIDI system was found, so loops play in the terminal and are saved as files.",
            {"best": best, "virtual_ports": False},
        )
    elif best == "winmm":
        yield Finding(
            "MIDI",
            Verdict.LIMITED,
            "Windows has no virtual ports of its own: install loopMIDI, add a port there, and choose it "
            f"with --out. {_ports(best)}",
            {"best": best, "virtual_ports": False},
        )
    else:
        yield Finding(
            "MIDI",
            Verdict.GOOD,
            f"`groovebridge play` will use {_API_TITLES[best]} and open the virtual port Groovebridge.",
            {"best": best, "virtual_ports": True},
        )


_API_TITLES = {"jack": "JACK", "alsa": "ALSA", "coremidi": "CoreMIDI", "winmm": "Windows MIDI"}


def _ports(api: str) -> str:
    from bridge.ports import list_ports

    try:
        found = list_ports(api)
    except GroovebridgeError as error:
        return str(error)
    return f"Other programs offer {len(found.outputs)} outputs and {len(found.inputs)} inputs."


# --- timing -------------------------------------------------------------------------------------------------


def _timing() -> Finding:
    try:
        realtime, late_ns = measure_wakeups(TAKES)
    except (OSError, RuntimeError) as error:
        return Finding("Timing", Verdict.LIMITED, f"The timing could not be measured: {error}.")
    p50, p99, worst = _percentiles_ms(late_ns)
    verdict, words = timing_verdict(p99)
    priority = (
        "Real-time priority is granted."
        if realtime
        else "Real-time priority is not granted; with it, other programs disturb the beat less."
    )
    return Finding(
        "Timing",
        verdict,
        f"{words} A timed loop woke up {p50:.2f} ms late in the middle, {p99:.2f} ms at the 99th percentile, "
        f"{worst:.2f} ms at worst. {priority}",
        {"late_ms": {"p50": p50, "p99": p99, "max": worst}, "takes": len(late_ns), "realtime": realtime},
    )


def timing_verdict(p99_ms: float) -> tuple[Verdict, str]:
    """What a 99th percentile of lateness means to a listener. Pure.

    About 2 ms is the least shift between two drums that is noticed at all, 10 ms makes a flam of one hit.
    """
    if p99_ms < 2:
        return Verdict.GOOD, "This machine keeps time tighter than one can hear."
    if p99_ms < 10:
        return Verdict.GOOD, "This machine keeps time well enough for drums."
    return (
        Verdict.LIMITED,
        "This machine is busy or slow to wake up, and the beat may wobble: close other programs, or play "
        "through JACK.",
    )


def measure_wakeups(takes: int, period_ns: int = PERIOD_NS) -> tuple[bool, list[int]]:
    """Time a loop like the player's in a process of its own.

    Returns whether real-time priority was granted, and by how many nanoseconds each wait for an absolute
    deadline ended late. Raises RuntimeError or OSError if the process cannot be started or does not answer.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_wait_and_tell, args=(theirs, takes, period_ns), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(_TIMEOUT_S):
            raise RuntimeError("the measuring process did not answer")
        try:
            answer: tuple[bool, list[int]] = ours.recv()
        except EOFError as error:
            raise RuntimeError("the measuring process ended without an answer") from error
    finally:
        ours.close()
        process.join(1.0)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()
    return answer


def _wait_and_tell(pipe: Any, takes: int, period_ns: int) -> None:
    realtime = False
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
            realtime = True
    nothing: queue.SimpleQueue[None] = queue.SimpleQueue()
    late: list[int] = []
    due = time.perf_counter_ns()
    for _ in range(takes):
        due += period_ns
        with suppress(queue.Empty):
            nothing.get(timeout=max(0, due - time.perf_counter_ns()) / 1e9)
        late.append(max(0, time.perf_counter_ns() - due))
    pipe.send((realtime, late))
    pipe.close()


def _percentiles_ms(values_ns: list[int]) -> tuple[float, float, float]:
    """Median, 99th percentile (nearest rank) and maximum in ms."""
    ordered = sorted(values_ns)
    ranks = (-(-len(ordered) // 2), -(-len(ordered) * 99 // 100), len(ordered))
    p50, p99, worst = (round(ordered[rank - 1] / 1e6, 3) for rank in ranks)
    return p50, p99, worst


# --- the model ----------------------------------------------------------------------------------------------


def _model(path: Path | None) -> Iterator[Finding]:
    from bridge.model import Bundle, Model, probe

    try:
        bundle = Bundle.load(path)
        reports = probe(bundle)
    except GroovebridgeError as error:
        yield Finding("Model", Verdict.BROKEN, str(error))
        return
    started = [report for report in reports if report.starts]
    fastest = min((report.decode_ms or 0.0 for report in started), default=0.0)
    words = [
        f"{report.name.upper()}: {report.decode_ms or 0.0:.1f} ms a loop." if report.starts else report.reason
        for report in reports
        if report.name in PROVIDERS
    ]
    yield Finding(
        "Inference",
        Verdict.GOOD if started else Verdict.BROKEN,
        " ".join(words),
        {
            "providers": [
                {"name": r.name, "starts": r.starts, "reason": r.reason, "decode_ms": r.decode_ms}
                for r in reports
            ],
            "fastest_ms": fastest,
        },
    )
    yield _replayed(lambda: Model(bundle).replay())


def _replayed(replay: Callable[[], float]) -> Finding:
    try:
        difference = replay()
    except GroovebridgeError as error:
        return Finding("Model", Verdict.BROKEN, str(error))
    if difference > PARITY:
        return Finding(
            "Model",
            Verdict.BROKEN,
            f"The model's files are whole, but its answer to the stored input is {difference:.2g} off the "
            f"stored one ({PARITY:g} is allowed). Install another version of onnxruntime, or another bundle.",
            {"difference": difference},
        )
    return Finding(
        "Model",
        Verdict.GOOD,
        "The model's files are whole, and it answers the stored input as it did when it was exported "
        f"(within {difference:.1g}).",
        {"difference": difference},
    )
