"""An interrupted run is the run that was not, to the last bit; two processes share a run; NaN says where."""

from __future__ import annotations

import io
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from tests.training.conftest import ROOT
from training.learner import DivergedError, Learner
from training.model import ModelConfig
from training.train import LAST, TrainSettings, train

pytestmark = pytest.mark.training

SMALL = ModelConfig(
    common=5, differing=1, encoder=8, whole=8, bar_encoder=8, conductor=8, decoder=16, expression=8
)
EPOCH = re.compile(r"^epoch +(\d+) +step +(\d+)", re.MULTILINE)


class Copying(Console):
    """A console that puts the run aside after its second epoch, as a kill would leave it."""

    def __init__(self, run: Path, aside: Path) -> None:
        super().__init__(file=io.StringIO(), width=200)
        self._run, self._aside = run, aside

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*objects, **options)
        if str(objects[0]).startswith("epoch   2"):
            self._aside.mkdir()
            shutil.copy(self._run / LAST, self._aside)


def settings(corpus: Path, run: Path, **others: Any) -> TrainSettings:
    given: dict[str, Any] = {
        "epochs": 4, "epoch_steps": 3, "batch": 8, "seed": 3, "accelerator": "cpu", "model": SMALL
    }  # fmt: skip
    return TrainSettings(corpus, run, **given | others)


def weights(run: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(run / LAST, map_location="cpu", weights_only=True)[
        "state_dict"
    ]
    return found


@pytest.mark.filterwarnings("ignore")
def test_a_resumed_run_is_the_run_that_was_not_interrupted(tmp_path: Path, corpus: Path) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    console = Copying(whole, resumed)
    train(settings(corpus, whole), console)
    at_half = weights(resumed)
    torch.manual_seed(99)  # another process: nothing of the former one's chance is left
    train(settings(corpus, resumed, resume=True), Console(file=io.StringIO()))
    expected, found = weights(whole), weights(resumed)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    assert any(not torch.equal(at_half[name], value) for name, value in expected.items())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", ["kl", "the gradient of "])
def test_what_is_no_number_is_named_before_it_touches_the_weights(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    healthy = Learner.training_step

    def broken(learner: Learner, batch: Any) -> torch.Tensor:
        loss = healthy(learner, batch)
        if learner.global_step == 4:
            if what == "kl":
                learner.terms["kl"] = torch.tensor(torch.nan)
            return loss * torch.nan
        return loss

    monkeypatch.setattr(Learner, "training_step", broken)
    run = tmp_path / "run"
    with pytest.raises(DivergedError, match=f"at step 4: {what}.*last good checkpoint is kept"):
        train(settings(corpus, run), Console(file=io.StringIO()))
    assert all(torch.isfinite(value).all() for value in weights(run).values() if value.is_floating_point())


# --- two processes, as torchrun starts them -----------------------------------------------------------------


WORKER = """
import sys
from pathlib import Path
import numpy as np
import training.shards
from training.cli import main
import os

cut = training.shards.Windows.cut
log = Path(sys.argv.pop(1)) / os.environ["RANK"]

def logged(windows, wanted):
    with log.open("a") as file:
        file.write(" ".join(map(str, wanted)) + "\\n")
    return cut(windows, wanted)

training.shards.Windows.cut = logged
main()
"""


TINY = [
    "--common", "5", "--differing", "1", "--units", "16", "--batch", "4", "--accelerator", "cpu",
    "--epochs", "2", "--epoch-steps", "3", "--threads", "1",
]  # fmt: skip


def launch(tmp_path: Path, environment: dict[str, str], *arguments: str | Path) -> Any:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torchrun = [
        sys.executable, "-m", "torch.distributed.run", "--nnodes", "1", "--nproc-per-node", "2",
        "--rdzv-backend", "c10d", "--rdzv-endpoint", f"127.0.0.1:{port}",
    ]  # fmt: skip
    return subprocess.run(
        [*torchrun, script, tmp_path, "train", *map(str, arguments)],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_two_processes_share_the_loops_and_write_one_run(
    tmp_path: Path, corpus: Path, training_environment: dict[str, str]
) -> None:
    run = tmp_path / "run"
    done = launch(tmp_path, training_environment, "--corpus", corpus, "-o", run, *TINY)
    assert done.returncode == 0, done.stderr
    assert EPOCH.findall(done.stderr) == [("1", "3"), ("2", "6")]  # told once, of steps of both
    assert {path.name for path in run.iterdir()} == {"last.ckpt", "model.pt", "metrics", "tensorboard"}
    rows = (run / "metrics/version_0/metrics.csv").read_text().splitlines()
    assert [path.name for path in (run / "metrics").iterdir()] == ["version_0"]
    assert sum("validation/f1" in line for line in rows) == 1
    taken = [
        [tuple(map(int, line.split())) for line in (tmp_path / str(rank)).read_text().splitlines()[1:]]
        for rank in range(2)
    ]  # the first that each cuts is the validation loops
    assert [len(batches) for batches in taken] == [6, 6]
    for one, two in zip(*taken, strict=True):
        assert len({*one, *two}) == 8


def test_a_gradient_that_is_no_number_ends_both_processes_in_one_sentence(
    tmp_path: Path, corpus: Path, training_environment: dict[str, str]
) -> None:
    lost = ["--rate", "1e30", "--epoch-steps", "100"]
    done = launch(tmp_path, training_environment, "--corpus", corpus, "-o", tmp_path / "run", *TINY, *lost)
    assert done.returncode != 0
    assert len(re.findall(r"Training diverged at step \d+: .* is not a number", done.stderr)) == 1
