"""What a user can do wrong on the command line is one sentence and exit code 1."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from training.cli import main

GrooveZip = Callable[[Path], Path]


def test_a_damaged_zip_is_a_sentence(
    tmp_path: Path, groove_zip: GrooveZip, fails: Callable[..., str]
) -> None:
    archive = groove_zip(tmp_path / "groove.zip")
    archive.write_bytes(archive.read_bytes()[:1000])
    assert "damaged or not a zip" in fails("prepare", archive, "-o", tmp_path / "corpus")
    assert "sha256" in fails("fetch", "--from", archive, "-o", tmp_path / "data")
    assert {path.name for path in tmp_path.iterdir()} == {"groove.zip", "data"}
    assert list((tmp_path / "data").iterdir()) == []


def test_a_missing_source_is_a_sentence(tmp_path: Path, fails: Callable[..., str]) -> None:
    assert "There is no file or folder" in fails("prepare", tmp_path / "none")


def test_training_without_a_corpus_is_a_sentence(tmp_path: Path, fails: Callable[..., str]) -> None:
    assert "no prepared corpus" in fails("train", "--corpus", tmp_path, "--output", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.training
def test_evaluation_names_what_it_cannot_use(tmp_path: Path, corpus: Path, fails: Callable[..., str]) -> None:
    assert "no split 'dev'" in fails("evaluate", "--corpus", corpus, "--split", "dev")
    both = ["--bundle", tmp_path, "--checkpoint", tmp_path]
    assert "not both" in fails("evaluate", "--corpus", corpus, *both)
    assert "no checkpoint at" in fails("evaluate", "--corpus", corpus, "--checkpoint", tmp_path / "none.pt")


@pytest.mark.training
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("option", ["--json", "--baselines"])
def test_figures_that_a_full_disk_refuses_are_a_sentence(
    corpus: Path, training_environment: dict[str, str], option: str
) -> None:
    figures = ["evaluate", "--corpus", str(corpus), "--draws", "2", "--no-sampling", option]
    command = [sys.executable, "-m", "training", *figures]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command,
            cwd=Path(__file__).parents[2],
            env=training_environment | {"PYTHONUNBUFFERED": ""},  # a buffer fails late
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 1
    assert done.stderr == "The output cannot be written: no space left on device. Send it elsewhere.\n"


def test_a_zip_goes_from_fetch_to_corpus(
    tmp_path: Path,
    groove_zip: GrooveZip,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    archive = groove_zip(tmp_path / "groove.zip")
    command = ["training", "prepare", str(archive), "-o", str(tmp_path / "corpus"), "--workers", "1"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    said = capsys.readouterr().err
    assert "left out: 1 x A fill, not a beat." in said
    assert (tmp_path / "corpus" / "corpus.json").exists()
