"""An Ableton Link session under a simulated clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.timing.link import LinkState

if TYPE_CHECKING:
    from tests.player.support import SimulatedClock


@dataclass
class SimulatedSession:
    """A `LinkSession`; `others` with a tempo and a beat of their own are met `meets_ms` after we enter.

    `told` is what we committed: each of it would have reached the others.
    """

    clock: SimulatedClock
    others: int = 0
    bpm: float = 96.0
    playing: bool = False
    meets_ms: float = 50.0
    ahead_us: int = 123_456_789  # Link's clock minus ours
    told: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._session_bpm = self.bpm  # that of the others
        self._beat, self._beat_us = 1.3, self.now_us  # one line, ours or the session's
        self._since_us = 0
        self._meets_us: float | None = None
        self._met = False

    @property
    def now_us(self) -> int:
        return self.clock.ns // 1000 + self.ahead_us

    @property
    def peers(self) -> int:
        return self.others if self._met else 0

    def beat_at(self, at_us: float) -> float:
        return self._beat + (at_us - self._beat_us) * self.bpm / 60e6

    def ns_of(self, at_us: float) -> int:
        return round((at_us - self.ahead_us) * 1000)

    # --- what others do ---

    def change_tempo(self, bpm: float) -> None:
        now_us = self.now_us
        self._beat, self._beat_us, self.bpm = self.beat_at(now_us), now_us, bpm

    def jump(self, beats: float) -> None:
        self._beat += beats

    def play(self, on: bool, in_ms: float = 0) -> None:
        self.playing, self._since_us = on, self.now_us + round(in_ms * 1000)

    def next_bar_ns(self) -> int:
        beat = self.beat_at(self.now_us)
        return self.ns_of(self.now_us + (-beat % 4) * 60e6 / self.bpm)

    # --- LinkSession ---

    def capture(self) -> LinkState:
        now_us = self.now_us
        if self.others and self._meets_us is not None and now_us >= self._meets_us:
            self._met, self._meets_us = True, None
            self.change_tempo(self._session_bpm)
            self.jump(2.7)
        playing = self.playing if self._met or not self.others else False
        return LinkState(now_us, self.beat_at(now_us), self.bpm, playing, self._since_us, self.peers)

    def enter(self, bpm: float) -> None:
        self._meets_us = self.now_us + self.meets_ms * 1000
        if not self.others:
            self.playing = False
        self.change_tempo(bpm)

    def leave(self) -> None:
        self._meets_us, self._met = None, False

    def set_tempo(self, bpm: float) -> None:
        self.told.append(("tempo", bpm))
        self.change_tempo(bpm)

    def start(self, at_us: int) -> None:
        self.told.append(("start", at_us))
        self.playing, self._since_us = True, at_us
        if not self.peers:
            self._beat, self._beat_us = 0.0, at_us

    def stop(self) -> None:
        self.told.append(("stop", self.now_us))
        self.playing, self._since_us = False, self.now_us
