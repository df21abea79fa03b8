"""The newest picture of the session, the lock that guards what it shows, and who is told of another one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from bridge.studio.state import StudioState

Subscriber = Callable[[StudioState], None]


class Picture:
    """Thread-safe. `lock` is the studio's one lock: all of its parts keep their state under it.

    Lock order: that of going over a step of undo (`Changes`), that of telling, `lock`, the tape's; whoever
    holds one takes only those after it, so subscribers are told without `lock`.

    leaving   called with the lock held at the end of each change
    """

    def __init__(self, state: StudioState, leaving: Callable[[], None] = lambda: None) -> None:
        self.lock = threading.RLock()
        self._telling = threading.RLock()
        self._state = state
        self._leaving = leaving
        self._subscribers: dict[object, Subscriber] = {}

    @property
    def state(self) -> StudioState:
        """The newest picture. Needs no lock."""
        return self._state

    def set(self, **changes: object) -> None:
        """Another picture. Inside of `changing`."""
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Change things under the lock, then tell the subscribers without it. Not one inside another."""
        with self.lock:
            before = self._state
            yield
            changed = self._state is not before
            self._leaving()
        if changed:
            with self._telling:
                for callback in list(self._subscribers.values()):
                    callback(self._state)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """As `Studio.subscribe`."""
        token = object()
        with self._telling:
            self._subscribers[token] = callback

        def unsubscribe() -> None:
            with self._telling:
                self._subscribers.pop(token, None)

        return unsubscribe
