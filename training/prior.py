"""The prior p(z | style): from standard normal noise to points z where loops lie.

An autoencoder that keeps enough nats for a true copy fills its latent space unevenly: the standard normal
that it was trained against then has most of its mass where no loop was ever seen. So a second, small model
learns the aggregated posterior, the mixture of all q(z | loop), after the autoencoder. It moves noise along a
velocity field, which has learned to lead straight from noise to posterior draws:

    dx / dt = v(x, t, style)     x(0) = noise, x(1) = z

    train:  v((1 - t) * noise + t * z, t, style) -> z - noise,  z from q(z | loop), t uniform in 0..1
    draw:   `STEPS` steps of the midpoint rule, a plain feed-forward graph

Equal noise leads to related loops in different styles, near noise to near loops. Nothing of the decoder
depends on the style. A loop's style is left out now and then in training, so that style 0, "open", is
learned as well.

Source: Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023; Liu et al., "Flow Straight and
Fast", ICLR 2023. Priors over the aggregated posterior: Tomczak and Welling, "VAE with a VampPrior", 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from bridge.errors import GroovebridgeError

STEPS = 4
_FREQUENCIES = 16


@dataclass(frozen=True, slots=True)
class PriorConfig:
    """The sizes that a prior is built with; they travel in its checkpoint.

    latent    Z, the size of z
    styles    the names of the styles that it knows; style k is styles[k - 1], style 0 is open
    units     width of the velocity field's hidden layers
    dropout   share of hidden units that is dropped in training, 0..1
    """

    latent: int
    styles: tuple[str, ...] = ()
    units: int = 256
    dropout: float = 0.1

    def __post_init__(self) -> None:
        for name, size in (("latent", self.latent), ("units", self.units)):
            if not 1 <= size <= 8192:
                raise GroovebridgeError(f"The prior's size '{name}' must lie in 1..8192, not {size}.")
        if not 0 <= self.dropout < 1:
            raise GroovebridgeError(f"The prior's dropout must lie in 0..1 (1 excluded), not {self.dropout}.")


class Prior(nn.Module):
    """The prior of this module's docstring. A new one has no velocity anywhere: it is the identity."""

    frequencies: Tensor

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        size, units, times = config.latent, config.units, 2 * _FREQUENCIES
        frequencies = torch.arange(1, _FREQUENCIES + 1) * (math.pi / 2)
        self.register_buffer("frequencies", frequencies, persistent=False)
        # What a style adds to the open one, which adds nothing: a style with few loops stays near it.
        self.style = nn.Embedding(len(config.styles) + 1, 3 * units, padding_idx=0)
        self.clock = nn.Linear(times, 3 * units)
        self.start = nn.Linear(size, units)
        self.hidden = nn.Linear(units, units)
        self.end = nn.Linear(units, size)
        self.straight = nn.Linear(times, size)
        self.dropout = nn.Dropout(config.dropout)
        for layer in (self.end, self.straight):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.style.weight)

    @classmethod
    def identity(cls, latent: int) -> Prior:
        """What stands in where no prior has been fitted: z is the noise, and there are no styles."""
        return cls(PriorConfig(latent, units=1)).eval()

    @property
    def styles(self) -> tuple[str, ...]:
        """The names of the styles."""
        return self.config.styles

    def forward(self, noise: Tensor, style: Tensor) -> Tensor:
        """The point z [B, Z] of noise [B, Z], standard normal, and style, int64 [B] in 0..len(styles)."""
        x = noise
        for step in range(STEPS):
            half = x + self.velocity(x, _time(step / STEPS), style) / (2 * STEPS)
            x = x + self.velocity(half, _time((step + 0.5) / STEPS), style) / STEPS
        return x

    def velocity(self, x: Tensor, time: Tensor, style: Tensor) -> Tensor:
        """The velocity [B, Z] at x [B, Z]; time [B], or [1] for all, in 0..1; style int64 [B]."""
        angles = time[:, None] * self.frequencies
        clock = torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)
        shift, scale, bias = (self.clock(clock) + self.style(style)).chunk(3, dim=-1)
        hidden = self.start(x) + shift
        hidden = hidden + self.hidden(self.dropout(functional.silu(hidden * (1 + scale) + bias)))
        velocity: Tensor = self.end(functional.silu(hidden)) + self.straight(clock) * x
        return velocity

    def log_density(self, z: Tensor, style: Tensor, steps: int = 20) -> Tensor:
        """Estimate log p(z | style) of z [B, Z], in nats, [B]: noisy for one z, without bias on average.

        Follows z back to its noise and adds up the divergence of the velocity on the way, which one random
        direction a step estimates (Hutchinson). Source: Grathwohl et al., "FFJORD", ICLR 2019.
        """
        x = z
        stretched = torch.zeros(len(z), device=z.device)
        for step in range(steps, 0, -1):
            with torch.no_grad():
                half = x - self.velocity(x, _time(step / steps), style) / (2 * steps)
            half.requires_grad_()
            with torch.enable_grad():
                velocity = self.velocity(half, _time((step - 0.5) / steps), style)
                direction = 2.0 * torch.randint_like(x, 2) - 1
                (along,) = torch.autograd.grad((velocity * direction).sum(), half)
            stretched = stretched + (along * direction).sum(dim=-1) / steps
            x = (x - velocity / steps).detach()
        return -0.5 * (x**2).sum(dim=-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - stretched


def _time(time: float) -> Tensor:
    return torch.tensor([time])
