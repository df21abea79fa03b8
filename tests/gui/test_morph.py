"""The morph in the window: ends are taken, the fader is dragged, a ride is started and stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PyQt6.QtCore import QPoint, Qt

from bridge.player.messages import Anchor, Motion, SetLoop, SwapAt, Sync
from bridge.studio import Studio
from bridge.studio.morphing import TICKS_PER_BAR
from bridge.studio.sketch import Sketch, Way
from gui.views.morph_bar import MIDDLE, MorphBar
from tests.gui.desk import Desk
from tests.gui.hands import click, double_click, drag, key


@pytest.fixture
def bar(mapped: Desk) -> MorphBar:
    """The morph, with the first idea as B and the one after it, which plays, as A."""
    bar = mapped.window.sliders.morph
    click(bar.b)
    first = mapped.session.loop
    mapped.session.ask(Studio.new_idea)
    mapped.until(lambda: mapped.session.loop != first)
    key(bar.a, Qt.Key.Key_Return)
    return bar


def sketch_of(desk: Desk) -> Sketch:
    state = desk.session.state
    assert state is not None
    return state.sketch


def in_bar(number: int) -> Anchor:
    """A song that rolls so slowly that it stays in the middle of a bar."""
    return Anchor((number + 0.5) * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL)


def share_of(desk: Desk) -> float | None:
    origin = sketch_of(desk).origin
    return origin.share if isinstance(origin, Way) else None


def test_until_both_ends_are_taken_the_fader_says_what_is_missing(desk: Desk) -> None:
    bar = desk.window.sliders.morph
    for control in (bar.fader, bar.auto):
        assert not control.isEnabled()
        assert "A and B each take the loop that plays" in control.toolTip()
    click(bar.a)
    assert not bar.fader.isEnabled()
    click(bar.b)
    assert bar.fader.isEnabled()
    assert bar.auto.isEnabled()


def test_the_fader_is_at_the_end_that_plays_and_hollow_until_it_is_touched(bar: MorphBar) -> None:
    assert bar.fader.shown == 0.0
    assert not bar.fader.held


def test_a_drag_of_the_fader_morphs_and_is_one_step_of_undo(mapped: Desk, bar: MorphBar) -> None:
    before = sketch_of(mapped)
    drag(bar.fader, QPoint(bar.fader.width() // 4, bar.fader.height() // 2), bar.fader.width() // 8)
    share = share_of(mapped)
    assert share is not None
    assert 0.25 < share < 0.5
    assert bar.fader.held
    assert bar.fader.shown == pytest.approx(share)
    mapped.session.ask(Studio.undo)
    assert sketch_of(mapped) == before
    assert not bar.fader.held


def test_keys_and_double_click_move_the_fader(mapped: Desk, bar: MorphBar) -> None:
    key(bar.fader, Qt.Key.Key_Right)
    assert share_of(mapped) == pytest.approx(0.05)
    double_click(bar.fader)
    assert share_of(mapped) == MIDDLE


def test_auto_rides_over_the_bars_that_were_chosen(mapped: Desk, bar: MorphBar) -> None:
    key(bar.bars, Qt.Key.Key_Up)
    assert bar.bars.currentText() == "2 bars"
    mapped.band.report(in_bar(0))
    click(bar.auto)
    assert bar.auto.isChecked()
    mapped.until(lambda: bar.fader.shown == 0.5)
    mapped.band.report(in_bar(1))
    mapped.until(lambda: bar.fader.shown == 1.0)
    mapped.until(lambda: not bar.auto.isChecked())
    sent = [each for each in mapped.band.asked if isinstance(each, SetLoop)]
    assert sent[-1].at is SwapAt.BAR


def test_a_second_click_or_a_hand_on_the_fader_ends_the_ride(mapped: Desk, bar: MorphBar) -> None:
    acts: tuple[Callable[[], None], ...] = (
        lambda: click(bar.auto),
        lambda: drag(bar.fader, bar.fader.rect().center(), 5),
    )
    for stop in acts:
        click(bar.auto)
        riding = [mapped.session.morphing.riding]
        stop()
        riding.append(mapped.session.morphing.riding)
        assert riding == [True, False]
        assert not bar.auto.isChecked()


def test_closing_the_window_ends_a_ride(mapped: Desk, bar: MorphBar) -> None:
    click(bar.auto)
    mapped.window.close()
    assert not any(thread.name == "studio-morph" for thread in threading.enumerate())
