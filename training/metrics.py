"""How close a reconstruction is to its loop: the measures by which models are chosen and compared.

Sums are kept per loop, so that any set of loops, such as a bootstrap sample, is measured by adding them up.

    F1             of hits over all [64, 9] cells together
    macro-F1       the mean of the nine voices' own F1
    exact step     share of steps at which all nine voices are right
    velocity MAE   over every true hit, 0..1; a missed hit counts as velocity 0; and over matched hits alone
    offset MAE     the same for offsets, in milliseconds at the file's tempo; a missed hit counts as offset 0
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bridge.groove.loop import STEPS, STEPS_PER_BEAT
from training.corpus import Loops

Array = NDArray[np.float32]
MEASURES = (
    "f1",
    "macro_f1",
    "exact_step",
    "velocity_mae",
    "velocity_mae_matched",
    "offset_ms",
    "offset_ms_matched",
)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Sums per loop, float64: matched, made and true hits [N, 9]; the rest [N], errors summed over hits."""

    matched: NDArray[np.float64]
    made: NDArray[np.float64]
    true: NDArray[np.float64]
    exact: NDArray[np.float64]
    velocity: NDArray[np.float64]
    velocity_matched: NDArray[np.float64]
    offset_ms: NDArray[np.float64]
    offset_ms_matched: NDArray[np.float64]

    def weighted(self, weights: NDArray[np.float64]) -> dict[str, float]:
        """All measures of the loops, each counted `weights` times, [N]."""
        matched, made, true = (weights @ part for part in (self.matched, self.made, self.true))
        hits, matches = max(float(true.sum()), 1.0), max(float(matched.sum()), 1.0)
        # A voice that nobody plays, in truth or in the reconstruction, says nothing and is left out of the
        # mean.
        played = (made + true) > 0
        by_voice = 2 * matched[played] / (made + true)[played]
        return {
            "f1": float(2 * matched.sum() / max(float((made + true).sum()), 1.0)),
            "macro_f1": float(by_voice.mean()) if played.any() else 0.0,
            "exact_step": float(weights @ self.exact / max(float(weights.sum()) * STEPS, 1.0)),
            "velocity_mae": float(weights @ self.velocity) / hits,
            "velocity_mae_matched": float(weights @ self.velocity_matched) / matches,
            "offset_ms": float(weights @ self.offset_ms) / hits,
            "offset_ms_matched": float(weights @ self.offset_ms_matched) / matches,
        }

    def of(self, chosen: NDArray[np.bool_]) -> Tally:
        """The tally of some of the loops, [N]."""
        return Tally(*(getattr(self, part.name)[chosen] for part in fields(self)))

    def measures(self) -> dict[str, float]:
        """All measures over all loops."""
        return self.weighted(np.ones(len(self.exact)))


def compare(truth: Loops, hits: Array, velocities: Array, offsets: Array) -> Tally:
    """Tally a reconstruction, float32 [N, 64, 9] each (0 where there is no hit), against the true loops."""
    made, true = hits > 0.5, truth.hits > 0.5
    both = made & true
    step_ms = 60_000 / STEPS_PER_BEAT / truth.bpm.astype(np.float64)
    velocity = np.abs(np.where(made, velocities, 0) - truth.velocities) * true
    offset = np.abs(np.where(made, offsets, 0) - truth.offsets) * true
    return Tally(
        matched=both.sum(axis=1).astype(np.float64),
        made=made.sum(axis=1).astype(np.float64),
        true=true.sum(axis=1).astype(np.float64),
        exact=(made == true).all(axis=2).sum(axis=1).astype(np.float64),
        velocity=velocity.sum(axis=(1, 2), dtype=np.float64),
        velocity_matched=(velocity * both).sum(axis=(1, 2), dtype=np.float64),
        offset_ms=offset.sum(axis=(1, 2), dtype=np.float64) * step_ms,
        offset_ms_matched=(offset * both).sum(axis=(1, 2), dtype=np.float64) * step_ms,
    )


def intervals(
    tally: Tally, files: NDArray[np.int64], draws: int = 1000, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals of every measure.

    Whole files are resampled (`files` [N] names each loop's): loops of one file resemble each other.
    """
    samples = [tally.weighted(weights) for weights in resamples(files, draws, seed)]
    low, high = np.percentile(
        [[sample[name] for name in MEASURES] for sample in samples], (2.5, 97.5), axis=0
    )
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(MEASURES)}


def resamples(files: NDArray[np.int64], draws: int, seed: int = 0) -> Iterator[NDArray[np.float64]]:
    """How often each loop counts, float64 [N], in each of `draws` bootstrap samples of whole files."""
    names, group = np.unique(files, return_inverse=True)
    generator = np.random.default_rng(seed)
    for count in generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws):
        yield count[group].astype(np.float64)
