"""The sliders wander in the window: switched on by hand or key, bar by bar, and home again by undo."""

from __future__ import annotations

from functools import partial

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QContextMenuEvent
from PyQt6.QtWidgets import QMenu

from bridge.groove.notes import TICKS_PER_BAR
from bridge.player.messages import Anchor, Motion, Sync
from bridge.studio import Studio
from gui.views.slider_grid import JOIN, STAY
from gui.views.value_slider import ValueSlider
from gui.views.wander_bar import WanderBar
from tests.gui.desk import Desk
from tests.gui.hands import click, double_click, drag, key

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture
def bar(desk: Desk) -> WanderBar:
    """The walk, with a song that rolls in its first bar."""
    desk.band.report(in_bar(0))
    desk.until(lambda: desk.session.state is not None and desk.session.state.anchor == in_bar(0))
    return desk.window.sliders.wander


def in_bar(number: int) -> Anchor:
    """A song that rolls so slowly that it stays at the beginning of a bar."""
    return Anchor((number + 0.1) * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL)


def figures(desk: Desk) -> list[str]:
    return [row.figure.text() for row in desk.window.sliders.named.rows.values()]


def differ(desk: Desk, before: list[str]) -> bool:
    return figures(desk) != before


def test_before_the_model_is_there_it_says_so(closed_desk: Desk) -> None:
    for control in closed_desk.window.sliders.wander.controls:
        assert not control.isEnabled()
        assert "loading" in control.toolTip()


def test_the_sliders_wander_from_bar_to_bar_and_undo_brings_them_home(desk: Desk, bar: WanderBar) -> None:
    home = figures(desk)
    click(bar.wander)
    assert bar.wander.isChecked()
    for number in (1, 2, 3):
        desk.band.report(in_bar(number))
        desk.until(partial(differ, desk, figures(desk)))
    desk.session.ask(Studio.undo)
    assert figures(desk) == home
    desk.until(lambda: not bar.wander.isChecked())


def test_a_second_click_leaves_the_sliders_where_they_are(desk: Desk, bar: WanderBar) -> None:
    home = figures(desk)
    key(desk.window, Qt.Key.Key_W)
    assert bar.wander.isChecked()
    desk.band.report(in_bar(2))
    desk.until(lambda: figures(desk) != home)
    here = figures(desk)
    click(bar.wander)
    assert not bar.wander.isChecked()
    assert figures(desk) == here


def test_amount_and_pace_are_set_by_hand(desk: Desk, bar: WanderBar) -> None:
    drag(bar.amount, QPoint(bar.amount.width() // 2, bar.amount.height() // 2), bar.amount.width() // 4)
    assert desk.session.wander.wandering.manner.amount == pytest.approx(bar.amount.shown)
    assert bar.amount.shown > 0.6
    double_click(bar.amount)
    assert desk.session.wander.wandering.manner.amount == 0.5
    key(bar.pace, Qt.Key.Key_Down)
    assert bar.pace.currentText() == "8 bars"
    assert desk.session.wander.wandering.manner.bars == 8


def test_a_mark_shows_the_place_that_a_slider_wanders_about_and_follows_a_hand(
    desk: Desk, bar: WanderBar
) -> None:
    slider = desk.window.sliders.named.rows["swing"].slider
    desk.session.ask(Studio.set_slider, "swing", 0.25)
    assert home_of(slider) is None
    click(bar.wander)
    home = home_of(slider)
    assert home is not None
    assert abs(home - 0.25) <= 0.5
    desk.band.report(in_bar(3))
    desk.until(lambda: slider.shown != 0.25)
    assert home_of(slider) == pytest.approx(home)
    slider.setFocus()
    key(slider, Qt.Key.Key_End)
    assert (home_of(slider) or home) > home
    click(bar.wander)
    assert home_of(slider) is None


def test_a_slider_that_stays_is_where_it_was_says_so_and_joins_the_others_again(
    desk: Desk, bar: WanderBar
) -> None:
    rows = desk.window.sliders.named.rows
    desk.session.ask(Studio.set_slider, "swing", 0.25)
    swing, density = rows["swing"].slider, rows["density"].slider
    click(bar.wander)
    choose(desk, swing, STAY)
    assert "stays while the others wander" in swing.toolTip()
    assert (swing.stays, swing.home) == (True, None)
    desk.band.report(in_bar(3))
    desk.until(lambda: density.shown != 0.0)
    assert swing.shown == 0.25
    choose(desk, swing, JOIN)
    assert "the others wander" not in swing.toolTip()
    desk.band.report(in_bar(5))
    desk.until(lambda: swing.shown != 0.25 and not swing.stays)


def test_a_raw_axis_can_stay_too(desk: Desk, bar: WanderBar) -> None:
    click(desk.window.sliders.raw)
    axis = desk.window.sliders.axes.rows["z2"].slider
    desk.session.ask(Studio.set_slider, "z2", 1.0)
    click(bar.wander)
    assert axis.home is not None
    choose(desk, axis, STAY)
    desk.band.report(in_bar(3))
    desk.until(lambda: bool(desk.settings.sliders))
    assert desk.settings.axes == {"z2": 1.0}


def home_of(slider: ValueSlider) -> float | None:
    return slider.home


def choose(desk: Desk, slider: ValueSlider, text: str) -> None:
    """Choose a line of a slider's own menu, as the menu key opens it."""
    slider.setFocus()
    learn = desk.window.learn
    assert learn.context_menu(QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint()))
    menu = desk.window.findChildren(QMenu)[-1]
    action = next(each for each in menu.actions() if each.text() == text)
    action.trigger()
    menu.close()


def test_a_window_that_closes_ends_the_walk(desk: Desk, bar: WanderBar) -> None:
    click(bar.wander)
    desk.window.close()
    assert not desk.session.wander.wandering.on
