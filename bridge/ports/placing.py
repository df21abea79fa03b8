"""Placing messages in an audio server's periods: which go out in this one, and on which frame."""

from __future__ import annotations

from collections.abc import Callable

from bridge.ports.frames import FrameRate
from bridge.ports.lateness import Lateness
from bridge.ports.pending import Pending


class Placer:
    """The messages that wait for their period, and the figures of those that are out.

        due:        a   b c        d      x   (x was handed over only now)
        periods: |-----------|-----------|-----------|
        out:        a   b c        d     x

    `place` is for the server's real-time thread: it takes no lock, waits for nothing and keeps nothing. All
    else is for the player's thread.
    """

    def __init__(self, rate: FrameRate) -> None:
        self.pending = Pending()
        self.lateness = Lateness()
        self.late_handover = 0
        self.refused = 0
        self._rate = rate
        self._expected: int | None = None  # where the next period starts, if no xrun tears a gap

    def place(self, start: int, frames: int, write: Callable[[int, bytes], bool]) -> None:
        """Write all that is due before frame `start + frames`, in order, as `write(offset, message)`.

        A message whose frame has passed goes to offset 0. It is late by as much as it is late, but it was
        *handed over* late only if the period that held its frame had been written already, not if that frame
        lies in a gap before `start`. `write` returns False when the period can hold no more: the rest goes
        out in the next. What does not even fit into an empty period is dropped, and counted in `refused`.
        """
        rate, pending = self._rate, self.pending
        expected = start if self._expected is None else self._expected
        self._expected = start + frames
        self.late_handover += pending.collect(rate.first_ns(expected))
        before_ns = rate.first_ns(start + frames)
        empty = True
        while (taken := pending.take(before_ns)) is not None:
            due_ns, message, entry = taken
            due = rate.to_frame(due_ns)
            frame = max(due, start)
            if write(frame - start, message):
                self.lateness.add(rate.to_ns(frame - due))
                empty = False
            elif empty:
                self.refused += 1
            else:
                pending.untake(entry, message)
                return
