"""The controllers as the window sees them: their ports, what they move, and what waits to be learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.errors import GroovebridgeError
from bridge.model import Settings
from bridge.studio import Studio
from bridge.studio.controllers import Controllers
from bridge.studio.controls import Kind, Source
from bridge.studio.controls_file import ControlSetup, controls_path, load_controls
from bridge.studio.dials import Target
from bridge.studio.movers import Movers
from bridge.studio.targets import PlaceOf, targets


class ControllerModel(QObject):
    """Observable; Qt thread only. Before `begin` and after `close` there is nothing to see or do.

    `changed` tells of all that is new, but for knobs that have not taken hold: of these `strayed` does. What
    cannot be kept becomes a sentence for `say`, and holds until the end. `play_preset(number)`, from 1, is
    what a program change does.
    """

    changed = pyqtSignal()
    strayed = pyqtSignal()
    _told = pyqtSignal()
    _moved = pyqtSignal()
    _programmed = pyqtSignal(int)

    def __init__(self, say: Callable[[str], None], play_preset: Callable[[int], None]) -> None:
        super().__init__()
        self.path = controls_path()
        self._say = say
        self._controllers: Controllers | None = None
        self._told.connect(self.changed)  # queued by Qt when they come from another thread
        self._moved.connect(self.strayed)
        self._programmed.connect(lambda program: play_preset(program + 1))

    @property
    def ready(self) -> bool:
        """Whether controllers can be heard and learned."""
        return self._controllers is not None

    @property
    def setup(self) -> ControlSetup:
        """Ports, mappings, and whether program changes recall presets."""
        return ControlSetup() if self._controllers is None else self._controllers.setup

    @property
    def learning(self) -> str | None:
        """The target that waits for a control to be moved."""
        return None if self._controllers is None else self._controllers.learning

    def sources(self, target: str) -> tuple[Source, ...]:
        """The controls that move a target."""
        return () if self._controllers is None else self._controllers.sources(target)

    def astray(self, target: str) -> float | None:
        """Where on its way, 0..1, a knob is that was turned and has not taken hold of its target yet."""
        return None if self._controllers is None else self._controllers.astray(target)

    def knows(self, target: str) -> bool:
        """Whether there is such a target: a model may have no map, say."""
        return self._controllers is not None and self._controllers.knows(target)

    def presses(self, target: str) -> bool:
        """Whether a target is a button, not a dial."""
        return self._controllers is not None and self._controllers.presses(target)

    def begin(
        self,
        studio: Studio,
        movers: Movers,
        sliders: Sequence[str],
        styles: Sequence[str],
        coordinates: Callable[[Settings], Mapping[str, float]],
        place_of: PlaceOf | None,
        own: Mapping[str, Target],
    ) -> None:
        """Work at this studio, as was kept. `own`: what only the window has."""
        setup, trouble = load_controls(self.path)
        axes = tuple(coordinates(studio.state.settings))
        desk = targets(
            studio,
            sliders,
            axes,
            movers.morpher,
            coordinates,
            wander=movers.wander,
            place_of=place_of,
            journey=movers.journey,
            styles=styles,
        )
        self._controllers = Controllers(
            studio,
            {**desk, **own},
            setup,
            self.path,
            self._told.emit,
            self._programmed.emit,
            self._moved.emit,
        )
        if trouble:
            self._say(trouble)
        self.changed.emit()

    def close(self) -> None:
        """Listen no more. Idempotent."""
        controllers, self._controllers = self._controllers, None
        if controllers is not None:
            controllers.close()

    def learn(self, target: str) -> None:
        """Have the next control that is moved move this target."""
        self._do(lambda controllers: controllers.learn(target))

    def stop_learning(self) -> None:
        """Wait for no control any more."""
        self._do(Controllers.stop_learning)

    def forget(self, *sources: Source) -> None:
        """Have controls move nothing any more."""
        self._do(lambda controllers: controllers.forget(*sources))

    def set_kind(self, source: Source, kind: Kind) -> None:
        """A control speaks otherwise than was learned."""
        self._do(lambda controllers: controllers.set_kind(source, kind))

    def set_programs(self, on: bool) -> None:
        """Have program changes recall presets, or not."""
        self._do(lambda controllers: controllers.set_programs(on))

    def listen(self, port: str, on: bool) -> None:
        """Hear a port, or do not."""
        others = tuple(name for name in self.setup.inputs if name != port)
        self._do(lambda controllers: controllers.choose((*others, port) if on else others))

    def _do(self, act: Callable[[Controllers], None]) -> None:
        if self._controllers is None:
            return
        try:
            act(self._controllers)
        except GroovebridgeError as error:
            self._say(f"This holds until the window closes: {error}")
