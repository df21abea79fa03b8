"""The Lightning side of training: batches in, losses and weights out. The mathematics is in `objective`."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from bridge.errors import GroovebridgeError
from bridge.groove.loop import STEPS
from training.augment import Augmentation, Batch
from training.corpus import Loops, Split
from training.metrics import compare
from training.model import MusicVAE
from training.objective import Objective, loss_of
from training.reconstruct import reconstruct


class DivergedError(GroovebridgeError):
    """The loss is no longer a number."""


@dataclass(frozen=True, slots=True)
class Optimisation:
    """How the weights move: AdamW, a warm-up, then a cosine to a twentieth of the rate at the last step.

    clip       the gradient's norm is held below this
    average    decay a step of the averaged weights, which are the ones that are evaluated and kept
    """

    rate: float = 2e-3
    weight_decay: float = 0.01
    warm_up: int = 200
    clip: float = 5.0
    average: float = 0.998

    def factor(self, step: int, steps: int) -> float:
        """The learning rate at a step, as a share of `rate`."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        done = min(1.0, (step - self.warm_up) / max(1, steps - self.warm_up))
        return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done))


class Windows(Dataset[Batch]):
    """Every window of four bars of a split at a stride of one bar. A whole batch is cut out at once."""

    def __init__(self, split: Split) -> None:
        self._starts, _ = split.windows(stride_bars=1)
        self._parts = (split.hits, split.velocities, split.offsets)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitems__(self, indices: list[int]) -> Batch:
        steps = self._starts[np.asarray(indices)][:, None] + np.arange(STEPS)
        return Batch(*(torch.from_numpy(part[steps].astype(np.float32)) for part in self._parts))

    def loader(self, batch: int) -> DataLoader[Batch]:
        """Shuffled batches, the last incomplete one left out unless it is all there is."""
        # The loader hands over what __getitems__ cut, a Batch already; its stubs think of lists.
        whole: Any = _whole
        return DataLoader(self, batch, shuffle=True, drop_last=len(self) >= batch, collate_fn=whole)


def _whole(batch: Batch) -> Batch:
    return batch


class Learner(lightning.LightningModule):
    """Trains `model` and keeps `average`, its exponentially averaged weights, which validation measures."""

    def __init__(
        self,
        model: MusicVAE,
        objective: Objective,
        optimisation: Optimisation,
        augmentation: Augmentation,
        validation: Loops,
    ) -> None:
        super().__init__()
        self.model = model
        self.average = copy.deepcopy(model).requires_grad_(False)
        self.objective = objective
        self.optimisation = optimisation
        self.augmentation = augmentation
        self.validation = validation
        self.measures: dict[str, float] = {}
        self.latent_nats = torch.zeros(model.config.latent)

    def on_train_start(self) -> None:
        """Give each process noise of its own; the first one's is that of a run alone."""
        if self.global_rank:
            torch.manual_seed(torch.initial_seed() + self.global_rank)

    def training_step(self, batch: Batch) -> Tensor:
        """One step; DivergedError when the loss is not finite, before it can touch the weights."""
        terms = loss_of(
            self.model, self.augmentation(batch, self.model.playable), self.objective, self.global_step
        )
        if not torch.isfinite(terms.loss):
            raise DivergedError(
                f"Training diverged at step {self.global_step}: the loss is {terms.loss.item()}. "
                "The last good checkpoint is kept. Try a lower --rate, with --resume or from the start."
            )
        names = {
            "loss": terms.loss,
            "hit_nats": terms.hits,
            "expression_nats": terms.expression,
            "kl": terms.kl,
        }
        self.log_dict(
            {f"train/{name}": value.detach() for name, value in names.items()},
            on_step=False,
            on_epoch=True,
            sync_dist=True,
        )
        self.log("loss", terms.loss.detach(), prog_bar=True, logger=False)
        return terms.loss

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Move the averaged weights a little towards the present ones; faster while those are young."""
        decay = min(self.optimisation.average, (1 + self.global_step) / (10 + self.global_step))
        follow(self.average, self.model, decay)

    def validation_step(self, _: Tensor) -> None:
        """Reconstruct the validation loops with the averaged weights: `measures`, `latent_nats`."""
        back = reconstruct(self.average, self.validation)
        self.measures = compare(self.validation, back.hits, back.velocities, back.offsets).measures()
        self.measures |= {
            "kl": float(back.kl.sum(axis=1).mean()),
            "hit_nats": float(back.hit_nats.mean()),
            "expression_nats": float(back.expression_nats.mean()),
            "forced_exact": float(back.forced_exact.mean()),
        }
        self.latent_nats = torch.from_numpy(back.kl.mean(axis=0))
        self.log_dict({f"validation/{name}": value for name, value in self.measures.items()}, sync_dist=True)

    def configure_optimizers(self) -> Any:
        """AdamW with a warm-up and a cosine; see `Optimisation`."""
        optimizer = optimizer_of(self.model, self.optimisation)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: self.optimisation.factor(step, steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def optimizer_of(model: MusicVAE, settings: Optimisation) -> torch.optim.AdamW:
    """AdamW; matrices decay, biases do not."""
    trained = list(model.parameters())
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=settings.rate, fused=True
    )  # a third of the time of a loop over weights


@torch.no_grad()
def follow(average: MusicVAE, model: MusicVAE, decay: float) -> None:
    """Move the averaged weights towards the present ones: by 1 - decay of the way."""
    for slow, present in zip(average.parameters(), model.parameters(), strict=True):
        slow.lerp_(present, 1 - decay)
