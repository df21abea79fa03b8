"""What controllers can work that only the window has: recording, the last bars, presets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.studio.dials import Press, Target, choice
from gui.models.files import FileModel
from gui.models.takeout import BARS, Takeout


class WindowTargets(QObject):
    """`targets` may be worked from any thread: what they do is queued into the Qt thread, and never waits."""

    _asked = pyqtSignal(object)

    def __init__(self, takeout: Takeout, files: FileModel) -> None:
        super().__init__()
        self._asked.connect(lambda act: act())  # queued by Qt when it comes from another thread
        self.targets: dict[str, Target] = {
            "record": self._press(takeout.toggle),
            **choice("last bars", BARS, lambda: takeout.bars, takeout.set_bars),
            "next preset": self._press(files.next_preset),
            "preset before": self._press(partial(files.next_preset, -1)),
        }

    def _press(self, act: Callable[[], None]) -> Press:
        return Press(partial(self._asked.emit, act))
