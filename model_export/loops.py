"""Real loops, to prove an export on and to rank the latent axes by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_export.errors import ExportError
from model_export.graphs import LOOP
from model_export.parity import Arrays, decoder_feed, prior_feed, torch_decode, torch_draw, torch_encode
from training.corpus import SPLITS, load_manifest, load_split
from training.model import MusicVAE
from training.prior import Prior

PROOF_LOOPS = 48
DREAMT_LOOPS = 256
_BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class ExportLoops:
    """Loops [N, 64, 9]: `proof` to compare the runtimes on, `training` to measure each axis on.

    data: the provenance of the corpus for bundle.json, empty where the model itself made the loops.
    """

    proof: Arrays
    training: Arrays
    data: dict[str, str | int]


def corpus_loops(folder: Path) -> ExportLoops:
    """Loops of a prepared corpus: proof evenly from all splits, training from windows that do not overlap.

    Raises CorpusError for a folder that is not a corpus, ExportError for one without training loops.
    """
    manifest = load_manifest(folder)
    splits = {name: load_split(folder, name).loops(stride_bars=4) for name in SPLITS}
    filled = {name: loops for name, loops in splits.items() if len(loops)}
    if "train" not in filled:
        raise ExportError(
            f"The corpus in {folder} has no training loops. Prepare one with files of four bars or more."
        )
    proof: dict[str, list[NDArray[np.float32]]] = {name: [] for name in LOOP}
    for loops in filled.values():
        rows = np.linspace(0, len(loops) - 1, PROOF_LOOPS // len(filled)).astype(np.int64)
        for name in LOOP:
            proof[name].append(getattr(loops, name)[rows])
    counts = {f"{name}_loops": len(loops) for name, loops in splits.items()}
    return ExportLoops(
        {name: np.concatenate(parts) for name, parts in proof.items()},
        {name: getattr(filled["train"], name) for name in LOOP},
        {"source": manifest.source, "sha256": manifest.sha256} | counts,
    )


def dreamt_loops(model: MusicVAE, prior: Prior) -> ExportLoops:
    """Loops that the model itself draws from its prior, for an export without the data at hand."""
    z = torch_draw(prior, prior_feed(prior, range(DREAMT_LOOPS), seed=0))["z"]
    dreamt = torch_decode(model, decoder_feed(z, 1.0, 0, model.config.choices))
    loops = {name: dreamt[name] for name in LOOP}
    return ExportLoops({name: loops[name][:PROOF_LOOPS] for name in LOOP}, loops, {})


def axis_nats(model: MusicVAE, loops: Arrays) -> NDArray[np.float64]:
    """The mean KL divergence of each coordinate from its prior over loops [N, 64, 9], in nats, [Z].

    (mu^2 + sigma^2 - 1 - ln sigma^2) / 2: Kingma and Welling, "Auto-Encoding Variational Bayes", 2014,
    appendix B.
    """
    count = len(loops["hits"])
    total = np.zeros(model.config.latent)
    for start in range(0, count, _BATCH):
        latent = torch_encode(model, {name: loops[name][start : start + _BATCH] for name in LOOP})
        mu, variance = latent["mu"].astype(np.float64), latent["sigma"].astype(np.float64) ** 2
        total += ((mu**2 + variance - 1 - np.log(variance)) / 2).sum(axis=0)
    return total / count
