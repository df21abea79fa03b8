"""A trained model as one file: sizes, hit table, weights and where they come from; its prior, once fitted.

This is what `model_export` reads. (`last.ckpt`, Lightning's own file beside it, is for resuming only.) It is
loaded with `weights_only`, so a file from elsewhere cannot run code.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch

from bridge.errors import GroovebridgeError
from training.model import ModelConfig, MusicVAE
from training.prior import Prior, PriorConfig

FORMAT = "groovebridge-musicvae"
VERSION = 2


class CheckpointError(GroovebridgeError):
    """A checkpoint that is missing, damaged, of another version or not one of ours."""


def save_checkpoint(path: Path, model: MusicVAE, prior: Prior | None = None) -> None:
    """Write the model with its `provenance` (plain values only) and its prior, if one has been fitted.

    The file appears whole or not at all.

    CheckpointError when it cannot be written, such as on a full disk.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "config": asdict(model.config),
        "hit_table": model.hit_table.to(torch.uint8).cpu(),
        "weights": {name: value.detach().cpu() for name, value in model.state_dict().items()},
        "provenance": dict(model.provenance),
        "prior": None if prior is None else _packed(prior),
    }
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            torch.save(content, file)
        os.replace(temporary, path)  # noqa: PTH105 - one name for the atomic step, wherever we write
    except (OSError, RuntimeError) as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise CheckpointError(
            f"{path} cannot be written: {error}. Free some space or choose another folder."
        ) from error


def load_checkpoint(path: Path | str) -> MusicVAE:
    """Read a model, ready to use (eval mode, on the CPU), with its `config`, `hit_table` and `provenance`."""
    content = _read(Path(path))
    try:
        model = MusicVAE(ModelConfig(**content["config"]), content["hit_table"])
        model.load_state_dict(content["weights"])
        model.provenance = dict(content["provenance"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} is incomplete: its weights do not fit its sizes. Train or copy it again."
        ) from error
    return model.eval()


def load_prior(path: Path | str) -> Prior:
    """Read the prior that was fitted to a model: the identity, without styles, where none was."""
    content = _read(Path(path))
    packed = content.get("prior")
    try:
        if packed is None:
            return Prior.identity(ModelConfig(**content["config"]).latent)
        sizes = packed["config"]
        prior = Prior(PriorConfig(**sizes | {"styles": tuple(sizes["styles"])}))
        prior.load_state_dict(packed["weights"])
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"The prior in {path} is incomplete. Fit it again with `python -m training prior`."
        ) from error
    return prior.eval()


def _packed(prior: Prior) -> dict[str, Any]:
    """A prior as plain values and tensors."""
    weights = {name: value.detach().cpu() for name, value in prior.state_dict().items()}
    return {"config": asdict(prior.config), "weights": weights}


def _read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint of this version; CheckpointError for anything else."""
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"There is no checkpoint at {path}. Train one with `python -m training train`."
        ) from error
    except (
        OSError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        pickle.UnpicklingError,
        BadZipFile,
    ) as error:
        raise CheckpointError(
            f"{path} is damaged or not a checkpoint. Give the model.pt that `python -m training train` wrote."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is not a Groovebridge checkpoint. Give the model.pt of a training run."
        )
    if content.get("version") != VERSION:
        raise CheckpointError(
            f"{path} is a checkpoint of version {content.get('version')}, this program reads version "
            f"{VERSION}. "
            "Use the program that wrote it, or train again."
        )
    return content
