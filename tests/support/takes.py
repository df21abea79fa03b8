"""Measurements that count only where the JACK server had no xruns: frames are exact only outside them.

A machine that is taken away for some milliseconds, as a busy host does to its guests, tears one period in
two. So a dirty take is repeated, later and later, and with longer periods, which such a gap fits into. What
is right to the frame is right in periods of any length.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import pytest

LONGEST = 512
"""Frames: the longest period that a server gets here, whatever the machine does."""
_PATIENCE_S = 240.0
_LONGEST_WAIT_S = 10.0
_T = TypeVar("_T")


class Watch(Protocol):
    """A client of the server that counts its xruns, and sets its period in frames."""

    clean: int | None
    """The xruns so far where a take has begun, while it runs; else None."""

    @property
    def period(self) -> int: ...

    @period.setter
    def period(self, frames: int) -> None: ...

    def xruns(self) -> int: ...


class DirtyError(Exception):
    """The server had xruns while it mattered."""


@contextmanager
def undisturbed(watch: Watch) -> Iterator[None]:
    """What happens and is checked in here counts only if there was no xrun meanwhile; else `DirtyError`."""
    before = watch.clean = watch.xruns()
    try:
        yield
    except (Exception, pytest.fail.Exception):
        time.sleep(0.1)  # the server tells of an xrun a little after it
        if watch.xruns() != before:
            raise DirtyError from None
        raise
    finally:
        watch.clean = None
    if watch.xruns() != before:
        raise DirtyError


def retake(measure: Callable[[], _T], watch: Watch, patience_s: float = _PATIENCE_S) -> _T:
    """The result of `measure()`, called until a take of it raises no `DirtyError`.

    Each second dirty take doubles the server's period, up to `LONGEST`; it stays so. Fails at the first dirty
    take after `patience_s`.
    """
    end = time.monotonic() + patience_s
    for number in itertools.count(1):
        try:
            return measure()
        except DirtyError:
            if time.monotonic() > end:
                break
        if number % 2 == 0 and watch.period < LONGEST:
            watch.period *= 2
        time.sleep(min(number / 2, _LONGEST_WAIT_S))  # what keeps a machine busy passes
    pytest.fail(f"each take in {patience_s:.0f} s had xruns: this machine is too busy to measure")


def take(measure: Callable[[], _T], watch: Watch, patience_s: float = _PATIENCE_S) -> _T:
    """The result of `measure()` in a take that is clean from its beginning to its end (`retake`)."""

    def whole() -> _T:
        with undisturbed(watch):
            return measure()

    return retake(whole, watch, patience_s)
