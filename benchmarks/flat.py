"""The decoder to compare with: flat, one LSTM of two layers over all 64 steps, as Magenta's groovae_4bar has.

z 256, two layers of 256 units whose states start from z, and at each step z and the 27 values of the step
before (9 hits, 9 velocities, 9 offsets) as input. The weights are random: the time does not depend on them.

Source: magenta/models/music_vae/configs.py (groovae_4bar) and lstm_models.py (GrooveLstmDecoder); Gillick et
al., "Learning to Groove with Inverse Sequence Transformations", 2019.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge.groove.loop import STEPS
from bridge.groove.voices import VOICES
from model_export.graphs import LOOP, export_graph

LATENT = 256
UNITS = 256


class FlatDecoder(nn.Module):
    """z [B, 256] -> hits, velocities, offsets [B, 64, 9], hits where they are more likely than not."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT, 4 * UNITS)
        self.first = nn.LSTMCell(LATENT + 3 * VOICES, UNITS)
        self.second = nn.LSTMCell(UNITS, UNITS)
        self.output = nn.Linear(UNITS, 3 * VOICES)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sixty-four steps, one after the other."""
        first, first_cell, second, second_cell = torch.tanh(self.start(z)).chunk(4, dim=-1)
        previous = torch.zeros_like(z[:, : 3 * VOICES])
        steps: list[Tensor] = []
        for _ in range(STEPS):
            first, first_cell = self.first(torch.cat([z, previous], dim=-1), (first, first_cell))
            second, second_cell = self.second(first, (second, second_cell))
            hits, velocities, offsets = self.output(second).chunk(3, dim=-1)
            played = [(hits > 0).to(hits.dtype), torch.sigmoid(velocities), 0.5 * torch.tanh(offsets)]
            previous = torch.cat(played, dim=-1)
            steps.append(previous)
        hits, velocities, offsets = torch.stack(steps, dim=1).chunk(3, dim=-1)
        return hits, velocities, offsets


def flat_graph(decoder: FlatDecoder) -> bytes:
    """The flat decoder in ONNX, exported as ours is."""
    return export_graph(decoder, (torch.zeros(3, LATENT),), ("z",), LOOP)
