"""What training minimises: the negative evidence lower bound, with a share of the latent free.

    loss = -log p(choices | z) + w * -log p(velocities, offsets | choices, z) + beta * max(KL - free, 0)

All terms are nats a loop. Beta rises from 0 (annealing, Bowman et al. 2016); the KL of the whole latent is
free up to `free_nats` (free bits, Kingma et al. 2016), so the decoder cannot learn to ignore z, and above it
the penalty holds it there. The expression weight w < 1 keeps 150 real-valued touches a loop from crowding the
hits out of z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from bridge.errors import GroovebridgeError
from training.augment import FULL_VELOCITY, Batch
from training.model import MusicVAE, Played

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Objective:
    """The weights of the loss. `beta_steps`: optimiser steps over which beta rises to `beta`.

    input_dropout   share of the decoder's previous steps that are hidden from it, 0..1: it then has to read z
    """

    free_nats: float = 84.0
    beta: float = 1.0
    beta_steps: int = 500
    expression: float = 0.75
    input_dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.free_nats < 0 or self.beta < 0 or self.beta_steps < 0 or self.expression < 0:
            raise GroovebridgeError("Free nats, beta, its steps and the expression weight must be 0 or more.")
        if not 0 <= self.input_dropout < 1:
            raise GroovebridgeError(f"Input dropout must lie in 0..1 (1 excluded), not {self.input_dropout}.")

    def beta_at(self, step: int) -> float:
        """Beta at an optimiser step: a straight line from 0, then constant."""
        return self.beta * min(1.0, step / self.beta_steps) if self.beta_steps else self.beta


@dataclass(frozen=True, slots=True)
class Terms:
    """The parts of the loss, scalars in nats a loop, means over the batch."""

    loss: Tensor
    hits: Tensor
    expression: Tensor
    kl: Tensor


def kl_of(mu: Tensor, sigma: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each coordinate, nats, [B, Z]."""
    return 0.5 * (mu.square() + sigma.square() - 1) - sigma.log()


def gaussian_nats(truth: Tensor, mean: Tensor, log_deviation: Tensor) -> Tensor:
    """-log N(truth; mean, exp(log_deviation)^2), elementwise."""
    return 0.5 * ((truth - mean) * torch.exp(-log_deviation)).square() + log_deviation + _HALF_LOG_TWO_PI


def velocity_nats(truth: Tensor, mean: Tensor, log_deviation: Tensor) -> Tensor:
    """-log likelihood of velocities 0..1, elementwise: a Gaussian that is cut off at full velocity.

    Pads report no more than 127 however hard they are hit, and a fifth of Groove's snare hits stand there:
    such a hit has the probability of all that lies beyond (Tobin's censored model, Econometrica 26, 1958).
    """
    beyond = -torch.special.log_ndtr((mean - FULL_VELOCITY) * torch.exp(-log_deviation))
    return torch.where(truth >= FULL_VELOCITY, beyond, gaussian_nats(truth, mean, log_deviation))


def expression_nats(played: Played, hits: Tensor, velocities: Tensor, offsets: Tensor) -> Tensor:
    """Nats of the velocities and offsets of the true hits, [B]."""
    velocity = velocity_nats(velocities, played.velocity, played.velocity_log_deviation)
    offset = gaussian_nats(offsets, played.offset, played.offset_log_deviation)
    return ((velocity + offset) * hits).sum(dim=(1, 2))


def loss_of(model: MusicVAE, batch: Batch, objective: Objective, step: int) -> Terms:
    """The loss of a batch of loops at an optimiser step. Draws from torch's generator."""
    hits, velocities, offsets = batch
    mu, sigma = model.encode(hits, velocities, offsets)
    z = mu + sigma * torch.randn_like(sigma)
    choices = model.choices_of(hits)
    known = torch.rand(choices.shape, device=hits.device) >= objective.input_dropout
    played = model.teacher_forced(z, choices, velocities, offsets, known)
    hit_nats = functional.cross_entropy(
        played.logits.flatten(0, 1), choices.flatten(), reduction="sum"
    ) / len(hits)
    touch_nats = expression_nats(played, hits, velocities, offsets).mean()
    kl = kl_of(mu, sigma).sum(dim=-1).mean()
    penalty = objective.beta_at(step) * functional.relu(kl - objective.free_nats)
    return Terms(hit_nats + objective.expression * touch_nats + penalty, hit_nats, touch_nats, kl)
