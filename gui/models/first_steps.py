"""The three steps of the first-run guide: which of them have happened, seen from what the studio tells."""

from __future__ import annotations

from enum import Enum

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.player.messages import ClockState, Motion, SoundStage, SoundWhen, Sync
from bridge.studio import StudioState


class Step(Enum):
    """Hear it, connect your DAW, shape it."""

    HEAR = "hear"
    CONNECT = "connect"
    SHAPE = "shape"


class FirstSteps(QObject):
    """Which steps were taken since the window opened; a step that was taken stays so. Qt thread only."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._first: StudioState | None = None
        self._before: StudioState | None = None
        self._done: frozenset[Step] = frozenset()

    @property
    def done(self) -> frozenset[Step]:
        """The steps that were taken."""
        return self._done

    def see(self, state: StudioState) -> None:
        """Look at the newest state; quick, as it comes at every change."""
        first = self._first = self._first or state
        before, self._before = self._before or state, state
        happened = {
            Step.HEAR: state.motion is Motion.ROLLING and not unheard(state),
            Step.CONNECT: connected(before, state),
            Step.SHAPE: (first.settings.sliders, first.settings.axes)
            != (state.settings.sliders, state.settings.axes),
        }
        done = self._done | {step for step, taken in happened.items() if taken}
        if done != self._done:
            self._done = done
            self.changed.emit()


def unheard(state: StudioState) -> bool:
    """Whether nobody can hear us, as far as that can be known: no program, and no drum sound of ours."""
    ports = state.ports
    nobody = ports is None or ports.api == "none" or (state.alone and ports.destination is None)
    return nobody and not state.sounding


def connected(before: StudioState, now: StudioState) -> bool:
    """Whether another program hears us or leads us, as far as that can be known.

    It was chosen as a port, or its clock arrives, or it is on Link with us, or the built-in drums, left to
    themselves, have just made way for it.
    """
    chosen = now.ports is not None and (now.ports.destination or now.ports.source) is not None
    arrives = now.clock in (ClockState.LOCKING, ClockState.LOCKED)
    leads = now.peers > 0 if now.sync is Sync.LINK else arrives
    made_way = (
        before.sounding
        and now.sound.stage is SoundStage.OFF
        and before.sound_when is now.sound_when is SoundWhen.AUTO
    )
    return chosen or leads or made_way
