"""Takes in which clients join and leave, which is an xrun in itself: only what lies between must be clean."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.peer import Peer


class DirtyError(Exception):
    """The server had xruns while it mattered."""


@contextmanager
def undisturbed(peer: Peer) -> Iterator[None]:
    """What happens and is checked in here counts only if there was no xrun meanwhile; else `DirtyError`."""
    before = peer.xruns()
    try:
        yield
    except (Exception, pytest.fail.Exception):
        time.sleep(0.1)  # the server tells of an xrun a little after it
        if peer.xruns() != before:
            raise DirtyError from None
        raise
    if peer.xruns() != before:
        raise DirtyError


def retake(measure: Callable[[], None], attempts: int = 8) -> None:
    """Call `measure` until a take of it is clean; fails after so many dirty ones, between which it waits ever
    longer: what keeps a machine busy passes.
    """
    for number in range(attempts):
        try:
            measure()
        except DirtyError:
            time.sleep(number)
            continue
        return
    pytest.fail(f"{attempts} takes of {attempts} had xruns: this machine is too busy to measure")
