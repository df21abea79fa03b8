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

from bridge.errors import GroovebridgeError
from training.augment import Augmentation, Batch
from training.corpus import Loops
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


class Learner(lightning.LightningModule):
    """Trains `model` and keeps `average`, its exponentially averaged weights, which validation measures.

    What chance decides in a step depends on the seed, the step and the process alone, so that a resumed run
    is the run that was not interrupted, and each process has noise of its own.
    """

    def __init__(
        self,
        model: MusicVAE,
        objective: Objective,
        optimisation: Optimisation,
        augmentation: Augmentation,
        validation: Loops,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.model = model
        self.average = copy.deepcopy(model).requires_grad_(False)
        self.objective = objective
        self.optimisation = optimisation
        self.augmentation = augmentation
        self.validation = validation
        self.seed = seed
        self.terms: dict[str, Tensor] = {}
        self.measures: dict[str, float] = {}
        self.latent_nats = torch.zeros(model.config.latent)

    def training_step(self, batch: Batch) -> Tensor:
        """The loss of one step; its parts stay in `terms`."""
        chance = np.random.SeedSequence([self.seed, self.global_step, self.global_rank])
        torch.manual_seed(int(chance.generate_state(1, np.uint64)[0]))
        terms = loss_of(
            self.model, self.augmentation(batch, self.model.playable), self.objective, self.global_step
        )
        self.terms = {
            "loss": terms.loss.detach(),
            "hit_nats": terms.hits.detach(),
            "expression_nats": terms.expression.detach(),
            "kl": terms.kl.detach(),
        }
        self.log_dict(
            {f"train/{name}": value for name, value in self.terms.items()},
            on_step=False,
            on_epoch=True,
            sync_dist=True,
        )
        self.log("loss", self.terms["loss"], prog_bar=True, logger=False)
        return terms.loss

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,  # noqa: ARG002 - Lightning's signature
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,  # noqa: ARG002
    ) -> None:
        """Hold the gradient's norm; DivergedError when it is not finite, before it can touch the weights.

        By now the gradient is the mean of all processes', so all of them end at the same step.
        """
        weights = [weight for weight in self.model.parameters() if weight.grad is not None]
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in weights if weight.grad is not None])
        if not torch.isfinite(norm):
            raise DivergedError(
                f"Training diverged at step {self.global_step}: {self._astray()} is not a number. "
                "The last good checkpoint is kept. Try a lower --rate, with --resume or from the start."
            )
        if gradient_clip_val is not None:
            torch.nn.utils.clip_grads_with_norm_(weights, gradient_clip_val, norm)

    def _astray(self) -> str:
        """The first that is not finite: a term of this process's loss, or a weight's gradient."""
        for name, value in reversed(self.terms.items()):
            if not torch.isfinite(value):
                return name
        for name, weight in self.model.named_parameters():
            if weight.grad is not None and not torch.isfinite(weight.grad).all():
                return f"the gradient of {name}"
        return "the gradient's norm"

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
    # Fused it takes a third of the time of a loop over the weights.
    return torch.optim.AdamW(groups, lr=settings.rate, fused=True)


@torch.no_grad()
def follow(average: MusicVAE, model: MusicVAE, decay: float) -> None:
    """Move the averaged weights towards the present ones: by 1 - decay of the way."""
    for slow, present in zip(average.parameters(), model.parameters(), strict=True):
        slow.lerp_(present, 1 - decay)
