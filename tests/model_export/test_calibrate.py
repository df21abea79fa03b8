"""Calibration puts sliders, map and the order of the axes into a bundle, whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="calibration needs the [training] extra")

from bridge.model import Bundle, Map, Model, Settings
from bridge.model.sliders import Sliders
from model_export import calibrate
from model_export.calibrate import NAMES, POSITIONS, Workbench, axis_effects, spearman
from model_export.cli import app
from training.corpus import load_split

pytestmark = pytest.mark.training

QUICK = {"FEWEST": 4, "LOOPS": 6, "_FIRST": 64, "_ROUND": 32, "_ROUNDS": 1, "_STEPS": 20, "_EFFECT_LOOPS": 3}


def small_map(model: Model, split: object) -> tuple[Map, dict[str, Any]]:
    """A map of a model that is too little trained for a real one; test_map.py has one."""
    random = np.random.default_rng(0)
    points = random.uniform(-1, 1, (20, 2)).astype(np.float32)
    z = random.standard_normal((20, model.bundle.manifest.latent_size)).astype(np.float32)
    numbers = np.zeros(20, dtype=np.int64)
    return Map(points, z, numbers, ("rock",), np.full(20, 120, dtype=np.float32)), {"loops": 20}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUICK.items():
        monkeypatch.setattr(calibrate, name, value)
    monkeypatch.setattr(calibrate, "fit_map", small_map)


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    target = tmp_path / "bundle"
    shutil.copytree(exported, target)
    return target


def test_a_calibrated_bundle_has_sliders_a_map_and_its_figures(
    quick: None, bundle: Path, corpus: Path
) -> None:
    before = Bundle.load(bundle)
    loop = Model(before, "cpu").loop(Settings(seed=4))
    found = CliRunner().invoke(app, ["calibrate", str(bundle), "--data", str(corpus), "--json"])
    assert (found.exit_code, found.stderr) == (0, "")
    after = Bundle.load(bundle)
    model = Model(after, "cpu")
    assert model.sliders == NAMES
    assert len(Map.load(after).points) == 20
    assert model.loop(Settings(seed=4)) == loop
    moved = model.latent(Settings(seed=4, sliders={"density": 1.0}))
    assert np.isfinite(moved).all()
    assert not np.array_equal(moved, model.latent(Settings(seed=4)))
    measured = json.loads(found.stdout)
    assert after.manifest.metrics == {**before.manifest.metrics, **measured}
    for table in measured["sliders"]["temperatures"].values():
        assert list(table) == list(NAMES)
        assert all(-1 <= row["spearman"] <= 1 and len(row["others"]) == 7 for row in table.values())
    assert "named sliders: density" in (bundle / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle"]


def test_calibrating_again_gives_the_same_and_replaces_the_first(
    quick: None, bundle: Path, corpus: Path
) -> None:
    calibrate.calibrate(bundle, corpus, "validation")
    first = {path.name: path.read_bytes() for path in bundle.iterdir()}
    calibrate.calibrate(bundle, corpus, "validation")
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == first


def test_axes_are_ranked_by_how_much_they_change_the_loop(quick: None, bundle: Path, corpus: Path) -> None:
    effects = axis_effects(Workbench(Bundle.load(bundle)))
    calibrate.calibrate(bundle, corpus)
    axes = Bundle.load(bundle).manifest.axes
    assert [axis.name for axis in axes] == [f"z{place}" for place in range(1, len(axes) + 1)]
    found = [axis.effect for axis in axes if axis.effect is not None]
    assert found == sorted(found, reverse=True)
    np.testing.assert_allclose(found, effects[[axis.index for axis in axes]], atol=1e-3)
    assert found[0] > 0


def test_the_network_learns_what_the_loops_are_like(
    monkeypatch: pytest.MonkeyPatch, bundle: Path, corpus: Path
) -> None:
    """Where the decoder tells an attribute apart, its slider goes with it."""
    for name, value in (QUICK | {"_FIRST": 1500, "_ROUND": 500, "_STEPS": 300}).items():
        monkeypatch.setattr(calibrate, name, value)
    bench = Workbench(Bundle.load(bundle))
    train = load_split(corpus, "train").loops(stride_bars=4)
    sliders = calibrate.fit_sliders(bench, train)
    z = np.random.default_rng(1).standard_normal((64, bench.latent_size)).astype(np.float32)
    values = np.zeros((64, len(NAMES)))
    values[:, NAMES.index("density")] = 1.0
    rest, up, down = (
        bench.measure(at, 0.5)[:, 0].mean() for at in (z, sliders.move(z, values), sliders.move(z, -values))
    )
    assert down < rest < up


def test_spearman_ranks_with_ties() -> None:
    positions = np.linspace(-1, 1, 5)
    rows = np.array([[0, 1, 2, 3, 9], [4, 3, 2, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 1, 2]], dtype=float)
    # The last: ranks 1 1 1 3 4 against 0..4.
    np.testing.assert_allclose(spearman(positions, rows), [1, -1, 0, 8 / np.sqrt(80)], atol=1e-9)
    assert len(POSITIONS) % 2 == 1  # rest is one of them


# --- bad input ----------------------------------------------------------------------------------------------


def refused(*arguments: object) -> str:
    found = CliRunner().invoke(app, ["calibrate", *map(str, arguments)])
    assert found.exit_code == 1
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    return found.stderr


def test_bad_input_is_answered_in_a_sentence_and_leaves_the_bundle(
    bundle: Path, corpus: Path, tmp_path: Path
) -> None:
    before = (bundle / "bundle.json").read_bytes()
    assert "6 training loops; calibration needs 200 or more" in refused(bundle, "--data", corpus)
    assert "no prepared corpus" in refused(bundle, "--data", tmp_path)
    assert "no split 'holdout'" in refused(bundle, "--data", corpus, "--split", "holdout")
    assert "no model bundle" in refused(tmp_path / "nowhere", "--data", corpus)
    assert (bundle / "bundle.json").read_bytes() == before


def test_sliders_of_a_bundle_are_stored_as_they_were_fitted(quick: None, bundle: Path, corpus: Path) -> None:
    found = calibrate.calibrate(bundle, corpus)
    stored = Sliders.load(Bundle.load(bundle))
    assert stored is not None
    assert stored.to_bytes() == found.sliders.to_bytes()
