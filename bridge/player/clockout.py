"""MIDI clock for others: which clock and transport messages belong to which song position.

    F2 p, FB  F8      F8      F8 ...                FA in place of F2 and FB where the song starts at 0
    --------- p ----- p+40 -- p+80                  (a quarter note is 24 clocks, a song position 6)

Start and Continue only arm a listener: the next F8 is the position. So they go out `ARM_NS` before that F8. A
listener can join on sixteenths only, so clock that is switched on in the middle begins at the next sixteenth.
Source: MIDI 1.0 Detailed Specification, System Real Time and Song Position Pointer.
"""

from __future__ import annotations

from bridge.player import midi
from bridge.timing import TICKS_PER_CLOCK, TICKS_PER_SIXTEENTH, next_boundary

ARM_NS = 1_000_000
"""How long before its first F8 a Start or Continue goes out (the specification asks for at least 1 ms)."""


class ClockOut:
    """Clock while the song rolls, none while it stands. Pure; owned by the player's loop."""

    def __init__(self) -> None:
        self._next_ticks: int | None = None
        self._begins = False

    @property
    def running(self) -> bool:
        """Whether a listener believes that the song rolls."""
        return self._next_ticks is not None

    def begin(self, ticks: float) -> None:
        """Roll from the sixteenth at or after `ticks`."""
        self._next_ticks = next_boundary(ticks, TICKS_PER_SIXTEENTH)
        self._begins = True

    def end(self) -> tuple[bytes, ...]:
        """What tells the listener to stop, to be sent now; nothing if it does not roll."""
        if self._next_ticks is None:
            return ()
        self._next_ticks = None
        return (midi.STOP,)

    def advance(self, until_ticks: float) -> list[tuple[int, int, bytes]]:
        """The messages before `until_ticks` that are new, as (ticks, nanoseconds ahead of these ticks,
        message).
        """
        messages: list[tuple[int, int, bytes]] = []
        ticks = self._next_ticks
        if ticks is None:
            return messages
        while ticks < until_ticks:
            if self._begins:
                self._begins = False
                if ticks == 0:
                    messages.append((ticks, ARM_NS, midi.START))
                else:
                    messages.append((ticks, ARM_NS, midi.song_position(ticks // TICKS_PER_SIXTEENTH)))
                    messages.append((ticks, ARM_NS, midi.CONTINUE))
            messages.append((ticks, 0, midi.CLOCK))
            ticks += TICKS_PER_CLOCK
        self._next_ticks = ticks
        return messages
