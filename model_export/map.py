"""The map of a bundle: training loops on a plane, fitted with t-SNE, and what it is worth.

"Sounds alike" is measured on the loops as they were played: two loops are as far apart as cells in which one
hits and the other does not, and as their velocities differ (squared, summed over all cells). t-SNE lays the
loops out so that neighbours by this measure stay neighbours; it was better at that than the same on places in
latent space. Each coordinate is then replaced by its rank, so that the loops fill the square evenly and no
point is far from one.

Source: van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from bridge.groove import DrumLoop, Voice
from bridge.model import Map, Model, Settings
from bridge.model.map import NEIGHBOURS, UNLABELLED
from model_export.errors import ExportError
from training.corpus import Loops, Split
from training.prior_fit import primary_style
from training.sampling import validity

FEWEST = 4 * NEIGHBOURS
MOST_PER_FILE = 6
MOST = 2400
"""Loops in a map: more would not fit into 1 MB."""

PLAYED_BACK = 0.5
"""F1 of hits below which the model does not play a loop back: such a loop has no place on the map."""

SIDE, LINES, STEP = 40, 12, 0.01
"""How a map is measured: points along an edge of the grid, lines over the plane, a step on them."""

_PERPLEXITY = 80.0
"""How many loops count as a neighbourhood; 30 keeps neighbours one hit nearer, but travels rougher."""

_COMPONENTS = 50
_BATCH = 256
_PLAIN = Settings(temperature=0.0)
_CYMBALS = [Voice.CLOSED_HAT, Voice.OPEN_HAT, Voice.RIDE]

Array = NDArray[np.float32]


def map_loops(split: Split) -> Loops:
    """The loops to lay out: windows without overlap, at most six a file, evenly from its length.

    ExportError for too few loops.
    """
    loops = split.loops(stride_bars=4)
    rows = np.concatenate(
        [_evenly(np.flatnonzero(loops.files == file), MOST_PER_FILE) for file in np.unique(loops.files)]
        or [np.zeros(0, dtype=np.int64)]
    )
    rows = _evenly(rows, MOST)
    if len(rows) < FEWEST:
        raise ExportError(
            f"The corpus has {len(rows)} training loops to lay out; a map needs {FEWEST} or more. "
            "Prepare a larger one."
        )
    return _take(loops, rows)


def fit_map(model: Model, split: Split) -> tuple[Map, dict[str, Any]]:
    """The map of a training split in the model's latent space, and `measure_map`'s figures of it.

    Takes about half a minute on one core; the same split and model give the same map. Raises ExportError for
    too few loops, or a model that plays too few of them back.
    """
    loops = map_loops(split)
    places, _ = _encode(model, loops)
    heard = _hits(_decode(model, places))
    back = _f1(loops.hits, heard) >= PLAYED_BACK
    if back.sum() < FEWEST:
        raise ExportError(
            f"The model plays {int(back.sum())} of {len(loops)} training loops back, too few for a map of "
            f"{FEWEST}. Train it further."
        )
    kept = _take(loops, np.flatnonzero(back))
    names = sorted({primary_style(record) for record in split.records} - {""})
    numbers = {name: number for number, name in enumerate(names)}
    of_file = np.array([numbers.get(primary_style(record), UNLABELLED) for record in split.records])
    plane = Map(layout(kept), places[back], of_file[kept.files], tuple(names), kept.bpm)
    return plane, measure_map(plane, model, kept)


def layout(loops: Loops) -> Array:
    """A point in -1..1 for each loop, float32 [N, 2]: loops that sound alike lie together."""
    flat = np.concatenate([_flat(loops.hits), _flat(loops.velocities)], axis=1)
    components = PCA(min(_COMPONENTS, *flat.shape), svd_solver="full").fit_transform(flat)
    perplexity = min(_PERPLEXITY, (len(loops) - 1) / 3)
    spread = TSNE(2, perplexity=perplexity, init="pca", random_state=0, n_jobs=1).fit_transform(components)
    ranks = np.argsort(np.argsort(spread, axis=0, kind="stable"), axis=0)
    return ((2 * ranks + 1) / len(loops) - 1).astype(np.float32)


def measure_map(plane: Map, model: Model, loops: Loops) -> dict[str, Any]:
    """What the map is worth: the loops of its points, and what the model plays between them.

    neighbours  cells of 576 in which a loop and its five nearest differ in hits, on average: `map`, `latent`
                (nearest in z), `random` (any two loops); `..._elsewhere` counts loops of other files alone
    travel      the same between points 0.01 apart on straight lines over the plane: `mean`, `p95`
    grid        40 x 40 points over the whole square as the model plays them at temperature 0, beside
                the loops as played (`real`) and played back at their own points (`own`): hits a loop,
                `training.sampling.validity`, and the share without hats or ride
    """
    return {
        "loops": len(loops),
        "neighbours": _neighbours(plane, loops),
        "travel": _travel(plane, model),
        "grid": {
            "side": SIDE,
            "map": _habits(_decode(model, _over(plane, _grid(SIDE)))),
            "own": _habits(_decode(model, _over(plane, plane.points))),
            "real": _habits(
                [
                    DrumLoop.of(*parts)
                    for parts in zip(loops.hits, loops.velocities, loops.offsets, strict=True)
                ]
            ),
        },
    }


def _neighbours(plane: Map, loops: Loops, count: int = 5) -> dict[str, float]:
    hits = _flat(loops.hits)
    differ = _squares(hits)
    apart = {"map": _squares(plane.points.astype(np.float64)), "latent": _squares(plane.z)}
    elsewhere = loops.files[:, None] != loops.files[None]
    figures = {"random": float(differ.sum() / (len(hits) * (len(hits) - 1)))}
    for name, distances in apart.items():
        np.fill_diagonal(distances, np.inf)
        for where, allowed in (("", distances), ("_elsewhere", np.where(elsewhere, distances, np.inf))):
            nearest = np.argpartition(allowed, count, axis=1)[:, :count]
            figures[name + where] = float(np.take_along_axis(differ, nearest, axis=1).mean())
    return figures


def _travel(plane: Map, model: Model) -> dict[str, float]:
    random = np.random.Generator(np.random.Philox(0))
    changes = []
    for start, end in random.uniform(-1, 1, (LINES, 2, 2)):
        steps = int(np.hypot(*(end - start)) / STEP) + 1
        hits = _flat(_hits(_decode(model, _over(plane, np.linspace(start, end, steps + 1)))))
        changes.append(np.abs(np.diff(hits, axis=0)).sum(axis=1))
    changed = np.concatenate(changes)
    return {"step": STEP, "mean": float(changed.mean()), "p95": float(np.percentile(changed, 95))}


def _habits(loops: list[DrumLoop]) -> dict[str, float]:
    """What loops have in common."""
    hits = _hits(loops)
    cymbals = hits[:, :, _CYMBALS].sum(axis=(1, 2))
    return {
        "hits": float(hits.sum() / len(hits)),
        **validity(loops),
        "no_cymbals": float((cymbals == 0).mean()),
    }


def _grid(side: int) -> NDArray[np.float64]:
    """Points [side * side, 2] at the centres of equal cells of the square."""
    centres = (2 * np.arange(side) + 1) / side - 1
    return np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)


def _over(plane: Map, points: NDArray[np.floating[Any]]) -> Array:
    return np.stack([plane.z_at(float(x), float(y)) for x, y in points])


def _encode(model: Model, loops: Loops) -> tuple[Array, Array]:
    parts = []
    for start in range(0, len(loops), _BATCH):
        here = slice(start, start + _BATCH)
        arrays = (loops.hits[here], loops.velocities[here], loops.offsets[here])
        parts.append(model.encode_batch([DrumLoop.of(*each) for each in zip(*arrays, strict=True)]))
    mu, sigma = (np.concatenate(column) for column in zip(*parts, strict=True))
    return mu, sigma


def _decode(model: Model, z: Array) -> list[DrumLoop]:
    """The most likely loops at z [N, Z]."""
    loops: list[DrumLoop] = []
    for start in range(0, len(z), _BATCH):
        part = z[start : start + _BATCH]
        loops += model.decode_batch(part, [_PLAIN] * len(part))
    return loops


def _hits(loops: list[DrumLoop]) -> Array:
    return np.stack([loop.hits for loop in loops]).astype(np.float32)


def _flat(arrays: Array) -> Array:
    return arrays.reshape(len(arrays), -1)


def _f1(real: Array, heard: Array) -> NDArray[np.float64]:
    """F1 of the hits of each loop, [N]; 0 for a loop without hits."""
    both, each = (real * heard).sum(axis=(1, 2)), (real + heard).sum(axis=(1, 2))
    return np.asarray(2 * both / np.maximum(each, 1), dtype=np.float64)


def _squares(rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Squared distances between all rows, [N, N]; of 0/1 rows, the number of differences."""
    wide = rows.astype(np.float64)
    norms = (wide**2).sum(axis=1)
    return np.asarray(np.maximum(norms[:, None] + norms[None] - 2 * wide @ wide.T, 0.0))


def _evenly(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most `most` of the rows, evenly spaced, in order."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]


def _take(loops: Loops, rows: NDArray[np.int64]) -> Loops:
    return Loops(
        loops.hits[rows], loops.velocities[rows], loops.offsets[rows], loops.files[rows], loops.bpm[rows]
    )
