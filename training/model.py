"""The MusicVAE: four bars of drums to a latent vector z and back.

    hits, velocities, offsets                                               [B, 64, 9] each
      | each bar by a bidirectional LSTM over its 16 steps, and as a whole  [B, 4, 2*E + D]
      | a bidirectional LSTM over the four bars beside that                 [B, 4, 2*E + D + 2*F]
      | the bars' `PATTERNS`: their mean, and how halves, outer bars
      | and alternate bars differ                                           [B, 4, 2*E + D + 2*F]
      v linear heads, one for the mean and one for all differences:         mu, sigma [B, Z]
    z = mu + sigma * noise
      | linear layers and the same patterns backwards: a code for each bar  [B, 4, C]
      | the conductor, an LSTM over the four bars that hears the codes      [B, 4, C]
      | each bar's vector spread over its steps, its "score"                [B*4, 16, S]
      v the drummer, an LSTM that starts anew at each bar from its vector and plays step after step:
          (previous choice, velocities and offsets; score of this step) -> choice -> velocities, offsets

Bars share all weights on the way in and out, so that what is learned of one bar holds for all four.
The drummer never looks across a bar line, so that four bars decode side by side: 16 sequential steps, not 64.
What he hits on a step is one choice among K combinations of voices (the rows of `hit_table`), which keeps
simultaneous hits consistent; velocity and offset are Gaussians given the choice, with learned spread, cut
off where their range ends.

Source: Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term Structure in Music"
(MusicVAE, 2018), sections 3.1-3.3; velocities and offsets given hits from Gillick et al., "Learning to Groove
with Inverse Sequence Transformations" (GrooVAE, 2019), section 3. The patterns are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bridge.errors import GroovebridgeError
from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR
from bridge.groove.voices import VOICES

MOST_CHOICES = 512
# Rows: what four bars have in common, first half against second, outer bars against inner, alternate bars.
PATTERNS = 0.5 * torch.tensor([[1.0, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, 1], [1, -1, 1, -1]])
TOP_OFFSET = float(np.nextafter(np.float32(0.5), np.float32(0)))
# A velocity's mean lies within this reach of 0.5: also beyond 1, where the hardest hits are cut off.
VELOCITY_REACH = 0.75
# Log deviations of velocity and offset lie within this reach of this centre: -4..1.
LOG_DEVIATION_CENTRE = -1.5
LOG_DEVIATION_REACH = 2.5


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The sizes that a MusicVAE is built with; they travel in its checkpoint.

    common        coordinates of z that say what the four bars have in common
    differing     coordinates of z for each of the three ways in which they differ
    choices       K, the number of hit combinations, 1..512
    encoder       units of each direction of the encoder's LSTM over steps
    whole         units of the layer beside it that sees a bar as a whole
    bar_encoder   units of each direction of its LSTM over bars
    conductor     units of the conductor, which is the size of a bar's vector
    decoder       units of the LSTM that plays a bar
    score         size of what the bar's vector says about one step
    embedding     size of the embedding of a choice
    expression    hidden units of the velocity and offset head
    dropout       share of the encoder's summary and of the score that is dropped in training, 0..1
    """

    common: int = 64
    differing: int = 32
    choices: int = MOST_CHOICES
    encoder: int = 96
    whole: int = 256
    bar_encoder: int = 128
    conductor: int = 256
    decoder: int = 192
    score: int = 64
    embedding: int = 64
    expression: int = 96
    dropout: float = 0.1

    @property
    def latent(self) -> int:
        """Z, the size of z."""
        return self.common + (BARS - 1) * self.differing

    def __post_init__(self) -> None:
        if not 1 <= self.choices <= MOST_CHOICES:
            raise GroovebridgeError(f"A model has 1 to {MOST_CHOICES} hit combinations, not {self.choices}.")
        for name in (
            "common",
            "differing",
            "encoder",
            "whole",
            "bar_encoder",
            "conductor",
            "decoder",
            "score",
            "embedding",
            "expression",
        ):
            size = getattr(self, name)
            if not 1 <= size <= 8192:
                raise GroovebridgeError(f"The model's size '{name}' must lie in 1..8192, not {size}.")
        if not 0 <= self.dropout < 1:
            raise GroovebridgeError(f"The model's dropout must lie in 0..1 (1 excluded), not {self.dropout}.")


