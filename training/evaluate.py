"""Every measure of a model on a split, with intervals, beside the baselines: the figures that are published.

Loops are reconstructed from mu at temperature 0, four bars apart so that they do not overlap. A bundle is
measured as the app runs it, in onnxruntime; a checkpoint in PyTorch, which also tells its latent nats and
likelihoods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from bridge.errors import GroovebridgeError
from bridge.groove.loop import DrumLoop
from bridge.model import Bundle, Model, Settings
from training.baselines import baselines
from training.checkpoint import load_checkpoint
from training.corpus import Loops, Split, load_manifest, load_split
from training.metrics import MEASURES, Tally, compare, intervals
from training.reconstruct import reconstruct

EVAL_SESSION = "eval_session"
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a model or baseline on some loops. `interval`: 95 %, by file."""

    name: str
    loops: int
    measures: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured. `details` has what only a checkpoint can tell; see `of_checkpoint`."""

    subject: str
    split: str
    loops: int
    files: int
    data_sha256: str
    rows: Sequence[Row]
    details: Mapping[str, float] = field(default_factory=dict)

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
) -> Evaluation:
    """Measure a bundle (the shipped one if neither is given) or a checkpoint on a split of a corpus.

    Groove's test split is also reported by group, for its windows are uneven: one drummer's `eval_session`
    repeats ten grooves that others play too. GroovebridgeError for what cannot be read, or a split without
    loops.
    """
    if bundle is not None and checkpoint is not None:
        raise GroovebridgeError("Give either --bundle or --checkpoint, not both.")
    measured = load_split(corpus, split)
    truth = measured.loops(stride_bars=4)
    if not len(truth):
        raise GroovebridgeError(f"The split '{split}' of {corpus} has no loop of four bars. Choose another.")
    details: dict[str, float] = {}
    if checkpoint is not None:
        subject = str(checkpoint)
        tally, details = of_checkpoint(checkpoint, truth)
    else:
        subject = "the shipped bundle" if bundle is None else str(bundle)
        tally = of_bundle(bundle, truth)
    rows = [_row("all loops", tally, truth.files, MEASURES, draws), *_groups(measured, truth, tally, draws)]
    if with_baselines:
        for name, found, about in baselines(load_split(corpus, "train"), truth):
            rows.append(_row(name, found, truth.files, about or MEASURES, draws))
    files = len(np.unique(truth.files))
    return Evaluation(subject, split, len(truth), files, load_manifest(corpus).sha256, rows, details)


def of_bundle(path: Path | None, truth: Loops) -> Tally:
    """Reconstruct the loops with an exported bundle (None: the shipped one)."""
    model = Model(Bundle.load(path))
    still = Settings(temperature=0.0)
    back: list[DrumLoop] = []
    for start in range(0, len(truth), _BATCH):
        here = slice(start, start + _BATCH)
        parts = zip(truth.hits[here], truth.velocities[here], truth.offsets[here], strict=True)
        mu, _ = model.encode_batch([DrumLoop.of(*part) for part in parts])
        back += model.decode_batch(mu, [still] * len(mu))
    hits = np.stack([loop.hits for loop in back]).astype(np.float32)
    return compare(
        truth, hits, np.stack([loop.velocities for loop in back]), np.stack([loop.offsets for loop in back])
    )


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


def report(evaluation: Evaluation, console: Console) -> None:
    """Print the evaluation as a table."""
    count = f"{evaluation.loops} loops of {evaluation.files} files"
    table = Table(title=f"{evaluation.subject} on {evaluation.split}: {count}", box=box.SIMPLE)
    for name in ("", "F1", "macro-F1", "exact step", "velocity", "offset, ms"):
        table.add_column(name, justify="right" if name else "left", no_wrap=bool(name))
    for row in evaluation.rows:
        table.add_row(f"{row.name} ({row.loops})", *_cells(row))
    console.print(table)
    console.print(
        "\\[ ]: 95 % interval by file. ( ): mean error at matched hits; without, a missed hit counts as 0."
    )
    for name, value in evaluation.details.items():
        console.print(f"{name.replace('_', ' ')}: {value:.3f}")


def _cells(row: Row) -> list[str]:
    def share(name: str) -> str:
        if name not in row.measures:
            return "-"
        value, (low, high) = row.measures[name], row.interval[name]
        return f"{value:.3f}\n\\[{low:.3f} {high:.3f}]".replace("0.", ".")

    def error(name: str, digits: int) -> str:
        if name not in row.measures:
            return "-"
        return f"{row.measures[name]:.{digits}f}\n({row.measures[f'{name}_matched']:.{digits}f})"

    shares = [share(name) for name in ("f1", "macro_f1", "exact_step")]
    return [*shares, error("velocity_mae", 3), error("offset_ms", 1)]


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
