"""A MIDI clock's transport as a value: feed it bytes and times, it says what happened and where the song is.

    message      | STOPPED        | ARMED          | ROLLING                     | STALLED
    Start  FA    | arm at 0       | arm at 0       | arm at 0                    | arm at 0
    Continue FB  | arm where it is| arm where it is| -                           | arm where it is
    Stop   FC    | -              | stop           | stop                        | stop
    SPP    F2    | locate         | arm there      | jump with the next F8       | locate
    Clock  F8    | -              | roll           | 40 ticks on (or jump)       | roll, within 5 s
    silence      | -              | -              | stall                       | -

The next F8 after Start or Continue *is* the position (MIDI 1.0 Detailed Specification, System Real Time
Messages). Every F8 feeds the follower, in any state: the tempo of a running clock is known before Start.

- Start while rolling is obeyed: a sender that loops without Stop is at 0.
- SPP while rolling (not foreseen by the specification, but DAWs that loop send it) names the position of the
  next F8. One that names what the next F8 will be anyway is no jump, give or take the 16,384 sixteenths at
  which SPP wraps.
- A sender that falls silent while rolling has lost its ticks for a second or 30 clocks, whichever is longer;
  we roll on along the line. After that it has stalled: we stop, so that no drums run away from a DAW that
  died. If ticks are back within five seconds, they go on where the last one was heard (a DAW that hung
  counts on from there, and sends no Start). Later than that, they wait for Start or Continue, like the ticks
  of any clock that runs while its song stands.

Time is an argument. Pure, about 0.05 ms a message, never raises. Not thread-safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bridge.timing.beatmap import TICKS_PER_CLOCK, TICKS_PER_SIXTEENTH, BeatMap
from bridge.timing.follower import ClockFollower, FollowerState, Lock

SPP_TICKS = (1 << 14) * TICKS_PER_SIXTEENTH
"""Where a song position pointer wraps: 1,024 bars of 4/4."""

RESUME_WITHIN_NS = 5_000_000_000
_UNHEARD_BPM = 120.0


class Motion(Enum):
    """What the transport does.

    ARMED: the next F8 is the position. STALLED: it rolled, and the clock went silent.
    """

    STOPPED = "stopped"
    ARMED = "armed"
    ROLLING = "rolling"
    STALLED = "stalled"


class Input(Enum):
    """What can come in, by status byte."""

    LOCATE = 0xF2
    TICK = 0xF8
    START = 0xFA
    CONTINUE = 0xFB
    STOP = 0xFC


@dataclass(frozen=True, slots=True)
class Armed:
    """The next F8 will be `ticks`. If we were rolling, what sounds has to end."""

    ticks: int


@dataclass(frozen=True, slots=True)
class Rolling:
    """The song is at `ticks` since `at_ns`, and rolls: after Start, Continue, a jump, or a stall that is
    over.
    """

    ticks: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Stop came; a Continue would go on at `ticks`."""

    ticks: int


@dataclass(frozen=True, slots=True)
class Located:
    """The song was put to `ticks` while it does not roll."""

    ticks: int


@dataclass(frozen=True, slots=True)
class ClockLost:
    """The clock went silent while rolling; the song stands at `ticks`."""

    ticks: int


TransportEvent = Armed | Rolling | Stopped | Located | ClockLost


class Action(Enum):
    """What an input does in a state."""

    ARM_AT_ZERO = "arm at 0"
    ARM = "arm where it is"
    LOCATE = "locate"
    ARM_THERE = "arm there"
    AIM = "jump with the next F8"
    STOP = "stop"
    ROLL = "roll"
    RESUME = "roll if it was not long"
    STEP = "go on"


