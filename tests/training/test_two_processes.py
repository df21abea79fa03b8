"""Two processes with half a batch each learn as one with the whole of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import ROOT

pytestmark = pytest.mark.training

BATCH = 8
Curves = dict[str, list[float]]


@pytest.fixture(scope="module")
def curves(
    corpus: Path, training_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Curves, Curves]:
    """The losses of one process with sixteen loops a step and of two with eight each."""
    folder = tmp_path_factory.mktemp("curves")
    launchers: dict[str, list[str]] = {
        "one": [],
        "two": ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"],
    }
    found: list[Curves] = []
    for name, launcher in launchers.items():
        batch = 2 * BATCH if name == "one" else BATCH
        script = [str(ROOT / "tests" / "training" / "curve.py"), str(corpus)]
        ended = subprocess.run(
            [sys.executable, *launcher, *script, str(folder / name), str(batch)],
            cwd=ROOT,
            env={**training_environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stderr
        found.append(json.loads((folder / name).read_text()))
    return found[0], found[1]


def test_without_chance_every_loss_is_the_same(curves: tuple[Curves, Curves]) -> None:
    one, two = (curve["still"] for curve in curves)
    assert len(one) == len(two) == 40
    assert one[-1] < 0.9 * one[0]
    np.testing.assert_allclose(two, one, rtol=1e-3)


def test_with_chance_the_curves_agree_within_their_noise(curves: tuple[Curves, Curves]) -> None:
    one, two = (np.reshape(curve["real"], (4, 10)) for curve in curves)
    assert one[-1].mean() < 0.9 * one[0].mean()
    noise = np.sqrt((one.var(axis=1, ddof=1) + two.var(axis=1, ddof=1)) / 10)
    assert (np.abs(one.mean(axis=1) - two.mean(axis=1)) < 4 * noise).all()
    assert (one != two).all()
