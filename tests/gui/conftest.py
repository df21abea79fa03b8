"""Fixtures of the window's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.views import theme
from tests.gui.desk import Desk


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The application as `gui.app` dresses it."""
    theme.apply(qapp)
    return qapp


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
