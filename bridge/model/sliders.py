"""Named sliders: move z so that one musical attribute of the loop changes and the others stay.

A small network g tells for any z what the loop's attributes will be, on a scale without ends (`Link`):

    g(z) = linear z + bias + outer tanh(inner z + inner_bias)          [A]

A slider says where its attribute should go: at 1 to what is much among drummers (`high`), at -1 to what is
little (`low`), in between in proportion, from wherever the loop is at rest. All other attributes should stay.
z goes there in a few of Gauss and Newton's steps, each the shortest that reaches the next milestone, where
length is measured by how loops really scatter (`spread` S, so that what seldom differs seldom moves):

    J = dg/dz       dz = S J^T (J S J^T + damping)^-1 (milestone - g(z))

Several sliders make one journey, so their order does not matter. All sliders at rest: z stays, bit by bit.

`python -m model_export calibrate` fits g and measures what the sliders do; docs/bundle.md has the file.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.model.bundle import SLIDERS, Bundle, BundleError

Floats = NDArray[np.float64]

STEPS = 8
DAMPING = 0.02
LEAST_TRAVEL = 0.5
"""A loop that has much already still goes up by this share of the way from low to high; down alike."""

_LITTLE, _MUCH = 0.02, 0.98
_AGAIN = "Calibrate the bundle again: `python -m model_export calibrate`."


class Link(IntEnum):
    """How an attribute a follows from g's answer y, in units of the attribute's `unit` u.

    LINEAR     a = u y
    POSITIVE   a = u ln(1 + e^y), for what cannot be negative
    SHARE      a = 1 / (1 + e^-y), for what lies in 0..1 (u is 1)
    """

    LINEAR = 0
    POSITIVE = 1
    SHARE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Sliders:
    """The fitted sliders. Pure, thread-safe; a move takes less than a millisecond.

    names       the S sliders, which are the first S of the A attributes that g knows
    links       int64 [A], of `Link`;  units float64 [A]
    low, high   float64 [A]: where the attribute goes at -1 and at 1
    linear [A, Z], bias [A], inner [H, Z], inner_bias [H], outer [A, H], spread [Z, Z]: float64

    Raises ValueError for arrays that do not fit each other.
    """

    names: tuple[str, ...]
    links: NDArray[np.int64]
    units: Floats
    low: Floats
    high: Floats
    linear: Floats
    bias: Floats
    inner: Floats
    inner_bias: Floats
    outer: Floats
    spread: Floats

    def __post_init__(self) -> None:
        attributes, size = self.linear.shape if self.linear.ndim == 2 else (0, 0)
        hidden = len(self.inner)
        shapes: dict[str, tuple[int, ...]] = {
            **dict.fromkeys(("links", "units", "low", "high", "bias"), (attributes,)),
            "inner": (hidden, size),
            "inner_bias": (hidden,),
            "outer": (attributes, hidden),
            "spread": (size, size),
        }
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array.shape != shape:
                raise ValueError(f"{name} should have the shape {shape}, not {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds values that are no numbers")
        if not 1 <= len(self.names) <= attributes or not set(self.links.tolist()) <= set(Link):
            raise ValueError("the links or the names do not fit the attributes")

    def move(self, z: NDArray[np.floating], values: NDArray[np.floating]) -> NDArray[np.float32]:
        """The points [N, Z] to which z [N, Z] goes when the sliders stand at values [N, S], -1..1."""
        start = np.asarray(z, dtype=np.float64)
        answer = self._answer(start)
        journey = self._goal(answer, np.asarray(values, dtype=np.float64)) - answer
        point = start
        for step in range(1, STEPS + 1):
            slope = 1 - np.tanh(point @ self.inner.T + self.inner_bias) ** 2
            jacobian = self.linear + (self.outer * slope[:, None, :]) @ self.inner
            spread = jacobian @ self.spread
            normal = spread @ jacobian.transpose(0, 2, 1) + DAMPING * np.eye(len(self.bias))
            missing = answer + journey * (step / STEPS) - self._answer(point)
            point = point + (np.linalg.solve(normal, missing[..., None]) * spread).sum(axis=1)
        resting = ~np.any(values, axis=1)
        return np.where(resting[:, None], z, point).astype(np.float32)

    def expect(self, z: NDArray[np.floating]) -> Floats:
        """What g expects of the attributes at z [N, Z]: [N, A], in their own units."""
        return self._attributes(self._answer(np.asarray(z, dtype=np.float64)))

    def values(self, settings: Mapping[str, float]) -> Floats:
        """Slider values by name as a row [1, S] for `move`; sliders that are not named are at rest."""
        return np.array([[settings.get(name, 0.0) for name in self.names]])

    def to_bytes(self) -> bytes:
        """The content of sliders.npz, in single precision."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        small = {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in arrays.items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **small)
        return buffer.getvalue()

    @classmethod
    def load(cls, bundle: Bundle) -> Sliders | None:
        """The bundle's sliders, None if it has none yet. BundleError for damaged ones or another model's."""
        if SLIDERS not in bundle.manifest.files:
            return None
        arrays = bundle.arrays(SLIDERS)
        try:
            found = cls.of_arrays(arrays)
        except (KeyError, ValueError, TypeError) as error:
            raise BundleError(f"{bundle.path / SLIDERS} holds no sliders ({error}). {_AGAIN}") from error
        if len(found.spread) != bundle.manifest.latent_size or found.names != bundle.manifest.sliders:
            raise BundleError(f"{bundle.path / SLIDERS} holds the sliders of another model. {_AGAIN}")
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Sliders:
        """The sliders of the arrays of sliders.npz (docs/bundle.md). KeyError, TypeError or ValueError."""
        names = tuple(str(name) for name in arrays["names"])
        links = arrays["links"].astype(np.int64)
        floats = [field.name for field in fields(cls)][2:]
        return cls(names, links, *(arrays[name].astype(np.float64) for name in floats))

    def _answer(self, z: Floats) -> Floats:
        """g(z): [N, A]."""
        inner = np.tanh(z @ self.inner.T + self.inner_bias)
        return z @ self.linear.T + self.bias + inner @ self.outer.T

    def _attributes(self, answer: Floats) -> Floats:
        shared = 1 / (1 + np.exp(-np.clip(answer, -30, 30)))
        positive = np.logaddexp(0, answer) * self.units
        return np.select(
            [self.links == Link.SHARE, self.links == Link.POSITIVE], [shared, positive], answer * self.units
        )

    def _links_inverted(self, attributes: Floats) -> Floats:
        """The answers that stand for these attributes."""
        possible = self._possible(attributes)
        ratio = possible / self.units
        share = np.clip(possible, _LITTLE, _MUCH)
        return np.select(
            [self.links == Link.SHARE, self.links == Link.POSITIVE],
            [np.log(share / (1 - share)), np.log(np.expm1(np.maximum(ratio, _LITTLE)))],
            ratio,
        )

    def _possible(self, attributes: Floats) -> Floats:
        """The attributes kept off the ends of their range, where answers would be infinite."""
        return np.select(
            [self.links == Link.SHARE, self.links == Link.POSITIVE],
            [np.clip(attributes, _LITTLE, _MUCH), np.maximum(attributes, _LITTLE * self.units)],
            attributes,
        )

    def _goal(self, answer: Floats, values: Floats) -> Floats:
        """The answers [N, A] that the sliders ask for; never against the direction of the slider."""
        values = np.pad(values, ((0, 0), (0, len(self.bias) - values.shape[1])))
        rest, least = self._attributes(answer), LEAST_TRAVEL * (self.high - self.low)
        end = np.where(values > 0, np.maximum(self.high, rest + least), np.minimum(self.low, rest - least))
        goal = self._links_inverted(rest + np.abs(values) * (self._possible(end) - rest))
        return np.select(
            [values > 0, values < 0], [np.maximum(goal, answer), np.minimum(goal, answer)], answer
        )
