"""The curve of reconstruction against sampling: the same short run with more or less freedom for z.

Each point is a training run of its own (few epochs, its own folder under the output), measured on the
validation split: reconstruction at temperature 0, and how well loops drawn from it are told from the
drummers', with a prior fitted to it and with N(0, 1). What was measured is kept, so a stopped curve goes on
where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from bridge.errors import GroovebridgeError
from bridge.files import write_atomically
from bridge.groove.loop import STEPS, DrumLoop
from bridge.groove.voices import VOICES
from training.checkpoint import load_checkpoint
from training.corpus import Split, load_split
from training.metrics import compare
from training.model import ModelConfig, MusicVAE
from training.objective import Objective
from training.prior import Prior
from training.prior_fit import fit, posteriors
from training.reconstruct import reconstruct
from training.sampling import Sample, two_sample
from training.train import BEST, LAST, TrainSettings, train

RESULTS = "results.json"
LOOPS = 500
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One run of the curve: what differs from the defaults."""

    name: str
    objective: Objective = field(default_factory=Objective)
    model: ModelConfig = field(default_factory=ModelConfig)


POINTS = (
    Point("24 nats free", Objective(free_nats=24)),
    Point("48 nats free", Objective(free_nats=48)),
    Point("84 nats free", Objective()),
    Point("120 nats free", Objective(free_nats=120)),
    Point("84 nats free, Z = 80", Objective(), ModelConfig(common=32, differing=16)),
    Point("beta 0.3, none free", Objective(free_nats=0, beta=0.3)),
)


def curve(
    corpus: Path, output: Path, epochs: int, seed: int, threads: int | None, console: Console
) -> list[Json]:
    """Train and measure every point that the output folder does not hold yet; returns and writes all of them.

    Each is {name, free_nats, beta, latent, epochs, seed, validation: {f1, ..., kl, ..., told_apart,
    told_apart_standard_normal}}. GroovebridgeError for a corpus that cannot be read or trained on, and
    results of other settings in the folder.
    """
    done = _results(output / RESULTS)
    split = load_split(corpus, "validation")
    for point in POINTS:
        about = {
            "free_nats": point.objective.free_nats,
            "beta": point.objective.beta,
            "latent": point.model.latent,
            "epochs": epochs,
            "seed": seed,
        }
        if (found := done.get(point.name)) is not None:
            if any(found[name] != value for name, value in about.items()):
                raise GroovebridgeError(
                    f"{output / RESULTS} holds '{point.name}' of other settings. "
                    "Choose another --output folder."
                )
            continue
        run = output / point.name.replace(" ", "-").replace(",", "").replace("=-", "")
        settings = TrainSettings(
            corpus,
            run,
            epochs=epochs,
            seed=seed,
            threads=threads,
            accelerator="cpu",
            resume=(run / LAST).exists(),  # of a finished run nothing is left to do
            model=point.model,
            objective=point.objective,
        )
        train(settings, console)
        measured = measure(load_checkpoint(run / BEST), load_split(corpus, "train"), split, seed)
        done[point.name] = {"name": point.name, **about, "validation": measured}
        write_atomically(output / RESULTS, json.dumps(list(done.values()), indent=1).encode())
    return list(done.values())


def measure(model: MusicVAE, learned: Split, held_out: Split, seed: int) -> dict[str, float]:
    """Reconstruction of the held-out loops, and how well loops drawn at temperature 1 are told from them."""
    truth = held_out.loops(stride_bars=4)
    back = reconstruct(model, truth)
    prior = fit(posteriors(model, learned, ()), (), seed)
    generator = np.random.default_rng(seed)
    chosen = generator.choice(len(truth), min(LOOPS, len(truth)), replace=False)
    real = Sample.of(
        "real",
        [DrumLoop.of(truth.hits[i], truth.velocities[i], truth.offsets[i]) for i in chosen],
        truth.files[chosen],
    )

    def told_apart(made_by: Prior) -> float:
        alone = np.arange(len(chosen)) + len(held_out.records)  # each draw is a group of its own
        return two_sample(Sample.of("drawn", _draw(model, made_by, len(chosen), seed), alone), real).accuracy

    return {
        **compare(truth, back.hits, back.velocities, back.offsets).measures(),
        "forced_exact": float(back.forced_exact.mean()),
        "kl": float(back.kl.sum(axis=1).mean()),
        "hit_nats": float(back.hit_nats.mean()),
        "told_apart": told_apart(prior),
        "told_apart_standard_normal": told_apart(Prior.identity(model.config.latent)),
    }


@torch.inference_mode()
def _draw(model: MusicVAE, prior: Prior, count: int, seed: int) -> list[DrumLoop]:
    """Loops of the prior at temperature 1."""
    chance = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, model.config.latent, generator=chance)
    z = prior(noise, torch.zeros(count, dtype=torch.int64))
    uniform = torch.rand(count, STEPS, model.config.choices, generator=chance).clamp(1e-7, 1 - 1e-7)
    touch = torch.randn(count, STEPS, 2 * VOICES, generator=chance)
    parts = model.decode(z, torch.ones(count), -torch.log(-torch.log(uniform)), touch)
    return [DrumLoop.of(*loop) for loop in zip(*(part.numpy() for part in parts), strict=True)]


def report(points: list[Json], console: Console) -> None:
    """Print the curve, the least informed z first."""
    table = Table(title="Validation, a short run each", box=box.SIMPLE)
    columns: Mapping[str, Callable[[Json], str]] = {
        "": lambda point: point["name"],
        "KL, nats": lambda point: f"{point['validation']['kl']:.0f}",
        "F1": lambda point: f"{point['validation']['f1']:.3f}",
        "exact step": lambda point: f"{point['validation']['exact_step']:.3f}",
        "told the truth": lambda point: f"{point['validation']['forced_exact']:.3f}",
        "told apart": lambda point: f"{point['validation']['told_apart']:.3f}",
        "with N(0, 1)": lambda point: f"{point['validation']['told_apart_standard_normal']:.3f}",
    }
    for name in columns:
        table.add_column(name, justify="right" if name else "left")
    for point in sorted(points, key=lambda point: point["validation"]["kl"]):
        table.add_row(*(cell(point) for cell in columns.values()))
    console.print(table)


def _results(path: Path) -> dict[str, Json]:
    """The points that a file holds, by name; none if there is no file."""
    try:
        return {point["name"]: point for point in json.loads(path.read_text(encoding="utf-8"))}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GroovebridgeError(
            f"{path} cannot be read as results. Remove it, or choose another folder."
        ) from error
