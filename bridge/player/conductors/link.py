"""An Ableton Link session leads: its tempo, its bar lines, and its start and stop, which are ours as well.

Joining. Of two sessions that meet, Link keeps the one that was founded first, and by chance either of two
that were founded within half a second. A program that leaves and comes back at once may so win over the DAW
that was there before: whoever is left alone founds its session anew. So we found ours `HOLD_US` after we were
asked to lead, when every session that was there then is old enough to win, and until we know whether there
is one (`LOOK_US`), nothing of ours is told to anybody.

    asked -- HOLD: silent -- enter -- LOOK: anybody there? -- joined: tempo, start and stop go both ways

The song. Link has no song position. A start that comes from another peer, or that we find when we join,
begins our song at bar 1 on the session's next bar line (but not before the moment that the start names). Our
own start begins at the bar that was asked for, and tells the others the moment; while we are alone, a bar
line is put where we start, so that nobody waits for nothing.

A jump of the beat (two sessions merged, a peer forced it) of up to a thirty-second note is followed as it is:
the song is squeezed or stretched by so much. A greater one closes all notes, and the song goes on from the
next sixteenth, in phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Protocol

from bridge.player.conductors.base import Move, Roll, Stand, Status
from bridge.player.messages import ClockState, Motion, Sync
from bridge.timing import TICKS_PER_SIXTEENTH, BeatMap, next_boundary
from bridge.timing.link import TICKS_PER_BAR, LinkFollower, LinkState

HOLD_US = 600_000
LOOK_US = 1_000_000
SETTLE_US = 300_000
"""From meeting a peer to having heard what its transport does."""

SLIDE_TICKS = TICKS_PER_SIXTEENTH / 2
_SLACK_TICKS = 10
"""A start that is named this little after a bar line means that bar line: clocks are compared to microseconds
here, to a millisecond over a radio network."""


class LinkSession(Protocol):
    """A place in a Link session. Nothing blocks; times are microseconds of Link's clock."""

    def capture(self) -> LinkState:
        """The session as it is now. Costs some microseconds."""

    def enter(self, bpm: float) -> None:
        """Meet the others; `bpm` is the tempo if there are none."""

    def leave(self) -> None:
        """Meet nobody any more."""

    def set_tempo(self, bpm: float) -> None:
        """Change the tempo for all, now; beats are kept."""

    def start(self, at_us: int) -> None:
        """Have all transports play from this moment on. If we are alone, a bar begins there."""

    def stop(self) -> None:
        """Have all transports stop, now."""


