"""Every measure of a model on a split, with intervals, beside the baselines: the figures that are published.

Loops are reconstructed from mu at temperature 0, four bars apart so that they do not overlap. A bundle is
measured as the app runs it, in onnxruntime, and asked to draw loops of its own; a checkpoint in PyTorch,
which also tells its likelihoods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from training.baselines import baselines
from training.bundled import Sampling, open_model, reconstruction, sampling
from training.checkpoint import load_checkpoint
from training.corpus import Loops, Split, load_manifest, load_split
from training.metrics import MEASURES, Tally, compare, intervals
from training.reconstruct import reconstruct

EVAL_SESSION = "eval_session"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a model or baseline on some loops. `interval`: 95 %, by file."""

    name: str
    loops: int
    measures: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured.

    details    of a bundle as in `training.bundled.reconstruction`, of a checkpoint as in `of_checkpoint`
    sampling   what a bundle draws; None for a checkpoint, and where it was left out
    """

    subject: str
    split: str
    loops: int
    files: int
    data_sha256: str
    rows: Sequence[Row]
    details: Mapping[str, float] = field(default_factory=dict)
    sampling: Sampling | None = None

    def to_json(self) -> str:
        """The same as JSON; measures as in `training.metrics`."""
        return json.dumps(asdict(self), indent=1)


def evaluate(
    corpus: Path,
    split: str = "test",
    bundle: Path | None = None,
    checkpoint: Path | None = None,
    with_baselines: bool = False,
    draws: int = 1000,
    with_sampling: bool = True,
) -> Evaluation:
    """Measure a bundle (the shipped one if neither is given) or a checkpoint on a split of a corpus.

    Groove's test split is also reported by group, for its windows are uneven: one drummer's `eval_session`
    repeats ten grooves that others play too. draws: bootstrap samples. GroovebridgeError for what cannot be
    read, a split without loops, or one that is too small to hold draws against it.
    """
    if bundle is not None and checkpoint is not None:
        raise GroovebridgeError("Give either --bundle or --checkpoint, not both.")
    measured = load_split(corpus, split)
    truth = measured.loops(stride_bars=4)
    if not len(truth):
        raise GroovebridgeError(f"The split '{split}' of {corpus} has no loop of four bars. Choose another.")
    drawn: Sampling | None = None
    if checkpoint is not None:
        subject = str(checkpoint)
        tally, details = of_checkpoint(checkpoint, truth)
    else:
        subject = "the shipped bundle" if bundle is None else str(bundle)
        model = open_model(bundle)
        tally, details = reconstruction(model, truth)
        if with_sampling:
            drawn = sampling(model, measured, load_split(corpus, "train"), draws)
    rows = [_row("all loops", tally, truth.files, MEASURES, draws), *_groups(measured, truth, tally, draws)]
    if with_baselines:
        for name, found, about in baselines(load_split(corpus, "train"), truth):
            rows.append(_row(name, found, truth.files, about or MEASURES, draws))
    files = len(np.unique(truth.files))
    return Evaluation(subject, split, len(truth), files, load_manifest(corpus).sha256, rows, details, drawn)


def of_checkpoint(path: Path, truth: Loops) -> tuple[Tally, dict[str, float]]:
    """Reconstruct the loops with a checkpoint; also, as means a loop:

    kl_nats, active_axes        the latent's information, and how many of its coordinates hold 0.1 nats or
                                more
    hit_nats, expression_nats   -log p(hits | mu), -log p(velocities, offsets | hits, mu)
    teacher_forced_exact_step   share of steps right when each is told the true ones before it, beside
    sampled_exact_step          the same when it hears only itself
    """
    model = load_checkpoint(path)
    back = reconstruct(model, truth)
    tally = compare(truth, back.hits, back.velocities, back.offsets)
    details = {
        "kl_nats": float(back.kl.sum(axis=1).mean()),
        "active_axes": float((back.kl.mean(axis=0) >= 0.1).sum()),
        "hit_nats": float(back.hit_nats.mean()),
        "expression_nats": float(back.expression_nats.mean()),
        "teacher_forced_exact_step": float(back.forced_exact.mean()),
        "sampled_exact_step": tally.measures()["exact_step"],
    }
    return tally, details


def _row(name: str, tally: Tally, files: NDArray[np.int64], about: Sequence[str], draws: int) -> Row:
    measures, interval = tally.measures(), intervals(tally, files, draws)
    return Row(
        name,
        len(files),
        {measure: measures[measure] for measure in about},
        {measure: interval[measure] for measure in about},
    )


def _groups(split: Split, truth: Loops, tally: Tally, draws: int) -> list[Row]:
    """The tally by group, where the split has both."""
    inside = np.array([EVAL_SESSION in record.session for record in split.records])[truth.files]
    if inside.all() or not inside.any():
        return []
    rows = []
    for name, chosen in ((EVAL_SESSION, inside), (f"without {EVAL_SESSION}", ~inside)):
        rows.append(_row(name, tally.of(chosen), truth.files[chosen], MEASURES, draws))
    return rows
