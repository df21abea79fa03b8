"""What this machine offers and how well it keeps time, in plain words: `groovebridge doctor`."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.errors import GroovebridgeError
from bridge.studio.finding import Finding, Verdict

PARITY = 1e-4
PROVIDERS = ("cpu", "cuda")
"""The providers that are spoken of; the rest of what onnxruntime lists is in the figures alone."""


def examine(bundle: Path | None = None) -> Iterator[Finding]:
    """Look at everything, one finding after the other, as each is known; about ten seconds in all.

    bundle: the model to try (None: the shipped one). Nothing is changed, and nothing is sent to anybody. Does
    not raise for what is missing or broken: that is what findings are for.
    """
    from bridge.ports.jack_client import jack_answers
    from bridge.studio.timekeeping import timekeeping

    yield _system()
    jack = jack_answers()
    yield from _midi(jack)
    yield _link()
    yield from timekeeping(jack)
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


def _midi(jack: bool) -> Iterator[Finding]:
    from bridge.ports import API_TITLES, best_api
    from bridge.ports.rtmidi_port import rtmidi_works

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
            f"`groovebridge play` will use {API_TITLES[best]} and open the virtual port Groovebridge.",
            {"best": best, "virtual_ports": True},
        )


def _ports(api: str) -> str:
    from bridge.ports import list_ports

    try:
        found = list_ports(api)
    except GroovebridgeError as error:
        return str(error)
    return f"Other programs offer {len(found.outputs)} outputs and {len(found.inputs)} inputs."


def _link() -> Finding:
    from bridge.player.ableton import LinkMissingError, require_link

    try:
        require_link()
    except LinkMissingError as error:
        return Finding("Ableton Link", Verdict.GOOD, str(error), {"installed": False})
    return Finding(
        "Ableton Link",
        Verdict.GOOD,
        "Ableton Link is installed: choose it as Sync, or run `groovebridge play --sync link`.",
        {"installed": True},
    )


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
