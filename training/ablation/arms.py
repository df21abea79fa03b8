"""The arms of the ablation: one encoder, three decoders of about as many parameters, hits alone.

    hits [B, T, 9], T = 16 steps a bar
      v each bar by a bidirectional LSTM, the bars by another: mu, sigma        [B, Z], the same in all arms
    z = mu + sigma * noise
      flat          | one player plays all T steps, and is fed z at each of them
      hierarchical  | a conductor, an LSTM over the bars that is fed z, makes a vector a bar  [B * bars, C]
                    v one player starts anew at each bar and is fed the bar's vector at each of its 16 steps
      multi-stream  | the same conductor
                    v a player for each of feet, snare, cymbals, toms, who hears none of the others

A `Player` is an LSTM that chooses, step after step, one row of his table: a combination of hits of his
voices. This is the comparison of Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term
Structure in Music" (MusicVAE, 2018). There the streams are the instruments of a trio, here they are parts of
the kit. The score of the shipped model (`training.model`) is left out: flat and hierarchical differ in the
hierarchy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bridge.groove.loop import STEPS_PER_BAR
from bridge.groove.voices import VOICES, Voice
from training.augment import KIT_PARTS
from training.corpus import hit_table


@dataclass(frozen=True, slots=True)
class Arm:
    """One decoder: is there a conductor, which voices does each player play, and with how many units."""

    conducted: bool
    players: tuple[tuple[Voice, ...], ...]
    units: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the arms have in common.

    latent      Z, coordinates of z
    encoder     units of each direction of the encoder's LSTM over the steps of a bar
    bars        units of each direction of its LSTM over bars
    conductor   C, units of the conductor, which is the size of a bar's vector
    embedding   size of the embedding of a choice
    """

    latent: int = 128
    encoder: int = 64
    bars: int = 128
    conductor: int = 128
    embedding: int = 32


ARMS: Mapping[str, Arm] = {
    "flat": Arm(conducted=False, players=(tuple(Voice),), units=192),
    "hierarchical": Arm(conducted=True, players=(tuple(Voice),), units=128),
    "multi-stream": Arm(conducted=True, players=KIT_PARTS, units=56),
}


