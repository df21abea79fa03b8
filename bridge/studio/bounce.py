"""A song as a MIDI file, faster than it sounds: the player's own engine under a clock that does not wait.

The notes are those that `groovebridge play --record` writes of the same settings, because the same engine
plays them. With `evolve`, block n (four bars) is the draw (seed, index + n), as in a studio; with `wander`
each bar has its own sliders. A bar's loop is handed over in the middle of the bar before (`rides`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.groove import BARS
from bridge.model import Settings
from bridge.player.engine import Engine
from bridge.player.messages import Anchor, Finished, PlayerConfig, SetLoop, Start, Sync
from bridge.ports.base import OutCounters
from bridge.studio.generate import LoopMaker
from bridge.studio.rides import due
from bridge.studio.sway import Manner, wandered

_LEAD_NS = 2_000_000


def bounce(
    model: LoopMaker,
    config: PlayerConfig,
    settings: Settings,
    *,
    evolve: bool = False,
    wander: Manner | None = None,
    sliders: Sequence[str] = (),
) -> Path:
    """Write the first `config.bars` bars of the song to `config.record`; return its path.

    wander    how the `sliders`, and the raw axes that are held, wander; None: they stay

    The tempo and the voicing are the config's; ports, sync and latency are of no concern. About 200 times
    faster than the song, and a few milliseconds to draw each loop. Raises ValueError without bars or a path,
    SettingError for a config out of range, FileWriteError with the reason where the file cannot be written
    (there is none then), and what the model raises for settings that it does not have.
    """
    if config.bars is None or config.record is None:
        raise ValueError("a bounce needs a number of bars and a file")
    heard: list[object] = []
    anchor: Anchor | None = None
    engine = Engine(replace(config, sync=Sync.INTERNAL, send_clock=False, latency_ms=0.0), heard.append)
    clock = _Clock()
    engine.attach(_Paper(clock, _PaperOut()), clock.ns)
    given, number, bar = settings, 1, 0
    engine.handle(SetLoop(model.loop(given), number), clock.ns)
    engine.handle(Start(), clock.ns)
    wake_ns = engine.advance(clock.ns)
    while not any(isinstance(report, Finished) for report in heard):
        anchor = next((report for report in reversed(heard) if isinstance(report, Anchor)), anchor)
        heard.clear()
        wanted = due(anchor, clock.ns)
        if bar != wanted.bar < config.bars:
            bar = wanted.bar
            there = replace(settings, index=settings.index + (bar // BARS if evolve else 0))
            if wander is not None:
                there = wandered(there, sliders, bar, wander)
            if there != given:
                given, number = there, number + 1
                engine.handle(SetLoop(model.loop(given), number, wanted.at), clock.ns)
        clock.ns = max(wake_ns, clock.ns + 1)
        wake_ns = engine.advance(clock.ns)
    engine.detach(clock.ns)
    engine.recorder.write(config.record)
    return Path(config.record)


@dataclass(slots=True)
class _Clock:
    """It is always as late as we want it to be. See `Clock`."""

    ns: int = 0

    def now_ns(self) -> int:
        """The present."""
        return self.ns

    def to_host_ns(self, at_ns: int) -> int:
        """One clock for all."""
        return at_ns


class _PaperOut:
    """A `MidiOut` that nothing comes out of: the engine writes down what it plays."""

    name = "paper"
    lead_ns = _LEAD_NS
    xruns = 0

    def send(self, message: bytes, due_ns: int) -> None:
        """Let it go."""

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:  # noqa: ARG002 - whenever that is
        """It is all out."""
        return []

    def counters(self) -> OutCounters:
        """Nothing is late."""
        return OutCounters()


@dataclass(frozen=True, slots=True)
class _Paper:
    """The pair of ports, without an input. See `Ports`."""

    clock: _Clock
    out: _PaperOut
    api: str = "none"
    inp: None = None
    destination: None = None
    source: None = None

    def close(self) -> None:
        """Nothing to close."""
