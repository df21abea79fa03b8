"""The model: what it plays is what it was told, and playing by itself is teacher forcing on its own steps."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from bridge.errors import GroovebridgeError
from training.augment import Batch
from training.corpus import Loops, hit_table
from training.model import PATTERNS, ModelConfig, MusicVAE
from training.reconstruct import quiet, reconstruct

pytestmark = pytest.mark.training

SMALL = {
    "common": 6,
    "differing": 2,
    "encoder": 10,
    "whole": 9,
    "bar_encoder": 8,
    "conductor": 14,
    "decoder": 16,
    "score": 6,
    "embedding": 5,
}


@pytest.fixture(scope="module")
def model(loops: Loops) -> MusicVAE:
    torch.manual_seed(1)
    table = hit_table(loops.hits)
    made = MusicVAE(ModelConfig(choices=len(table), **SMALL), torch.from_numpy(table))
    with torch.no_grad():  # as if trained: far from indifferent between choices
        for parameter in made.parameters():
            parameter.mul_(3)
    return made.eval()


@pytest.fixture(scope="module")
def batch(loops: Loops) -> Batch:
    return Batch(*(torch.from_numpy(part[:6]) for part in (loops.hits, loops.velocities, loops.offsets)))


def noises(size: int, choices: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    uniform = torch.rand(size, 64, choices, generator=draw).clamp(1e-6, 1 - 1e-6)
    return -torch.log(-torch.log(uniform)), torch.randn(size, 64, 18, generator=draw)


def test_encoding_gives_a_mean_and_a_positive_spread(model: MusicVAE, batch: Batch) -> None:
    mu, sigma = model.encode(*batch)
    assert mu.shape == sigma.shape == (6, 12)
    assert mu.dtype == sigma.dtype == torch.float32
    assert (sigma > 0).all()


@pytest.mark.parametrize("temperature", [0.0, 0.7, 2.0])
def test_what_is_played_is_a_loop(model: MusicVAE, temperature: float) -> None:
    z = 2 * torch.randn(7, 12, generator=torch.Generator().manual_seed(3))
    hits, velocities, offsets = model.decode(
        z, torch.full((7,), temperature), *noises(7, model.config.choices)
    )
    assert hits.shape == velocities.shape == offsets.shape == (7, 64, 9)
    assert ((hits == 0) | (hits == 1)).all()
    assert hits.any()
    assert ((velocities >= 0) & (velocities <= 1)).all()
    assert ((offsets >= -0.5) & (offsets < 0.5)).all()
    assert (velocities[hits == 0] == 0).all()
    assert (offsets[hits == 0] == 0).all()
    table = {tuple(row) for row in model.hit_table.tolist()}
    assert {tuple(row) for row in hits.reshape(-1, 9).tolist()} <= table


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_playing_is_teacher_forcing_on_what_was_played(model: MusicVAE, temperature: float) -> None:
    z = torch.randn(5, 12, generator=torch.Generator().manual_seed(4))
    heat, (gumbel, normal) = torch.full((5,), temperature), noises(5, model.config.choices)
    hits, velocities, offsets, scores = model.decode(z, heat, gumbel, normal, return_scores=True)
    choices = model.choices_of(hits)
    played = model.teacher_forced(z, choices, velocities, offsets)
    torch.testing.assert_close(scores, played.logits + temperature * gumbel, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(scores.argmax(dim=-1), choices)
    noise = temperature * normal
    velocity = (played.velocity + played.velocity_log_deviation.exp() * noise[..., :9]).clamp(0, 1) * hits
    offset = (played.offset + played.offset_log_deviation.exp() * noise[..., 9:]).clamp(-0.5, 0.5) * hits
    torch.testing.assert_close(velocities, velocity, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(offsets, offset, atol=1e-4, rtol=1e-4)


def test_at_temperature_0_noise_has_no_effect(model: MusicVAE) -> None:
    z = torch.randn(3, 12, generator=torch.Generator().manual_seed(5))
    still = torch.zeros(3)
    one = model.decode(z, still, *noises(3, model.config.choices, seed=1))
    two = model.decode(z, still, *noises(3, model.config.choices, seed=2))
    for first, second in zip(one, two, strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_each_loop_of_a_batch_has_its_own_temperature(model: MusicVAE) -> None:
    z = torch.randn(1, 12, generator=torch.Generator().manual_seed(6)).repeat(2, 1)
    gumbel, normal = (noise.repeat(2, 1, 1) for noise in noises(1, model.config.choices))
    cold, hot = model.decode(z, torch.tensor([0.0, 1.5]), gumbel, normal)[1]
    alone = model.decode(z[:1], torch.zeros(1), gumbel[:1], normal[:1])[1][0]
    torch.testing.assert_close(cold, alone, atol=1e-5, rtol=1e-5)
    assert not torch.equal(cold, hot)


def test_each_bar_starts_anew(model: MusicVAE, batch: Batch) -> None:
    hits, velocities, offsets = batch
    z, _ = model.encode(*batch)
    choices = model.choices_of(hits)
    other = choices.clone()
    other[:, :16] = choices[:, :16].flip(1)
    first = model.teacher_forced(z, choices, velocities, offsets).logits
    second = model.teacher_forced(z, other, velocities, offsets).logits
    assert not torch.equal(first[:, :16], second[:, :16])
    torch.testing.assert_close(first[:, 16:], second[:, 16:], rtol=0, atol=1e-6)


def test_a_step_that_is_not_told_changes_nothing_after_it(model: MusicVAE, batch: Batch) -> None:
    hits, velocities, offsets = batch
    z, _ = model.encode(*batch)
    choices = model.choices_of(hits)
    known = torch.zeros_like(choices)
    deaf = model.teacher_forced(z, choices, velocities, offsets, known).logits
    other = model.teacher_forced(z, choices.flip(0), velocities.flip(0), offsets.flip(0), known).logits
    torch.testing.assert_close(deaf, other, rtol=0, atol=0)


def test_an_unknown_combination_goes_to_the_nearest_known(loops: Loops) -> None:
    table = torch.tensor([[0] * 9, [1, 0, 1, 0, 0, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0, 0, 0, 0]])
    model = MusicVAE(ModelConfig(choices=3, **SMALL), table)
    steps = torch.zeros(1, 64, 9)
    steps[0, 0, [0, 2, 7]] = 1  # kick, hat and crash: the crash is too much
    steps[0, 1, 1] = 1  # snare alone: as near to silence as to snare with hat; the first counts
    steps[0, 2, [0, 1, 2]] = 1
    assert model.choices_of(steps)[0, :4].tolist() == [1, 0, 1, 0]
    assert torch.equal(model.choices_of(table.float()[None]), torch.tensor([[0, 1, 2]]))


def test_a_rotation_of_equal_bars_is_the_same_z_and_other_bars_only_move_the_differences(
    model: MusicVAE, batch: Batch
) -> None:
    """The patterns part what bars have in common from how they differ."""
    one_bar = Batch(*(part[:, :16].repeat(1, 4, 1) for part in batch))
    features = torch.randn(2, 4, 5)
    parts = PATTERNS @ features
    torch.testing.assert_close(PATTERNS @ parts, features)
    torch.testing.assert_close(parts[:, 0], features.sum(dim=1) / 2)
    turned = PATTERNS @ features.roll(1, dims=1)
    torch.testing.assert_close(turned[:, 0], parts[:, 0])
    assert not torch.allclose(turned[:, 1:], parts[:, 1:])
    assert torch.isfinite(model.encode(*one_bar)[0]).all()


def test_playable_are_the_rows_of_the_table(model: MusicVAE) -> None:
    numbers = (model.hit_table.to(torch.int64) * 2 ** torch.arange(9)).sum(dim=1)
    assert sorted(numbers.tolist()) == model.playable.nonzero().flatten().tolist()


def test_reconstruction_leaves_training_mode_as_it_was(model: MusicVAE, loops: Loops) -> None:
    training = copy.deepcopy(model).train()
    one = reconstruct(training, loops)
    assert training.training
    np.testing.assert_allclose(one.velocities, reconstruct(model, loops, batch=5).velocities, atol=1e-5)


def test_dropout_acts_in_training_only(loops: Loops, batch: Batch) -> None:
    table = hit_table(loops.hits)
    model = MusicVAE(ModelConfig(choices=len(table), dropout=0.5, **SMALL), torch.from_numpy(table))
    assert not torch.equal(model.train().encode(*batch)[0], model.encode(*batch)[0])
    assert torch.equal(model.eval().encode(*batch)[0], model.encode(*batch)[0])


def test_quiet_noise_has_the_shapes_of_the_decoder() -> None:
    assert [tuple(part.shape) for part in quiet(3, 7)] == [(3,), (3, 64, 7), (3, 64, 18)]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"choices": 0}, "not 0"),
        ({"choices": 513}, "1 to 512"),
        ({"common": 0}, "'common'"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_sizes_that_make_no_model_are_a_sentence(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(GroovebridgeError, match=message):
        ModelConfig(**sizes)
