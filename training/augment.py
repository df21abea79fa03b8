"""Variations of a batch of loops that are still drumming: the performances are few, and a model learns them.

Each acts on some loops of the batch, drawn from torch's generator; arrays are float32 [B, 64, 9], and a cell
without a hit stays 0 throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR
from bridge.groove.voices import VOICES, Voice

# The parts of the kit: feet, snare, cymbals, toms.
KIT_PARTS = (
    (Voice.KICK,),
    (Voice.SNARE,),
    (Voice.CLOSED_HAT, Voice.OPEN_HAT, Voice.CRASH, Voice.RIDE),
    (Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM),
)

FULL_VELOCITY = 126.5 / 127
"""Velocities at and above this, 0..1, are MIDI's 127."""


class Batch(NamedTuple):
    """Loops side by side, float32 [B, 64, 9] each."""

    hits: Tensor
    velocities: Tensor
    offsets: Tensor


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How much to vary. Shares are probabilities a loop, spreads standard deviations; 0 turns one off.

    rotate       start at another bar: loops are cyclic
    borrow       play one part of the kit (feet, snare, cymbals or toms) as another loop of the batch does
    splice       play one bar as another loop of the batch does
    swap         play the closed hi-hat's part on the ride and the ride's on the hi-hat
    silence      take one voice out
    dynamics     spread of the logarithm of a loop's loudness
    touch        spread of each hit's velocity
    feel         spread of a loop's lateness as a whole, in steps
    timing       spread of each hit's offset, in steps
    """

    rotate: float = 0.5
    borrow: float = 0.25
    splice: float = 0.1
    swap: float = 0.1
    silence: float = 0.1
    dynamics: float = 0.1
    touch: float = 0.02
    feel: float = 0.02
    timing: float = 0.01

    def __call__(self, batch: Batch, playable: Tensor | None = None) -> Batch:
        """The batch, varied. `playable` bool [512]: the combinations of voices (kick is bit 0) that may arise
        when one loop borrows from another; steps that would have others stay as they were.
        """
        size, device = len(batch.hits), batch.hits.device
        batch = self._exchange(batch, playable)
        order = _bar_orders(size, self.rotate, device)
        rows = torch.arange(size, device=device)[:, None]
        hits, velocities, offsets = (
            part.reshape(size, BARS, STEPS_PER_BAR, VOICES)[rows, order].reshape(part.shape) for part in batch
        )
        voices = _voice_orders(size, self.swap, device)[:, None, :].expand_as(hits.to(torch.int64))
        hits, velocities, offsets = (part.gather(2, voices) for part in (hits, velocities, offsets))
        gone = torch.randint(0, VOICES, (size, 1), device=device) == torch.arange(VOICES, device=device)
        gone &= torch.rand(size, 1, device=device) < self.silence
        hits = hits * ~gone[:, None, :]
        loudness = torch.exp(self.dynamics * torch.randn(size, 1, 1, device=device))
        varied = velocities * loudness + self.touch * torch.randn_like(velocities)
        # A pad's hardest hits are cut off at full velocity: how much harder they were nobody knows.
        velocities = torch.where(velocities >= FULL_VELOCITY, velocities, varied)
        offsets = (
            offsets
            + self.feel * torch.randn(size, 1, 1, device=device)
            + self.timing * torch.randn_like(offsets)
        )
        return Batch(hits, hits * velocities.clamp(1 / 127, 1), hits * offsets.clamp(-0.5, 0.499))

    def _exchange(self, batch: Batch, playable: Tensor | None) -> Batch:
        """Some loops with a part of the kit, or a bar, of another."""
        size, device = len(batch.hits), batch.hits.device
        part = _PARTS.to(device)[torch.randint(0, len(_PARTS), (size,), device=device)]
        bar = torch.arange(STEPS, device=device) // STEPS_PER_BAR == torch.randint(
            0, BARS, (size, 1), device=device
        )
        taken = (part & _some(size, self.borrow, device))[:, None, :].expand(-1, STEPS, -1)
        taken = taken | (bar & _some(size, self.splice, device))[:, :, None]
        other = torch.randperm(size, device=device)
        hits = torch.where(taken, batch.hits[other], batch.hits)
        if playable is not None:
            bits = 2 ** torch.arange(VOICES, device=device)
            taken = taken & playable[(hits > 0.5).to(torch.int64) @ bits][..., None]
        return Batch(*(torch.where(taken, each[other], each) for each in batch))


_PARTS = torch.tensor([[voice in part for voice in Voice] for part in KIT_PARTS])


def _some(size: int, share: float, device: torch.device) -> Tensor:
    """True for a share of the loops, [B, 1]."""
    return torch.rand(size, 1, device=device) < share


def _bar_orders(size: int, share: float, device: torch.device) -> Tensor:
    """For each loop the order of its bars, [B, 4]: a rotation for a share of them."""
    turn = torch.randint(0, BARS, (size, 1), device=device) * (torch.rand(size, 1, device=device) < share)
    return (torch.arange(BARS, device=device) + turn) % BARS


def _voice_orders(size: int, share: float, device: torch.device) -> Tensor:
    """For each loop which voice each column takes, [B, 9]: hi-hat and ride change places for a share."""
    order = torch.arange(VOICES, device=device)
    swapped = order.clone()
    swapped[Voice.CLOSED_HAT], swapped[Voice.RIDE] = int(Voice.RIDE), int(Voice.CLOSED_HAT)
    return torch.where(torch.rand(size, 1, device=device) < share, swapped, order)
