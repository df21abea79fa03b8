"""A prior is the identity until it is fitted; fitted, it draws where loops lie, each style in its place."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from rich.console import Console

from bridge.errors import GroovebridgeError
from training.checkpoint import CheckpointError, load_checkpoint, load_prior, save_checkpoint
from training.corpus import MANIFEST, CorpusError, Loops, hit_table, load_manifest, load_split, save_corpus
from training.model import ModelConfig, MusicVAE
from training.prior import Prior, PriorConfig
from training.prior_fit import (
    Posteriors,
    PriorSettings,
    fit,
    fit_checkpoint,
    frequent_styles,
    nats,
    posteriors,
    primary_style,
    report,
)

if TYPE_CHECKING:
    from tests.training.conftest import Command

pytestmark = pytest.mark.training

QUICK = PriorSettings(components=4)
QUIET = Console(file=io.StringIO())


@pytest.fixture(scope="module")
def model(loops: Loops) -> MusicVAE:
    table = hit_table(loops.hits)
    config = ModelConfig(
        common=3, differing=1, choices=len(table), encoder=4, whole=4, bar_encoder=4, conductor=4, decoder=4
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MusicVAE(config, torch.from_numpy(table)).eval()


@pytest.fixture
def checkpoint(model: MusicVAE, tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    save_checkpoint(path, model)
    return path


def places(count: int, seed: int) -> Posteriors:
    """Loops of two styles, at opposite ends of the first coordinate and alike in the second."""
    random = torch.Generator().manual_seed(seed)
    style = torch.randint(1, 3, (count,), generator=random)
    mu = torch.stack([(2 * style - 3) * 2.0, torch.zeros(count)], dim=1)
    return Posteriors(mu, torch.full((count, 2), 0.2), style)


@pytest.fixture(scope="module")
def two_styles() -> Prior:
    return fit(places(600, 0), ("left", "right"), 3, QUICK)


def draws(prior: Prior, style: int, count: int = 400) -> torch.Tensor:
    noise = torch.randn(count, prior.config.latent, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        drawn: torch.Tensor = prior(noise, torch.full((count,), style))
    return drawn


# --- what a prior is ----------------------------------------------------------------------------------------


def test_without_a_fit_z_is_the_noise_to_the_bit() -> None:
    noise = torch.randn(5, 6)
    for prior in (Prior.identity(6), Prior(PriorConfig(6, ("a", "b"))).eval()):
        for style in range(len(prior.styles) + 1):
            assert torch.equal(prior(noise, torch.full((5,), style)), noise)
    assert Prior.identity(6).styles == ()


def test_a_fitted_prior_draws_each_style_where_its_loops_lie(two_styles: Prior) -> None:
    left, right = draws(two_styles, 1), draws(two_styles, 2)
    assert (left[:, 0] < 0).float().mean() > 0.9
    assert (right[:, 0] > 0).float().mean() > 0.9
    assert left[:, 1].std() == pytest.approx(0.2, abs=0.1)


def test_an_open_style_draws_from_all(two_styles: Prior) -> None:
    drawn = draws(two_styles, 0)[:, 0]
    assert 0.3 < (drawn > 0).float().mean() < 0.7
    assert drawn.abs().mean() > 1.2


def test_the_same_noise_gives_the_same_point_and_another_style_a_different_one(two_styles: Prior) -> None:
    assert torch.equal(draws(two_styles, 1), draws(two_styles, 1))
    assert not torch.equal(draws(two_styles, 1), draws(two_styles, 2))


def test_each_component_is_drawn_as_often_as_its_weight_says_and_with_its_spread() -> None:
    prior = Prior(PriorConfig(8, ("a",), components=3)).eval()
    prior.mean[:, 2] = torch.tensor([-10.0, 0.0, 10.0])
    prior.deviation[1] = 2.0
    prior.reach[1] = torch.tensor([0.1, 0.1, 1.0])
    torch.testing.assert_close(prior.weights, torch.tensor([[1 / 3] * 3, [0.1, 0, 0.9]]))
    drawn = draws(prior, 1, 4000)
    assert (drawn[:, 2] < -5).float().mean() == pytest.approx(0.1, abs=0.02)
    assert (drawn[:, 2] > 5).float().mean() == pytest.approx(0.9, abs=0.02)
    drawn = draws(prior, 0, 4000)
    middle = drawn[drawn[:, 2].abs() < 5]
    assert len(middle) == pytest.approx(4000 / 3, rel=0.1)
    others = [number for number in range(8) if number != 2]
    torch.testing.assert_close(middle[:, others].std(dim=0), torch.full((7,), 2.0), rtol=0.1, atol=0)
    mixed = torch.corrcoef(middle.T).fill_diagonal_(0).abs()
    assert mixed.max() < 0.5, "the first coordinate leans on all others a little, none on another"
    assert mixed[1:, 1:].max() < 0.15


def test_the_density_is_that_of_the_mixture() -> None:
    prior = Prior(PriorConfig(3, ("a",), components=2)).eval()
    prior.mean[1] = 1.5
    prior.deviation[0] = 0.5
    prior.reach[1] = torch.tensor([0.25, 1.0])
    z = torch.randn(9, 3)
    normal = torch.distributions.Normal
    parts = torch.stack(
        [
            normal(prior.mean[k], prior.deviation[k]).log_prob(z).sum(dim=1)  # type: ignore[no-untyped-call]
            for k in range(2)
        ]
    )
    expected = torch.logsumexp(parts + torch.tensor([[0.25], [0.75]]).log(), dim=0)
    torch.testing.assert_close(prior.log_density(z, torch.ones(9, dtype=torch.int64)), expected)


def test_few_windows_have_few_components() -> None:
    assert fit(places(40, 0), (), 0).config.components == 2
    assert fit(places(5, 0), (), 0).config.components == 1


def test_the_same_seed_fits_the_same_prior() -> None:
    one, same, other = (fit(places(100, 0), ("left", "right"), seed, QUICK) for seed in (1, 1, 2))
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name])
    assert not torch.equal(one.mean, other.mean)


def test_fitting_leaves_torchs_own_chance_alone() -> None:
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    fit(places(50, 0), ("left", "right"), 1, QUICK)
    assert torch.equal(torch.random.get_rng_state(), before)


# --- what it costs ------------------------------------------------------------------------------------------


def test_the_density_of_the_identity_is_the_standard_normal() -> None:
    z = torch.randn(9, 4)
    expected = -0.5 * (z**2).sum(dim=1) - 2 * math.log(2 * math.pi)
    found = Prior.identity(4).log_density(z, torch.zeros(9, dtype=torch.int64))
    torch.testing.assert_close(found, expected)


def test_a_fitted_prior_costs_less_than_the_families_it_is_compared_with(two_styles: Prior) -> None:
    found = nats(two_styles, places(600, 0), places(200, 1))
    assert list(found) == ["standard normal", "Gaussian", "mixture, open", "mixture, by style"]
    assert found["mixture, by style"] < found["mixture, open"] < found["Gaussian"] < found["standard normal"]


def test_the_standard_normal_costs_what_the_autoencoder_paid() -> None:
    held_out = places(4000, 1)
    posterior = torch.distributions.Normal(held_out.mu, held_out.sigma)
    normal = torch.distributions.Normal(0.0, 1.0)
    expected = torch.distributions.kl_divergence(posterior, normal).sum(dim=1).mean()
    found = nats(Prior.identity(2), places(100, 0), held_out)
    assert found["standard normal"] == pytest.approx(float(expected), abs=0.05)
    assert found["mixture, open"] == pytest.approx(found["standard normal"], abs=1e-3)
    assert "mixture, by style" not in found


# --- from a corpus ------------------------------------------------------------------------------------------


def with_styles(corpus: Path, target: Path, styles: tuple[str, ...]) -> Path:
    """The corpus with the styles in turn as its files' labels."""
    target.mkdir()
    manifest = load_manifest(corpus)
    files = tuple(
        replace(record, style=styles[number % len(styles)]) for number, record in enumerate(manifest.files)
    )
    splits = {name: load_split(corpus, name) for name in ("train", "validation", "test")}
    save_corpus(target, replace(manifest, files=files), splits)
    return target


