"""The ablation: the arms are alike where they should be, and what is measured is what was played."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from rich.console import Console

from bridge.errors import GroovebridgeError
from bridge.groove.voices import VOICES
from training.ablation import report
from training.ablation.arms import ARMS, ArmModel, Sizes, choice_nats
from training.ablation.experiment import MEASURES, RunSettings, Windows, identity, measure, run
from training.ablation.report import RESULTS, ablate, load
from training.corpus import load_split

pytestmark = pytest.mark.training

TINY = Sizes(latent=6, encoder=8, bars=8, conductor=8, embedding=4)
QUICK = RunSettings(epochs=1, bars_a_step=32, draws=20, sizes=TINY)
ALL_ARMS = pytest.mark.parametrize("name", ARMS)


def made(name: str, corpus: Path, sizes: Sizes = TINY) -> tuple[ArmModel, Windows]:
    """An untrained arm, and the training windows of four bars of the thirty."""
    torch.manual_seed(3)
    split = load_split(corpus, "train")
    return ArmModel(ARMS[name], split.hits, sizes).eval(), Windows.of(split, 4, 4)


def test_the_arms_have_about_as_many_parameters_each() -> None:
    every = (np.arange(2**VOICES)[:, None] >> np.arange(VOICES)) & 1
    hits = every[every.sum(axis=1) <= 3].astype(bool)  # 130 combinations; Groove has 147
    counts = [ArmModel(arm, hits, Sizes()).parameters_trained for arm in ARMS.values()]
    assert max(counts) < 1.15 * min(counts)


def test_the_arms_begin_with_the_same_encoder(corpus: Path) -> None:
    models = [made(name, corpus)[0] for name in ARMS]
    hits = made("flat", corpus)[1].hits[:3].float()
    first, *others = [model.encode(hits) for model in models]
    for other in others:
        torch.testing.assert_close(other, first, rtol=0, atol=0)


@ALL_ARMS
def test_the_players_share_the_kit_and_can_play_the_training_set(name: str, corpus: Path) -> None:
    model, windows = made(name, corpus)
    hits = windows.hits.float()
    players = model.all_players
    torch.testing.assert_close(torch.stack([player.voices for player in players]).sum(dim=0), torch.ones(9))
    played = torch.stack([player.table[player.choices_of(hits)] for player in players]).sum(dim=0)
    torch.testing.assert_close(played, hits)


@ALL_ARMS
def test_told_its_own_playing_an_arm_expects_just_that(name: str, corpus: Path) -> None:
    model, windows = made(name, corpus)
    for weight in model.players.parameters():  # so that the choices depend on what was heard
        torch.nn.init.normal_(weight, std=0.7)
    z = torch.randn(5, TINY.latent)
    alone = model.sampled(z, 64)
    expected, _ = model.forced(z, alone)
    torch.testing.assert_close(expected, alone)
    assert (alone != alone[:, :1]).any()
    other, _ = model.forced(z, windows.hits[:5].float())
    assert not torch.equal(other, alone)


@ALL_ARMS
def test_no_step_sees_itself_or_what_comes_after(name: str, corpus: Path) -> None:
    every = (np.arange(2**VOICES)[:, None] >> np.arange(VOICES)) & 1
    model = ArmModel(ARMS[name], every.astype(bool), TINY).eval()
    hits = made(name, corpus)[1].hits[:2].float()
    z = torch.randn(2, TINY.latent)
    changed = hits.clone()
    changed[:, 21] = 1 - changed[:, 21]
    for (before, _), (after, _) in zip(model.told(z, hits), model.told(z, changed), strict=True):
        torch.testing.assert_close(after[:, :22], before[:, :22])
        # With a conductor a bar knows nothing of the bars before but the vector; the flat player remembers.
        assert torch.equal(after[:, 32:], before[:, 32:]) == ARMS[name].conducted
        assert not torch.equal(after[:, 22:32], before[:, 22:32])


def test_the_nats_of_several_players_are_those_of_their_independent_choices(corpus: Path) -> None:
    model, windows = made("multi-stream", corpus)
    hits = windows.hits[:2].float()
    z = torch.zeros(2, TINY.latent)
    _, nats = model.forced(z, hits)
    by_hand = torch.zeros(2)
    for logits, choices in model.told(z, hits):
        by_hand -= logits.log_softmax(dim=-1).gather(-1, choices[..., None]).sum(dim=(1, 2))
        torch.testing.assert_close(choice_nats(logits, choices).shape, by_hand.shape)
    torch.testing.assert_close(nats, by_hand)


@ALL_ARMS
def test_the_measures_agree_with_a_count_step_by_step(name: str, corpus: Path) -> None:
    model, windows = made(name, corpus)
    found = measure(model, windows, draws=30, batch=5)
    hits = windows.hits.float()
    mu, _ = model.encode(hits)
    forced, nats = model.forced(mu, hits)
    sampled = model.sampled(mu, 64)
    for played, key in ((forced, "forced"), (sampled, "sampled")):
        exact = (played == hits).all(dim=-1).float().mean().item()
        assert found.measures[f"{key}_exact_step"] == pytest.approx(exact, abs=1e-6)
        f1 = 2 * (played * hits).sum() / (played.sum() + hits.sum())
        assert found.measures[f"{key}_f1"] == pytest.approx(f1.item(), abs=1e-6)
    assert found.nats_a_bar == pytest.approx(nats.mean().item() / 4, rel=1e-4)
    assert found.windows == len(windows)
    for measured in MEASURES:
        low, high = found.interval[measured]
        assert low <= found.measures[measured] <= high


def test_longer_windows_are_measured_over_all_of_their_steps(corpus: Path) -> None:
    split = load_split(corpus, "train")
    model, _ = made("flat", corpus)
    windows = Windows.of(split, 8, 8)
    found = measure(model, windows, draws=10)
    hits = windows.hits.float()
    exact = (model.sampled(model.encode(hits)[0], 128) == hits).all(dim=-1).float().mean().item()
    assert windows.hits.shape[1] == 128
    assert found.measures["sampled_exact_step"] == pytest.approx(exact, abs=1e-6)


def test_a_run_learns_and_the_same_seed_gives_the_same_figures(corpus: Path) -> None:
    settings = RunSettings(epochs=4, bars_a_step=32, draws=10, warm_up=5, rate=1e-2, sizes=TINY)
    said: list[str] = []
    first, again = (run(corpus, "hierarchical", 4, settings, said.append) for _ in range(2))
    assert first.splits == again.splits
    assert said[:4] == said[4:]
    at_first, at_last = (float(words.split(": ")[1].split()[0]) for words in (said[0], said[3]))
    assert at_last < 0.8 * at_first


@pytest.fixture
def only_four_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thirty have nine bars at most."""
    monkeypatch.setattr(report, "LENGTHS", (4,))


