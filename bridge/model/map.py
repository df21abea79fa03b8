"""The map: loops of the training set on a plane where loops that sound alike lie together.

The plane is the square from -1 to 1 both ways. Each loop has a point on it, a place z in latent space and a
style. Between the points z is a blend of the loops around, so a hand can travel: every point decodes.

The blend is Shepard's in the form of Franke and Nielson ("Smooth interpolation of large sets of scattered
data", Int. J. Numerical Methods in Engineering 15, 1980): with R the distance to the nearest loop that no
longer counts, the loop at distance d weighs ((R - d) / (R d))^2.

    d        0 ............. R      a loop's weight is 0 when it enters the neighbourhood or leaves it, so
    weight   largest ...... 0      nothing jumps; at its own point it drowns all others

A mean of places lies nearer to the origin than they do, where the model drums vaguely; so the blend is
stretched to the mean of their lengths.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.model.bundle import MAP, Bundle, BundleError
from bridge.model.settings import SliderError

NEIGHBOURS = 16
"""How many loops are blended at a point."""

SOFTNESS = 0.1
"""Distances count as sqrt(d^2 + (0.1 R)^2): without it the loop at a point's very place is a spike."""

UNLABELLED = -1
_AGAIN = "Calibrate the bundle again with `python -m model_export calibrate`."


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """N loops on the plane, more than `NEIGHBOURS`. Immutable and thread-safe; every call is pure.

    points    float32 [N, 2], x and y in -1..1
    z         float32 [N, Z], where each loop lies in latent space
    style     int64 [N], the number of its style in `styles`; -1 where the data names none
    styles    the names
    bpm       float32 [N], the tempo at which it was played

    Raises ValueError for arrays that do not fit each other or these ranges.
    """

    points: NDArray[np.float32]
    z: NDArray[np.float32]
    style: NDArray[np.int64]
    styles: tuple[str, ...]
    bpm: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.z)
        if count <= NEIGHBOURS:
            raise ValueError(f"a map has more than {NEIGHBOURS} loops, not {count}")
        if self.z.ndim != 2 or self.points.shape != (count, 2):
            raise ValueError("each loop must have one point [2] and one place [Z]")
        if self.style.shape != (count,) or self.bpm.shape != (count,):
            raise ValueError("each loop must have one style and one tempo")
        if not (np.abs(self.points) <= 1).all():
            raise ValueError("points must lie in -1..1")
        if not (np.isfinite(self.z).all() and np.isfinite(self.bpm).all()):
            raise ValueError("places and tempi must be finite")
        if not ((self.style >= UNLABELLED) & (self.style < len(self.styles))).all():
            raise ValueError("styles must be numbers of names")

    @classmethod
    def load(cls, bundle: Bundle) -> Map:
        """The bundle's map. BundleError if it has none or a damaged one, or one of another model."""
        if MAP not in bundle.manifest.files:
            raise BundleError(f"The model bundle in {bundle.path} has no map yet. {_AGAIN}")
        arrays = bundle.arrays(MAP)
        try:
            found = cls.of_arrays(arrays)
        except (KeyError, ValueError, TypeError) as error:
            raise BundleError(f"{bundle.path / MAP} is no map of loops ({error}). {_AGAIN}") from error
        if found.z.shape[1] != bundle.manifest.latent_size:
            raise BundleError(
                f"{bundle.path / MAP} is the map of another model: its places have {found.z.shape[1]} "
                f"coordinates, not {bundle.manifest.latent_size}. {_AGAIN}"
            )
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Map:
        """The map of the arrays of map.npz (docs/bundle.md). KeyError, TypeError or ValueError."""
        return cls(
            arrays["points"].astype(np.float32),
            arrays["z"].astype(np.float32),
            arrays["style"].astype(np.int64),
            tuple(str(name) for name in arrays["styles"]),
            arrays["bpm"].astype(np.float32),
        )

    def to_bytes(self) -> bytes:
        """The content of map.npz, z in half precision; equal maps give equal bytes."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            allow_pickle=False,
            points=self.points,
            z=self.z.astype(np.float16),
            style=self.style.astype(np.int16),
            styles=np.array(self.styles, dtype=np.str_),
            bpm=self.bpm,
        )
        return buffer.getvalue()

    def z_at(self, x: float, y: float) -> NDArray[np.float32]:
        """The place z [Z] of a point of the plane: continuous, and at a loop's own point nearly that loop's.

        Takes some 0.1 ms. SliderError for a point outside of -1..1 or one that is no number.
        """
        distances = self._distances(x, y)
        near = np.argpartition(distances, NEIGHBOURS)[: NEIGHBOURS + 1]
        reach = float(distances[near[-1]])
        nearest = near[np.argmin(distances[near])]
        if reach == distances[nearest]:  # more loops than are blended, all at one distance: the first of them
            return blend(self.z[[nearest]], np.ones(1))
        apart = np.sqrt(distances[near] ** 2 + (SOFTNESS * reach) ** 2)
        edge = apart[-1]
        weights = ((edge - apart) / (edge * apart)) ** 2
        return blend(self.z[near], weights / weights.sum())

    def nearest(self, x: float, y: float) -> int:
        """The number of the loop whose point is nearest to x, y. SliderError as `z_at`."""
        return int(np.argmin(self._distances(x, y)))

    def place_of(self, z: NDArray[np.floating[Any]]) -> tuple[float, float]:
        """Where z [Z] lies on the plane: the point of the loop that is nearest to it in latent space."""
        if np.shape(z) != self.z.shape[1:]:
            raise ValueError(f"z must have the shape {self.z.shape[1:]}, not {np.shape(z)}")
        x, y = self.points[np.argmin(((self.z - z) ** 2).sum(axis=1))]
        return float(x), float(y)

    def _distances(self, x: float, y: float) -> NDArray[np.float64]:
        if not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 1 and abs(y) <= 1):
            raise SliderError(f"There is no point {x:g}, {y:g} on the map: both go from -1 to 1.")
        from_here = self.points.astype(np.float64) - (x, y)
        distances: NDArray[np.float64] = np.hypot(from_here[:, 0], from_here[:, 1])
        return distances


def blend(places: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """The mean of places [N, Z] by weights [N] that sum to 1, as long as they are on average: float32 [Z]."""
    mean = weights @ places
    length = float(np.linalg.norm(mean))
    usual = float(weights @ np.linalg.norm(places, axis=1))
    return (mean * (usual / length if length else 1.0)).astype(np.float32)
