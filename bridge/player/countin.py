"""Beats that are struck before a song begins, so that whoever plays along comes in with it.

    1 . 2 . 3 . 4 . | song            one bar; the song begins where the count ends
    ^ accented                        clock and Start go out with the song

The song stands meanwhile. A beat is a note of its own, no note of the song: it is not recorded or counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.groove import Voice
from bridge.groove.notes import TICKS_PER_BAR, TICKS_PER_BEAT
from bridge.player.voicing import Voicing
from bridge.timing import BeatMap

VOICE = Voice.CLOSED_HAT
"""Every kit has it, and it rings least into the song."""

ACCENT, PLAIN = 112, 80
LENGTH_TICKS = TICKS_PER_BEAT // 8


@dataclass(frozen=True, slots=True)
class Beat:
    """A blow: from when to when, by the ports' clock, and how hard, 1..127."""

    on_ns: int
    off_ns: int
    velocity: int


class CountIn:
    """The beats of so many bars at a tempo, from `from_ns` on. Pure; owned by the player's loop.

    ticks      where the song begins when the count is over; begins_ns when
    """

    def __init__(self, ticks: int, bars: int, bpm: float, from_ns: int, voicing: Voicing) -> None:
        self.voicing = voicing
        """The mix as it was: a beat is closed on the key on which it was struck."""
        line = BeatMap.at(bpm, 0, from_ns)
        self.ticks = ticks
        self.begins_ns = line.to_ns(bars * TICKS_PER_BAR)
        self._beats = [
            Beat(
                line.to_ns(at),
                line.to_ns(at + LENGTH_TICKS),
                PLAIN if at % TICKS_PER_BAR else ACCENT,
            )
            for at in range(0, bars * TICKS_PER_BAR, TICKS_PER_BEAT)
        ]

    def advance(self, until_ns: int) -> list[Beat]:
        """The beats before `until_ns` that are new."""
        new = [beat for beat in self._beats if beat.on_ns < until_ns]
        self._beats = self._beats[len(new) :]
        return new
