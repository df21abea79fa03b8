"""MIDI learn at the controls: a menu on the right button, and a ring around the control that waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

from PyQt6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PyQt6.QtGui import QContextMenuEvent, QKeyEvent
from PyQt6.QtWidgets import QApplication, QFrame, QLabel, QMenu, QWidget

from gui.models.controllers import ControllerModel
from gui.views import theme, words
from gui.views.value_slider import ValueSlider

W = TypeVar("W", bound=QWidget)
_TARGETS = "targets"
_RING = 4

Offer = tuple[str, Callable[[], object]]
"""A line of a menu: its words, and what it does."""


@runtime_checkable
class Offering(Protocol):
    """A learnable control whose menu begins with lines of its own."""

    def offers(self, at: QPoint | None) -> Sequence[Offer]:
        """What can be done at a point of the control; None: where the keyboard is."""


def learnable(widget: W, *targets: str) -> W:
    """Let controllers learn to move this control: it is these targets of `bridge.studio.targets`."""
    widget.setProperty(_TARGETS, list(targets))
    widget.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # the window has it
    return widget


def choosing(name: str) -> tuple[str, str, str]:
    """The targets of a control that chooses one of several: a dial, and a step either way."""
    return name, f"next {name}", f"{name} before"


def targets_of(widget: QWidget | None) -> tuple[QWidget, list[str]] | None:
    """The control that this widget is, lies in or names, and its targets, if controllers can learn it."""
    while widget is not None:
        named = widget.buddy() if isinstance(widget, QLabel) else None
        widget = widget if named is None else named
        if isinstance(targets := widget.property(_TARGETS), list):
            return widget, targets
        widget = widget.parentWidget()
    return None


class LearnDesk(QObject):
    """The learning of one window: `show_menu` for a right click, the ring and its words while one waits.

    Escape ends the waiting, wherever the focus is. `show_page` opens the list of mappings.
    """

    def __init__(self, window: QWidget, controllers: ControllerModel, show_page: Callable[[], None]) -> None:
        super().__init__(window)
        self._window, self._controllers, self._show_page = window, controllers, show_page
        self._menu: QMenu | None = None
        self.ring = QFrame(window)
        self.ring.setObjectName("learning")
        self.words = QLabel(window)
        self.words.setObjectName("learning-words")
        for part in (self.ring, self.words):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            part.hide()
        window.installEventFilter(self)
        controllers.changed.connect(self.refresh)
        controllers.strayed.connect(self._show_knobs)

    def context_menu(self, event: QContextMenuEvent) -> bool:
        """Open the menu of the control that was clicked, or that has the focus; False where it has none."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        pointed = self._window.focusWidget() if by_key else self._window.childAt(event.pos())
        found = targets_of(pointed)
        if found is None:
            return False
        widget, targets = found[0], [target for target in found[1] if self._controllers.knows(target)]
        if not targets:
            return False
        middle = widget.mapToGlobal(widget.rect().center())
        own: Sequence[Offer] = ()
        if isinstance(widget, Offering):
            own = widget.offers(None if by_key else widget.mapFrom(self._window, event.pos()))
        self.menu_of(targets, own).popup(middle if by_key else event.globalPos())
        return True

    def menu_of(self, targets: Sequence[str], own: Sequence[Offer] = ()) -> QMenu:
        """The control's own lines, then learn, forget, and the list of all."""
        if self._menu is not None:
            self._menu.deleteLater()
        menu = self._menu = QMenu(self._window)
        for text, act in own:
            _add(menu, text.replace("&", "&&"), act)
        if own:
            menu.addSeparator()
        for target in targets:
            sources = self._controllers.sources(target)
            plain = len(targets) == 1 or f"stay {target}" in targets  # a slider is what its menu is about
            which = "" if plain else f" for {words.target_title(target)}"
            learn = "Learn another MIDI control" if sources else "Learn MIDI"
            _add(menu, f"{learn}{which}", partial(self.learn, target))
            for source in sources:
                _add(menu, f"Forget {source.title}{which}", partial(self._controllers.forget, source))
        menu.addSeparator()
        _add(menu, "Controllers …", self._show_page)
        return menu

    def learn(self, target: str) -> None:
        """Have a control wait; where no controller is heard yet, show where its port is chosen."""
        self._controllers.learn(target)
        if not self._controllers.setup.inputs:
            self._show_page()

    def refresh(self) -> None:
        """Show what waits."""
        target = self._controllers.learning
        waiting = None if target is None else self._widget(target)
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
            if target is not None:
                app.installEventFilter(self)
        self.ring.setVisible(waiting is not None)
        self.words.setVisible(waiting is not None)
        if waiting is not None and target is not None:
            self.words.setText(
                words.waiting(target, self._controllers.presses(target), bool(self._controllers.setup.inputs))
            )
            self._place(waiting)

    def _show_knobs(self) -> None:
        """Show where knobs are that have not taken hold of their sliders yet."""
        for slider in self._window.findChildren(ValueSlider):
            if found := targets_of(slider):
                slider.show_knob(self._controllers.astray(found[1][0]))

    def _widget(self, target: str) -> QWidget | None:
        """The control of this target, if nothing lies over it."""
        for widget in self._window.findChildren(QWidget):
            if target in (widget.property(_TARGETS) or []) and widget.isVisible():
                seen = self._window.childAt(widget.mapTo(self._window, widget.rect().center()))
                return widget if seen is widget or widget.isAncestorOf(seen) else None
        return None

    def _place(self, widget: QWidget) -> None:
        corner = widget.mapTo(self._window, QPoint(0, 0))
        around = QRect(corner, widget.size()).adjusted(-_RING, -_RING, _RING, _RING)
        self.ring.setGeometry(around)
        self.words.adjustSize()
        room = self._window.rect().adjusted(theme.GAP, theme.GAP, -theme.GAP, -theme.GAP)
        box = QRect(QPoint(around.left(), around.top() - self.words.height() - 2), self.words.size())
        if box.top() < room.top():
            box.moveTop(around.bottom() + 3)
        box.moveLeft(max(room.left(), min(box.left(), room.right() - box.width())))
        self.words.setGeometry(box)
        self.ring.raise_()
        self.words.raise_()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802
        """Escape while something waits; the ring follows the window's size."""
        if a1 is not None and a0 is self._window and a1.type() == QEvent.Type.Resize:
            self.refresh()
        if isinstance(a1, QKeyEvent) and a1.key() == Qt.Key.Key_Escape and self._controllers.learning:
            if a1.type() == QEvent.Type.ShortcutOverride:
                a1.accept()
                return True
            if a1.type() == QEvent.Type.KeyPress:
                self._controllers.stop_learning()
                return True
        return super().eventFilter(a0, a1)


def _add(menu: QMenu, text: str, act: Callable[[], object]) -> None:
    action = menu.addAction(text)
    if action is not None:
        action.triggered.connect(lambda _checked: act())
