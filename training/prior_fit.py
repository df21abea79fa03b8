"""Fitting the prior to what a trained encoder says of the training loops, and what z costs under it.

Every window of the training split serves, with `PriorSettings.draws` points of its posterior: their spread
keeps single loops from being learned by heart. Styles come from the corpus: the first word of a file's style
("funk" of "funk/groove1"); one with fewer than `FEWEST_FILES` files or `FEWEST_LOOPS` windows is learned with
the open style alone.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from training.corpus import CorpusError, FileRecord, Split, load_split
from training.model import MusicVAE
from training.prior import Prior, PriorConfig

FEWEST_FILES = 6
FEWEST_LOOPS = 200
WINDOWS_A_COMPONENT = 16
_ENCODED_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class PriorSettings:
    """How to fit.

    components   Gaussians of the mixture, at most one for every `WINDOWS_A_COMPONENT` windows
    draws        points of each window's posterior that are learned
    rounds       of expectation and maximisation, at most
    floor        the least variance of a component, beside those of its points
    """

    components: int = 800
    draws: int = 1
    rounds: int = 8
    floor: float = 1e-3


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
def posteriors(model: MusicVAE, split: Split, styles: tuple[str, ...]) -> Posteriors:
    """The posteriors of a split's windows, one at each bar."""
    loops = split.loops()
    numbers = {name: number for number, name in enumerate(styles, start=1)}
    own = torch.tensor([numbers.get(primary_style(record), 0) for record in split.records])
    parts = [
        model.encode(
            *(
                torch.from_numpy(part[start : start + _ENCODED_AT_ONCE])
                for part in (loops.hits, loops.velocities, loops.offsets)
            )
        )
        for start in range(0, len(loops), _ENCODED_AT_ONCE)
    ]
    mu, sigma = (torch.cat(column) for column in zip(*parts, strict=True))
    return Posteriors(mu, sigma, own[torch.from_numpy(loops.files)])


def fit(
    learned: Posteriors, styles: tuple[str, ...], seed: int, settings: PriorSettings | None = None
) -> Prior:
    """Fit a prior to posteriors. The same seed gives the same prior on the same machine."""
    settings = settings or PriorSettings()
    chance = torch.Generator().manual_seed(seed)
    rows = torch.arange(len(learned.mu)).repeat(settings.draws)
    z = learned.draw(rows, chance).double().numpy()
    components = max(1, min(settings.components, len(learned.mu) // WINDOWS_A_COMPONENT))
    mixture = GaussianMixture(
        components,
        covariance_type="diag",
        max_iter=settings.rounds,
        reg_covar=settings.floor,
        init_params="k-means++",
        random_state=seed,
    )
    with warnings.catch_warnings():
        # A few rounds are wanted: with more the training loops fit better and others worse.
        warnings.simplefilter("ignore", ConvergenceWarning)
        belongs = mixture.fit(z).predict_proba(z)
    style = learned.style[rows].numpy()
    sides = [np.full(len(style), True), *(style == number for number in range(1, len(styles) + 1))]
    reach = np.cumsum([belongs[side].mean(axis=0) for side in sides], axis=1)
    prior = Prior(PriorConfig(learned.mu.shape[1], styles, components)).eval()
    prior.mean.copy_(torch.from_numpy(mixture.means_))
    prior.deviation.copy_(torch.from_numpy(mixture.covariances_).sqrt())
    prior.reach.copy_(torch.from_numpy(reach / reach[:, -1:]))
    return prior


def nats(prior: Prior, learned: Posteriors, held_out: Posteriors, seed: int = 0) -> dict[str, float]:
    """KL(q(z | loop) || p(z)) in nats, the mean over held-out loops, by family of p: what z costs under it.

    standard normal   what the autoencoder was trained against
    Gaussian          mean and full covariance of the training loops' posteriors
    mixture, open     the fitted prior, with the style left open; `mixture, by style` with each loop's own
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
    densities["mixture, open"] = prior.log_density(z, torch.zeros_like(held_out.style))
    if prior.styles:
        densities["mixture, by style"] = prior.log_density(z, held_out.style)
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
                "be measured by. Prepare more files."
            )
    styles = frequent_styles(train)
    if not styles:
        console.print(
            f"No style in {corpus} has {FEWEST_FILES} files and {FEWEST_LOOPS} loops, so the prior is "
            "without styles."
        )
    learned = posteriors(model, train, styles)
    held_out = posteriors(model, validation, styles)
    if not all(bool(torch.isfinite(part).all()) for part in (learned.mu, learned.sigma)):
        raise CheckpointError(f"The encoder in {checkpoint} answers no numbers. Train it again.")
    prior = fit(learned, styles, seed, settings)
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
