"""Where loops lie in latent space, by style: a mixture of Gaussians over what the encoder says of real loops.

The autoencoder is trained against N(0, 1), but what it makes of real loops (the aggregated posterior) is not
that: bars that repeat leave three quarters of z near 0, bars that differ do not, and a draw from N(0, 1) is
neither. So loops are drawn from a prior of their own, fitted after the autoencoder (`training.prior_fit`):

    p(z | style) = sum over k of weight[style, k] * N(mean[k], diag(deviation[k]^2))

Every style shares the components and weighs them in its own way; style 0, "open", weighs them as all loops
together do. The decoder knows nothing of the style.

Sources: the aggregated posterior as the best prior of a VAE, and a mixture in its place: Tomczak and Welling,
"VAE with a VampPrior", AISTATS 2018; a density fitted after the autoencoder: Ghosh et al., "From Variational
to Deterministic Autoencoders", ICLR 2020, section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bridge.errors import GroovebridgeError


@dataclass(frozen=True, slots=True)
class PriorConfig:
    """The sizes that a prior is built with; they travel in its checkpoint.

    latent       Z, the size of z
    styles       the names of the styles that it knows; style k is styles[k - 1], style 0 is open
    components   Gaussians of the mixture
    """

    latent: int
    styles: tuple[str, ...] = ()
    components: int = 1

    def __post_init__(self) -> None:
        for name, size in (("latent", self.latent), ("components", self.components)):
            if not 1 <= size <= 8192:
                raise GroovebridgeError(f"The prior's size '{name}' must lie in 1..8192, not {size}.")


class Prior(nn.Module):
    """The prior of this module's docstring. A new one of one component is the identity.

    mean, deviation   [K, Z]
    reach             [styles + 1, K]: the weights of a style added up to and with component k, up to 1
    """

    mean: Tensor
    deviation: Tensor
    reach: Tensor

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        count = config.components
        self.register_buffer("mean", torch.zeros(count, config.latent))
        self.register_buffer("deviation", torch.ones(count, config.latent))
        even = torch.arange(1, count + 1) / count
        self.register_buffer("reach", even.repeat(len(config.styles) + 1, 1))

    @classmethod
    def identity(cls, latent: int) -> Prior:
        """What stands in where no prior has been fitted: z is the noise, and there are no styles."""
        return cls(PriorConfig(latent)).eval()

    @property
    def styles(self) -> tuple[str, ...]:
        """The names of the styles."""
        return self.config.styles

    @property
    def weights(self) -> Tensor:
        """The weight of each component in each style, [styles + 1, K]; rows sum to 1."""
        return torch.diff(self.reach, dim=1, prepend=torch.zeros(len(self.reach), 1))

    def forward(self, noise: Tensor, style: Tensor) -> Tensor:
        """The point z [B, Z] of noise [B, Z], standard normal, and style, int64 [B] in 0..len(styles).

        The first number of the noise chooses the component. In its own place, so that Z numbers are enough,
        the others' sum stands in for it: normal too, and as good as independent of each of them.
        """
        if self.config.components == 1:
            return self.mean + self.deviation * noise
        share = 0.5 * (1 + torch.erf(noise[:, :1] / math.sqrt(2)))
        chosen = (share >= self.reach[style][:, :-1]).to(torch.int64).sum(dim=1)
        others = noise[:, 1:]
        first = others.sum(dim=1, keepdim=True) / math.sqrt(max(1, self.config.latent - 1))
        return self.mean[chosen] + self.deviation[chosen] * torch.cat([first, others], dim=1)

    def log_density(self, z: Tensor, style: Tensor) -> Tensor:
        """Log p(z | style) of z [B, Z], in nats, [B]."""
        precision = self.deviation**-2
        distance = (
            z**2 @ precision.T - 2 * z @ (self.mean * precision).T + (self.mean**2 * precision).sum(dim=1)
        )
        volume = self.deviation.log().sum(dim=1) + 0.5 * self.config.latent * math.log(2 * math.pi)
        return torch.logsumexp(self.weights.log()[style] - volume - 0.5 * distance, dim=1)