class Player(nn.Module):
    """Plays some voices of the kit from a vector: at each step a row of `table`, given the row before.

    table   0/1 [K, 9]: the combinations of his voices, the most frequent first; 0 for all other voices
    """

    table: Tensor
    voices: Tensor

    def __init__(
        self, hits: NDArray[np.bool_], voices: tuple[Voice, ...], vector: int, embedding: int, units: int
    ) -> None:
        """`hits` [S, 9]: the training set, whose combinations he may play; `vector`: size of his vector."""
        super().__init__()
        mine = np.isin(np.arange(VOICES), voices)
        table = torch.from_numpy(hit_table(hits & mine)).float()
        self.register_buffer("table", table)
        self.register_buffer("voices", torch.from_numpy(mine).float())
        self.start = nn.Linear(vector, 2 * units)
        # The last row stands for "nothing played yet".
        self.embedding = nn.Embedding(len(table) + 1, embedding)
        self.lstm = nn.LSTM(embedding + vector, units, batch_first=True)
        self.to_logits = nn.Linear(units, len(table))

    def choices_of(self, hits: Tensor) -> Tensor:
        """The rows of `table`, int64 [...], nearest (Hamming) to his part of hits, float32 [..., 9]."""
        distance = self.table.sum(dim=1) - 2 * (hits * self.voices) @ self.table.T
        return distance.argmin(dim=-1)  # but for the number of hits, which is the same for all rows

    def told(self, vector: Tensor, choices: Tensor) -> Tensor:
        """Logits [N, T, K] of each step when all steps before it are the true ones: teacher forcing.

        vector    [N, V]
        choices   int64 [N, T]
        """
        before = functional.pad(choices[:, :-1], (1, 0), value=len(self.table))
        vectors = vector[:, None].expand(-1, choices.shape[1], -1)
        heard = torch.cat([self.embedding(before), vectors], dim=-1)
        outputs, _ = self.lstm(heard, self._start(vector))
        logits: Tensor = self.to_logits(outputs)
        return logits

    def alone(self, vector: Tensor, steps: int) -> Tensor:
        """His likeliest choice at each step when he hears only himself: int64 [N, `steps`]."""
        state = self._start(vector)
        choice = torch.full((len(vector), 1), len(self.table), device=vector.device)
        played = []
        for _ in range(steps):
            heard = torch.cat([self.embedding(choice), vector[:, None]], dim=-1)
            output, state = self.lstm(heard, state)
            choice = self.to_logits(output).argmax(dim=-1)
            played.append(choice)
        return torch.cat(played, dim=1)

    def _start(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        hidden, cell = torch.tanh(self.start(vector))[None].chunk(2, dim=-1)
        return hidden.contiguous(), cell.contiguous()


class ArmModel(nn.Module):
    """The encoder and one arm's decoder. Windows are of any whole number of bars."""

    def __init__(self, arm: Arm, hits: NDArray[np.bool_], sizes: Sizes) -> None:
        """`hits` [S, 9]: the training set, whose combinations of voices can be played."""
        super().__init__()
        # First what all arms have, so that they begin with the same weights where the seed is the same.
        self.step_encoder = nn.LSTM(VOICES, sizes.encoder, batch_first=True, bidirectional=True)
        self.bar_encoder = nn.LSTM(2 * sizes.encoder, sizes.bars, batch_first=True, bidirectional=True)
        self.to_mu = nn.Linear(2 * sizes.bars, sizes.latent)
        self.to_sigma = nn.Linear(2 * sizes.bars, sizes.latent)
        # A narrow posterior at first, sigma about 0.2, or noise drowns what z says while it says little.
        nn.init.constant_(self.to_sigma.bias, -1.5)
        self.conductor: nn.LSTM | None = None
        vector = sizes.latent
        if arm.conducted:
            self.conductor_start = nn.Linear(sizes.latent, 2 * sizes.conductor)
            self.conductor = nn.LSTM(sizes.latent, sizes.conductor, batch_first=True)
            vector = sizes.conductor
        self.players = nn.ModuleList(
            Player(hits, voices, vector, sizes.embedding, arm.units) for voices in arm.players
        )

    @property
    def parameters_trained(self) -> int:
        """How many numbers training moves."""
        return sum(weight.numel() for weight in self.parameters())

    @property
    def all_players(self) -> list[Player]:
        """`players`, as what they are."""
        return [player for player in self.players if isinstance(player, Player)]

    def encode(self, hits: Tensor) -> tuple[Tensor, Tensor]:
        """Windows, float32 [B, T, 9], to the posterior's mu and sigma (> 0), float32 [B, Z] each."""
        _, (ends, _) = self.step_encoder(hits.reshape(-1, STEPS_PER_BAR, VOICES))
        bars = torch.cat([ends[0], ends[1]], dim=-1).reshape(len(hits), -1, 2 * ends.shape[-1])
        _, (ends, _) = self.bar_encoder(bars)
        whole = torch.cat([ends[0], ends[1]], dim=-1)
        mu: Tensor = self.to_mu(whole)
        return mu, functional.softplus(self.to_sigma(whole)) + 1e-4

    def told(self, z: Tensor, hits: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Each player's logits [B, T, K] under teacher forcing, and his true choices, int64 [B, T]."""
        size, steps, _ = hits.shape
        vectors = self._vectors(z, steps)
        found = []
        for player in self.all_players:
            choices = player.choices_of(hits)
            logits = player.told(vectors, choices.reshape(len(vectors), -1))
            found.append((logits.reshape(size, steps, -1), choices))
        return found

    def forced(self, z: Tensor, hits: Tensor) -> tuple[Tensor, Tensor]:
        """What the players hold likeliest when told the true steps before: hits 0/1 [B, T, 9].

        And the nats of the true choices, -log p(hits | z), [B].
        """
        told = self.told(z, hits)
        played = torch.stack(
            [
                player.table[logits.argmax(dim=-1)]
                for player, (logits, _) in zip(self.all_players, told, strict=True)
            ]
        )
        nats = torch.stack([choice_nats(logits, choices) for logits, choices in told])
        return played.sum(dim=0), nats.sum(dim=0)

    def sampled(self, z: Tensor, steps: int) -> Tensor:
        """What the players play at temperature 0, hearing only themselves: hits 0/1 [B, `steps`, 9]."""
        vectors = self._vectors(z, steps)
        played = torch.stack(
            [
                player.table[player.alone(vectors, steps * len(z) // len(vectors))]
                for player in self.all_players
            ]
        )
        return played.sum(dim=0).reshape(len(z), steps, VOICES)

    def _vectors(self, z: Tensor, steps: int) -> Tensor:
        """What the players are fed: a vector a bar [B * bars, C], or without a conductor z itself."""
        if self.conductor is None:
            return z
        hidden, cell = torch.tanh(self.conductor_start(z))[None].chunk(2, dim=-1)
        heard = z[:, None].expand(-1, steps // STEPS_PER_BAR, -1)
        vectors: Tensor = self.conductor(heard, (hidden.contiguous(), cell.contiguous()))[0]
        return vectors.flatten(0, 1)


def choice_nats(logits: Tensor, choices: Tensor) -> Tensor:
    """-log p(choices), nats summed over the steps: [B] of logits [B, T, K] and int64 [B, T]."""
    return functional.cross_entropy(logits.transpose(1, 2), choices, reduction="none").sum(dim=1)
