"""What the sliders are set to."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bridge.errors import GroovebridgeError

AXIS_RANGE = (-3.0, 3.0)
NAMED_RANGE = (-1.0, 1.0)
TEMPERATURE_RANGE = (0.0, 2.0)
SEED_RANGE = (0, 2**63 - 1)
_AXIS = re.compile(r"z[0-9]+")


class SliderError(GroovebridgeError):
    """A setting that does not exist or is out of its range, with the range or the names that do exist."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a loop depends on, besides the bundle. Equal settings give the same loop, byte for byte.

    seed, index   0..2^63-1: which idea; `index` counts the ideas of one seed (new idea, blocks of --evolve)
    temperature   0..2: how freely hits, touch and timing are drawn; 0 is the most likely loop
    style         the style that is asked for, by name (`Model.styles`); None leaves it open
    axes          raw axes by name (z1, z2, ...), in standard deviations, -3..3; each replaces its coordinate
                  of the prior draw. The mapping is copied; do not change it.
    sliders       named sliders (`Model.sliders`), -1..1: they move the point that the rest makes, together.
                  At 0 a slider rests and changes nothing; such ones are left out of the copy.

    Raises SliderError for a seed, index or temperature out of range, and for an axis or slider value that is.
    Which axes, sliders and styles there are is the bundle's matter: `Model` raises for unknown names.
    """

    seed: int = 0
    index: int = 0
    temperature: float = 0.75
    axes: Mapping[str, float] = field(default_factory=dict)
    style: str | None = None
    sliders: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, whole in (("seed", self.seed), ("index", self.index)):
            if not SEED_RANGE[0] <= whole <= SEED_RANGE[1]:
                raise SliderError(f"The {name} {whole} is out of range: it goes from 0 to {SEED_RANGE[1]}.")
        _check_range("temperature", self.temperature, TEMPERATURE_RANGE)
        for name, value in self.axes.items():
            _check_range(name, value, AXIS_RANGE)
        for name, value in self.sliders.items():
            _check_range(name, value, NAMED_RANGE)
        object.__setattr__(self, "temperature", float(self.temperature))
        object.__setattr__(self, "axes", {name: float(value) for name, value in self.axes.items()})
        moved = {name: float(value) for name, value in self.sliders.items() if value}
        object.__setattr__(self, "sliders", moved)

    def __hash__(self) -> int:
        held, moved = frozenset(self.axes.items()), frozenset(self.sliders.items())
        return hash((self.seed, self.index, self.temperature, self.style, held, moved))

    def holding(self, name: str, value: float | None) -> Settings:
        """The same with one slider set, a raw axis (z1, z2, ...) or a named one; None lets it go.

        Raises SliderError for a value out of range.
        """
        axis = _AXIS.fullmatch(name)
        held = {key: value for key, value in (self.axes if axis else self.sliders).items() if key != name}
        if value is not None:
            held[name] = value
        return replace(self, axes=held) if axis else replace(self, sliders=held)


def _check_range(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not (math.isfinite(value) and low <= value <= high):
        raise SliderError(f"The slider {name} cannot be set to {value:g}: it goes from {low:g} to {high:g}.")