def test_the_style_of_a_file_is_its_first_word(corpus: Path) -> None:
    record = load_manifest(corpus).files[0]
    words = {"funk/groove1": "funk", "Rock": "rock", "latin/brazilian-baiao": "latin", "": ""}
    assert {word: primary_style(replace(record, style=word)) for word in words} == words


def test_rare_styles_and_labels_that_are_no_words_stay_open(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled = load_split(with_styles(corpus, tmp_path / "c", ("jazz/a", "rock", "", "..")), "train")
    assert frequent_styles(labelled) == ()  # the made-up corpus is small
    monkeypatch.setattr("training.prior_fit.FEWEST_FILES", 2)
    monkeypatch.setattr("training.prior_fit.FEWEST_LOOPS", 2)
    assert sorted(frequent_styles(labelled)) == ["jazz", "rock"]


def test_posteriors_are_those_of_every_window(corpus: Path, model: MusicVAE) -> None:
    split = load_split(corpus, "train")
    loops = split.loops()
    found = posteriors(model, split, ())
    assert found.mu.shape == found.sigma.shape == (len(loops), model.config.latent)
    with torch.inference_mode():
        mu, sigma = model.encode(*map(torch.from_numpy, (loops.hits, loops.velocities, loops.offsets)))
    torch.testing.assert_close(found.mu, mu)
    torch.testing.assert_close(found.sigma, sigma)
    assert not found.style.any()


def test_a_checkpoint_keeps_its_prior_and_its_model(
    corpus: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.prior_fit.FEWEST_FILES", 2)
    monkeypatch.setattr("training.prior_fit.FEWEST_LOOPS", 2)
    before = load_checkpoint(checkpoint)
    labelled = with_styles(corpus, tmp_path / "c", ("jazz/a", "rock"))
    found = fit_checkpoint(checkpoint, labelled, 0, QUIET, QUICK)
    back = load_prior(checkpoint)
    assert back.config == found.prior.config
    assert sorted(back.styles) == ["jazz", "rock"]
    assert not back.training
    assert torch.equal(draws(back, 1), draws(found.prior, 1))
    for name, weight in load_checkpoint(checkpoint).state_dict().items():
        assert torch.equal(weight, before.state_dict()[name])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "model.pt"]


def test_without_labels_the_prior_is_without_styles_and_says_so(corpus: Path, checkpoint: Path) -> None:
    told = Console(file=io.StringIO(), width=200)
    found = fit_checkpoint(checkpoint, corpus, 0, told, QUICK)
    report(found, told)
    assert found.prior.styles == ()
    assert "the prior is without styles" in told.file.getvalue()  # type: ignore[attr-defined]
    assert "styles: none" in told.file.getvalue()  # type: ignore[attr-defined]


def test_a_checkpoint_without_a_prior_has_the_identity(checkpoint: Path, model: MusicVAE) -> None:
    prior = load_prior(checkpoint)
    assert (prior.config.latent, prior.styles) == (model.config.latent, ())
    noise = torch.randn(3, model.config.latent)
    assert torch.equal(prior(noise, torch.zeros(3, dtype=torch.int64)), noise)


def test_a_damaged_prior_is_a_sentence(checkpoint: Path, model: MusicVAE) -> None:
    save_checkpoint(checkpoint, model, Prior(PriorConfig(model.config.latent, ("a",), components=3)))
    content = torch.load(checkpoint, weights_only=True)
    damages: list[dict[str, object]] = [{"weights": {}}, {"config": {}}, {"config": None}]
    for damage in damages:
        torch.save({**content, "prior": {**content["prior"], **damage}}, checkpoint)
        with pytest.raises(CheckpointError, match=r"prior in .* is incomplete. Fit it again"):
            load_prior(checkpoint)


def test_a_split_without_loops_is_a_sentence(corpus: Path, checkpoint: Path, tmp_path: Path) -> None:
    manifest = load_manifest(corpus)
    target = tmp_path / "c"
    target.mkdir()
    save_corpus(target, manifest, {name: load_split(corpus, name) for name in ("train", "test")})
    with pytest.raises(CorpusError, match="no validation loop of four bars"):
        fit_checkpoint(checkpoint, target, 0, QUIET, QUICK)


@pytest.mark.parametrize("sizes", [{"latent": 0}, {"latent": 4, "components": 0}])
def test_impossible_sizes_are_a_sentence(sizes: dict[str, int]) -> None:
    with pytest.raises(GroovebridgeError, match="must lie in"):
        PriorConfig(**sizes)  # type: ignore[arg-type]


def test_the_command_answers_a_mistake_in_a_sentence(training_command: Command, tmp_path: Path) -> None:
    found = training_command("prior", "--checkpoint", tmp_path / "none.pt", "--corpus", tmp_path)
    assert found.returncode == 1
    assert MANIFEST in found.stderr
    assert "Traceback" not in found.stderr
