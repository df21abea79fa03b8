"""Fitting the prior to what a trained encoder says of the training loops, and how much better it is.

Every window of the training split serves, started at each of its four bars (loops are cyclic), and z is drawn
anew from its posterior at each step: the spread of the posteriors keeps single loops from being learned by
heart. The validation split says when to stop. Styles come from the corpus: the first word of a file's style
("funk" of "funk/groove1"); one with fewer than `FEWEST_FILES` files or `FEWEST_LOOPS` windows is learned with
the open style alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from bridge.groove.loop import BARS, STEPS_PER_BAR
from training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from training.corpus import CorpusError, FileRecord, Split, load_split
from training.model import MusicVAE
from training.prior import Prior, PriorConfig

FEWEST_FILES = 6
FEWEST_LOOPS = 200
_ENCODED_AT_ONCE = 512
_WARM_UP = 0.05


@dataclass(frozen=True, slots=True)
class PriorSettings:
    """How to fit.

    steps      optimiser steps, at most
    batch      draws a step
    units      width of the velocity field
    rate       peak learning rate, with a warm-up and a cosine down to zero
    decay      weight decay
    open       share of loops whose style is left out, 0..1
    average    share by which the averaged weights, which are kept, follow at each step
    check      steps between two looks at the validation split
    patience   looks without a better one after which it stops
    """

    steps: int = 3000
    units: int = 256
    batch: int = 512
    rate: float = 2e-3
    decay: float = 1e-2
    open: float = 0.3
    average: float = 5e-3
    check: int = 500
    patience: int = 3


class Posteriors(NamedTuple):
    """What the encoder says of N loops: mu and sigma [N, Z], and the number of each loop's style [N]."""

    mu: Tensor
    sigma: Tensor
    style: Tensor

    def draw(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Points [len(rows), Z], one draw from the posterior of each row."""
        noise = torch.randn(len(rows), self.mu.shape[1], generator=generator)
        return self.mu[rows] + self.sigma[rows] * noise


class Fit(NamedTuple):
    """A fitted prior, and `nats`: KL(q(z | loop) || p) on the validation split, a loop, by family."""

    prior: Prior
    nats: Mapping[str, float]


def primary_style(record: FileRecord) -> str:
    """The first word of a file's style; empty where it has none."""
    return record.style.split("/")[0].strip().lower()


def frequent_styles(split: Split) -> tuple[str, ...]:
    """The styles with enough files and windows of their own, those with most windows first."""
    files = Counter(primary_style(record) for record in split.records if record.windows)
    windows: Counter[str] = Counter()
    for record in split.records:
        windows[primary_style(record)] += record.windows
    return tuple(
        name
        for name, count in sorted(windows.items(), key=lambda item: (-item[1], item[0]))
        if name.isalnum() and name.isascii() and count >= FEWEST_LOOPS and files[name] >= FEWEST_FILES
    )


@torch.no_grad()
def posteriors(model: MusicVAE, split: Split, styles: tuple[str, ...], rotations: int = 1) -> Posteriors:
    """The posteriors of a split's windows, each started at its first `rotations` bars (1..4)."""
    loops = split.loops()
    numbers = {name: number for number, name in enumerate(styles, start=1)}
    own = torch.tensor([numbers.get(primary_style(record), 0) for record in split.records])
    parts = [
        model.encode(
            *(
                torch.from_numpy(np.roll(part[start : start + _ENCODED_AT_ONCE], bar * STEPS_PER_BAR, axis=1))
                for part in (loops.hits, loops.velocities, loops.offsets)
            )
        )
        for bar in range(rotations)
        for start in range(0, len(loops), _ENCODED_AT_ONCE)
    ]
    mu, sigma = (torch.cat(column) for column in zip(*parts, strict=True))
    return Posteriors(mu, sigma, own[torch.from_numpy(loops.files)].repeat(rotations))


def fit(
    learned: Posteriors,
    held_out: Posteriors,
    styles: tuple[str, ...],
    seed: int,
    console: Console,
    settings: PriorSettings | None = None,
) -> Prior:
    """Fit a prior to posteriors; the averaged weights that do best on `held_out` are kept.

    The same seed gives the same prior on the same machine.
    """
    settings = settings or PriorSettings()
    chance = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        prior = Prior(PriorConfig(learned.mu.shape[1], styles, settings.units))
        average = deepcopy(prior).eval()
        best, best_error, looks = deepcopy(average), math.inf, 0
        optimiser = torch.optim.AdamW(prior.parameters(), lr=settings.rate, weight_decay=settings.decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: _rate_at((step + 1) / (settings.steps + 1))
        )
        for step in range(1, settings.steps + 1):
            rows = torch.randint(len(learned.mu), (settings.batch,), generator=chance)
            shown = torch.rand(settings.batch, generator=chance) >= settings.open
            loss = _miss(prior, learned.draw(rows, chance), learned.style[rows] * shown, chance)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            with torch.no_grad():
                for kept, new in zip(average.parameters(), prior.parameters(), strict=True):
                    kept.lerp_(new, max(settings.average, 1 / step))
            if step % settings.check and step < settings.steps:
                continue
            error = _validate(average, held_out)
            looks += 1
            if error < best_error:
                best, best_error, looks = deepcopy(average), error, 0
            console.print(f"prior: step {step:5d}  validation error {error:.4f}{' *' if not looks else ''}")
            if looks >= settings.patience:
                break
    return best


def nats(prior: Prior, learned: Posteriors, held_out: Posteriors, seed: int = 0) -> dict[str, float]:
    """KL(q(z | loop) || p(z)) in nats, the mean over held-out loops, by family of p: what z costs under it.

    standard normal   what the autoencoder was trained against
    Gaussian          mean and full covariance of the training loops' posteriors
    flow, open        the fitted prior, with the style left open; `flow, by style` with each loop's own
    """
    chance = torch.Generator().manual_seed(seed)
    z = held_out.draw(torch.arange(len(held_out.mu)), chance)
    size = z.shape[1]
    entropy = float(held_out.sigma.log().sum(dim=1).mean()) + 0.5 * size * math.log(2 * math.pi * math.e)
    spread = torch.cov(learned.mu.T) + torch.diag((learned.sigma**2).mean(dim=0))
    normal = torch.distributions.MultivariateNormal
    normals = {
        "standard normal": normal(torch.zeros(size), torch.eye(size)),
        "Gaussian": normal(learned.mu.mean(dim=0), spread),
    }
    densities: dict[str, Tensor] = {
        name: density.log_prob(z)  # type: ignore[no-untyped-call]
        for name, density in normals.items()
    }
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        densities["flow, open"] = prior.log_density(z, torch.zeros_like(held_out.style))
        if prior.styles:
            densities["flow, by style"] = prior.log_density(z, held_out.style)
    return {name: -float(density.mean()) - entropy for name, density in densities.items()}


def fit_checkpoint(
    checkpoint: Path, corpus: Path, seed: int, console: Console, settings: PriorSettings | None = None
) -> Fit:
    """Fit a prior to a checkpoint's encoder on a corpus, and store it in the checkpoint, atomically.

    CheckpointError or CorpusError for what cannot be read or is too little.
    """
    model = load_checkpoint(checkpoint)
    train, validation = load_split(corpus, "train"), load_split(corpus, "validation")
    for split, name in ((train, "training"), (validation, "validation")):
        if not sum(record.windows for record in split.records):
            raise CorpusError(
                f"{corpus} has no {name} loop of four bars, but a prior needs some to learn and some to "
                "stop by. Prepare more files."
            )
    styles = frequent_styles(train)
    if not styles:
        console.print(
            f"No style in {corpus} has {FEWEST_FILES} files and {FEWEST_LOOPS} loops, so the prior is "
            "without styles."
        )
    learned = posteriors(model, train, styles, rotations=BARS)
    held_out = posteriors(model, validation, styles)
    if not all(bool(torch.isfinite(part).all()) for part in (learned.mu, learned.sigma)):
        raise CheckpointError(f"The encoder in {checkpoint} answers no numbers. Train it again.")
    prior = fit(learned, held_out, styles, seed, console, settings)
    found = Fit(prior, nats(prior, learned, held_out))
    save_checkpoint(checkpoint, model, prior)
    return found


def report(found: Fit, console: Console) -> None:
    """Print the table of families."""
    size = found.prior.config.latent
    table = Table(title="What z costs on the validation split, nats", box=box.SIMPLE)
    for name in ("prior", "a loop", "a coordinate"):
        table.add_column(name, justify="left" if name == "prior" else "right")
    for name, value in found.nats.items():
        table.add_row(name, f"{value:.1f}", f"{value / size:.3f}")
    console.print(table)
    console.print(f"styles: {', '.join(found.prior.styles) or 'none'}", soft_wrap=True)


def _rate_at(progress: float) -> float:
    """The learning rate as a share of its peak: a linear warm-up, then half a cosine down to 0."""
    return min(1.0, progress / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * progress))


def _miss(prior: Prior, z: Tensor, style: Tensor, chance: torch.Generator) -> Tensor:
    """The mean squared error of the velocity between noise and z [B, Z], at random times."""
    noise = torch.randn(z.shape, generator=chance)
    time = torch.rand(len(z), generator=chance)
    at = torch.lerp(noise, z, time[:, None])
    return functional.mse_loss(prior.velocity(at, time, style), z - noise)


@torch.no_grad()
def _validate(prior: Prior, held_out: Posteriors) -> float:
    """The error on held-out posteriors with their styles: the same draws each time."""
    chance = torch.Generator().manual_seed(0)
    z = held_out.draw(torch.arange(len(held_out.mu)), chance)
    return float(_miss(prior, z, held_out.style, chance))
