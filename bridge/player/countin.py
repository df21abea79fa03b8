"""Beats that are struck before a song begins, so that whoever plays along comes in with it.

    1 . 2 . 3 . 4 . | song            one bar; the song begins where the count ends
    ^ accented                        clock and Start go out with the song

The song stands meanwhile. A beat is a note of its own, no note of the song: it is not recorded or counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.groove import Voice
from bridge.groove.notes import TICKS_PER_BAR, TICKS_PER_BEAT
from bridge.player import midi
from bridge.player.output import Output
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
    """The beats of so many bars at a tempo, from `from_ns` on. Owned by the player's loop.

    ticks      where the song begins when the count is over; begins_ns when; bpm: how fast it is counted
    """

    def __init__(self, ticks: int, bars: int, bpm: float, from_ns: int, voicing: Voicing) -> None:
        self._voicing = voicing  # as it was: a beat is closed on the key on which it was struck
        line = BeatMap.at(bpm, 0, from_ns)
        self.ticks = ticks
        self.bpm = bpm
        self.begins_ns = line.to_ns(bars * TICKS_PER_BAR)
        self._beats = [
            Beat(
                line.to_ns(at),
                line.to_ns(at + LENGTH_TICKS),
                PLAIN if at % TICKS_PER_BAR else ACCENT,
            )
            for at in range(0, bars * TICKS_PER_BAR, TICKS_PER_BEAT)
        ]

    def advance(self, now_ns: int, until_ns: int, shift_ns: int, output: Output) -> None:
        """Hand over the beats before `until_ns` that are new, each `shift_ns` earlier; not those that were
        over before now: after a sleep they would all be struck at once.
        """
        new = [beat for beat in self._beats if beat.on_ns < until_ns]
        self._beats = self._beats[len(new) :]
        for beat in new:
            on_ns, off_ns = beat.on_ns - shift_ns, beat.off_ns - shift_ns
            if off_ns >= now_ns:
                output.click(self._voicing, VOICE, beat.velocity, on_ns, off_ns)

    def break_off(self, position_ticks: int, output: Output, now_ns: int) -> None:
        """The song is not to begin after all, and stands at `position_ticks`: no beat more, and the one that
        may sound is closed.
        """
        due_ns = now_ns + output.lead_ns
        key = self._voicing.key(VOICE)
        _, others = output.take_back(now_ns)
        blows = [midi.key_struck(message) for message, _ in others]
        mine = [blow is not None and blow[0] == key for blow in blows]
        output.resend(entry for entry, ours in zip(others, mine, strict=True) if not ours)
        output.silence(due_ns, position_ticks)
        if blows.count((key, False)) > blows.count((key, True)):  # a beat is out, and its end was not
            output.system(midi.note_off(key), due_ns)