TABLE: dict[tuple[Motion, Input], Action] = {
    (Motion.STOPPED, Input.START): Action.ARM_AT_ZERO,
    (Motion.STOPPED, Input.CONTINUE): Action.ARM,
    (Motion.STOPPED, Input.LOCATE): Action.LOCATE,
    (Motion.ARMED, Input.START): Action.ARM_AT_ZERO,
    (Motion.ARMED, Input.CONTINUE): Action.ARM,
    (Motion.ARMED, Input.STOP): Action.STOP,
    (Motion.ARMED, Input.LOCATE): Action.ARM_THERE,
    (Motion.ARMED, Input.TICK): Action.ROLL,
    (Motion.ROLLING, Input.START): Action.ARM_AT_ZERO,
    (Motion.ROLLING, Input.STOP): Action.STOP,
    (Motion.ROLLING, Input.LOCATE): Action.AIM,
    (Motion.ROLLING, Input.TICK): Action.STEP,
    (Motion.STALLED, Input.START): Action.ARM_AT_ZERO,
    (Motion.STALLED, Input.CONTINUE): Action.ARM,
    (Motion.STALLED, Input.STOP): Action.STOP,
    (Motion.STALLED, Input.LOCATE): Action.LOCATE,
    (Motion.STALLED, Input.TICK): Action.RESUME,
}
"""What is not in the table changes nothing."""


