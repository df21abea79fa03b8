"""What the sliders are set to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.errors import GroovebridgeError

AXIS_RANGE = (-3.0, 3.0)
TEMPERATURE_RANGE = (0.0, 2.0)
SEED_RANGE = (0, 2**63 - 1)


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

    Raises SliderError for a seed, index or temperature out of range, and for an axis value that is. Which
    axes and styles there are is the bundle's matter: `Model` raises for unknown names.
    """

    seed: int = 0
    index: int = 0
    temperature: float = 0.5
    axes: Mapping[str, float] = field(default_factory=dict)
    style: str | None = None

    def __post_init__(self) -> None:
        for name, whole in (("seed", self.seed), ("index", self.index)):
            if not SEED_RANGE[0] <= whole <= SEED_RANGE[1]:
                raise SliderError(f"The {name} {whole} is out of range: it goes from 0 to {SEED_RANGE[1]}.")
        _check_range("temperature", self.temperature, TEMPERATURE_RANGE)
        for name, value in self.axes.items():
            _check_range(name, value, AXIS_RANGE)
        object.__setattr__(self, "temperature", float(self.temperature))
        object.__setattr__(self, "axes", {name: float(value) for name, value in self.axes.items()})

    def __hash__(self) -> int:
        return hash((self.seed, self.index, self.temperature, self.style, frozenset(self.axes.items())))


def _check_range(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not (math.isfinite(value) and low <= value <= high):
        raise SliderError(f"The slider {name} cannot be set to {value:g}: it goes from {low:g} to {high:g}.")
