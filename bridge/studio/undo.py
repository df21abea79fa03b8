"""Undo and redo over values: what was there is kept, not what was done."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

LIMIT = 500
TOGETHER_S = 0.7
"""Changes of one thing that follow each other as quickly as this are one gesture, such as a drag."""


class Lasting:
    """A gesture that takes its time: its changes are one step back, however far apart. Each is its own."""


class Undo(Generic[T]):
    """The values that were, and those that were taken back. Pure; time is an argument. Not thread-safe."""

    def __init__(self) -> None:
        self._past: deque[T] = deque(maxlen=LIMIT)
        self._future: list[T] = []
        self._gesture: object = None
        self._at_s = float("-inf")

    @property
    def can_undo(self) -> bool:
        """Whether there is something to go back to."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether something was taken back, and nothing was done since."""
        return bool(self._future)

    @property
    def back(self) -> T:
        """What `undo` brings back. IndexError if nothing."""
        return self._past[-1]

    @property
    def forth(self) -> T:
        """What `redo` brings back. IndexError if nothing."""
        return self._future[-1]

    def did(self, before: T, gesture: object, at_s: float) -> None:
        """`before` has just been replaced, at `at_s` seconds of any steady clock.

        gesture   what was changed, such as a slider's name; the same one in quick succession is one step
                  back, and a `Lasting` one however slow. None is never the same.
        """
        goes_on = gesture is not None and gesture == self._gesture
        goes_on = goes_on and (isinstance(gesture, Lasting) or at_s - self._at_s < TOGETHER_S)
        if not (goes_on and self._past and not self._future):
            self._past.append(before)
        self._future.clear()
        self._gesture, self._at_s = gesture, at_s

    def skip(self, now: T) -> None:
        """Forget the steps back that would change nothing of `now`, such as a drag that ended where it began;
        but for the first step of all.
        """
        while len(self._past) > 1 and self._past[-1] == now:
            self._past.pop()

    def undo(self, now: T) -> T:
        """What there was before `now`. IndexError if there is nothing."""
        value = self._past.pop()
        self._future.append(now)
        self._gesture = None
        return value

    def redo(self, now: T) -> T:
        """What `undo` took back. IndexError if nothing."""
        value = self._future.pop()
        self._past.append(now)
        self._gesture = None
        return value
