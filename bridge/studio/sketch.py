"""What a loop is made of, as a value: where its idea comes from, what is held, and what was changed by hand.

    origin              a draw of the model, a place on the map, a way between two loops, or a given loop
      | raw axes, named sliders        move the place in latent space
      v
    decoded loop
      | locks                          voices that keep the part that they had
      v
      | touches                        cells that were changed by hand
      v
    the loop that plays

Everything that the musician does makes a new sketch of the old one, so undo is a row of sketches, and what
was played can always be made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from bridge.groove import VOICES, DrumLoop
from bridge.groove.edit import Cell, Touch, check_cell, grafted, touched
from bridge.model import Model, Settings
from bridge.model.map import Map, blend
from bridge.model.settings import SEED_RANGE
from bridge.studio.generate import LoopMaker
from bridge.studio.vary import changed


@dataclass(frozen=True, slots=True)
class Drawn:
    """The model's draw for seed, index and style of the settings."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map, x and y in -1..1."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Way:
    """On the way from one loop to another: share 0 is `start` itself, 1 is `end` itself."""

    start: DrumLoop
    end: DrumLoop
    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise GroovebridgeError(f"A morph cannot stand at {self.share:g}: it goes from 0 to 1.")


@dataclass(frozen=True, slots=True)
class Given:
    """A loop as it is: played before, or read from a file. The sliders move it as they do the model's own."""

    loop: DrumLoop


_NO_MAP = "This model has no map. Calibrate it with `python -m model_export calibrate`."

Origin = Drawn | Spot | Way | Given


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a loop is made of. The mappings are copied; equal sketches give equal loops.

    settings   sliders, axes, temperature, seed, index and style
    origin     where the idea comes from; a new seed, index or style means a draw again
    locks      voice -> the part that it keeps, as a loop of that voice alone
    touches    cell -> how it is hit, whatever the model plays there
    """

    settings: Settings = field(default_factory=Settings)
    origin: Origin = field(default_factory=Drawn)
    locks: Mapping[int, DrumLoop] = field(default_factory=dict)
    touches: Mapping[Cell, Touch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "locks", dict(self.locks))
        object.__setattr__(self, "touches", dict(self.touches))

    def __hash__(self) -> int:
        return hash(
            (self.settings, self.origin, frozenset(self.locks.items()), frozenset(self.touches.items()))
        )

    def set(self, settings: Settings) -> Sketch:
        """With other settings; for a new idea (seed, index, style) what hand and place made gives way."""
        asked, before = settings, self.settings
        if (asked.seed, asked.index, asked.style) != (before.seed, before.index, before.style):
            return replace(self, settings=settings, origin=Drawn(), touches={})
        return replace(self, settings=settings)

    def in_block(self, block: int) -> Sketch:
        """What the n-th four bars of an evolving song are made of: the n-th idea from here on."""
        if not block:
            return self
        last = SEED_RANGE[1]
        idea = replace(self.settings, index=(self.settings.index + block) % (last + 1))
        return self.set(idea) if isinstance(self.origin, Drawn) else replace(self, settings=idea)

    def at(self, origin: Origin) -> Sketch:
        """From another origin; what was changed by hand was changed in the old idea, and goes with it."""
        return replace(self, origin=origin, touches={})

    def rested(self) -> Sketch:
        """With every slider and raw axis at rest."""
        return replace(self, settings=replace(self.settings, sliders={}, axes={}))

    def locking(self, voice: int, loop: DrumLoop | None) -> Sketch:
        """With one voice held as `loop` plays it, or (None) let go."""
        if not 0 <= voice < VOICES:
            raise GroovebridgeError(f"There is no voice {voice}: they go from 0 to {VOICES - 1}.")
        locks = {key: value for key, value in self.locks.items() if key != voice}
        if loop is not None:
            locks[voice] = grafted(DrumLoop.empty(), loop, (voice,))
        return replace(self, locks=locks)

    def touching(self, touches: Mapping[Cell, Touch | None]) -> Sketch:
        """With cells changed by hand, or (None) given back to the model. ValueError for a cell outside."""
        for cell in touches:
            check_cell(*cell)
        kept = {cell: touch for cell, touch in self.touches.items() if cell not in touches}
        kept |= {cell: touch for cell, touch in touches.items() if touch is not None}
        return replace(self, touches=kept)


class Maker:
    """Makes loops of sketches. Thread-safe; some milliseconds a loop.

    space   the model where it can be travelled in; None: loops are drawn, or played as they are given
    chart   its map; None: it has none
    """

    def __init__(self, model: LoopMaker, space: Model | None = None, chart: Map | None = None) -> None:
        self._model = model
        self._space = space
        self._chart = chart

    def loop(self, sketch: Sketch) -> DrumLoop:
        """The loop of a sketch. GroovebridgeError for settings or places that the model does not have."""
        loop = self._decoded(sketch.origin, sketch.settings)
        for voice, held in sketch.locks.items():
            loop = grafted(loop, held, (voice,))
        return touched(loop, sketch.touches)

    def _decoded(self, origin: Origin, settings: Settings) -> DrumLoop:
        if isinstance(origin, Drawn):
            return self._model.loop(settings)
        if isinstance(origin, Given):
            return self._moved(origin.loop, settings)
        if isinstance(origin, Way) and origin.share in (0, 1):
            return self._moved(origin.end if origin.share else origin.start, settings)
        if self._space is None or (isinstance(origin, Spot) and self._chart is None):
            raise GroovebridgeError(_NO_MAP)
        if isinstance(origin, Way):
            ends = np.stack([self._space.encode(loop)[0] for loop in (origin.start, origin.end)])
            z = blend(ends, np.array([1 - origin.share, origin.share]))
            settings = replace(settings, temperature=0.0)
        else:
            assert self._chart is not None
            z = self._chart.z_at(origin.x, origin.y)
        return self._space.decode(self._space.shaped(z, settings), settings)

    def _moved(self, loop: DrumLoop, settings: Settings) -> DrumLoop:
        """The loop itself, moved as the sliders move the model's copy of it."""
        if self._space is None or not (settings.sliders or settings.axes):
            return loop
        mu: NDArray[np.float32] = self._space.encode(loop)[0]
        there = self._space.shaped(mu, settings)
        plain = replace(settings, temperature=0.0)
        return changed(loop, self._space.decode(mu, plain), self._space.decode(there, plain))
