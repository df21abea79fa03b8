"""A real training run in small, as a user runs it: train, be killed, go on, evaluate."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from training.checkpoint import load_checkpoint
from training.corpus import load_manifest

pytestmark = pytest.mark.training
Command = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).resolve().parents[2]
TINY = [
    "--common",
    "5",
    "--differing",
    "1",
    "--units",
    "16",
    "--batch",
    "16",
    "--rate",
    "0.01",
    "--accelerator",
    "cpu",
    "--threads",
    "1",
]
EPOCH = re.compile(r"^epoch +(\d+) .*validation F1 ([0-9.]+)", re.MULTILINE)


def epochs_of(text: str) -> dict[int, float]:
    return {int(number): float(f1) for number, f1 in EPOCH.findall(text)}


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that must fail says, without a traceback."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def killed(
    corpus: Path, tmp_path_factory: pytest.TempPathFactory, training_environment: dict[str, str]
) -> Path:
    """A run that was killed without warning after its second epoch."""
    run = tmp_path_factory.mktemp("runs") / "run"
    command = [
        sys.executable,
        "-m",
        "training",
        "train",
        "--corpus",
        corpus,
        "--output",
        run,
        "--epochs",
        "500",
        *TINY,
    ]
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env=training_environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        heard = ""
        for line in process.stderr:
            heard += line
            if 2 in epochs_of(heard):
                process.send_signal(signal.SIGKILL)
                break
        process.stderr.read()
    assert 2 in epochs_of(heard), heard
    return run


@pytest.fixture(scope="module")
def trained(killed: Path, corpus: Path, training_command: Command) -> tuple[Path, str]:
    """The same run, resumed and finished: its folder and what it printed."""
    done = training_command(
        "train", "--corpus", corpus, "--output", killed, "--epochs", "30", "--resume", *TINY
    )
    assert done.returncode == 0, done.stderr
    return killed, done.stderr


def test_a_killed_run_goes_on_where_it_was(trained: tuple[Path, str]) -> None:
    epochs = epochs_of(trained[1])
    assert min(epochs) in (3, 4)  # the kill may have come just after a third checkpoint
    assert max(epochs) == 30


def test_training_learns(trained: tuple[Path, str], corpus: Path) -> None:
    run, text = trained
    losses = []
    for path in sorted((run / "metrics").glob("version_*/metrics.csv")):
        with path.open() as file:
            losses += [float(row["train/loss"]) for row in csv.DictReader(file) if row.get("train/loss")]
    assert len(losses) >= 28
    assert losses[-1] < 0.7 * losses[0]
    assert max(epochs_of(text).values()) > 0.5
    assert list((run / "tensorboard").rglob("events.*"))


def test_the_best_model_says_where_it_comes_from(trained: tuple[Path, str], corpus: Path) -> None:
    model = load_checkpoint(trained[0] / "model.pt")
    provenance = model.provenance
    assert model.config.latent == 8
    assert provenance["data_sha256"] == load_manifest(corpus).sha256
    assert provenance["seed"] == 0
    validation = provenance["validation"]
    assert isinstance(validation, dict)
    assert validation["f1"] == pytest.approx(max(epochs_of(trained[1]).values()), abs=1e-4)
    assert validation["kl"] == provenance["kl_nats"]


def test_evaluation_measures_the_model_and_its_baselines(
    trained: tuple[Path, str], corpus: Path, training_command: Command
) -> None:
    run, _ = trained
    checkpoint = run / "model.pt"
    done = training_command(
        "evaluate",
        "--corpus",
        corpus,
        "--split",
        "validation",
        "--checkpoint",
        checkpoint,
        "--baselines",
        "--draws",
        "50",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {row["name"]: row for row in found["rows"]}
    chosen = load_checkpoint(checkpoint).provenance["validation"]
    assert isinstance(chosen, dict)
    assert rows["all loops"]["measures"]["f1"] == pytest.approx(chosen["f1"], abs=1e-5)
    low, high = rows["all loops"]["interval"]["f1"]
    assert low <= rows["all loops"]["measures"]["f1"] <= high
    assert rows["true hits, no micro-timing"]["measures"].keys() == {"offset_ms", "offset_ms_matched"}
    assert len(rows) == 7
    details = found["details"]
    assert details["kl_nats"] == pytest.approx(chosen["kl"], abs=1e-3)
    assert 0 < details["sampled_exact_step"] <= 1


def test_a_loss_that_is_no_number_stops_the_run_with_a_sentence(
    tmp_path: Path, trained: tuple[Path, str], corpus: Path, training_command: Command
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained[0], run)
    before = (run / "last.ckpt").read_bytes(), (run / "model.pt").read_bytes()
    changed = ["--rate", "1e30"]
    done = training_command(
        "train", "--corpus", corpus, "--output", tmp_path / "new", "--epochs", "60", *TINY, *changed
    )
    assert "Training diverged at step" in sentence(done)
    assert ((run / "last.ckpt").read_bytes(), (run / "model.pt").read_bytes()) == before


@pytest.mark.parametrize(
    ("option", "value"),
    [("rate", "nan"), ("rate", "-1"), ("rate", "0"), ("rate", "inf"), ("beta", "nan"), ("free-nats", "nan"),
     ("max-minutes", "nan"), ("accelerator", "spoon")],
)  # fmt: skip
def test_a_setting_that_cannot_be_trained_with_is_told_before_the_run(
    tmp_path: Path, corpus: Path, fails: Callable[..., str], option: str, value: str
) -> None:
    said = fails("train", "--corpus", corpus, "--output", tmp_path / "run", f"--{option}", value)
    assert f"--{option}" in said
    assert value in said
    assert not (tmp_path / "run").exists()


def test_a_run_that_cannot_be_resumed_says_why(
    tmp_path: Path, trained: tuple[Path, str], corpus: Path, training_command: Command
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained[0], run)
    arguments = ["train", "--corpus", corpus, "--output", run, "--epochs", "31", *TINY]
    assert "holds a run already" in sentence(training_command(*arguments))
    assert "other sizes" in sentence(training_command(*arguments, "--resume", "--common", "9"))
    (run / "last.ckpt").write_bytes((run / "last.ckpt").read_bytes()[:20_000])
    assert "damaged" in sentence(training_command(*arguments, "--resume"))


def test_a_run_ends_in_the_time_that_it_is_given(
    tmp_path: Path, corpus: Path, training_command: Command
) -> None:
    run = tmp_path / "run"
    arguments = [
        "train",
        "--corpus",
        corpus,
        "--output",
        run,
        "--epochs",
        "100000",
        "--max-minutes",
        "0.02",
        *TINY,
    ]
    done = training_command(*arguments)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in run.iterdir()} == {"last.ckpt", "model.pt", "metrics", "tensorboard"}
    assert load_checkpoint(run / "model.pt").config.latent == 8
