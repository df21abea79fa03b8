"""A Link session as our ports' clock sees it: its tempo and bar lines as a line, its jumps as numbers.

Ableton Link gives all who share a session one line of beats (a tempo, and where bars begin) and whether the
transport plays. It has no song position: how many bars have passed is each peer's own affair, and even the
number of beats that it tells may jump by whole bars. Positions here are *session ticks*, 960 a beat, of which
only the place in the bar means anything to others.

Pure: states come in with their times, captured by whoever talks to Link. One thread owns a follower.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bridge.timing.beatmap import TICKS_PER_BEAT, BeatMap

BEATS_PER_BAR = 4
"""What Link calls the quantum: peers agree on beats, and on which of four is the first."""

TICKS_PER_BAR = BEATS_PER_BAR * TICKS_PER_BEAT

_PAIRS = 9
"""Of so many pairs of Link's time and ours the middle one counts: where the loop was interrupted between the
two, or a server's clock was late, the others outvote it. A real jump is followed in 50 ms."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """A session at one moment. Times are microseconds of Link's clock.

    at_us        when it was captured
    beat         the session's beat then; a bar begins where it is a multiple of four
    bpm          beats a minute, 20..999
    playing      whether the transport plays, or will at `playing_us`
    playing_us   when the transport starts or stops, or did so last
    peers        how many others share the session
    """

    at_us: int
    beat: float
    bpm: float
    playing: bool = False
    playing_us: int = 0
    peers: int = 0


class LinkFollower:
    """Turns captured states into one line of session ticks. Nothing blocks."""

    def __init__(self) -> None:
        self._gaps: deque[int] = deque(maxlen=_PAIRS)  # our clock minus Link's, in ns
        self._gap_ns = 0
        self._turn = 0  # whole bars that the session's beats are to be shifted by, in ticks
        self._line: BeatMap | None = None

    @property
    def line(self) -> BeatMap | None:
        """Session ticks <-> ns of our clock; None before the first state."""
        return self._line

    def see(self, state: LinkState, now_ns: int) -> float:
        """Take a state that was captured when our clock stood at `now_ns`; return by how far the beat jumped.

        The jump, in ticks, is where the session is now minus where the line before says, -1920..1920: beats
        that jumped by more are taken for the nearest place in the bar. A change of tempo alone is no jump.
        """
        self._gaps.append(now_ns - state.at_us * 1000)
        self._gap_ns = sorted(self._gaps)[len(self._gaps) // 2]
        at_ns = self.to_ns(state.at_us)
        ticks = state.beat * TICKS_PER_BEAT + self._turn
        jump = 0.0
        if self._line is not None:
            expected = self._line.to_ticks(at_ns)
            turn = round((expected - ticks) / TICKS_PER_BAR) * TICKS_PER_BAR
            self._turn += turn
            ticks += turn
            jump = ticks - expected
        self._line = BeatMap.at(state.bpm, ticks, at_ns)
        return jump

    def forget_clock(self) -> None:
        """Our clock is another one from now on: there is no line until the next state."""
        self._gaps.clear()
        self._line = None

    def to_ns(self, at_us: int) -> int:
        """A moment of Link's clock on ours. The two may drift apart by a sound card's error."""
        return at_us * 1000 + self._gap_ns

    def to_us(self, at_ns: int) -> int:
        """A moment of our clock on Link's, rounded up: what is due at a bar line is not before it."""
        return -((self._gap_ns - at_ns) // 1000)
