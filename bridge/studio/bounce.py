"""A song as a MIDI file, faster than it sounds: the player's own engine under a clock that does not wait.

The notes are those that `groovebridge play --record` writes of the same settings, because the same engine
plays them. With `evolve`, block n (four bars) is the draw (seed, index + n), as in a studio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bridge.groove import BARS
from bridge.model import Settings
from bridge.player.engine import Engine
from bridge.player.messages import Finished, LoopPlaying, PlayerConfig, SetLoop, Start, Sync
from bridge.ports.base import OutCounters
from bridge.studio.generate import LoopMaker

_AHEAD_BLOCKS = 1
_LEAD_NS = 2_000_000


def bounce(
    model: LoopMaker,
    config: PlayerConfig,
    settings: Settings,
    *,
    evolve: bool = False,
) -> Path:
    """Write the first `config.bars` bars of the song to `config.record`; return its path.

    The tempo and the voicing are the config's; ports, sync and latency are of no concern. About 200 times
    faster than the song, and a few milliseconds to draw each loop. Raises ValueError without bars or a path,
    SettingError for a config out of range, FileWriteError with the reason where the file cannot be written
    (there is none then), and what the model raises for settings that it does not have.
    """
    if config.bars is None or config.record is None:
        raise ValueError("a bounce needs a number of bars and a file")
    blocks = -(-config.bars // BARS) if evolve else 1
    heard: list[object] = []
    engine = Engine(replace(config, sync=Sync.INTERNAL, send_clock=False, latency_ms=0.0), heard.append)
    clock = _Clock()
    engine.attach(_Paper(clock, _PaperOut()), clock.ns)
    engine.handle(SetLoop(model.loop(settings), 1), clock.ns)
    given = 1
    engine.handle(Start(), clock.ns)
    wake_ns = engine.advance(clock.ns)
    playing = 1
    while not any(isinstance(report, Finished) for report in heard):
        for report in heard:
            if isinstance(report, LoopPlaying):
                playing = report.loop_id
        heard.clear()
        while given < min(blocks, playing + _AHEAD_BLOCKS):
            loop = model.loop(replace(settings, index=settings.index + given))
            engine.handle(SetLoop(loop, given + 1, block=given), clock.ns)
            given += 1
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
