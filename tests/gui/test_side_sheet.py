"""The sheet beside the music: one page at a time, and never in the way of playing."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLineEdit, QMenu, QWidget

from gui.models import SessionModel
from gui.views import pages
from gui.views.menu_button import MenuButton
from gui.views.pages import Page
from tests.gui.desk import Desk
from tests.gui.hands import click, key


def _note(session: SessionModel) -> QWidget:
    assert isinstance(session, SessionModel)
    return QLineEdit("a page")


@pytest.fixture(autouse=True)
def _two_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGES", (Page("one", "The first", _note), Page("two", "The second", _note)))


def test_a_page_opens_over_the_right_side_and_follows_the_window(desk: Desk) -> None:
    window = desk.window
    window.show_page("one")
    sheet = window.sheet
    assert sheet.isVisible()
    assert sheet.title.text() == "The first"
    assert sheet.geometry().right() == window.width() - 1
    window.resize(1500, 900)
    desk.until(lambda: sheet.geometry().right() == 1499)
    assert sheet.geometry().top() == window.transport.geometry().bottom() + 1
    assert sheet.geometry().bottom() == window.status.geometry().top() - 1


def test_a_page_is_the_same_when_it_is_opened_again(desk: Desk) -> None:
    window = desk.window
    window.show_page("one")
    first = window.sheet.page
    window.show_page("two")
    assert window.sheet.page is not first
    window.show_page("one")
    assert window.sheet.page is first
    assert first is not None
    assert first.isVisible()


def test_escape_closes_it_and_the_focus_goes_home(desk: Desk) -> None:
    window = desk.window
    window.activateWindow()
    window.transport.tempo.setFocus()
    window.show_page("one")
    assert window.sheet.page is not None
    key(window.sheet.page, Qt.Key.Key_Escape)
    assert not window.sheet.isVisible()
    assert window.sheet.name is None
    assert window.focusWidget() is window.transport.tempo


def test_escape_closes_it_from_beside_it_and_the_focus_stays(desk: Desk) -> None:
    window = desk.window
    window.activateWindow()
    window.show_page("one")
    density = window.sliders.named.rows["density"].slider
    for widget in (density, window.transport.tempo, window.loop, window.history, window.transport.play):
        window.show_page("one")
        key(widget, Qt.Key.Key_Escape)
        assert window.sheet.name is None
        assert window.focusWidget() is widget


def test_the_song_starts_and_stops_beside_an_open_page(desk: Desk) -> None:
    desk.window.show_page("one")
    click(desk.window.transport.play)
    desk.until(lambda: desk.session.playhead.rolling)


def test_the_menu_lists_the_pages_in_order(desk: Desk) -> None:
    wanted: list[str] = []
    menu = MenuButton(pages.PAGES)
    desk.qtbot.addWidget(menu)
    menu.wanted.connect(wanted.append)
    listed = menu.findChildren(QMenu)[0].actions()
    assert [action.text() for action in listed] == ["The first", "The second"]
    listed[1].trigger()
    assert wanted == ["two"]
