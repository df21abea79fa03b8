"""A slider under a hand: mouse, wheel and keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from gui.views.slider_grid import signed
from gui.views.value_slider import ValueSlider
from tests.gui.hands import NO_KEYS, SHIFT, click, double_click, drag, key, wheel


@pytest.fixture
def slider(qtbot: QtBot) -> Iterator[ValueSlider]:
    made = ValueSlider("Shape 1", "tip", -3.0, 3.0, 0.0, 0.1)
    qtbot.addWidget(made)
    made.resize(320, 24)
    made.show()
    made.show_value(0.0, False)
    yield made


def edits(slider: ValueSlider) -> list[float]:
    heard: list[float] = []
    slider.edited.connect(heard.append)
    return heard


def test_showing_a_value_tells_nobody(slider: ValueSlider) -> None:
    heard = edits(slider)
    slider.show_value(1.25, True)
    assert heard == []
    assert slider.shown == 1.25
    assert slider.held


def test_a_value_beyond_the_range_shows_at_the_end(slider: ValueSlider) -> None:
    slider.show_value(4.2, False)
    assert slider.shown == 3.0


def test_a_drag_tells_each_value_on_the_way_and_ends_where_the_hand_is(
    qtbot: QtBot, slider: ValueSlider
) -> None:
    heard = edits(slider)
    drag(slider, slider.rect().center(), 100)
    assert len(heard) == 4
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(2.0, abs=0.05)


def test_a_drag_with_shift_is_ten_times_finer(slider: ValueSlider) -> None:
    heard = edits(slider)
    drag(slider, slider.rect().center(), 100, SHIFT)
    assert heard[-1] == pytest.approx(0.2, abs=0.02)


def test_a_click_beside_the_handle_brings_it_there(qtbot: QtBot, slider: ValueSlider) -> None:
    heard = edits(slider)
    click(slider, QPoint(10, 12))
    assert heard == [-3.0]


def test_a_double_click_lets_go(qtbot: QtBot, slider: ValueSlider) -> None:
    with qtbot.waitSignal(slider.released):
        double_click(slider)


@pytest.mark.parametrize("which", [Qt.Key.Key_Home, Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
def test_home_and_delete_let_go(qtbot: QtBot, slider: ValueSlider, which: Qt.Key) -> None:
    heard = edits(slider)
    with qtbot.waitSignal(slider.released):
        key(slider, which)
    assert heard == []


@pytest.mark.parametrize(
    ("which", "modifier", "value"),
    [
        (Qt.Key.Key_Right, NO_KEYS, 0.1),
        (Qt.Key.Key_Up, NO_KEYS, 0.1),
        (Qt.Key.Key_Left, NO_KEYS, -0.1),
        (Qt.Key.Key_Down, SHIFT, -0.01),
        (Qt.Key.Key_Right, SHIFT, 0.01),
        (Qt.Key.Key_End, NO_KEYS, 3.0),
    ],
)
def test_keys_step(
    qtbot: QtBot, slider: ValueSlider, which: Qt.Key, modifier: Qt.KeyboardModifier, value: float
) -> None:
    heard = edits(slider)
    key(slider, which, modifier)
    assert heard == [pytest.approx(value)]


@pytest.mark.parametrize(
    ("delta", "modifier", "value"),
    [
        (QPoint(0, 120), NO_KEYS, 0.1),
        (QPoint(0, -240), NO_KEYS, -0.2),
        (QPoint(0, 120), SHIFT, 0.01),
        (QPoint(120, 0), SHIFT, 0.01),
    ],
)
def test_the_wheel_steps(
    slider: ValueSlider, delta: QPoint, modifier: Qt.KeyboardModifier, value: float
) -> None:
    heard = edits(slider)
    wheel(slider, delta, modifier)
    assert heard == [pytest.approx(value)]


def test_it_paints_held_and_free_differently(qtbot: QtBot, slider: ValueSlider) -> None:
    free = slider.grab().toImage()
    slider.show_value(0.0, True)
    assert slider.grab().toImage() != free


@pytest.mark.parametrize(
    ("value", "figure"), [(1.3, "+1.30"), (-0.9, "\N{MINUS SIGN}0.90"), (-0.001, "+0.00"), (0.0, "+0.00")]
)
def test_a_figure_has_a_true_minus_and_none_before_zero(value: float, figure: str) -> None:
    assert signed(value) == figure
