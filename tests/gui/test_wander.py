"""The sliders wander in the window: switched on by hand or key, bar by bar, and home again by undo."""

from __future__ import annotations

from functools import partial

import pytest
from PyQt6.QtCore import QPoint, Qt

from bridge.groove.notes import TICKS_PER_BAR
from bridge.player.messages import Anchor, Motion, Sync
from bridge.studio import Studio
from gui.views.wander_bar import WanderBar
from tests.gui.desk import Desk
from tests.gui.hands import click, double_click, drag, key


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


def test_a_window_that_closes_ends_the_walk(desk: Desk, bar: WanderBar) -> None:
    click(bar.wander)
    desk.window.close()
    assert not desk.session.wander.wandering.on
