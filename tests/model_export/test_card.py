"""The model card says what bundle.json says, whatever a bundle may lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.model.bundle import MANIFEST, SHIPPED
from model_export.card import CARD, model_card, write_card

ROW = {
    "name": "all loops",
    "loops": 525,
    "measures": {
        "f1": 0.7051,
        "macro_f1": 0.5,
        "exact_step": 0.546,
        "velocity_mae": 0.2553,
        "velocity_mae_matched": 0.131,
    },
    "interval": dict.fromkeys(("f1", "macro_f1", "exact_step"), (0.67, 0.743)),
}


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "format_version": 2,
        "voices": ["kick", "snare"],
        "latent_size": 3,
        "choices": 4,
        "axes": [{"name": "z1", "index": 0, "nats": 2.0}, {"name": "z2", "index": 1, "nats": 0.01}],
        "metrics": {},
        "provenance": {"data": {}, "code": {"groovebridge": "1.2.3"}, "training": {}},
        "licence": {"code": "GPL-3.0-or-later", "data": "CC BY 4.0", "citation": "Cite the drummers."},
    }


def test_the_shipped_card_is_that_of_the_shipped_bundle() -> None:
    manifest = json.loads((SHIPPED / MANIFEST).read_text(encoding="utf-8"))
    assert (SHIPPED / CARD).read_text(encoding="utf-8") == model_card(manifest)


def test_the_card_tells_what_the_bundle_tells(manifest: dict[str, Any], tmp_path: Path) -> None:
    manifest["styles"] = ["funk", "jazz"]
    manifest["sliders"] = [{"name": "density"}]
    manifest["metrics"] = {"split": "test", "loops": 525, "files": 75, "rows": [ROW]}
    manifest["provenance"]["training"] = {"seed": 7, "objective": {"free_nats": 100.0}}
    manifest["provenance"]["data"] = {"source": "a.zip", "sha256": "0f"} | dict.fromkeys(
        ("train_loops", "validation_loops", "test_loops"), 1234
    )
    write_card(tmp_path, manifest)
    card = (tmp_path / CARD).read_text(encoding="utf-8")
    for said in (
        "funk, jazz",
        "density",
        "tell 2 nats about a loop",
        "; 1 tell 0.1 or more",
        "525 loops of 75 files",
        "| all loops | 525 | 0.705 [0.670, 0.743] |",
        "0.255 (0.131) | - |",
        "seed: 7",
        "free_nats 100",
        "1,234 for test",
        "Cite the drummers.",
    ):
        assert said in card


@pytest.mark.parametrize("metrics", [{}, {"rows": 3}, {"rows": [1, {"name": "all loops"}]}])
def test_a_bundle_without_measures_says_so(manifest: dict[str, Any], metrics: dict[str, Any]) -> None:
    manifest["metrics"] = metrics
    card = model_card(manifest)
    assert "No measures are stored" in card
    assert "Data: CC BY 4.0" in card
