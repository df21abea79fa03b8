"""The proof that the exported graphs answer as PyTorch does.

Hits must be equal, velocities, offsets, mu, sigma and the prior's z within 1e-4. One exception: where
PyTorch's two best choices of a step lie within 1e-3 of each other, the two runtimes may fall to different
sides, since their sums round differently. That is allowed at the first step of a bar in which they differ,
and what follows in that bar is another loop, so it is not compared. (Bars are decoded independently of each
other.)

       step    0  1  2  3  4 ...                 step    0  1  2  3  4 ...
    bar  torch 3  0  7  0  3                  bar  torch 3  0  7  0  3
         onnx  3  0  7  0  3   equal               onnx  3  0  9  4  1   7 and 9 within 1e-3: a near tie
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR
from bridge.model.noise import expression_noise, hit_noise, prior_noise
from model_export.errors import ParityError
from model_export.graphs import DECODER_INPUTS, LATENT, LOOP, POINT, PRIOR_INPUTS
from training.model import MusicVAE
from training.prior import Prior

TOLERANCE = 1e-4
NEAR_TIE = 1e-3
BATCHES = (1, 2, 7)
TEMPERATURES = (0.0, 0.5, 1.0)
SEEDS = (0, 1, 2)

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Sessions:
    """The bundle's graphs, each open in onnxruntime."""

    encoder: Any
    decoder: Any
    prior: Any


@dataclass(frozen=True, slots=True)
class Parity:
    """How many loops and draws were compared, bars with a near tie, the largest difference elsewhere."""

    decoded: int
    encoded: int
    drawn: int
    near_ties: int
    largest_difference: float


def prove(model: MusicVAE, prior: Prior, sessions: Sessions, loops: Arrays) -> Parity:
    """Compare PyTorch with onnxruntime sessions on real loops [N, 64, 9].

    Every batch size with every seed takes its own loops; each is encoded, and decoded at every temperature.
    The prior draws as many points, its styles in turn.
    Raises ParityError with the value, the difference and where it was.
    """
    encoded = decoded = drawn = ties = start = 0
    largest = 0.0
    for batch in BATCHES:
        for seed in SEEDS:
            rows = (start + np.arange(batch)) % len(loops["hits"])
            start += batch
            part = {name: loops[name][rows] for name in LOOP}
            latent = torch_encode(model, part)
            asked = prior_feed(prior, range(start, start + batch), seed)
            expected = latent | torch_draw(prior, asked)
            found = dict(zip(LATENT, sessions.encoder.run(list(LATENT), part), strict=True))
            found |= dict(zip(POINT, sessions.prior.run(list(POINT), asked), strict=True))
            for name in (*LATENT, *POINT):
                largest = max(largest, _close(name, found[name], expected[name], f"batch {batch}"))
            encoded += batch
            drawn += batch
            for temperature in TEMPERATURES:
                feed = decoder_feed(latent["mu"], temperature, seed, model.config.choices)
                answer = dict(zip(LOOP, sessions.decoder.run(list(LOOP), feed), strict=True))
                where = f"batch {batch}, temperature {temperature:g}, seed {seed}"
                near, difference = compare_loops(answer, torch_decode(model, feed), where)
                ties += near
                largest = max(largest, difference)
                decoded += batch
    return Parity(decoded, encoded, drawn, ties, largest)


def decoder_feed(z: NDArray[np.float32], temperature: float, seed: int, choices: int) -> Arrays:
    """The decoder's inputs for z [B, Z]: row i has the noise of (seed, i)."""
    rows = range(len(z))
    values = (
        np.ascontiguousarray(z, dtype=np.float32),
        np.full(len(z), temperature, dtype=np.float32),
        np.stack([hit_noise(seed, row, choices) for row in rows]),
        np.stack([expression_noise(seed, row) for row in rows]),
    )
    return dict(zip(DECODER_INPUTS, values, strict=True))


def torch_encode(model: MusicVAE, loops: Arrays) -> Arrays:
    """PyTorch's mu and sigma [B, Z] for loops [B, 64, 9]."""
    with torch.inference_mode():
        values = model.encode(*(torch.from_numpy(loops[name]) for name in LOOP))
    return {name: value.numpy() for name, value in zip(LATENT, values, strict=True)}


def prior_feed(prior: Prior, indices: Iterable[int], seed: int) -> Arrays:
    """The prior's inputs for the draws (seed, index) of `indices`: open, then each style in turn."""
    rows = np.array(list(indices))
    noise = np.stack([prior_noise(seed, int(row), prior.config.latent) for row in rows])
    return {"noise": noise, "style": rows % (len(prior.styles) + 1)}


def torch_draw(prior: Prior, feed: Arrays) -> Arrays:
    """PyTorch's z [B, Z] for a prior feed."""
    with torch.inference_mode():
        value = prior(*(torch.from_numpy(feed[name]) for name in PRIOR_INPUTS))
    return {"z": value.numpy()}


def torch_decode(model: MusicVAE, feed: Arrays) -> Arrays:
    """PyTorch's loops for a decoder feed, and `gaps` [B, 64]: best minus second best score of each step."""
    with torch.inference_mode():
        z, temperature, hits, expression = (torch.from_numpy(feed[name]) for name in DECODER_INPUTS)
        *loops, scores = model.decode(z, temperature, hits, expression, return_scores=True)
    answer = {name: value.numpy() for name, value in zip(LOOP, loops, strict=True)}
    if scores.shape[-1] == 1:
        return answer | {"gaps": np.full(scores.shape[:-1], np.inf, dtype=np.float32)}
    best = scores.topk(2, dim=-1).values
    return answer | {"gaps": (best[..., 0] - best[..., 1]).numpy()}


def compare_loops(answer: Arrays, expected: Arrays, where: str) -> tuple[int, float]:
    """Compare loops [B, 64, 9] by the rule above: how many bars tie, the largest difference elsewhere.

    `expected` is PyTorch's answer with its `gaps`. Raises ParityError; `where` goes into its sentence.
    """
    equal = np.all(answer["hits"] == expected["hits"], axis=-1).reshape(-1, BARS, STEPS_PER_BAR)
    same = np.logical_and.accumulate(equal, axis=-1)
    gaps = expected["gaps"].reshape(same.shape)
    parted = np.argwhere(~same[..., -1])
    for loop, bar in parted:
        step = int(np.argmin(same[loop, bar]))
        gap = float(gaps[loop, bar, step])
        if gap > NEAR_TIE:
            raise ParityError(
                f"The exported decoder hits otherwise than PyTorch in bar {bar + 1}, step {step + 1} "
                f"({where}), where the two best choices lie {gap:.2g} apart; up to {NEAR_TIE:g} is a "
                "near tie. Nothing was written."
            )
    compared = same.reshape(-1, STEPS)
    differences = [
        _close(name, answer[name][compared], expected[name][compared], where)
        for name in ("velocities", "offsets")
    ]
    return len(parted), max(differences)


def _close(name: str, found: NDArray[np.float32], expected: NDArray[np.float32], where: str) -> float:
    """The largest difference; ParityError if it is above the tolerance or not a number."""
    difference = float(np.max(np.abs(found - expected), initial=0.0))
    if not difference <= TOLERANCE:
        raise ParityError(
            f"The exported graph's {name} differ from PyTorch's by {difference:.2g} ({where}); up to "
            f"{TOLERANCE:g} is allowed. Nothing was written."
        )
    return difference
