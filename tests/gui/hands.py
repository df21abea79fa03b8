"""A person's hands on a widget. PyQt6's stubs of QTest take its functions for methods, hence `_TEST`."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QMouseEvent, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

NO_KEYS = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
_LEFT = Qt.MouseButton.LeftButton
_NONE = Qt.MouseButton.NoButton
_TEST: Any = QTest


def click(widget: QWidget, at: QPoint | None = None) -> None:
    """Press and let go, in the middle or at a point."""
    _TEST.mouseClick(widget, _LEFT, NO_KEYS, at or widget.rect().center())


def right_click(widget: QWidget, at: QPoint) -> None:
    """Press and let go the right button at a point."""
    _TEST.mouseClick(widget, Qt.MouseButton.RightButton, NO_KEYS, at)


def double_click(widget: QWidget, at: QPoint | None = None) -> None:
    """The second press of a double click, in the middle or at a point."""
    _TEST.mouseDClick(widget, _LEFT, NO_KEYS, at or widget.rect().center())


def release(widget: QWidget, at: QPoint) -> None:
    """Let the button go at a point."""
    _mouse(widget, QMouseEvent.Type.MouseButtonRelease, at, _LEFT, _NONE, NO_KEYS)


def key(widget: QWidget, which: Qt.Key, modifier: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Press a key while the widget has the focus."""
    widget.setFocus()
    _TEST.keyClick(widget, which, modifier)


def write(widget: QWidget, text: str) -> None:
    """Select all and type."""
    widget.setFocus()
    _TEST.keyClick(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    _TEST.keyClicks(widget, text)


def type_in(widget: QWidget, text: str) -> None:
    """Type, as the cursor stands and whatever is selected."""
    _TEST.keyClicks(widget, text)


def wheel(
    widget: QWidget, delta: QPoint, modifier: Qt.KeyboardModifier = NO_KEYS, at: QPoint | None = None
) -> None:
    """Turn the wheel over the middle, or over a point; a notch is 120."""
    middle = QPointF(at or widget.rect().center())
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(middle, widget.mapToGlobal(middle), QPoint(), delta, _NONE, modifier, phase, False)
    QApplication.sendEvent(widget, event)


def pull(widget: QWidget, start: QPoint, by: int, modifier: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Press at a point, move sideways in four parts, and hold."""
    _mouse(widget, QMouseEvent.Type.MouseButtonPress, start, _LEFT, _LEFT, modifier)
    for part in (1, 2, 3, 4):
        on_the_way = start + QPoint(by * part // 4, 0)
        _mouse(widget, QMouseEvent.Type.MouseMove, on_the_way, _NONE, _LEFT, modifier)


def drag(widget: QWidget, start: QPoint, by: int, modifier: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Press at a point, move sideways in four parts, let go."""
    pull(widget, start, by, modifier)
    _mouse(widget, QMouseEvent.Type.MouseButtonRelease, start + QPoint(by, 0), _LEFT, _NONE, modifier)


def drag_up(widget: QWidget, by: int, modifier: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Press in the middle, move up by so many pixels, let go."""
    start = widget.rect().center()
    _mouse(widget, QMouseEvent.Type.MouseButtonPress, start, _LEFT, _LEFT, modifier)
    _mouse(widget, QMouseEvent.Type.MouseMove, start - QPoint(0, by), _NONE, _LEFT, modifier)
    _mouse(widget, QMouseEvent.Type.MouseButtonRelease, start - QPoint(0, by), _LEFT, _NONE, modifier)


def _mouse(
    widget: QWidget,
    kind: QMouseEvent.Type,
    at: QPoint,
    button: Qt.MouseButton,
    buttons: Qt.MouseButton,
    modifier: Qt.KeyboardModifier,
) -> None:
    place = QPointF(at)
    event = QMouseEvent(kind, place, widget.mapToGlobal(place), button, buttons, modifier)
    QApplication.sendEvent(widget, event)
