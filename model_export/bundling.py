"""From a checkpoint to a bundle on disk: graphs, proof, stored pair, manifest, and one rename at the end."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bridge import __version__
from bridge.groove import STEPS
from bridge.model import Bundle, Model
from bridge.model.bundle import (
    DECODER,
    ENCODER,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    PAIR,
    PRIOR,
    VOICE_NAMES,
)
from bridge.model.providers import open_session
from model_export import parity
from model_export.card import write_card
from model_export.errors import ExportError, ParityError
from model_export.graphs import LOOP, OPSET, decoder_graph, encoder_graph, prior_graph
from model_export.loops import ExportLoops, axis_nats, corpus_loops, dreamt_loops
from model_export.parity import Arrays, Parity, Sessions
from training.checkpoint import load_checkpoint, load_prior
from training.model import MusicVAE
from training.prior import Prior

LICENCE = {
    "code": "GPL-3.0-or-later",
    "data": "CC BY 4.0",
    "citation": (
        "Trained on the Groove MIDI Dataset (https://magenta.tensorflow.org/datasets/groove), CC BY 4.0: "
        "Jon Gillick, Adam Roberts, Jesse Engel, Douglas Eck, David Bamman, "
        '"Learning to Groove with Inverse Sequence Transformations", ICML 2019.'
    ),
}
PAIR_TEMPERATURES = (0.5, 1.0)
PAIR_CANDIDATES = 32
PAIR_GAP = 2 * parity.NEAR_TIE


def export(
    checkpoint: Path, target: Path, data: Path | None = None, metrics: Mapping[str, Any] | None = None
) -> Parity:
    """Export the checkpoint as a bundle into the folder `target`, which appears whole or stays as it was.

    data      a prepared corpus: parity is proved on its loops, and axes are ranked by it. Without it the
              model's own loops serve.
    metrics   what `python -m training evaluate` measured, stored as it is

    Raises CheckpointError, CorpusError, ParityError or ExportError.
    """
    model = load_checkpoint(checkpoint)
    prior = load_prior(checkpoint)
    loops = corpus_loops(data) if data else dreamt_loops(model, prior)
    with replacing(target) as folder:
        files = {
            ENCODER: encoder_graph(model),
            DECODER: decoder_graph(model),
            PRIOR: prior_graph(prior),
            PAIR: _stored(clear_pair(model, prior)),
        }
        for name, content in files.items():
            (folder / name).write_bytes(content)
        sessions = Sessions(*(open_session(folder / name) for name in (ENCODER, DECODER, PRIOR)))
        proof = parity.prove(model, prior, sessions, loops.proof)
        manifest = _manifest(model, prior, loops, files, metrics or {})
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        write_card(folder, manifest)
        difference = Model(Bundle.load(folder), "cpu").replay()
        if not difference <= parity.TOLERANCE:
            raise ParityError(
                f"The new bundle answers its stored pair {difference:.2g} off PyTorch. Nothing was written."
            )
    return proof


def clear_pair(model: MusicVAE, prior: Prior) -> Arrays:
    """A draw of the prior, its loop and where that lies, as PyTorch has them: one row a temperature.

    No step of these loops is near a tie, so the answer is the same on every provider, and a replay needs no
    exception. ExportError if the model decides no loop that clearly.
    """
    drawn = parity.prior_feed(prior, range(PAIR_CANDIDATES), seed=0)
    z = parity.torch_draw(prior, drawn)["z"]
    rows: list[Arrays] = []
    for temperature in PAIR_TEMPERATURES:
        feed = drawn | parity.decoder_feed(z, temperature, 0, model.config.choices)
        answer = parity.torch_decode(model, feed)
        gaps = answer.pop("gaps").min(axis=1)
        clearest = int(np.argmax(gaps))
        if gaps[clearest] < PAIR_GAP:
            raise ExportError(
                "This model's best choices tie in every loop that was tried, so no pair can be stored that "
                "proves the bundle elsewhere. Train it further."
            )
        rows.append({name: value[clearest : clearest + 1] for name, value in (feed | answer).items()})
    pair = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return pair | parity.torch_encode(model, {name: pair[name] for name in LOOP})


def _manifest(
    model: MusicVAE, prior: Prior, loops: ExportLoops, files: Mapping[str, bytes], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """What bundle.json says: see `bridge.model.bundle.Manifest`."""
    nats = axis_nats(model, loops.training)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "voices": VOICE_NAMES,
        "steps": STEPS,
        "latent_size": model.config.latent,
        "choices": model.config.choices,
        "axes": [
            {"name": f"z{place}", "index": int(index), "nats": max(0.0, round(float(nats[index]), 6))}
            for place, index in enumerate(np.argsort(-nats, kind="stable"), start=1)
        ],
        "styles": prior.styles,
        "metrics": dict(metrics),
        "provenance": {
            "data": loops.data,
            "code": {
                "groovebridge": __version__,
                "torch": version("torch"),
                "onnx": version("onnx"),
                "opset": OPSET,
            },
            "training": model.provenance,
        },
        "licence": LICENCE,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }


def _stored(pair: Arrays) -> bytes:
    """The pair as the bytes of an .npz."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **pair)
    return buffer.getvalue()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new folder to fill, which takes the place of `target` if the block ends well and vanishes if not.

    An earlier bundle is moved aside for the rename and removed after it. ExportError for a target that holds
    anything else, or that cannot be written.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow a link, and replace there
    empty = target.is_dir() and not any(target.iterdir())
    if target.exists() and not empty and not (target / MANIFEST).is_file():
        raise ExportError(
            f"{target} exists and is not a model bundle. Give a new folder, or remove it first."
        )
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    aside = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        fresh.mkdir(parents=True)
        yield fresh
        if target.exists():
            target.rename(aside)
        try:
            fresh.rename(target)
        except OSError:
            if aside.exists():
                aside.rename(target)
            raise
    except OSError as error:
        raise ExportError(
            f"{target} cannot be written ({error.strerror or error}). Free some space, or choose "
            "another folder."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)
