"""How long notes take through the user's DAW and back: what `groovebridge latency` does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from bridge.errors import GroovebridgeError
from bridge.player import PlayerConfig, PlayerLink
from bridge.player.limits import MAX_LATENCY_MS
from bridge.player.loopback import setting_ms
from bridge.player.messages import Ended, Fault, Loopback, MeasureLoopback, PortsOpened, Report, Sync

_PROBE = 4  # notes, to see whether there is a loop at all
_ANSWER_S = 20.0
_NOTHING = (
    "No note came back. In your DAW, let a MIDI track take its input from Groovebridge, monitor it, and send "
    "it on to Groovebridge; docs/timing.md, Latency, says how in each DAW."
)
_Kind = TypeVar("_Kind", PortsOpened, Loopback)


class LoopbackError(GroovebridgeError):
    """It could not be measured; the sentence says why, and what to do."""


def measure(config: PlayerConfig, notes: int, wait_s: float, say: Callable[[str], None]) -> Loopback:
    """Send so many notes (1..64) through these ports, once any come back; wait so long for that to happen.

    A player process of its own does it. Takes 0.08 s a note, and a few seconds more. Raises LoopbackError
    when there are no such ports, or nothing comes back.
    """
    reports: SimpleQueue[Report] = SimpleQueue()
    with PlayerLink(config, reports.put) as link:
        opened = _await(reports, PortsOpened)
        say(f"Sending notes out of {opened.out} and listening at {opened.inp} ({opened.api}). Ctrl-C stops.")
        until_s = time.monotonic() + wait_s
        told = False
        while not _asked(link, reports, min(_PROBE, notes)).heard:
            if time.monotonic() >= until_s:
                raise LoopbackError(_NOTHING)
            if not told:
                told = True
                say("Nothing comes back yet: have a MIDI track of your DAW return what it gets from here.")
        found = _asked(link, reports, notes)
    if not found.heard:
        raise LoopbackError(_NOTHING)
    return found


def in_words(found: Loopback) -> str:
    """What was found, and what to do about it. Pure."""
    lines = [
        f"Notes come back after {found.latency_ms:.2f} ms (jitter {found.jitter_ms:.2f} ms, at most "
        f"{found.jitter_max_ms:.2f} ms; {found.heard} of {found.sent})."
    ]
    follow, link = setting_ms(found, Sync.CLOCK), setting_ms(found, Sync.LINK)
    if found.latency_ms > MAX_LATENCY_MS:
        lines.append(
            f"That is more than can be made up for ({MAX_LATENCY_MS} ms): choose a smaller buffer in the DAW."
        )
    elif follow:
        lines.append(
            f"Where you follow its clock, `groovebridge play --sync clock --latency {follow:g}` makes up for "
            "it. Where you lead, your clock takes the same way as the notes: leave it at 0. "
            f"On Ableton Link, {link:g} is the best guess."
        )
    else:
        lines.append("There is nothing to make up for.")
    if found.heard < found.sent:
        lines.append("Some were lost on the way: look for a filter on the track, or an overloaded machine.")
    return " ".join(lines)


def as_dict(found: Loopback) -> dict[str, Any]:
    """The figures, and what to set by who leads (in ms), as values that JSON has."""
    return {**asdict(found), "setting_ms": {sync.value: setting_ms(found, sync) for sync in Sync}}


def _asked(link: PlayerLink, reports: SimpleQueue[Report], notes: int) -> Loopback:
    link.send(MeasureLoopback(notes))
    found = _await(reports, Loopback)
    if found.trouble:
        raise LoopbackError(found.trouble)
    return found


def _await(reports: SimpleQueue[Report], kind: type[_Kind]) -> _Kind:
    """The next report of a kind; LoopbackError when the player tells of a fault instead, or of nothing."""
    while True:
        try:
            report = reports.get(timeout=_ANSWER_S)
        except Empty:
            raise LoopbackError("The player does not answer. `groovebridge doctor` may say why.") from None
        if isinstance(report, kind):
            return report
        if isinstance(report, Fault):
            raise LoopbackError(report.text)
        if isinstance(report, Ended):
            raise LoopbackError("The player ended unexpectedly. Run `groovebridge doctor` for the reason.")
