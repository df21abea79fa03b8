"""We lead: play, stop and tempo as they are set."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.player.conductors.base import Move, Roll, Stand, Status
from bridge.player.messages import Motion, Sync
from bridge.timing import BeatMap


class InternalConductor:
    """Our own clock. See `Conductor`."""

    sync = Sync.INTERNAL
    check_ns = 500_000_000

    def __init__(self, bpm: float) -> None:
        self.bpm = bpm
        """The tempo that is set, whether the song rolls or not."""
        self._line: BeatMap | None = None

    @property
    def line(self) -> BeatMap | None:
        """Straight from the last start or change of tempo."""
        return self._line

    def guessing(self, now_ns: int) -> bool:
        """Never."""
        return False

    def status(self, now_ns: int) -> Status:
        """Our tempo, and whether we roll."""
        return Status(self.bpm, Motion.STOPPED if self._line is None else Motion.ROLLING)

    def join(self, now_ns: int) -> Move:
        """Stand: it takes a start to roll."""
        self._line = None
        return Stand()

    def leave(self) -> None:
        """Nobody to take leave of."""

    def change_clock(self) -> None:
        """Stand."""
        self._line = None

    def finish(self) -> None:
        """Stand."""
        self._line = None

    def check(self, now_ns: int, near_ns: int) -> Sequence[Move]:
        """Nothing happens by itself."""
        return ()

    def start(self, ticks: int, from_ns: int) -> Sequence[Move]:
        """Roll as soon as the port can."""
        self._line = BeatMap.at(self.bpm, ticks, from_ns)
        return (Roll(ticks, self._line),)

    def fall_in(self, song: BeatMap, from_ns: int) -> Sequence[Move]:
        """Roll along the song from where it is once the port can, at the tempo that is set."""
        self._line = song.with_tempo(self.bpm, from_ns)
        return (Roll(max(0.0, song.to_ticks(from_ns)), self._line),)

    def stop(self) -> Sequence[Move]:
        """Stand where we are."""
        self._line = None
        return (Stand(),)

    def set_tempo(self, bpm: float, cursor_ticks: float) -> None:
        """From what is not handed over yet on; the position is kept."""
        self.bpm = bpm
        if self._line is not None:
            self._line = self._line.with_tempo(bpm, self._line.to_ns(cursor_ticks))
