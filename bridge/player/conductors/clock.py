"""A foreign MIDI clock leads: its Start, Stop, Continue and song position, along the line of its clocks."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.player.conductors.base import Move, Roll, Stand, Status
from bridge.player.messages import ClockState, Motion, Sync
from bridge.timing import TICKS_PER_CLOCK, BeatMap, ClockTransport, Rolling, TransportEvent
from bridge.timing import Motion as TransportMotion


class ClockConductor:
    """MIDI clock at our input. See `Conductor`.

    It may hear a clock long before it leads, and then knows tempo and position at once.

    The F8 of a downbeat is heard a period or two late. Where the clock ran steadily before its Start, we know
    when it will come, and beat 1 is on time: the song rolls on a guess, for one clock, and that F8 confirms
    it.
    """

    sync = Sync.CLOCK
    check_ns = 50_000_000

    def __init__(self) -> None:
        self._transport = ClockTransport()
        self._awaited: int | None = None  # the downbeat that rolls on a guess
        self._guess: BeatMap | None = None

    @property
    def line(self) -> BeatMap | None:
        """A new one with every F8."""
        return None if self._awaited is not None else self._transport.map

    def guessing(self, now_ns: int) -> bool:
        """While the downbeat, or the F8 that tells the tempo, is still to come."""
        return self._awaited is not None or self._transport.state(now_ns).bpm is None

    def status(self, now_ns: int) -> Status:
        """The follower's."""
        state = self._transport.state(now_ns)
        motion = _MOTIONS.get(self._transport.motion, Motion.STOPPED)
        return Status(state.bpm, motion, ClockState(state.kind.value), state.phase_ms)

    def join(self, now_ns: int) -> Move:
        """A clock that rolls already is picked up where it is."""
        self._awaited = None
        here, line = self._transport.position_ticks(now_ns), self._transport.map
        return Stand(int(here)) if line is None else Roll(here, line)

    def leave(self) -> None:
        """The clock is still heard."""

    def change_clock(self) -> None:
        """Forget what was heard."""
        self._transport = ClockTransport()
        self._awaited = None

    def finish(self) -> None:
        """The DAW plays on."""

    def receive(self, message: bytes, at_ns: int) -> Sequence[Move]:
        """Take a MIDI message that arrived at `at_ns`."""
        return self._moves(self._transport.receive(message, at_ns))

    def check(self, now_ns: int, near_ns: int) -> Sequence[Move]:
        """See whether the clock has gone silent, and whether the downbeat of one that will start is near."""
        moves = self._moves(self._transport.check(now_ns))
        if self._awaited is None:
            line = self._transport.armed_map
            armed = round(self._transport.position_ticks(now_ns))
            if line is not None and now_ns < line.to_ns(armed) <= near_ns:
                self._awaited, self._guess = armed, line
                moves.append(Roll(armed, line))
        elif self._guess is not None and now_ns > self._guess.to_ns(self._awaited + TICKS_PER_CLOCK):
            moves.append(Stand(self._awaited))  # it did not come
            self._awaited = None
        return moves

    def start(self, ticks: int, from_ns: int) -> Sequence[Move]:
        """Nothing: the DAW leads."""
        return ()

    def fall_in(self, song: BeatMap, from_ns: int) -> Sequence[Move]:
        """Nothing yet: the next clock tells, and is the position nearest to where the song will be then."""
        self._transport.fall_in(song, from_ns)
        return ()

    def stop(self) -> Sequence[Move]:
        """Nothing: the DAW leads."""
        return ()

    def set_tempo(self, bpm: float, cursor_ticks: float) -> None:
        """Nothing: the DAW leads."""

    def _moves(self, events: Sequence[TransportEvent]) -> list[Move]:
        moves: list[Move] = []
        for event in events:
            if not isinstance(event, Rolling):
                moves.append(Stand(event.ticks))
            elif not self._was_awaited(event) and (line := self._transport.map) is not None:
                moves.append(Roll(event.ticks, line))
            self._awaited = None
        return moves

    def _was_awaited(self, event: Rolling) -> bool:
        """Whether this is the downbeat that rolls already, on a guess that was right.

        Or too early: its notes may be out, and are not struck once more. The rest keeps to the new line.
        """
        if self._awaited != event.ticks or self._guess is None:
            return False
        late_ns = event.at_ns - self._guess.to_ns(event.ticks)
        return late_ns > -self._guess.ns_per_tick * TICKS_PER_CLOCK / 2


_MOTIONS = {TransportMotion.ARMED: Motion.ARMED, TransportMotion.ROLLING: Motion.ROLLING}
