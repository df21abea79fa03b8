"""What another program hears of the song: which notes, how hard, and on which frames."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP, loop_notes
from bridge.timing import BeatMap
from gui.models.playhead import Playhead
from tests.gui.room import Room
from tests.support.peer import Peer
from tests.support.takes import take

NOTE_ON = 0x99
FRAMES = 2
"""How far a note may be from its frame: each end of the sum is rounded once."""
Blow = tuple[float, int, int]
"""(song ticks, note, velocity)"""


def blows(loop: DrumLoop, first: int, until: int, notes: Iterable[int] = range(128)) -> list[Blow]:
    """What these steps of the song are with this loop, `first` and `until` in ticks, multiples of a step.

    Only those of `notes`. The early hits of the song's first step are on beat 1.
    """
    wanted = set(notes)
    found: list[Blow] = []
    for turn in range(first - first % LOOP_TICKS, until, LOOP_TICKS):
        found += [
            (float(max(0, turn + each.start_ticks)), each.note, each.velocity)
            for each in loop_notes(loop)
            if first <= turn + each.cell_ticks < until and each.note in wanted
        ]
    return sorted(found)


@dataclass
class Ear:
    """A program that is connected to the player of a window."""

    room: Room
    peer: Peer

    @property
    def playhead(self) -> Playhead:
        """Where the song is."""
        return self.room.session.playhead

    def next_line(self) -> int:
        """The bar line that comes next, in ticks."""
        return int(self.playhead.ticks // TICKS_PER_BAR + 1) * TICKS_PER_BAR

    def at_a_line(self) -> int:
        """Wait for the beginning of a bar; return the line at its end."""
        self.room.until(lambda: self.playhead.ticks % TICKS_PER_BAR < 2 * TICKS_PER_STEP)
        return self.next_line()

    def assert_hears(self, loop: DrumLoop, notes: Iterable[int] = range(128)) -> None:
        """The next whole bar is this loop's, of these notes only, each on its frame."""
        wanted = tuple(notes)

        def measure() -> None:
            line = self.next_line()
            self.assert_heard(blows(loop, line, line + TICKS_PER_BAR, wanted), line, line + TICKS_PER_BAR)

        take(measure, self.peer)

    def assert_heard(self, wanted: list[Blow], first: int, until: int) -> None:
        """Wait until these steps have been played: they are what is `wanted`, no note late, lost or added.

        The song's place on the frames is known to some milliseconds (two clocks are read one after the
        other), and then by the notes themselves: they share one error, which is taken off.
        """
        self.room.until(lambda: self.playhead.ticks > until)
        state = self.room.session.state
        assert wanted
        assert state is not None
        assert state.anchor is not None
        song = BeatMap.at(state.anchor.bpm, state.anchor.ticks, state.anchor.at_ns)
        frame, now_ns, rate = self.peer.frame(), time.perf_counter_ns(), self.peer.rate
        heard = [
            (song.to_ticks(round(now_ns + (each.frame - frame) * 1e9 / rate)), *each.message[1:])
            for each in self.peer.heard()
            if each.message[0] == NOTE_ON
        ]
        shift = _shift(heard, wanted)
        frames_per_tick = rate * song.ns_per_tick / 1e9
        assert abs(shift) * frames_per_tick < rate / 50
        half = TICKS_PER_STEP / 2  # a hit is less than that from its step
        here = [(at - shift, *blow) for at, *blow in heard if first - half <= at - shift < until - half]
        assert sorted(blow for _, *blow in here) == sorted(list(blow) for _, *blow in wanted)
        for (at, *_), (due, *_) in zip(sorted(here, key=_by_blow), sorted(wanted, key=_by_blow), strict=True):
            assert abs(at - due) * frames_per_tick <= FRAMES


def _shift(heard: Iterable[tuple[float, *tuple[int, ...]]], wanted: list[Blow]) -> float:
    """By how many ticks what was heard lies behind what was wanted, in the middle."""
    ways = []
    for due, *blow in wanted:
        alike = [at - due for at, *other in heard if other == blow]
        ways += [min(alike, key=abs)] if alike else []
    assert ways, "nothing of that was heard"
    return statistics.median(ways)


def _by_blow(blow: tuple[float, *tuple[int, ...]]) -> tuple[float, ...]:
    return (*blow[1:], blow[0])
