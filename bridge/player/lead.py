"""Who leads the song now, and who could."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.player.conductors import (
    ClockConductor,
    Conductor,
    InternalConductor,
    LinkConductor,
    LinkSession,
    Move,
)
from bridge.player.messages import Sync


class Lead:
    """The conductors, and which of them leads. Owned by the player's loop.

    A MIDI clock is heard whoever leads, so that it is known before we follow it. What `open_link` raises
    where Link is not installed, `of` and the constructor raise.
    """

    def __init__(self, sync: Sync, bpm: float, open_link: Callable[[], LinkSession]) -> None:
        self.internal = InternalConductor(bpm)
        """Our own clock, with the tempo that is set."""
        self._clock = ClockConductor()
        self._open_link = open_link
        self._session: LinkSession | None = None  # once Link was asked for
        self.conductor = self.of(sync)
        """Who leads."""

    @property
    def is_ours(self) -> bool:
        """Whether our own clock leads."""
        return self.conductor is self.internal

    def of(self, sync: Sync) -> Conductor:
        """Who would lead by this source."""
        match sync:
            case Sync.INTERNAL:
                return self.internal
            case Sync.CLOCK:
                return self._clock
            case Sync.LINK:
                self._session = self._session or self._open_link()
                return LinkConductor(self._session, self.internal.bpm)

    def give(self, conductor: Conductor, now_ns: int) -> Move:
        """Another leads from now on: what the song has to do."""
        self.conductor.leave()
        self.conductor = conductor
        return conductor.join(now_ns)

    def hear(self, message: bytes, at_ns: int) -> Sequence[Move]:
        """A MIDI message arrived at `at_ns`: what the song has to do, if its sender leads."""
        moves = self._clock.receive(message, at_ns)
        return moves if self.conductor is self._clock else ()

    def change_clock(self) -> None:
        """Times are of another clock from now on: ports were closed or opened."""
        for conductor in (self._clock, self.conductor):
            conductor.change_clock()