class Played(NamedTuple):
    """What the decoder says when it is fed the true loop.

    logits       [B, 64, K]   of each step's choice
    velocity     [B, 64, 9]   means given the true choice; `velocity_log_deviation` likewise
    offset       [B, 64, 9]   means given the true choice; `offset_log_deviation` likewise
    """

    logits: Tensor
    velocity: Tensor
    velocity_log_deviation: Tensor
    offset: Tensor
    offset_log_deviation: Tensor


class MusicVAE(nn.Module):
    """The model of this module's docstring. `provenance` says where its weights come from (empty when new).

    hit_table   0/1 [K, 9]: the combinations of hits that the model can play, the most frequent first.
    """

    hit_table: Tensor
    nearest_choice: Tensor
    patterns: Tensor

    def __init__(self, config: ModelConfig, hit_table: NDArray[np.generic] | Tensor) -> None:
        super().__init__()
        table = torch.as_tensor(hit_table).to(torch.float32)
        if table.shape != (config.choices, VOICES):
            raise ValueError(
                f"the hit table must have the shape {(config.choices, VOICES)}, not {tuple(table.shape)}"
            )
        self.config = config
        self.provenance: dict[str, object] = {}
        self.register_buffer("hit_table", table)
        self.register_buffer("patterns", PATTERNS.clone(), persistent=False)
        self.register_buffer("nearest_choice", _nearest_choices(table), persistent=False)
        self.step_encoder = nn.LSTM(3 * VOICES, config.encoder, batch_first=True, bidirectional=True)
        self.whole_bar = nn.Linear(STEPS_PER_BAR * 3 * VOICES, config.whole)
        summary = 2 * config.encoder + config.whole
        self.bar_encoder = nn.LSTM(summary, config.bar_encoder, batch_first=True, bidirectional=True)
        features = summary + 2 * config.bar_encoder
        self.to_common = nn.Linear(features, config.common)
        self.to_differing = nn.Linear(features, config.differing, bias=False)
        self.to_sigma = nn.Linear(BARS * 2 * config.bar_encoder, config.latent)
        self.from_common = nn.Linear(config.common, config.conductor)
        self.from_differing = nn.Linear(config.differing, config.conductor, bias=False)
        self.conductor_start = nn.Linear(config.latent, 2 * config.conductor)
        self.conductor = nn.LSTM(config.conductor, config.conductor, batch_first=True)
        self.to_score = nn.Linear(config.conductor, STEPS_PER_BAR * config.score)
        self.decoder_start = nn.Linear(config.conductor, 2 * config.decoder)
        # Row K stands for "nothing known": before the first step of a bar, and where input dropout strikes.
        self.choice_embedding = nn.Embedding(config.choices + 1, config.embedding)
        self.decoder = nn.LSTM(config.embedding + 2 * VOICES + config.score, config.decoder, batch_first=True)
        self.to_logits = nn.Linear(config.decoder + config.score, config.choices)
        self.expression = nn.Sequential(
            nn.Linear(config.decoder + config.score + config.embedding, config.expression),
            nn.SiLU(),
            nn.Linear(config.expression, 4 * VOICES),
        )
        self.dropout = nn.Dropout(config.dropout)

    # --- loop to z ------------------------------------------------------------------------------------------

    def encode(self, hits: Tensor, velocities: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """Loops, float32 [B, 64, 9] each, to the posterior's mu and sigma (> 0), float32 [B, Z] each."""
        steps = torch.cat([hits, velocities, offsets], dim=-1)
        played, _ = self.step_encoder(steps.reshape(-1, STEPS_PER_BAR, 3 * VOICES))
        units = self.config.encoder
        # Each direction has heard the whole bar at its own end: forwards at step 15, backwards at step 0.
        whole = functional.silu(self.whole_bar(steps.reshape(-1, STEPS_PER_BAR * 3 * VOICES)))
        summary = torch.cat([played[:, -1, :units], played[:, 0, units:], whole], dim=-1)
        summary = self.dropout(summary).reshape(-1, BARS, summary.shape[-1])
        bars, _ = self.bar_encoder(summary)
        patterns = self.patterns @ torch.cat([summary, self.dropout(bars)], dim=-1)
        differing = self.to_differing(patterns[:, 1:]).flatten(1)
        mu = torch.cat([self.to_common(patterns[:, 0]), differing], dim=-1)
        return mu, functional.softplus(self.to_sigma(self.dropout(bars.flatten(1)))) + 1e-4

    # --- z to loop ------------------------------------------------------------------------------------------

    def decode(
        self,
        z: Tensor,
        temperature: Tensor,
        hit_noise: Tensor,
        expression_noise: Tensor,
        return_scores: bool = False,
    ) -> tuple[Tensor, ...]:
        """Play z: (hits, velocities, offsets), float32 [B, 64, 9] each, and with `return_scores` also scores.

        z                 [B, Z]
        temperature       [B], >= 0; at 0 the noise has no effect
        hit_noise         [B, 64, K], Gumbel
        expression_noise  [B, 64, 18], normal: nine for the velocities, then nine for the offsets
        scores            [B, 64, K] = logits + temperature * hit_noise; the choice is its argmax, first on
                          ties

        Velocities lie in 0..1 and offsets in [-0.5, 0.5), both 0 where there is no hit. What is exported is
        the same function in another arrangement: `model_export.unrolled`.
        """
        score, (hidden, cell) = self.conduct(z)
        heat = temperature.reshape(-1, 1, 1).expand(-1, BARS, 1).reshape(-1, 1)
        gumbel = hit_noise.reshape(-1, STEPS_PER_BAR, self.config.choices)
        normal = expression_noise.reshape(-1, STEPS_PER_BAR, 2 * VOICES)
        heard = self.config.embedding + 2 * VOICES
        weights, recurrent, *biases = self.decoder.all_weights[0]
        # What the score adds to the gates is the same whatever is played: one product for all steps.
        score_gates = functional.linear(score, weights[:, heard:], biases[0] + biases[1])
        nothing = torch.full_like(heat[:, 0], self.config.choices, dtype=torch.int64)
        previous = torch.cat([self.choice_embedding(nothing), normal[:, 0] * 0], dim=-1)
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        for step in range(STEPS_PER_BAR):
            gates = (
                score_gates[:, step]
                + functional.linear(previous, weights[:, :heard])
                + functional.linear(hidden, recurrent)
            )
            hidden, cell = _lstm_cell(gates, cell)
            state = torch.cat([hidden, score[:, step]], dim=-1)
            scores = self.to_logits(state) + heat * gumbel[:, step]
            choice = torch.argmax(scores, dim=-1)
            hits = self.hit_table[choice]
            embedded = self.choice_embedding(choice)
            velocity, velocity_log, offset, offset_log = self._express(state, embedded)
            noise = heat * normal[:, step]
            velocities = hits * torch.clamp(velocity + velocity_log.exp() * noise[:, :VOICES], 0.0, 1.0)
            offsets = hits * torch.clamp(offset + offset_log.exp() * noise[:, VOICES:], -0.5, TOP_OFFSET)
            previous = torch.cat([embedded, velocities, offsets], dim=-1)
            steps.append((hits, velocities, offsets, scores))
        outputs = [torch.stack(parts, dim=1) for parts in zip(*steps, strict=True)]
        loops = [output.reshape(-1, STEPS, output.shape[-1]) for output in outputs]
        return tuple(loops) if return_scores else tuple(loops[:3])

    def teacher_forced(
        self, z: Tensor, choices: Tensor, velocities: Tensor, offsets: Tensor, known: Tensor | None = None
    ) -> Played:
        """What the decoder expects at each step when all steps before it in the bar are the true ones.

        choices      int64 [B, 64], from `choices_of`
        velocities   [B, 64, 9] and offsets [B, 64, 9] of the true loop
        known        0/1 [B, 64]: where 0, the decoder is not told this step when it comes to the next (input
                     dropout)
        """
        score, (hidden, cell) = self.conduct(z)
        told = torch.ones_like(choices, dtype=torch.float32) if known is None else known.to(torch.float32)
        inputs = torch.where(told > 0, choices, self.config.choices).reshape(-1, STEPS_PER_BAR)
        touch = (torch.cat([velocities, offsets], dim=-1) * told[..., None]).reshape(
            -1, STEPS_PER_BAR, 2 * VOICES
        )
        # Each bar moves one step to the right: the drummer hears what he played just before.
        inputs = functional.pad(inputs[:, :-1], (1, 0), value=self.config.choices)
        touch = functional.pad(touch[:, :-1], (0, 0, 1, 0))
        heard = torch.cat([self.choice_embedding(inputs), touch, score], dim=-1)
        outputs, _ = self.decoder(heard, (hidden[None], cell[None]))
        state = torch.cat([outputs, score], dim=-1)
        logits = self.to_logits(state).reshape(-1, STEPS, self.config.choices)
        embedded = self.choice_embedding(choices.reshape(-1, STEPS_PER_BAR))
        expression = (part.reshape(-1, STEPS, VOICES) for part in self._express(state, embedded))
        return Played(logits, *expression)

    def choices_of(self, hits: Tensor) -> Tensor:
        """The rows of `hit_table`, int64 [B, 64], nearest (Hamming) to hits [B, 64, 9]."""
        return self.nearest_choice[(hits > 0.5).to(torch.int64) @ _bits(hits.device)]

    @property
    def playable(self) -> Tensor:
        """Which of the 512 combinations of voices are rows of `hit_table`: bool [512], kick is bit 0."""
        known = torch.zeros(2**VOICES, dtype=torch.bool, device=self.hit_table.device)
        known[self.hit_table.to(torch.int64) @ _bits(known.device)] = True
        return known

    def conduct(self, z: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The score [B*4, 16, S] of z and the drummer's hidden and cell state [B*4, H] before each bar."""
        hidden, cell = torch.tanh(self.conductor_start(z)).chunk(2, dim=-1)
        differing = z[:, self.config.common :].reshape(-1, BARS - 1, self.config.differing)
        common = self.from_common(z[:, None, : self.config.common])
        # The patterns are symmetric and orthogonal: applied once more they lead back to the bars.
        codes = self.patterns @ torch.cat([common, self.from_differing(differing)], dim=1)
        vectors, _ = self.conductor(codes, (hidden[None].contiguous(), cell[None].contiguous()))
        vectors = (vectors + codes).reshape(-1, self.config.conductor)
        score = self.to_score(vectors).reshape(-1, STEPS_PER_BAR, self.config.score)
        hidden, cell = torch.tanh(self.decoder_start(vectors)).chunk(2, dim=-1)
        return self.dropout(functional.silu(score)), (hidden.contiguous(), cell.contiguous())

    def _express(self, state: Tensor, embedded: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Means and log deviations of velocity (-0.25..1.25) and offset (-0.5..0.5), [..., 9] each.

        Log deviations lie in -4..1: no narrower than MIDI's own grain allows and no wider than the range.
        """
        velocity, velocity_log, offset, offset_log = self.expression(
            torch.cat([state, embedded], dim=-1)
        ).chunk(4, dim=-1)
        return (
            0.5 + VELOCITY_REACH * torch.tanh(velocity),
            LOG_DEVIATION_REACH * torch.tanh(velocity_log) + LOG_DEVIATION_CENTRE,
            0.5 * torch.tanh(offset),
            LOG_DEVIATION_REACH * torch.tanh(offset_log) + LOG_DEVIATION_CENTRE,
        )


def _lstm_cell(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """One step of `nn.LSTM` from its summed gates [N, 4H] (input, forget, new, output): [N, H] twice."""
    take, keep, new, out = gates.chunk(4, dim=-1)
    cell = torch.sigmoid(keep) * cell + torch.sigmoid(take) * torch.tanh(new)
    return torch.sigmoid(out) * torch.tanh(cell), cell


def _bits(device: torch.device) -> Tensor:
    """1, 2, 4, ..., 256: what makes a combination of nine voices a number 0..511."""
    return 2 ** torch.arange(VOICES, device=device)


def _nearest_choices(table: Tensor) -> Tensor:
    """The row of the table [K, 9] nearest to each of the 512 combinations, the first on ties: int64 [512]."""
    combinations = (torch.arange(2**VOICES)[:, None] >> torch.arange(VOICES)) & 1
    distances = (combinations[:, None, :] != table[None].to(torch.int64)).sum(dim=-1)
    return torch.argmin(distances, dim=-1)
