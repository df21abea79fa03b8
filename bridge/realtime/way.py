"""One way to real-time priority."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _nothing() -> None:
    """There is nothing to do."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to real-time priority, by the name that people know.

    take      makes the calling thread real-time
    prepare   what the process must do before, in its main thread
    leave     makes the calling thread ordinary again, where a program that it starts would inherit

    All raise OSError where the system refuses or does not have it.
    """

    name: str
    take: Callable[[], None]
    prepare: Callable[[], object] = _nothing
    leave: Callable[[], None] = _nothing
