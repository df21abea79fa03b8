"""The decoder that is exported plays what the model plays, in a graph that is small where it is slow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from training.model import MusicVAE

pytestmark = pytest.mark.training

SEQUENTIAL_NODES = 30
ONCE_NODES = 120


@pytest.mark.parametrize("temperature", [0.0, 0.7, 2.0])
def test_the_unrolled_decoder_plays_as_the_model_does(tiny: MusicVAE, temperature: float) -> None:
    import torch

    from model_export.parity import compare_loops, decoder_feed, torch_decode
    from model_export.unrolled import UnrolledDecoder

    z = np.random.default_rng(2).standard_normal((40, tiny.config.latent)).astype(np.float32)
    feed = decoder_feed(z, temperature, seed=1, choices=tiny.config.choices)
    with torch.inference_mode():
        played = UnrolledDecoder(tiny)(*(torch.from_numpy(value) for value in feed.values()))
    answer = dict(zip(("hits", "velocities", "offsets"), (part.numpy() for part in played), strict=True))
    _, difference = compare_loops(answer, torch_decode(tiny, feed), f"temperature {temperature}")
    assert difference < 1e-5


def test_what_the_unrolled_decoder_plays_keeps_its_ranges_where_noise_is_wild(tiny: MusicVAE) -> None:
    import torch

    from model_export.unrolled import UnrolledDecoder

    draw = torch.Generator().manual_seed(4)
    wild = 50 * torch.randn(8, 64, 18, generator=draw)
    z = torch.randn(8, tiny.config.latent, generator=draw)
    still = torch.zeros(8, 64, tiny.config.choices)
    with torch.inference_mode():
        hits, velocities, offsets = UnrolledDecoder(tiny)(z, torch.ones(8), still, wild)
    assert velocities[hits > 0].min() == 0
    assert velocities.max() == 1
    assert offsets.min() == -0.5
    assert 0.4999 < offsets.max() < 0.5
    assert not velocities[hits == 0].any()
    assert not offsets[hits == 0].any()


def test_the_exported_decoder_has_few_operations_a_step(exported: Path) -> None:
    import onnx

    graph = onnx.load(exported / "decoder.onnx").graph
    assert len(graph.node) < 16 * SEQUENTIAL_NODES + ONCE_NODES
