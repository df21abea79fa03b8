"""Loops through the model and back, as it would most likely play them: z = mu at temperature 0."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.groove.loop import STEPS
from bridge.groove.voices import VOICES
from training.corpus import Loops
from training.model import MusicVAE
from training.objective import expression_nats, kl_of


class Reconstruction(NamedTuple):
    """What came back, float32 [N, 64, 9] each, with what the model says of the loops on the way.

    kl              nats of each latent coordinate, [N, Z]
    forced_exact    share of steps right when each is told the true steps before it, [N]
    hit_nats        -log p(choices | mu), [N]; `expression_nats` likewise for velocities and offsets
    """

    hits: NDArray[np.float32]
    velocities: NDArray[np.float32]
    offsets: NDArray[np.float32]
    kl: NDArray[np.float32]
    forced_exact: NDArray[np.float32]
    hit_nats: NDArray[np.float32]
    expression_nats: NDArray[np.float32]


@torch.inference_mode()
def reconstruct(model: MusicVAE, loops: Loops, batch: int = 256) -> Reconstruction:
    """Encode and decode all loops, in eval mode, where the model is. The order is kept."""
    was_training = model.training
    model.eval()
    device = model.hit_table.device
    parts = []
    for start in range(0, len(loops), batch):
        here = slice(start, start + batch)
        hits, velocities, offsets = (
            torch.from_numpy(part[here]).to(device) for part in (loops.hits, loops.velocities, loops.offsets)
        )
        mu, sigma = model.encode(hits, velocities, offsets)
        temperature, *noises = (part.to(device) for part in quiet(len(hits), model.config.choices))
        made = model.decode(mu, temperature, noises[0], noises[1])
        choices = model.choices_of(hits)
        played = model.teacher_forced(mu, choices, velocities, offsets)
        forced = (model.hit_table[played.logits.argmax(dim=-1)] == hits).all(dim=-1).float().mean(dim=-1)
        chosen = torch.log_softmax(played.logits, dim=-1).gather(-1, choices[..., None]).sum(dim=(1, 2))
        touch = expression_nats(played, hits, velocities, offsets)
        parts.append([part.cpu().numpy() for part in (*made, kl_of(mu, sigma), forced, -chosen, touch)])
    model.train(was_training)
    return Reconstruction(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def quiet(size: int, choices: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Temperature [B] and noises for a decode without chance: all 0."""
    return torch.zeros(size), torch.zeros(size, STEPS, choices), torch.zeros(size, STEPS, 2 * VOICES)
