"""One run of the ablation: train an arm at one length, and measure it told and alone.

All runs see hits alone (no velocities, no offsets, no augmentation, no input dropout). At one length all arms
get the same windows in the same order with the same noise, and as many steps of the same optimiser. The loss
is the negative evidence lower bound of `training.objective`, with the same nats a bar free.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from bridge.errors import GroovebridgeError
from bridge.groove.loop import STEPS, STEPS_PER_BAR
from bridge.groove.voices import VOICES
from training.ablation.arms import ARMS, ArmModel, Sizes, choice_nats
from training.corpus import SPLITS, Loops, Split, load_manifest, load_split
from training.learner import DivergedError, Optimisation
from training.metrics import compare, resamples
from training.objective import Objective, kl_of

LENGTHS = (4, 16)
MEASURES = ("forced_exact_step", "forced_f1", "sampled_exact_step", "sampled_f1", "gap")


@dataclass(frozen=True, slots=True)
class RunSettings:
    """All that a run is made of, beside its arm, its length and the corpus.

    bars_a_step      bars in a batch: 32 windows of four bars, or 8 of sixteen
    nats_a_bar       nats of z that cost nothing, for each bar of the window
    beta, beta_steps as in `Objective`
    draws            bootstrap samples of the intervals
    """

    epochs: int = 8
    seed: int = 0
    bars_a_step: int = 128
    nats_a_bar: float = 12.0
    beta: float = 1.0
    beta_steps: int = 200
    rate: float = 2e-3
    warm_up: int = 100
    draws: int = 1000
    sizes: Sizes = field(default_factory=Sizes)


@dataclass(frozen=True, slots=True)
class Figures:
    """One split. `measures` are shares 0..1, named as in `MEASURES`, `interval` their 95 % intervals by file.

    forced_*     each step is told the true steps before it
    sampled_*    temperature 0, each step hears what was played before it
    gap          forced_exact_step - sampled_exact_step; its interval is of the paired difference
    nats_a_bar   -log p(hits | mu) under teacher forcing;  kl: nats of z for a whole window
    """

    windows: int
    files: int
    nats_a_bar: float
    kl: float
    measures: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was and what came of it. `seconds`: wall time of the training alone."""

    arm: str
    bars: int
    settings: Mapping[str, Any]
    parameters: int
    steps: int
    seconds: float
    splits: Mapping[str, Figures]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows of one length: hits bool [N, T, 9], and the file of each, int64 [N]."""

    hits: torch.Tensor
    files: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.files)

    @classmethod
    def of(cls, split: Split, bars: int, stride_bars: int) -> Windows:
        """The windows of `bars` bars in a split, one every `stride_bars` bars."""
        starts, files = split.windows(stride_bars, bars)
        return cls(torch.from_numpy(split.hits[starts[:, None] + np.arange(bars * STEPS_PER_BAR)]), files)


def identity(corpus: Path, settings: RunSettings) -> dict[str, Any]:
    """What a run must have in common with another to stand in one table, as plain values."""
    return {**asdict(settings), "data_sha256": load_manifest(corpus).sha256}


def run(corpus: Path, name: str, bars: int, settings: RunSettings, tell: Callable[[str], None]) -> Run:
    """Train arm `name` on windows of `bars` bars and measure it on every split; `tell` hears of each epoch.

    GroovebridgeError for a corpus without windows of this length, DivergedError for a loss that is no number.
    """
    splits = {split: load_split(corpus, split) for split in SPLITS}
    # Half a window apart for training, end to end for measuring.
    train = Windows.of(splits["train"], bars, bars // 2)
    measured = {split: Windows.of(found, bars, bars) for split, found in splits.items()}
    for split, windows in measured.items():
        if not len(windows):
            raise GroovebridgeError(
                f"The split '{split}' of {corpus} has no window of {bars} bars. Choose shorter ones with "
                "--bars, or prepare a corpus of longer performances."
            )
    torch.manual_seed(settings.seed)
    model = ArmModel(ARMS[name], splits["train"].hits, settings.sizes)
    started = time.monotonic()
    steps = _train(model, train, settings, tell)
    seconds = time.monotonic() - started
    figures = {split: measure(model, windows, settings.draws) for split, windows in measured.items()}
    return Run(
        name, bars, identity(corpus, settings), model.parameters_trained, steps, round(seconds, 1), figures
    )


def _train(model: ArmModel, windows: Windows, settings: RunSettings, tell: Callable[[str], None]) -> int:
    """Train in place; how many steps it took."""
    bars = windows.hits.shape[1] // STEPS_PER_BAR
    objective = Objective(settings.nats_a_bar * bars, settings.beta, settings.beta_steps)
    optimisation = Optimisation(settings.rate, warm_up=settings.warm_up)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=optimisation.rate, weight_decay=optimisation.weight_decay
    )
    batch = max(1, settings.bars_a_step // bars)
    steps = settings.epochs * -(-len(windows) // batch)
    chance = torch.Generator().manual_seed(settings.seed)
    step = 0
    for epoch in range(settings.epochs):
        nats = 0.0
        for rows in torch.randperm(len(windows), generator=chance).split(batch):  # type: ignore[no-untyped-call]
            hits = windows.hits[rows].float()
            mu, sigma = model.encode(hits)
            z = mu + sigma * torch.randn(mu.shape, generator=chance)
            chosen = torch.stack([choice_nats(*each) for each in model.told(z, hits)]).sum(dim=0).mean()
            kl = kl_of(mu, sigma).sum(dim=-1).mean()
            penalty = objective.beta_at(step) * functional.relu(kl - objective.free_nats)
            loss = (chosen + penalty) / bars
            if not torch.isfinite(loss):
                raise DivergedError(
                    f"The loss is {loss.item()} at step {step}. Nothing was kept of this run; "
                    "prepare the corpus again, or report this."
                )
            for group in optimizer.param_groups:
                group["lr"] = optimisation.rate * optimisation.factor(step, steps)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), optimisation.clip)
            optimizer.step()
            step += 1
            nats += chosen.item() * len(hits)
        tell(
            f"epoch {epoch + 1} of {settings.epochs}: {nats / len(windows) / bars:.2f} nats a bar, "
            f"KL {kl.item():.0f} nats a window"
        )
    return step


@torch.inference_mode()
def measure(model: ArmModel, windows: Windows, draws: int, batch: int = 128) -> Figures:
    """Reconstruct the windows from mu, told and alone. Accuracy is that of all nine voices at once."""
    steps = windows.hits.shape[1]
    forced, sampled, nats, kl = [], [], [], []
    for hits in windows.hits.float().split(batch):  # type: ignore[no-untyped-call]
        mu, sigma = model.encode(hits)
        told, needed = model.forced(mu, hits)
        forced.append(told)
        nats.append(needed)
        kl.append(kl_of(mu, sigma).sum(dim=-1))
        sampled.append(model.sampled(mu, steps))
    truth = _as_loops(windows)
    tallies = {
        name: compare(truth, *[_four_bars(torch.cat(found).numpy())] * 3)
        for name, found in (("forced", forced), ("sampled", sampled))
    }

    def weighted(weights: NDArray[np.float64]) -> dict[str, float]:
        found = {name: tally.weighted(weights) for name, tally in tallies.items()}
        figures = {f"{name}_{key}": found[name][key] for name in found for key in ("exact_step", "f1")}
        return figures | {"gap": figures["forced_exact_step"] - figures["sampled_exact_step"]}

    samples = [weighted(weights) for weights in resamples(truth.files, draws)]
    ends = np.percentile([[sample[name] for name in MEASURES] for sample in samples], (2.5, 97.5), axis=0)
    return Figures(
        windows=len(windows),
        files=len(np.unique(windows.files)),
        nats_a_bar=float(torch.cat(nats).mean()) * STEPS_PER_BAR / steps,
        kl=float(torch.cat(kl).mean()),
        measures=weighted(np.ones(len(truth))),
        interval={name: (float(low), float(high)) for name, low, high in zip(MEASURES, *ends, strict=True)},
    )


def _as_loops(windows: Windows) -> Loops:
    """The windows as loops of four bars, which `training.metrics` compares; it sees the hits alone."""
    hits = _four_bars(windows.hits.float().numpy())
    files = windows.files.repeat(len(hits) // len(windows))
    nothing = np.zeros_like(hits)
    return Loops(hits, nothing, nothing, files, np.ones(len(hits), dtype=np.float32))


def _four_bars(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Windows [N, T, 9] cut into loops [N * T / 64, 64, 9]; T is a multiple of 64."""
    return windows.reshape(-1, STEPS, VOICES)
