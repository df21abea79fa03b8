"""A player on trial: some bars through a real player process, to see how well this machine keeps time."""

from __future__ import annotations

from queue import Empty, SimpleQueue

import numpy as np

from bridge.errors import GroovebridgeError
from bridge.groove import VOICES, DrumLoop
from bridge.groove.loop import STEPS
from bridge.groove.notes import TICKS_PER_BAR
from bridge.player import PlayerConfig, PlayerLink
from bridge.player.messages import Ended, Fault, Finished, Report, SetLoop, Start, Stats
from bridge.timing import BeatMap

_START_S = 20.0
_NAME = "Groovebridge-trial"


class TrialError(GroovebridgeError):
    """The player could not play; the sentence is its own."""


def try_player(api: str, bars: int, bpm: float, *, realtime: bool = True, out: str | None = None) -> Stats:
    """Play so many bars of drums and MIDI clock through one API, and return the player's figures.

    out: the port of another program to play to; None: a virtual port, which nobody hears. The process, its
    loop and its sender are those of `groovebridge play`, with real-time priority or (`realtime` false)
    without. Takes as long as the bars do, and about a second more. Raises TrialError when there is no such
    port, or the player ends.
    """
    reports: SimpleQueue[Report] = SimpleQueue()
    config = PlayerConfig(
        api=api, out=out, bpm=bpm, bars=bars, send_clock=True, client_name=_NAME, realtime=realtime
    )
    limit_s = BeatMap.at(bpm, 0, 0).to_ns(bars * TICKS_PER_BAR) / 1e9 + _START_S
    fault = None
    with PlayerLink(config, reports.put) as link:
        link.send(SetLoop(_every_kind_of_hit(), 1))
        link.send(Start())
        try:
            while not isinstance(report := reports.get(timeout=limit_s), Finished | Ended):
                if isinstance(report, Fault):
                    fault = report.text
                    break
        except Empty:
            fault = "The player did not come to the end of its bars."
        stats = link.close()
    if fault or stats is None:
        raise TrialError(fault or "The player ended without its figures.")
    return stats


def _every_kind_of_hit() -> DrumLoop:
    """Four busy bars: early, late and on the grid, alone and together."""
    chance = np.random.default_rng(4)
    hits = chance.random((STEPS, VOICES)) < 0.2
    return DrumLoop.of(hits, chance.random((STEPS, VOICES)), chance.uniform(-0.4, 0.4, (STEPS, VOICES)))
