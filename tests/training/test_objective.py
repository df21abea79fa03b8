"""The loss is the evidence bound that it says it is."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from bridge.errors import GroovebridgeError
from training.augment import Batch
from training.corpus import Loops, hit_table
from training.model import ModelConfig, MusicVAE
from training.objective import Objective, gaussian_nats, kl_of, loss_of, velocity_nats

pytestmark = pytest.mark.training


def batch_of(loops: Loops) -> Batch:
    return Batch(*(torch.from_numpy(part) for part in (loops.hits, loops.velocities, loops.offsets)))


@pytest.fixture
def model(loops: Loops) -> MusicVAE:
    torch.manual_seed(0)
    table = hit_table(loops.hits)
    config = ModelConfig(
        common=3,
        differing=1,
        choices=len(table),
        encoder=4,
        whole=4,
        bar_encoder=4,
        conductor=4,
        decoder=4,
        dropout=0,
    )
    return MusicVAE(config, torch.from_numpy(table))


def test_the_terms_are_those_of_torch_distributions() -> None:
    mu, sigma = torch.randn(5, 3), torch.rand(5, 3) + 0.1
    expected = kl_divergence(Normal(mu, sigma), Normal(torch.zeros(3), torch.ones(3)))
    torch.testing.assert_close(kl_of(mu, sigma), expected)
    truth = torch.randn(5, 3)
    expected = -Normal(mu, sigma).log_prob(truth)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(gaussian_nats(truth, mu, sigma.log()), expected)


def test_a_hit_at_full_velocity_has_the_probability_of_all_that_is_harder() -> None:
    mean, deviation = torch.tensor([0.4, 0.9, 1.2]), torch.tensor([0.1, 0.2, 0.05])
    normal = Normal(mean, deviation)
    full = velocity_nats(torch.ones(3), mean, deviation.log())
    cut = torch.tensor(126.5 / 127)
    beyond = 1 - normal.cdf(cut)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(full[1:], -beyond[1:].log())
    assert 15 < full[0] < 25  # six deviations away, and still a number with a slope
    below = velocity_nats(torch.full((3,), 0.5), mean, deviation.log())
    torch.testing.assert_close(below, gaussian_nats(torch.full((3,), 0.5), mean, deviation.log()))


def test_beta_rises_in_a_straight_line_and_stays() -> None:
    objective = Objective(beta=0.8, beta_steps=100)
    assert [objective.beta_at(step) for step in (0, 50, 100, 5000)] == pytest.approx([0, 0.4, 0.8, 0.8])
    assert Objective(beta=0.8, beta_steps=0).beta_at(0) == 0.8


def test_nats_up_to_the_free_ones_cost_nothing(model: MusicVAE, loops: Loops) -> None:
    batch = batch_of(loops)

    def penalty(free_nats: float) -> tuple[float, float]:
        torch.manual_seed(7)
        objective = Objective(free_nats=free_nats, beta=2.0, beta_steps=0, expression=0.5)
        terms = loss_of(model, batch, objective, step=1)
        return (terms.loss - terms.hits - 0.5 * terms.expression).item(), terms.kl.item()

    above, kl = penalty(0)
    assert kl > 0
    assert above == pytest.approx(2 * kl, rel=1e-3)
    assert penalty(kl + 1)[0] == pytest.approx(0, abs=1e-3)
    assert penalty(kl / 2)[0] == pytest.approx(kl, rel=1e-2)


def test_only_true_hits_count_for_expression(model: MusicVAE, loops: Loops) -> None:
    batch = batch_of(loops)
    silent = Batch(*(part * 0 for part in batch))
    terms = loss_of(model, silent, Objective(), step=0)
    assert terms.expression.item() == 0
    assert loss_of(model, batch, Objective(), step=0).expression.item() != 0


def test_every_weight_is_taught(model: MusicVAE, loops: Loops) -> None:
    batch = batch_of(loops)
    loss_of(model, batch, Objective(free_nats=0), step=1000).loss.backward()  # type: ignore[no-untyped-call]
    untaught = [
        name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()
    ]
    assert untaught == []


@pytest.mark.parametrize("wrong", [{"free_nats": -1.0}, {"beta": -0.1}, {"input_dropout": 1.0}])
def test_settings_out_of_range_are_a_sentence(wrong: dict[str, float]) -> None:
    with pytest.raises(GroovebridgeError):
        Objective(**wrong)  # type: ignore[arg-type]
