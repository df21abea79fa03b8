"""Where the song is, told when it is elsewhere than whoever listens must believe."""

from __future__ import annotations

from bridge.player.messages import Anchor, Motion
from bridge.timing import BeatMap

TEMPO_STEP_BPM = 0.05
ASTRAY_NS = 5_000_000
"""How far the song may be from where the last anchor puts it: a foreign tempo moves by less than a step, and
a sound card's clock is not the computer's. A player that takes this one's place tells by the anchor which
clock it hears (20 ms apart at 120 BPM), so less than half of one."""


class Whereabouts:
    """The last anchor that was told. Owned by the player's loop."""

    def __init__(self) -> None:
        self._told: Anchor | None = None
        self._line = BeatMap.at(120, 0, 0)  # what the anchor that was told says of the time after it
        self.moved = False
        """The song started, stopped or jumped: tell the next anchor whatever it says."""

    def is_news(self, anchor: Anchor) -> bool:
        """Whether this anchor has to be told; it counts as told then."""
        told = self._told
        if (
            told is not None
            and not self.moved
            and _kind(anchor) == _kind(told)
            and abs(anchor.bpm - told.bpm) <= TEMPO_STEP_BPM
            and not self._is_astray(anchor)
        ):
            return False
        self.moved = False
        self._told = anchor
        self._line = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns)
        return True

    def _is_astray(self, anchor: Anchor) -> bool:
        """Whether the rolling song is elsewhere by now than the anchor that was told says."""
        if anchor.motion is not Motion.ROLLING:
            return False
        return abs(anchor.at_ns - self._line.to_ns(anchor.ticks)) > ASTRAY_NS


def _kind(anchor: Anchor) -> tuple[object, ...]:
    return anchor.motion, anchor.sync, anchor.clock, anchor.peers
