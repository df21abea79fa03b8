"""Where the song is right now: the player's last anchor, interpolated at the screen's rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

from bridge.groove.loop import BEATS_PER_BAR, STEPS, STEPS_PER_BEAT
from bridge.player.messages import Anchor, Motion, Sync
from bridge.studio import position_ticks

TICKS_PER_STEP = 240
TICKS_PER_BEAT = TICKS_PER_STEP * STEPS_PER_BEAT
TICKS_PER_BAR = TICKS_PER_BEAT * BEATS_PER_BAR
FRAME_MS = 16
_NS_PER_MINUTE = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """A song position as musicians count it, all from 1: bar, beat 1..4, step (sixteenth) 1..4."""

    bar: int
    beat: int
    step: int

    @classmethod
    def at(cls, ticks: float) -> Place:
        """The place of a song position; positions before the song count as its start."""
        whole = max(0, int(ticks))
        bar, in_bar = divmod(whole, TICKS_PER_BAR)
        beat, in_beat = divmod(in_bar, TICKS_PER_BEAT)
        return cls(bar + 1, beat + 1, in_beat // TICKS_PER_STEP + 1)

    def __str__(self) -> str:
        return f"{self.bar}.{self.beat}.{self.step}"


def count_words(beats: float) -> str:
    """Where a count is that has so many beats to go (above 0): the bar before the song, and the beat, as
    -1.1 to -1.4.
    """
    left = math.ceil(beats)
    bars, last = divmod(left - 1, BEATS_PER_BAR)
    return f"\N{MINUS SIGN}{bars + 1}.{BEATS_PER_BAR - last}"


def loop_steps(ticks: float) -> float:
    """How far into the four-bar loop a song position is, in steps, 0 up to 64."""
    return (ticks / TICKS_PER_STEP) % STEPS


class Playhead(QObject):
    """The moving song position: `moved` tells its ticks, each frame while it rolls, or is counted in, and is
    watched.

    Nothing ticks while the song stands still or nobody looks (the window is hidden). Qt thread only.
    """

    moved = pyqtSignal(float)

    def __init__(self, now_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        super().__init__()
        self._now_ns = now_ns
        self._anchor: Anchor | None = None
        self._watched = False
        self._frames = QTimer(self)
        self._frames.setTimerType(Qt.TimerType.PreciseTimer)
        self._frames.setInterval(FRAME_MS)
        self._frames.timeout.connect(self._tell)

    @property
    def ticks(self) -> float:
        """The song position now; 0 before the first anchor."""
        return 0.0 if self._anchor is None else position_ticks(self._anchor, self._now_ns())

    @property
    def rolling(self) -> bool:
        """Whether the song moves."""
        return self._anchor is not None and self._anchor.motion is Motion.ROLLING

    @property
    def count(self) -> float | None:
        """How many beats it is to the beginning of a song that is counted in; None while none is."""
        anchor = self._anchor
        if anchor is None or anchor.motion is not Motion.ARMED or anchor.sync is not Sync.INTERNAL:
            return None
        beats = (anchor.at_ns - self._now_ns()) * anchor.bpm / _NS_PER_MINUTE
        return beats if beats > 0 else None

    @property
    def ticking(self) -> bool:
        """Whether frames are being told."""
        return self._frames.isActive()

    def follow(self, anchor: Anchor | None) -> None:
        """Go on from another anchor."""
        self._anchor = anchor
        self._settle()
        self._tell()

    def watch(self, watched: bool) -> None:
        """Say whether anyone looks; when they look again, they are told at once."""
        self._watched = watched
        self._settle()
        if watched:
            self._tell()

    def _settle(self) -> None:
        if (self.rolling or self.count is not None) and self._watched:
            if not self._frames.isActive():
                self._frames.start()
        else:
            self._frames.stop()

    def _tell(self) -> None:
        self.moved.emit(self.ticks)
