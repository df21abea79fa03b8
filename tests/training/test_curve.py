"""The curve keeps what it measured and refuses what it cannot read; a point measures both of its sides."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import torch
from rich.console import Console

from bridge.errors import GroovebridgeError
from training.corpus import hit_table, load_split
from training.curve import POINTS, RESULTS, curve, measure, report
from training.model import ModelConfig, MusicVAE

pytestmark = pytest.mark.training


def point(name: str, kl: float) -> dict[str, object]:
    measured = {"kl": kl, "f1": 0.5, "exact_step": 0.25, "forced_exact": 0.5, "told_apart": 0.75}
    return {"name": name, "validation": {**measured, "told_apart_standard_normal": 0.875}}


def test_a_point_measures_reconstruction_and_sampling(corpus: Path) -> None:
    learned, held_out = load_split(corpus, "train"), load_split(corpus, "validation")
    torch.manual_seed(0)
    table = hit_table(learned.hits)
    sizes = ModelConfig(
        common=3, differing=1, choices=len(table), encoder=4, whole=4, bar_encoder=4, conductor=4, decoder=4
    )
    model = MusicVAE(sizes, torch.from_numpy(table)).eval()
    measured = measure(model, learned, held_out, 0)
    assert {"f1", "kl", "forced_exact", "told_apart", "told_apart_standard_normal"} <= set(measured)
    assert measured["kl"] > 0
    assert measured["told_apart"] > 0.7, "an untrained model's loops are no drumming"


def test_points_that_are_there_are_kept(tmp_path: Path, corpus: Path) -> None:
    about = {"epochs": 4, "seed": 3}
    kept = [
        {
            **point(each.name, 9.0),
            **about,
            "free_nats": each.objective.free_nats,
            "beta": each.objective.beta,
            "latent": each.model.latent,
        }
        for each in POINTS
    ]
    (tmp_path / RESULTS).write_text(json.dumps(kept), encoding="utf-8")
    assert curve(corpus, tmp_path, 4, 3, 1, Console()) == kept
    with pytest.raises(GroovebridgeError, match="other settings"):
        curve(corpus, tmp_path, 5, 3, 1, Console())


def test_damaged_results_are_a_sentence(tmp_path: Path, corpus: Path) -> None:
    (tmp_path / RESULTS).write_text("[{", encoding="utf-8")
    with pytest.raises(GroovebridgeError, match="cannot be read"):
        curve(corpus, tmp_path, 4, 0, 1, Console())


def test_the_table_goes_from_little_information_to_much() -> None:
    text = io.StringIO()
    report([point("much", 90.0), point("little", 30.0)], Console(file=text, width=120))
    assert text.getvalue().index("little") < text.getvalue().index("much")
    assert "0.750" in text.getvalue()
