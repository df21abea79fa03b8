"""Who leads the song: what every conductor can be asked and told.

A conductor says when the song rolls, from where, and along which line; the engine plays along that line and
knows no more of where it comes from. What a conductor wants is a value, a *move*: the engine makes it, after
closing what it must.

    MIDI bytes --receive--> +-----------+ --Roll, Stand--> engine
    time --------check----> | conductor | --line---------> engine
    play, stop, tempo ----> +-----------+ --status-------> whoever watches
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.player.messages import ClockState, Motion, Sync
from bridge.timing import BeatMap


@dataclass(frozen=True, slots=True)
class Roll:
    """Roll from the song position `ticks` along `song`; if the song rolls, it goes on from there instead."""

    ticks: float
    song: BeatMap


@dataclass(frozen=True, slots=True)
class Stand:
    """Stop rolling and stand at the song position `ticks` (None: at the sixteenth that we are in)."""

    ticks: int | None = None


Move = Roll | Stand


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to see of a conductor.

    bpm      quarter notes a minute, None if it is not known yet
    motion   ROLLING if it has the song roll, ARMED if the next clock is the downbeat, else STOPPED
    clock    how well a foreign clock is held, OFF where there is none
    phase_ms how far the foreign clock is off our line, its jitter included
    peers    how many others share a Link session
    """

    bpm: float | None
    motion: Motion
    clock: ClockState = ClockState.OFF
    phase_ms: float = 0.0
    peers: int = 0


class Conductor(Protocol):
    """One who leads. Called from the player's loop only; nothing blocks. Times are ns of the ports' clock."""

    sync: Sync
    """Which of the sources it is."""

    check_ns: int
    """How often `check` wants to be called while the song stands; while it rolls, every 10 ms will do."""

    @property
    def line(self) -> BeatMap | None:
        """Song position <-> time as it is known now; None: nothing new, or the song does not roll."""

    def guessing(self, now_ns: int) -> bool:
        """Whether the song rolls on a guess that a clock has still to confirm: play no further than that."""

    def status(self, now_ns: int) -> Status:
        """What there is to see."""

    def join(self, now_ns: int) -> Move:
        """It leads from now on: what the song has to do."""

    def leave(self) -> None:
        """Another leads from now on."""

    def change_clock(self) -> None:
        """Times are of another clock from now on, for ports were closed or opened: the song stands."""

    def finish(self) -> None:
        """The song came to its end and stands, though nobody stopped it."""

    def check(self, now_ns: int, near_ns: int) -> Sequence[Move]:
        """Time has passed. What is due before `near_ns` will be handed over (`now_ns`: there is no port)."""

    def start(self, ticks: int, from_ns: int) -> Sequence[Move]:
        """Play was pressed, for this song position; the port can have a note out at `from_ns`."""

    def fall_in(self, song: BeatMap, from_ns: int) -> Sequence[Move]:
        """The song rolls already, along `song` as far as is known: roll with it. The port can have a note out
        at `from_ns`.
        """

    def stop(self) -> Sequence[Move]:
        """Stop was pressed."""

    def set_tempo(self, bpm: float, cursor_ticks: float) -> None:
        """A tempo, 20..400 BPM, was set. All before `cursor_ticks` is handed over and keeps its time."""
