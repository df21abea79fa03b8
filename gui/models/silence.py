"""For how long a clock that we follow has not come."""

from __future__ import annotations

import time

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from bridge.timing.follower import LOST_AFTER_NS


class Silence(QObject):
    """Counts the seconds since the last clock, once the player says that it is lost; nothing runs before.

    `changed` tells of each second. Qt thread only.
    """

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._since_s: float | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.changed)

    @property
    def seconds(self) -> int:
        """Whole seconds, at least 1; 0 while the clock is not lost."""
        return 0 if self._since_s is None else max(1, int(time.monotonic() - self._since_s))

    def show(self, lost: bool) -> None:
        """The clock is lost, or it is not; told again, it is the same silence."""
        if lost and self._since_s is None:
            self._since_s = time.monotonic() - LOST_AFTER_NS / 1e9
            self._timer.start()
        elif not lost:
            self._since_s = None
            self._timer.stop()
