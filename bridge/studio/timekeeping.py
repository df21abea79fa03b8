"""Will this machine keep time? A player's trial in plain words, for `groovebridge doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from bridge import realtime
from bridge.errors import GroovebridgeError
from bridge.player.messages import Stats
from bridge.studio.finding import Finding, Verdict
from bridge.studio.trial import try_player

BPM = 400.0
BARS = 10
"""A bar takes 0.6 s at 400 BPM."""

JACK_BARS = 3
_TIGHT_MS, _GOOD_MS = 2, 10


def timekeeping(jack: bool) -> Iterator[Finding]:
    """What the player's own sender achieves now, on JACK too if a server answers, and its priority."""
    try:
        stats = try_player("none", BARS, BPM)
    except GroovebridgeError as error:
        yield Finding("Timing", Verdict.LIMITED, f"The timing could not be measured. {error}")
        return
    yield sender_finding(stats)
    if jack:
        try:
            yield jack_finding(try_player("jack", JACK_BARS, BPM))
        except GroovebridgeError as error:
            yield Finding("Timing on JACK", Verdict.LIMITED, str(error))
    yield priority_finding(stats.priority)


def sender_finding(stats: Stats) -> Finding:
    """What the figures of a trial on a port that sends at once mean to a listener. Pure.

    About 2 ms is the least shift between two drums that is noticed at all, 10 ms makes a flam of one hit.
    """
    late = stats.lateness_ms
    verdict = Verdict.GOOD
    if late["p99"] >= _GOOD_MS or stats.late_handover:
        verdict = Verdict.LIMITED
        words = "This machine is too busy now, and the beat may wobble: close other programs, or use JACK."
    elif late["p99"] >= _TIGHT_MS:
        words = "This machine keeps time well enough for drums."
    else:
        words = "This machine keeps time tighter than one can hear."
    return Finding(
        "Timing",
        verdict,
        f"{words} Of {stats.messages} messages that the player sent just now, half went out within "
        f"{late['p50']:.2f} ms of their time, 99 of 100 within {late['p99']:.2f} ms, all within "
        f"{late['max']:.2f} ms.{_late(stats)}",
        _figures(stats),
    )


def jack_finding(stats: Stats) -> Finding:
    """What the figures of a trial on JACK mean. Pure."""
    late_ms = stats.lateness_ms["max"]
    exact = late_ms == 0 and not stats.late_handover
    if stats.xruns:
        verdict = Verdict.LIMITED
        words = (
            f"JACK itself was late meanwhile (xruns: {stats.xruns}), which tears notes and sound: give its "
            "server longer periods, or close other programs."
        )
    elif exact:
        verdict, words = Verdict.GOOD, ""
    else:
        verdict, words = Verdict.LIMITED, "This machine is too busy now: close other programs."
    placed = (
        f"Each of {stats.messages} messages was on its exact frame."
        if exact
        else f"Of {stats.messages} messages the worst was {late_ms:.2f} ms behind its frame.{_late(stats)}"
    )
    return Finding("Timing on JACK", verdict, f"{placed} {words}".rstrip(), _figures(stats))


def priority_finding(priority: str) -> Finding:
    """What it means that real-time priority was granted, by this name, or (empty) not. Pure."""
    if priority:
        text = f"Granted ({priority}): other programs hardly disturb the beat."
        return Finding("Real-time priority", Verdict.GOOD, text, {"granted": priority})
    text = f"Not granted, so a busy program can delay the beat. {realtime.advice()}"
    return Finding("Real-time priority", Verdict.LIMITED, text, {"granted": None})


def _late(stats: Stats) -> str:
    return f" {stats.late_handover} reached the port too late." if stats.late_handover else ""


def _figures(stats: Stats) -> dict[str, object]:
    chosen = ("messages", "lateness_ms", "late_handover", "xruns", "priority")
    return {name: value for name, value in asdict(stats).items() if name in chosen}