class _Stage(Enum):
    HOLD = auto()
    LOOK = auto()
    JOINED = auto()


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where the song will begin: at the position `ticks`, its position 0 being at `zero` session ticks."""

    ticks: int
    zero: int


class LinkConductor:
    """Ableton Link. See `Conductor`. It is made anew each time that Link takes over the lead.

    The session is captured with each `check`, every 10 ms: that takes some microseconds, while Link's
    callbacks would come in a thread of its own that has to wait for the interpreter lock.
    """

    sync = Sync.LINK
    check_ns = 10_000_000

    def __init__(self, session: LinkSession, bpm: float) -> None:
        """`bpm` becomes the session's tempo if there is nobody else."""
        self._session = session
        self._bpm = bpm
        self._follower = LinkFollower()
        self._stage = _Stage.HOLD
        self._until_us: int | None = None  # when the stage ends
        self._entered_bpm = bpm
        self._state = LinkState(0, 0.0, bpm)
        self._wanted: int | BeatMap | None = None  # from where, or along what, we want to roll once we can
        self._plays = False  # whether we are at one with the session's playing
        self._entry: _Entry | None = None
        self._zero = 0
        self._rolling = False

    @property
    def line(self) -> BeatMap | None:
        """A new one with every check."""
        return self._song(self._zero) if self._rolling else None

    def guessing(self, now_ns: int) -> bool:
        """Never."""
        return False

    def status(self, now_ns: int) -> Status:
        """The session's tempo, and how many share it; LOCKING while we look for others, WAITING if alone."""
        waits = self._wanted is not None or self._entry is not None
        motion = Motion.ROLLING if self._rolling else Motion.ARMED if waits else Motion.STOPPED
        if self._stage is not _Stage.JOINED:
            return Status(self._bpm, motion, ClockState.LOCKING)
        peers = self._state.peers
        clock = ClockState.LOCKED if peers else ClockState.WAITING
        return Status(self._state.bpm, motion, clock, peers=peers)

    def join(self, now_ns: int) -> Move:
        """Stand until it is known whether others play."""
        return Stand()

    def leave(self) -> None:
        """The others play on."""
        self._session.leave()

    def change_clock(self) -> None:
        """The song goes on at its next bar line once there is a clock again, where it would be by then."""
        self._follower.forget_clock()
        if isinstance(self._wanted, BeatMap):
            self._wanted = 0
        if self._rolling:
            self._entry = _Entry(0, self._zero)
            self._rolling = False

    def finish(self) -> None:
        """The session plays on without us, until the next start."""
        self._rolling = False
        self._entry = None

    def check(self, now_ns: int, near_ns: int) -> Sequence[Move]:
        """Capture the session, and see what it asks of the song."""
        state = self._session.capture()
        if not self._is_joined(state):
            return ()
        self._state = state
        jump = self._follower.see(state, now_ns)
        if self._wanted is not None and near_ns > now_ns:
            self._start_all(now_ns, near_ns)
        elif state.playing and not self._plays:
            self._arm(0, max(near_ns, self._follower.to_ns(state.playing_us)))
        elif self._plays and not state.playing and state.playing_us <= state.at_us:
            return self._halt()
        if self._entry is not None and (roll := self._roll(self._entry, now_ns, near_ns)) is not None:
            return (roll,)
        if self._rolling and abs(jump) > SLIDE_TICKS:
            song = self._song(self._zero)
            return (Roll(next_boundary(song.to_ticks(near_ns), TICKS_PER_SIXTEENTH), song),)
        return ()

    def start(self, ticks: int, from_ns: int) -> Sequence[Move]:
        """Roll from the beginning of this bar on the next bar line; the next check tells the session."""
        self._wanted = ticks // TICKS_PER_BAR * TICKS_PER_BAR
        return ()

    def fall_in(self, song: BeatMap, from_ns: int) -> Sequence[Move]:
        """Join where the song is by then, on the session's next bar line; alone, on the song's own."""
        self._wanted, self._bpm = song, song.bpm
        return ()

    def stop(self) -> Sequence[Move]:
        """Stop, all of us."""
        if self._plays:
            self._session.stop()
        return self._halt()

    def set_tempo(self, bpm: float, cursor_ticks: float) -> None:
        """For all, at once. Before we have joined, it is the tempo if there is nobody else."""
        self._bpm = bpm
        if self._stage is _Stage.JOINED:
            self._session.set_tempo(bpm)

    # --- inside ---

    def _is_joined(self, state: LinkState) -> bool:
        """Go through the stages of joining."""
        if self._until_us is None:
            self._until_us = state.at_us + HOLD_US
        match self._stage:
            case _Stage.HOLD if state.at_us >= self._until_us:
                self._session.enter(self._bpm)
                self._stage, self._until_us = _Stage.LOOK, state.at_us + LOOK_US
                self._entered_bpm = self._bpm
            case _Stage.LOOK if state.peers and not self._state.peers:
                self._state = state
                self._until_us = min(self._until_us, state.at_us + SETTLE_US)
            case _Stage.LOOK if state.at_us >= self._until_us:
                self._stage = _Stage.JOINED
                if not state.peers and self._bpm != self._entered_bpm:
                    self._session.set_tempo(self._bpm)
        return self._stage is _Stage.JOINED

    def _start_all(self, now_ns: int, near_ns: int) -> None:
        """Have the session play from the next bar line that is far enough ahead; alone, from just there."""
        wanted, peers = self._wanted or 0, self._state.peers
        self._wanted = None
        grid = self._line if peers else wanted if isinstance(wanted, BeatMap) else None
        begin_ns = near_ns
        if grid is not None:
            begin_ns = grid.to_ns(next_boundary(grid.to_ticks(near_ns), TICKS_PER_BAR))
        if not (peers and self._state.playing):
            self._session.start(self._follower.to_us(begin_ns))
            self._follower.see(self._session.capture(), now_ns)
        if isinstance(wanted, BeatMap):
            wanted = max(0, round(wanted.to_ticks(begin_ns) / TICKS_PER_BAR)) * TICKS_PER_BAR
        self._arm(wanted, begin_ns)

    def _arm(self, ticks: int, from_ns: int) -> None:
        """Have the song begin at `ticks` on the first bar line at or just before `from_ns`, or after it."""
        bar = next_boundary(self._line.to_ticks(from_ns) - _SLACK_TICKS, TICKS_PER_BAR)
        self._entry = _Entry(ticks, bar - ticks)
        self._plays = True

    def _roll(self, entry: _Entry, now_ns: int, near_ns: int) -> Roll | None:
        """Begin the song if that is near. A bar line that was missed is made up for by the next."""
        song = self._song(entry.zero)
        begin_ns = song.to_ns(entry.ticks)
        if begin_ns > near_ns + self.check_ns:
            return None
        if begin_ns <= now_ns:
            later = next_boundary(song.to_ticks(near_ns) + 1, TICKS_PER_BAR)
            self._entry = _Entry(later, entry.zero)
            return None
        self._zero, self._entry, self._rolling = entry.zero, None, True
        return Roll(entry.ticks, song)

    def _halt(self) -> Sequence[Move]:
        self._wanted = self._entry = None
        self._plays = self._rolling = False
        return (Stand(),)

    @property
    def _line(self) -> BeatMap:
        line = self._follower.line
        assert line is not None, "no state was seen yet"
        return line

    def _song(self, zero: int) -> BeatMap:
        """Song position <-> time, the song's beginning being at `zero` session ticks."""
        line = self._line
        return replace(line, origin_ticks=line.origin_ticks - zero)