class ClockTransport:
    """Where a foreign song is, from its MIDI clock. It starts stopped at 0."""

    def __init__(self) -> None:
        self._follower = ClockFollower()
        self._motion = Motion.STOPPED
        self._position = 0  # not rolling: of the next F8. Rolling: of the F8 with the number `_first`
        self._first = 0
        self._rolled_at_ns = 0
        self._jump: int | None = None
        self._told: BeatMap | None = None  # armed by `fall_in`: where the song was said to be
        self._told_at_ns = 0

    @property
    def motion(self) -> Motion:
        """What the transport does."""
        return self._motion

    @property
    def map(self) -> BeatMap | None:
        """Song position <-> time while rolling, as smooth as the follower knows it; None otherwise.

        It is straight, and a new value with every F8. Before a second F8 was ever heard it assumes 120 BPM.
        """
        if self._motion is not Motion.ROLLING:
            return None
        smooth = self._follower.map_from(self._first, self._position, TICKS_PER_CLOCK)
        return smooth or BeatMap.at(_UNHEARD_BPM, self._position, self._rolled_at_ns)

    @property
    def armed_map(self) -> BeatMap | None:
        """Where the song will be if it rolls with the next F8 of a clock that runs steadily; None if unknown.

        For a player that wants beat 1 to sound with its F8 and not after it, and that can take it back:
        Stop may come first, and a sender may set its clock anew at Start.
        """
        at_ns = self._follower.next_tick_ns()
        if self._motion is not Motion.ARMED or self._told is not None or at_ns is None:
            return None
        if self._follower.state(at_ns).kind is not Lock.LOCKED:
            return None
        return self._follower.map_from(self._follower.number + 1, self._position, TICKS_PER_CLOCK)

    def state(self, now_ns: int) -> FollowerState:
        """How well the clock is known. A silent clock counts as lost only while it should run: WAITING
        otherwise.
        """
        state = self._follower.state(now_ns)
        if state.kind is Lock.LOST and self._motion in (Motion.STOPPED, Motion.ARMED):
            return FollowerState(Lock.WAITING, state.bpm, state.phase_ms)
        return state

    def position_ticks(self, now_ns: int) -> float:
        """Where the song is at `now_ns`; while it does not roll, where it would go on."""
        line = self.map
        return float(self._position) if line is None else line.to_ticks(now_ns)

    def receive(self, message: bytes, at_ns: int) -> tuple[TransportEvent, ...]:
        """Take a MIDI message that arrived at `at_ns`; other than the five of the table it changes
        nothing.
        """
        what = _INPUTS.get(message[0]) if message else None
        if what is None or (what is Input.LOCATE and len(message) != 3):
            return ()
        lost = self.check(at_ns)
        action = TABLE.get((self._motion, what))
        if what is Input.TICK:
            return lost + self._tick(action, at_ns)
        if action is Action.ARM_AT_ZERO:
            return (*lost, self._arm(0))
        if action is Action.ARM:
            return (*lost, self._arm(self._position))
        if action is Action.STOP:
            return (*lost, self._stop())
        if action in (Action.LOCATE, Action.ARM_THERE, Action.AIM):
            ticks = (message[1] & 0x7F | (message[2] & 0x7F) << 7) * TICKS_PER_SIXTEENTH
            return lost + self._locate(action, ticks)
        return lost

    def fall_in(self, song: BeatMap, now_ns: int) -> None:
        """The song rolls, though we have not heard its Start: it was said to run along `song`.

        The next F8 is the position that is nearest to where the song will be then, if it comes within five
        seconds. For one who has missed the beginning.
        """
        self._arm(max(0, round(song.to_ticks(now_ns) / TICKS_PER_SIXTEENTH) * TICKS_PER_SIXTEENTH))
        self._told, self._told_at_ns = song, now_ns

    def check(self, now_ns: int) -> tuple[TransportEvent, ...]:
        """See whether the clock has gone: call it now and then while rolling, at least every 100 ms."""
        silent = now_ns - self._heard_ns() > self._follower.silence_ns()
        if self._motion is not Motion.ROLLING or not silent:
            return ()
        self._position = self._upcoming()
        self._motion, self._jump = Motion.STALLED, None
        return (ClockLost(self._position),)

    # --- the actions --------------------------------------------------------------------------------------

    def _tick(self, action: Action | None, at_ns: int) -> tuple[TransportEvent, ...]:
        jump, self._jump = self._jump, None
        if self._told is not None:
            action = self._take_told(self._told, at_ns)
        silent_ns = at_ns - self._heard_ns()
        jumps = jump is not None and action is Action.STEP
        self._follower.tick(at_ns, first=jumps or action is Action.ROLL)
        rolls = action is Action.ROLL
        if action is Action.RESUME:
            if silent_ns > RESUME_WITHIN_NS:
                self._motion = Motion.STOPPED
            else:
                rolls = self._follower.heard_ns == at_ns  # a tick that makes sense
        if jump is not None and action is Action.STEP:
            self._position = jump
            rolls = True
        if not rolls:
            return ()
        self._motion = Motion.ROLLING
        self._first = self._follower.number
        self._rolled_at_ns = at_ns
        return (Rolling(self._position, at_ns),)

    def _take_told(self, song: BeatMap, at_ns: int) -> Action | None:
        """What an F8 does that `fall_in` waits for."""
        self._told = None
        if at_ns - self._told_at_ns > RESUME_WITHIN_NS:
            self._motion = Motion.STOPPED
            return None
        self._position = max(0, round(song.to_ticks(at_ns) / TICKS_PER_CLOCK) * TICKS_PER_CLOCK)
        return Action.ROLL

    def _arm(self, ticks: int) -> Armed:
        self._motion, self._position, self._jump, self._told = Motion.ARMED, ticks, None, None
        return Armed(ticks)

    def _stop(self) -> Stopped:
        if self._motion is Motion.ROLLING:
            self._follower.settle()
            self._position = self._upcoming()
        self._motion, self._jump, self._told = Motion.STOPPED, None, None
        return Stopped(self._position)

    def _locate(self, action: Action, ticks: int) -> tuple[TransportEvent, ...]:
        if action is Action.AIM:
            announced = (self._next_position() - ticks) % SPP_TICKS == 0
            self._jump = None if announced else ticks
            return ()
        self._position, self._told = ticks, None
        if action is Action.ARM_THERE:
            return (Armed(ticks),)
        self._motion = Motion.STOPPED
        return (Located(ticks),)

    def _upcoming(self) -> int:
        """While rolling: where the F8 to come will be, a jump that was announced included."""
        return self._next_position() if self._jump is None else self._jump

    def _next_position(self) -> int:
        """While rolling: the position of the F8 to come, but for a jump."""
        return self._position + (self._follower.number + 1 - self._first) * TICKS_PER_CLOCK

    def _heard_ns(self) -> int:
        return max(self._follower.heard_ns or 0, self._rolled_at_ns)


_INPUTS = {what.value: what for what in Input}