@pytest.mark.usefixtures("only_four_bars")
def test_what_is_done_is_kept_and_the_rest_is_made(
    tmp_path: Path, corpus: Path, quiet_console: Console
) -> None:
    said: list[str] = []
    ablate(corpus, tmp_path, QUICK, said.append, arms=("flat",), lengths=(4,))
    kept = (tmp_path / "flat-4.json").read_bytes()
    runs = ablate(corpus, tmp_path, QUICK, said.append, lengths=(4,))
    assert "flat, 4 bars: kept from before" in said
    assert (tmp_path / "flat-4.json").read_bytes() == kept
    assert [each.arm for each in runs] == list(ARMS)
    results = json.loads((tmp_path / RESULTS).read_text())
    assert results == json.loads(json.dumps({"runs": [asdict(each) for each in runs]}))
    assert load(tmp_path / "flat-4.json") == runs[0]
    assert runs[0].settings == identity(corpus, QUICK)
    report.report(runs, quiet_console)
    shown = cast("io.StringIO", quiet_console.file).getvalue()
    for each in runs:
        alone = f"{each.splits['test'].measures['sampled_exact_step']:.3f}".replace("0.", ".")
        assert any(f"{each.arm}, 4" in line and alone in line for line in shown.splitlines())


@pytest.mark.usefixtures("only_four_bars")
def test_runs_of_other_settings_are_not_mixed(tmp_path: Path, corpus: Path) -> None:
    ablate(corpus, tmp_path, QUICK, lambda _: None, arms=("flat",), lengths=(4,))
    with pytest.raises(GroovebridgeError, match="other settings"):
        ablate(corpus, tmp_path, RunSettings(seed=1, sizes=TINY), lambda _: None, lengths=(4,))
    (tmp_path / "flat-4.json").write_text("{")
    with pytest.raises(GroovebridgeError, match="Delete it"):
        ablate(corpus, tmp_path, QUICK, lambda _: None, arms=("flat",), lengths=(4,))


def test_what_cannot_be_compared_is_a_sentence(
    tmp_path: Path, corpus: Path, fails: Callable[..., str]
) -> None:
    options = ["ablate", "--corpus", corpus, "-o", tmp_path / "out"]
    assert "no arm 'round'" in fails(*options, "--arm", "round")
    assert "not at 7" in fails(*options, "--bars", "7")
    assert "no window of 16 bars" in fails(*options, "--bars", "16")
    assert "no prepared corpus" in fails("ablate", "--corpus", tmp_path)
