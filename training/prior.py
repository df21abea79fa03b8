"""The prior: from standard normal noise to points z where loops lie."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Prior(nn.Module):
    """z = center + scale * noise, the identity until it is fitted. `styles`: the names that it knows.

    latent   Z, the size of z
    """

    center: Tensor
    scale: Tensor

    def __init__(self, latent: int, styles: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.latent = latent
        self.styles = styles
        self.register_buffer("center", torch.zeros(latent))
        self.register_buffer("scale", torch.ones(latent))

    def forward(self, noise: Tensor, style: Tensor) -> Tensor:  # noqa: ARG002
        """The point z [B, Z] of noise [B, Z]. style: int64 [B], 0 is open, k is `styles[k - 1]`."""
        return self.center + self.scale * noise
