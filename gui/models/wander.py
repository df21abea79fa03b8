"""The random walk of the sliders, as the window sees it."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.studio.wander import Wander, Wandering


class WanderModel(QObject):
    """Qt thread only. `attempt` does what may be refused, and says so; `changed` tells of all of it.

    Before `begin` nothing wanders, and nothing happens.
    """

    changed = pyqtSignal()
    _told = pyqtSignal()

    def __init__(self, attempt: Callable[[Callable[[], object]], bool]) -> None:
        super().__init__()
        self._attempt = attempt
        self._wander: Wander | None = None
        self._shown = Wandering()
        self._told.connect(self.look)  # queued by Qt when it comes from another thread

    @property
    def wandering(self) -> Wandering:
        """Whether the sliders wander, and how."""
        return self._shown

    @property
    def tell(self) -> Callable[[], None]:
        """What a `Wander` is to call when there is something new; from any thread."""
        return self._told.emit

    def begin(self, wander: Wander) -> None:
        """The studio is there, and its walk."""
        self._wander = wander
        self.look()

    def look(self) -> None:
        """Something may have changed at the desk, such as where a slider is."""
        if self._wander is not None and self._wander.wandering != self._shown:
            self._shown = self._wander.wandering
            self.changed.emit()

    def toggle(self) -> None:
        """Have the sliders wander, or stay where they are."""
        self._do(Wander.toggle)

    def set_amount(self, amount: float) -> None:
        """How far a slider may get from where it is, 0..1."""
        self._do(lambda wander: wander.set_amount(amount))

    def set_bars(self, bars: int) -> None:
        """How many bars it is from a turning point to the next, one of `PACES`."""
        self._do(lambda wander: wander.set_bars(bars))

    def set_still(self, name: str, still: bool) -> None:
        """Whether a slider stays where it is while the others wander."""
        self._do(lambda wander: wander.set_still(name, still))

    def _do(self, act: Callable[[Wander], None]) -> None:
        if (wander := self._wander) is not None:
            self._attempt(lambda: act(wander))
            self.look()
