"""The menu of a cell of the loop: what it is in words, and what a hand can do to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt6.QtWidgets import QMenu, QWidget

from bridge.groove import Voice
from gui.views.loop_hand import LoopHand


def cell_menu(hand: LoopHand, cell: tuple[int, Voice], parent: QWidget) -> QMenu:
    """Strike it or silence it, and give changes by hand back to the drummer: its own, its voice's, or all."""
    voice, touch = cell[1], hand.touch(cell)
    everything = tuple(hand.touches)
    of_voice = tuple(each for each in everything if each[1] == voice)
    menu = QMenu(parent)
    title = menu.addAction(hand.describe(cell))
    if title is not None:
        title.setEnabled(False)
    menu.addSeparator()
    struck = touch is not None and bool(touch.velocity)
    _offer(menu, "Silence" if struck else "Strike", touch is not None, partial(hand.toggle, cell))
    menu.addSeparator()
    for text, cells in (
        ("Give back to the drummer", tuple(each for each in everything if each == cell)),
        (f"Give back all of {voice.title}", of_voice),
        ("Give back all changes by hand", everything),
    ):
        _offer(menu, text, bool(cells), partial(hand.give_back, cells))
    return menu


def _offer(menu: QMenu, text: str, enabled: bool, act: Callable[[], None]) -> None:
    action = menu.addAction(text)
    if action is not None:
        action.setEnabled(enabled)
        action.triggered.connect(lambda _checked: act())
