"""Python's cycles are collected in the Qt thread: what is Qt's must end in the thread that it lives in."""

from __future__ import annotations

import gc

from PyQt6.QtCore import QObject, QTimer

EVERY_MS = 1000
_YOUNG, _OLD = 10, 60
"""Every so many times the middle generation is looked through, and all of it."""


class Garbage(QObject):
    """While it collects, no other thread does: a collection runs in the thread that happens to allocate,
    and may end a menu or a window that is no more in use. Qt thread only.
    """

    def __init__(self) -> None:
        super().__init__()
        self._times = 0
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)

    def start(self) -> None:
        """Collect here from now on, a little every second."""
        gc.disable()
        self._timer.start()

    def settle(self) -> None:
        """What there is now will stay: do not look through it again."""
        gc.collect()
        gc.freeze()

    def collect(self) -> None:
        """Collect what is due."""
        self._times += 1
        gc.collect(0 if self._times % _YOUNG else 1 if self._times % _OLD else 2)

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
