"""The decoder as it is exported: `MusicVAE.decode`, arranged for a runtime that plays one loop at a time.

At a batch of one a step is a chain of small operations, so its time is what it streams of the weights and a
microsecond for each operation. Whatever a step needs not wait for is therefore done before, for all steps at
once or for all choices once and for all:

    before the first step    from the score [B*4, 16, S]: its part of the gates, logits and expression, and
                             the temperature's noise on the logits
    a table [K, ...]         from a choice: its part of the next gates and of the expression, and its hits
    left in a step           [hidden, touch] -> gates -> hidden -> logits and expression -> choice -> touch

    gates        one product over the concatenation [hidden, touch], rows ordered input, forget, output, new
    logits       one product with the first layer of the expression head, whose rows follow theirs
    touch        velocities and offsets of the step before, as 2 v - 1 and 2 o: both lie in -1..1, so that
                 one clamp serves both; the halves are in the weights that hear it
    noise        has the centre of the deviation in it

The function is the model's own up to rounding, which `parity` proves at each export.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR
from bridge.groove.voices import VOICES
from training.model import LOG_DEVIATION_CENTRE, LOG_DEVIATION_REACH, TOP_OFFSET, VELOCITY_REACH, MusicVAE

_TOUCH = 2 * VOICES


class UnrolledDecoder(nn.Module):
    """`model.decode` with the same arguments and results; holds copies of the weights as they are now."""

    first_gates: Tensor
    table: Tensor
    score_to_gates: Tensor
    score_to_rest: Tensor
    to_gates: Tensor
    to_rest: Tensor
    to_touch: Tensor
    gates_bias: Tensor
    rest_bias: Tensor
    touch_bias: Tensor
    reach: Tensor

    @torch.no_grad()
    def __init__(self, model: MusicVAE) -> None:
        super().__init__()
        sizes = model.config
        self.model = model
        weights, recurrent, *biases = model.decoder.all_weights[0]
        gates = torch.arange(4 * sizes.decoder).reshape(4, -1)[[0, 1, 3, 2]].flatten()
        of_choice, of_touch, of_score = torch.split(
            weights[gates], [sizes.embedding, _TOUCH, sizes.score], dim=1
        )
        expression, _, touch = model.expression
        assert isinstance(expression, nn.Linear)
        assert isinstance(touch, nn.Linear)
        logits_of_hidden, logits_of_score = torch.split(
            model.to_logits.weight, [sizes.decoder, sizes.score], dim=1
        )
        hidden, score, choice = torch.split(
            expression.weight, [sizes.decoder, sizes.score, sizes.embedding], dim=1
        )
        embedding = model.choice_embedding.weight
        hits = model.hit_table.repeat(1, 2)
        # v = (1 + touch) / 2 and o = touch / 2: the 1 comes with the choice.
        half = 0.5 * hits * (torch.arange(_TOUCH) < VOICES)
        after = embedding @ of_choice.T
        # From velocity, its deviation, offset, its deviation to velocity, offset and then both deviations.
        order = torch.arange(2 * _TOUCH).reshape(4, VOICES)[[0, 2, 1, 3]].flatten()
        reaches = torch.tensor([2 * VELOCITY_REACH, 1, LOG_DEVIATION_REACH, LOG_DEVIATION_REACH])
        parts = {
            "first_gates": after[sizes.choices :],
            "table": torch.cat([after[:-1] + half @ of_touch.T, embedding[:-1] @ choice.T, hits], dim=1),
            "score_to_gates": of_score,
            "score_to_rest": torch.cat([logits_of_score, score]),
            "to_gates": torch.cat([recurrent[gates], 0.5 * of_touch], dim=1),
            "to_rest": torch.cat([logits_of_hidden, hidden]),
            "to_touch": touch.weight[order],
            "gates_bias": (biases[0] + biases[1])[gates],
            "rest_bias": torch.cat([model.to_logits.bias, expression.bias]),
            "touch_bias": touch.bias[order],
            "reach": reaches.repeat_interleave(VOICES),
        }
        for name, part in parts.items():
            self.register_buffer(name, part.contiguous())

    def forward(
        self, z: Tensor, temperature: Tensor, hit_noise: Tensor, expression_noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Hits, velocities and offsets [B, 64, 9], as `MusicVAE.decode` says."""
        sizes = self.model.config
        units, choices, expression = sizes.decoder, sizes.choices, sizes.expression
        score, (hidden, cell) = self.model.conduct(z)
        heat = temperature.reshape(-1, 1, 1).expand(-1, BARS, 1).reshape(-1, 1, 1)
        gumbel = heat * hit_noise.reshape(-1, STEPS_PER_BAR, choices)
        spread = 2 * math.exp(LOG_DEVIATION_CENTRE) * heat
        normal = _steps(spread * expression_noise.reshape(-1, STEPS_PER_BAR, _TOUCH))
        score_gates = _steps(functional.linear(score, self.score_to_gates, self.gates_bias))
        rest = functional.linear(score, self.score_to_rest, self.rest_bias)
        score_rest = _steps(torch.cat([rest[..., :choices] + gumbel, rest[..., choices:]], dim=-1))
        gates, touch = self.first_gates, torch.zeros_like(normal[0])
        played: list[tuple[Tensor, Tensor]] = []
        for step in range(STEPS_PER_BAR):
            summed = torch.addmm(
                score_gates[step] + gates, torch.cat([hidden, touch], dim=-1), self.to_gates.T
            )
            doors, new = torch.split(summed, [3 * units, units], dim=-1)
            take, keep, out = torch.split(torch.sigmoid(doors), units, dim=-1)
            cell = keep * cell + take * torch.tanh(new)
            hidden = out * torch.tanh(cell)
            answer = torch.addmm(score_rest[step], hidden, self.to_rest.T)
            scores, heard = torch.split(answer, [choices, expression], dim=-1)
            chosen = functional.embedding(torch.argmax(scores, dim=-1), self.table)
            gates, said, hits = torch.split(chosen, [4 * units, expression, _TOUCH], dim=-1)
            expressed = functional.linear(functional.silu(heard + said), self.to_touch, self.touch_bias)
            mean, deviation = torch.split(self.reach * torch.tanh(expressed), _TOUCH, dim=-1)
            noise = torch.exp(deviation) * normal[step]
            touch = hits * torch.clamp(mean + noise, -1.0, 2 * TOP_OFFSET)
            played.append((hits, touch))
        hits, touch = (
            torch.cat(parts, dim=-1).reshape(-1, STEPS, _TOUCH) for parts in zip(*played, strict=True)
        )
        hits = hits[..., :VOICES]
        return hits, 0.5 * (hits + touch[..., :VOICES]), 0.5 * touch[..., VOICES:]


def _steps(part: Tensor) -> tuple[Tensor, ...]:
    """[N, 16, C] as sixteen of [N, C]: one Split in the graph, and no Squeeze after it."""
    return torch.split(part.flatten(1), part.shape[-1], dim=-1)
