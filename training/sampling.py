"""Drawn loops beside real ones: can they be told apart, are they as varied, sane, and not learned by heart?

Two-sample test: classifiers learn to tell drawn loops from real ones and are asked about loops of files that
they have not heard. One half right is chance; above it, there is something that only the drawn ones have.
Source: Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from bridge.errors import GroovebridgeError
from bridge.groove.loop import BARS, STEPS, DrumLoop
from bridge.groove.voices import Voice
from training.features import Features, attribute_columns, features, grid

Array = NDArray[np.float32]
FOLDS = 5
TELLS = 5
SPARSE_HITS = 8
CROWDED_STEP = 3.0
CROWDED_BAR = 40


def _boosting(seed: int) -> Any:
    return HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=8, learning_rate=0.2, max_bins=64, random_state=seed
    )


def _logistic(**more: str) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000, **more))


_CLASSIFIERS: Mapping[str, tuple[str, Callable[[int], Any]]] = {
    "logistic": ("features", lambda _: _logistic()),
    "boosting": ("features", _boosting),
    "forest": ("grid", lambda seed: RandomForestClassifier(n_estimators=100, random_state=seed)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """N loops and what is seen of them.

    groups   int64 [N]: loops with the same number, such as those of one file, resemble each other
    """

    name: str
    loops: Sequence[DrumLoop]
    groups: NDArray[np.int64]
    features: Features
    grid: Array
    hits: Array

    @classmethod
    def of(cls, name: str, loops: Sequence[DrumLoop], groups: NDArray[np.int64]) -> Sample:
        """Look at the loops, at least one. `hits` are the features of loops without touch."""
        plain = [DrumLoop.of(loop.hits, np.ones_like(loop.velocities), loop.offsets * 0) for loop in loops]
        return cls(name, loops, groups, features(loops), grid(loops), features(plain).values)


@dataclass(frozen=True, slots=True)
class Tell:
    """A feature by which loops are told apart; auc: how often a drawn loop has more of it than a real one."""

    feature: str
    auc: float
    drawn: float
    real: float


@dataclass(frozen=True, slots=True)
class TwoSample:
    """How well drawn loops are told from real ones: .5 is chance, 1 each time.

    accuracy      that of the best classifier, which flatters no model
    interval      95 %, by group
    classifier    which that is; by_classifier has all: `logistic` regression and `boosting` on features,
                  a random `forest` on the grid itself
    hits_alone    what boosting makes of the hits without their velocities and offsets
    tells         the features that differ most, each by itself
    """

    drawn: str
    real: str
    accuracy: float
    interval: tuple[float, float]
    classifier: str
    by_classifier: Mapping[str, float]
    hits_alone: float
    tells: Sequence[Tell]


def two_sample(drawn: Sample, real: Sample, draws: int = 1000, seed: int = 0) -> TwoSample:
    """Cross-validate each classifier, whole groups at a time: a group of both samples is in one fold.

    The two sides count the same, however many loops each has. GroovebridgeError if one side is a single
    group. The same samples and seed give the same answer.
    """
    groups = np.concatenate([drawn.groups, real.groups])
    folds = min(FOLDS, *(len(np.unique(side.groups)) for side in (drawn, real)))
    if folds < 2:
        raise GroovebridgeError(
            "Drawn loops can be told from real ones only across files, and the split has one alone. "
            "Choose another split, or use --no-sampling."
        )
    sides = np.repeat([1, 0], [len(drawn.loops), len(real.loops)])
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    parts = list(splitter.split(sides, sides, groups))

    def right(make: Callable[[int], Any], view: str) -> NDArray[np.bool_]:
        seen = np.concatenate([_view(side, view) for side in (drawn, real)])
        answers = np.zeros(len(sides), dtype=np.int64)
        for learned, asked in parts:
            answers[asked] = make(seed).fit(seen[learned], sides[learned]).predict(seen[asked])
        correct: NDArray[np.bool_] = answers == sides
        return correct

    # Fits this small gain nothing from threads, which on a busy machine wait for each other.
    with threadpool_limits(1):
        answered = {name: right(make, view) for name, (view, make) in _CLASSIFIERS.items()}
        hits_alone = right(_boosting, "hits")
    found = {name: mean_by(each, sides) for name, each in answered.items()}
    best = max(found, key=lambda name: found[name])
    return TwoSample(
        drawn.name,
        real.name,
        accuracy=found[best],
        interval=interval_by(answered[best], sides, groups, draws, seed),
        classifier=best,
        by_classifier=found,
        hits_alone=mean_by(hits_alone, sides),
        tells=_tells(drawn, real),
    )


def mean_by(right: NDArray[np.bool_], kinds: NDArray[np.int64]) -> float:
    """The share that is right of each kind, [N] both, and of these shares the mean."""
    return float(np.mean([right[kinds == kind].mean() for kind in np.unique(kinds)]))


def interval_by(
    right: NDArray[np.bool_],
    kinds: NDArray[np.int64],
    groups: NDArray[np.int64],
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % bootstrap interval of `mean_by`, whole groups resampled."""
    names, group = np.unique(groups, return_inverse=True)
    found, kind = np.unique(kinds, return_inverse=True)
    asked, answered = np.zeros((len(names), len(found))), np.zeros((len(names), len(found)))
    np.add.at(asked, (group, kind), 1)
    np.add.at(answered, (group, kind), right)
    counts = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    drawn = counts @ asked
    shares = np.where(drawn > 0, counts @ answered / np.maximum(drawn, 1), np.nan)
    low, high = np.percentile(np.nanmean(shares, axis=1), (2.5, 97.5))
    return float(low), float(high)


