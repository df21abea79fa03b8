"""The random walk of the sliders: where each one has wandered to in a bar. Pure.

A slider goes from turning point to turning point, `bars` apart; each turning point is a draw, and between two
of them it eases (value noise: Perlin 1985, with the interpolation of Hermite, 3f^2 - 2f^3):

    sway(bar) = k(n) + (k(n+1) - k(n)) (3f^2 - 2f^3)        n + f = bar / bars + phase

`k` and `phase` come from a hash of seed, slider and n. So a bar has the same sway however the song got there,
nothing has to be remembered, a slider is never away for good, and neighbouring bars are never far apart.

The sway is added to the slider's home, which is found by taking away the sway of the bar in which the walk
set off: it begins where the slider is. A slider that a hand has moved gets another home: it goes on from
where the hand put it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bridge.errors import GroovebridgeError
from bridge.model import Settings
from bridge.model.settings import AXIS_RANGE, NAMED_RANGE

PACES = (1, 2, 4, 8, 16)
"""How many bars it may be from a turning point to the next."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How sliders wander. GroovebridgeError for values out of range.

    amount   0..1: how far one may get from where it was, as a share of half its range
    bars     one of `PACES`: from a turning point to the next
    """

    amount: float = 0.5
    bars: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= 1:
            raise GroovebridgeError(f"Sliders cannot wander by {self.amount:g}: the amount goes from 0 to 1.")
        if self.bars not in PACES:
            raise GroovebridgeError(
                f"A slider cannot turn every {self.bars} bars when it wanders: choose one of {PACES}."
            )


@dataclass(frozen=True, slots=True)
class Swayed:
    """Where sliders were put, in which bar, in what manner and by which seed; and their homes."""

    bar: int
    manner: Manner
    seed: int
    values: Mapping[str, float] = field(default_factory=dict)
    homes: Mapping[str, float] = field(default_factory=dict)

    def in_manner(self, manner: Manner) -> Swayed:
        """The same walk; in another manner, its sliders go on from where they are."""
        return self if manner == self.manner else Swayed(self.bar, manner, self.seed)


def sway(seed: int, name: str, bar: float, bars: int) -> float:
    """How far from home a slider is in a bar (from 0, fractions too), -0.5..0.5; it turns every `bars`."""
    where = bar / bars + _draw(seed, name, "phase")
    number, share = divmod(where, 1)
    before, after = (_draw(seed, name, f"{int(number) + step}") - 0.5 for step in (0, 1))
    return before + (after - before) * share * share * (3 - 2 * share)


def standing(
    settings: Settings,
    sliders: Iterable[str],
    bar: int,
    manner: Manner,
    homes: Mapping[str, float] | None = None,
) -> Swayed:
    """A walk that has the sliders where they are in a bar: about `homes`, or a slider that has none there,
    about where it must wander to be here.
    """
    values = {name: _value(settings, name) for name in sliders}
    walk = Swayed(bar, manner, settings.seed)
    at_home = {name: (homes or {}).get(name, home(settings, name, walk)) for name in values}
    return replace(walk, values=values, homes=at_home)


def home(settings: Settings, name: str, walk: Swayed) -> float:
    """The place that a slider wanders about, where that may be a little beyond its range. One that is not
    where the walk has put it goes on from where it is.
    """
    value = _value(settings, name)
    if walk.seed == settings.seed and walk.values.get(name) == value:
        return walk.homes[name]
    return value - _away(settings, name, walk.bar, walk.manner)


def swayed(
    settings: Settings, sliders: Iterable[str], bar: int, manner: Manner, before: Swayed
) -> tuple[Settings, Swayed]:
    """The settings of a bar, and what to hand in for the next one.

    sliders   those that wander, named ones and raw axes that are held
    before    what the last call returned, or `standing` when the walk sets off
    """
    before = before.in_manner(manner)
    values, homes = {}, {}
    for name in sliders:
        homes[name] = home(settings, name, before)
        there = homes[name] + _away(settings, name, bar, manner)
        most = _limit(settings, name)
        values[name] = round(min(most, max(-most, there)), 6)
    for name, value in values.items():
        if value != _value(settings, name):
            settings = settings.holding(name, value)
    return settings, Swayed(bar, manner, settings.seed, values, homes)


def wandered(settings: Settings, sliders: Iterable[str], bar: int, manner: Manner) -> Settings:
    """The settings of a bar of a song that begins with `settings`, and that nobody has a hand in."""
    names = (*sliders, *settings.axes)
    return swayed(settings, names, bar, manner, standing(settings, names, 0, manner))[0]


def _value(settings: Settings, name: str) -> float:
    return settings.axes[name] if name in settings.axes else settings.sliders.get(name, 0.0)


def _limit(settings: Settings, name: str) -> float:
    """How far a slider goes from its middle, either way."""
    return (AXIS_RANGE if name in settings.axes else NAMED_RANGE)[1]


def _away(settings: Settings, name: str, bar: int, manner: Manner) -> float:
    """How far a slider is from home in a bar."""
    return manner.amount * _limit(settings, name) * sway(settings.seed, name, bar, manner.bars)


def _draw(seed: int, name: str, what: str) -> float:
    """0..1, the same for the same three."""
    digest = hashlib.blake2b(f"{seed}/{name}/{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
