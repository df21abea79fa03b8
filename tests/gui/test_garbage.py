"""Cycles end in the Qt thread, whoever made them."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from gui.models.garbage import Garbage


class Ring:
    """It holds itself."""

    def __init__(self) -> None:
        self.ring = self


@pytest.fixture
def garbage(qtbot: QtBot) -> Iterator[Garbage]:
    gc.enable()
    made = Garbage()
    made.start()
    yield made
    made.stop()


def rings(ended: list[int], number: int = 5000) -> None:
    for _ in range(number):
        weakref.finalize(Ring(), lambda: ended.append(threading.get_ident()))


def test_what_a_worker_leaves_behind_is_collected_in_the_qt_thread_alone(
    garbage: Garbage, qtbot: QtBot
) -> None:
    ended: list[int] = []
    worker = threading.Thread(target=rings, args=(ended,))
    worker.start()
    worker.join()
    assert ended == []
    qtbot.waitUntil(lambda: len(ended) == 5000, timeout=5000)
    assert set(ended) == {threading.get_ident()}


def test_what_outlived_a_collection_is_collected_within_a_minute(garbage: Garbage) -> None:
    ended: list[int] = []
    kept = Ring()
    weakref.finalize(kept, lambda: ended.append(0))
    gc.collect()  # into the oldest generation
    del kept
    for _ in range(60):
        garbage.collect()
    assert ended == [0]


def test_what_has_settled_is_not_looked_through_again_and_python_gets_it_back(garbage: Garbage) -> None:
    garbage.settle()
    assert gc.get_freeze_count() > 0
    garbage.stop()
    assert gc.get_freeze_count() == 0
    assert gc.isenabled()
