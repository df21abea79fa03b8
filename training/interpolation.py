"""From one loop to another through latent space, beside mixing their cells.

As in the MusicVAE paper (Roberts et al., ICML 2018): how far is each point of the way from both ends? Where
the paper asks a language model how likely the points are, we ask how near the next real loop is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.sampling import distances

Array = NDArray[np.float32]
POINTS = 11


@dataclass(frozen=True, slots=True)
class Way:
    """Means over pairs at each point of the way from A to B.

    to_a, to_b   share of cells that differ from A's and B's, where 1 is the distance from A to B; with the
                 quartiles of the pairs
    nearest      cells of 576 that differ from the nearest training loop
    longest      the largest step from one point to the next, 1 again being the whole way: one number
    """

    to_a: Sequence[float]
    to_a_quartiles: Sequence[tuple[float, float]]
    to_b: Sequence[float]
    to_b_quartiles: Sequence[tuple[float, float]]
    nearest: Sequence[float]
    longest: float


@dataclass(frozen=True, slots=True)
class Interpolation:
    """The ways of many pairs at `points` 0..1: decoded from `latent` space; and by mixing cells: by a `coin`
    a cell that shows B with the chance of the point, and by `threshold`: the cells above one half of the
    weighted mean.
    """

    pairs: int
    points: Sequence[float]
    ways: Mapping[str, Way]


def pairs(groups: NDArray[np.int64], count: int, seed: int = 0) -> NDArray[np.int64]:
    """`count` pairs of loops of different groups (files), int64 [count, 2]; there must be two groups."""
    generator = np.random.default_rng(seed)
    first = generator.integers(len(groups), size=count)
    second = [generator.choice(np.flatnonzero(groups != groups[one])) for one in first]
    return np.stack([first, second], axis=1)


def between(a: Array, b: Array, points: int = POINTS) -> Array:
    """Spherical interpolation from a to b, [P, Z] each: [P, points, Z], ends included.

    The direction turns evenly and the length grows evenly: on the straight line the middle of two far points
    lies nearer to the origin than loops do. Source: Shoemake, "Animating rotation with quaternion curves",
    1985.
    """
    share = np.linspace(0, 1, points)[:, None]
    lengths = [np.linalg.norm(end, axis=1, keepdims=True) for end in (a, b)]
    ends = [end / np.maximum(length, 1e-12) for end, length in zip((a, b), lengths, strict=True)]
    angle = np.arccos(np.clip((ends[0] * ends[1]).sum(axis=1), -1, 1))[:, None, None]
    # sin(x t) / sin(x) goes to t where the ends lie in one direction
    small = angle < 1e-6
    sine = np.where(small, 1, np.sin(angle))
    weights = [np.where(small, part, np.sin(part * angle) / sine) for part in (1 - share, share)]
    direction = weights[0] * ends[0][:, None] + weights[1] * ends[1][:, None]
    length = (1 - share) * lengths[0][:, None] + share * lengths[1][:, None]
    return np.asarray(direction * length, dtype=np.float32)


def interpolation(a: Array, b: Array, decoded: Array, learned: Array, seed: int = 0) -> Interpolation:
    """Measure the ways between hits a and b, float32 [P, 64, 9] each, of which `decoded` [P, points, 64, 9]
    are the model's; learned: hits of the training loops, [M, 64, 9].
    """
    points = decoded.shape[1]
    share = np.linspace(0, 1, points)[:, None, None]
    coins = np.random.default_rng(seed).random(a.shape)[:, None] < share
    mixed = (1 - share) * a[:, None] + share * b[:, None]
    ways = {
        "latent": decoded,
        "coin": np.where(coins, b[:, None], a[:, None]),
        "threshold": (mixed > 0.5).astype(np.float32),
    }
    return Interpolation(
        len(a),
        np.linspace(0, 1, points).tolist(),
        {name: _way(a, b, path, learned) for name, path in ways.items()},
    )


def _way(a: Array, b: Array, path: Array, learned: Array) -> Way:
    apart = np.maximum((a != b).sum(axis=(1, 2)), 1)[:, None]
    from_a, from_b = ((path != end[:, None]).sum(axis=(2, 3)) / apart for end in (a, b))
    steps = (path[:, 1:] != path[:, :-1]).sum(axis=(2, 3)) / apart
    near = distances(path.reshape(-1, *a.shape[1:]), learned).reshape(path.shape[:2])
    return Way(
        *_spread(from_a), *_spread(from_b), near.mean(axis=0).tolist(), float(steps.max(axis=1).mean())
    )


def _spread(values: NDArray[np.float64]) -> tuple[list[float], list[tuple[float, float]]]:
    """Mean and quartiles of each column."""
    low, high = np.percentile(values, (25, 75), axis=0)
    return values.mean(axis=0).tolist(), [
        (float(one), float(other)) for one, other in zip(low, high, strict=True)
    ]
