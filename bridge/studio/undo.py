"""Undo and redo over values: each step keeps what was there before it and after it.

    past     before -> after   before -> after
    now                                         value
    future                                              after -> before

A step is taken back by merging it out of what there is now, since something may have gone on by itself
meanwhile: a walk of the sliders, a path that the song follows. That is one step itself, however long it goes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

Merge = Callable[[T, T, T], T]
"""(now, old, new): what there is now, with what changed from old to new; `old` and `new` are of one step."""

LIMIT = 500
TOGETHER_S = 0.7
"""Changes of one thing that follow each other as quickly as this are one gesture, such as a drag."""


class Lasting:
    """A gesture that takes its time: its changes are one step back, however far apart. Each is its own."""


class Riding(Lasting):
    """A gesture that goes by itself. What a hand does meanwhile are steps of their own, taken back before it,
    and what was taken back can be done again though it goes on.
    """

    def __init__(self) -> None:
        self.undone = False
        """Whether its step was taken back, which ends it."""


@dataclass(slots=True)
class _Step(Generic[T]):
    before: T
    after: T
    gesture: object


class Undo(Generic[T]):
    """The steps that were, and those that were taken back. Pure; time is an argument. Not thread-safe."""

    def __init__(self, merge: Merge[T]) -> None:
        self._merge = merge
        self._past: deque[_Step[T]] = deque(maxlen=LIMIT)
        self._future: list[_Step[T]] = []
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
        """What was before the step that `undo` takes back. IndexError if there is none."""
        return self._past[-1].before

    @property
    def forth(self) -> T:
        """What was before the step that `redo` does again. IndexError if there is none."""
        return self._future[-1].before

    def did(self, before: T, after: T, gesture: object, at_s: float) -> None:
        """`before` has just been replaced by `after`, at `at_s` seconds of any steady clock.

        gesture   what was changed, such as a slider's name; the same one in quick succession is one step
                  back, and a `Lasting` one however slow. None is never the same.
        """
        step = self._going_on(gesture, at_s)
        if step is not None:
            step.after = self._merge(step.after, before, after)
        else:
            self._past.append(_Step(before, after, gesture))
        riding = isinstance(gesture, Riding)
        if step is None or not riding:
            self._future.clear()
        if not riding:  # a drag goes on, whatever goes on beside it
            self._gesture, self._at_s = gesture, at_s

    def skip(self, now: T) -> None:
        """Forget the steps back that would change nothing of `now`, such as a drag that ended where it began;
        but for the first step of all.
        """
        while len(self._past) > 1 and self._without(self._past[-1], now) == now:
            self._past.pop()

    def undo(self, now: T) -> T:
        """What there is now, without the last step. IndexError if there is none."""
        step = self._past.pop()
        self._future.append(step)
        self._gesture = None
        if isinstance(step.gesture, Riding):
            step.gesture.undone = True
        return self._without(step, now)

    def redo(self, now: T) -> T:
        """What there is now, with what `undo` took back. IndexError if nothing."""
        step = self._future.pop()
        self._past.append(step)
        self._gesture = None
        return self._merge(now, step.before, step.after)

    # --- inside ---

    def _without(self, step: _Step[T], now: T) -> T:
        return self._merge(now, step.after, step.before)

    def _going_on(self, gesture: object, at_s: float) -> _Step[T] | None:
        """The step of a gesture that goes on; None where a new one begins."""
        if isinstance(gesture, Riding):
            return next((step for step in reversed(self._past) if step.gesture is gesture), None)
        if gesture is None or gesture != self._gesture or not self._past or self._future:
            return None
        if not isinstance(gesture, Lasting) and at_s - self._at_s >= TOGETHER_S:
            return None
        return next((step for step in reversed(self._past) if step.gesture == gesture), None)