def attribute_distances(sample: Sample, real: Sample) -> dict[str, dict[str, float]]:
    """Of each attribute: mean and std, and how far its distribution is from the real one.

    distance: 1-Wasserstein, in standard deviations of the real loops (of a constant attribute: as it is).
    Both samples must have equally many loops.
    """
    ours, theirs = attribute_columns(sample.loops), attribute_columns(real.loops)
    spread = theirs.values.std(axis=0, dtype=np.float64)
    distance = np.abs(np.sort(ours.values, axis=0) - np.sort(theirs.values, axis=0)).mean(axis=0)
    distance = distance / np.where(spread > 0, spread, 1)
    means, stds = ours.values.mean(axis=0, dtype=np.float64), ours.values.std(axis=0, dtype=np.float64)
    return {
        name: {"mean": float(means[i]), "std": float(stds[i]), "distance": float(distance[i])}
        for i, name in enumerate(ours.names)
    }


def validity(loops: Sequence[DrumLoop]) -> dict[str, float]:
    """Shares of loops of which no drummer would speak, and of some that are merely unusual.

    empty        no hit
    sparse       some, but fewer than 8
    saturated    more than 3 voices a step on average, or more than 40 hits in a bar
    one_voice    all hits are one voice's
    no_kick, no_snare
    """
    hits = np.stack([loop.hits for loop in loops])
    counts, voices = hits.sum(axis=(1, 2)), np.asarray(hits.any(axis=1))
    fullest = hits.reshape(len(hits), BARS, -1).sum(axis=2).max(axis=1)
    marks = {
        "empty": counts == 0,
        "sparse": (counts > 0) & (counts < SPARSE_HITS),
        "saturated": (counts > CROWDED_STEP * STEPS) | (fullest > CROWDED_BAR),
        "one_voice": voices.sum(axis=1) == 1,
        "no_kick": ~voices[:, Voice.KICK],
        "no_snare": ~voices[:, Voice.SNARE],
    }
    return {name: float(mark.mean()) for name, mark in marks.items()}


def distances(hits: NDArray[np.generic], learned: Array, batch: int = 128) -> Array:
    """How many cells each loop's hits [N, 64, 9] differ from those of the nearest learned one, [N].

    learned: float32 [M, 64, 9].
    """
    theirs = learned.reshape(len(learned), -1)
    sizes = theirs.sum(axis=1)
    ours = hits.reshape(len(hits), -1).astype(np.float32)
    # |a xor b| = |a| + |b| - 2 |a and b|
    nearest = [
        (sizes - 2 * (part @ theirs.T)).min(axis=1) + part.sum(axis=1)
        for part in np.array_split(ours, -(-len(ours) // batch))
    ]
    return np.concatenate(nearest)


def nearest(loops: Sequence[DrumLoop], learned: Array) -> dict[str, float]:
    """Cells of 576 that differ from the nearest learned loop: median, 5th percentile; share of copies."""
    found = distances(np.stack([loop.hits for loop in loops]), learned)
    median, low = np.percentile(found, (50, 5))
    return {"median": float(median), "percentile_5": float(low), "copies": float((found == 0).mean())}


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Loops with their styles, [N] names, and groups, int64 [N]: their files, or one number a draw."""

    features: Features
    styles: NDArray[np.str_]
    groups: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StyleAgreement:
    """How often a classifier of style, which learned from real training loops, names the style that was asked
    for.

    real, drawn   mean of the styles' own shares, on real loops of the split and on draws; `chance` is one of
                  so many styles. Intervals: 95 %, by file, by draw
    by_style      share of each style's draws that are named so
    """

    chance: float
    real: float
    real_interval: tuple[float, float]
    drawn: float
    drawn_interval: tuple[float, float]
    by_style: Mapping[str, float]


def style_agreement(
    learned: Labelled, real: Labelled, drawn: Labelled, draws: int = 1000
) -> StyleAgreement | None:
    """Train on learned loops; ask about real loops and about draws, each made for its style.

    The styles are those of the draws; loops of any other are left out. None if the real ones have none of
    them, as in a corpus without labels.
    """
    styles = np.unique(drawn.styles)
    known, asked = (np.array([name in styles for name in side.styles]) for side in (learned, real))
    if len(np.unique(learned.styles[known])) < 2 or not asked.any():
        return None
    judge = _logistic(class_weight="balanced").fit(learned.features.values[known], learned.styles[known])

    def rated(side: Labelled, chosen: NDArray[np.bool_]) -> tuple[float, tuple[float, float]]:
        truth = side.styles[chosen]
        right, kinds = judge.predict(side.features.values[chosen]) == truth, np.searchsorted(styles, truth)
        return mean_by(right, kinds), interval_by(right, kinds, side.groups[chosen], draws)

    right = judge.predict(drawn.features.values) == drawn.styles
    by_style = {str(style): float(right[drawn.styles == style].mean()) for style in styles}
    everyone = np.ones(len(drawn.styles), dtype=np.bool_)
    return StyleAgreement(1 / len(styles), *rated(real, asked), *rated(drawn, everyone), by_style)


def _view(sample: Sample, view: str) -> Array:
    return {"features": sample.features.values, "grid": sample.grid, "hits": sample.hits}[view]


def _tells(drawn: Sample, real: Sample) -> list[Tell]:
    """The features with the areas under the curve that are farthest from one half."""
    ours, theirs = drawn.features.values, real.features.values
    ranks = rankdata(np.concatenate([ours, theirs]), axis=0)[: len(ours)].sum(axis=0)
    areas = (ranks - len(ours) * (len(ours) + 1) / 2) / (len(ours) * len(theirs))
    strongest = np.argsort(-np.abs(areas - 0.5), kind="stable")[:TELLS]
    return [
        Tell(drawn.features.names[i], float(areas[i]), float(ours[:, i].mean()), float(theirs[:, i].mean()))
        for i in strongest
    ]
