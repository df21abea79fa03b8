"""Fixtures of the window's tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.views import theme
from tests.gui.desk import Desk

COLLECTED_EVERY = 10
"""So many tests: a collection takes a tenth of a second."""
_ENDED = count(1)


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The application as `gui.app` dresses it."""
    theme.apply(qapp)
    return qapp


@pytest.fixture(autouse=True, scope="module")
def _garbage_stays_in_the_qt_thread() -> Iterator[None]:
    """Windows that have gone are collected here, and never by a thread that happens to run, not even of a
    test that is not the window's: Qt's objects must end in the thread that they live in.
    """
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _garbage_is_collected_now_and_then(_garbage_stays_in_the_qt_thread: None) -> Iterator[None]:
    gc.disable()
    yield
    gc.disable()  # a test may have switched it on
    if not next(_ENDED) % COLLECTED_EVERY:
        gc.collect()


@pytest.fixture(autouse=True)
def own_preferences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test prefers is nothing to the next."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def closed_desk(qtbot: QtBot) -> Iterator[Desk]:
    """A window that has not begun to load; what it holds at the end is closed."""
    desk = Desk(qtbot)
    yield desk
    desk.window.close()


@pytest.fixture
def mapped(qtbot: QtBot) -> Iterator[Desk]:
    """A window that can play, with a model that has a map."""
    desk = Desk(qtbot, chart=True)
    desk.open()
    yield desk
    desk.window.close()


@pytest.fixture
def desk(closed_desk: Desk) -> Desk:
    """A window that can play."""
    closed_desk.open()
    return closed_desk
