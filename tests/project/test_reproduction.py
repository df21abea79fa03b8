"""The shipped model can be made again: each step is a command that exists, and what is done is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts import reproduction
from scripts.reproduction import ReproduceError, Step, compared, reproduce, run, steps


def test_the_steps_lead_from_the_zip_to_a_measured_bundle() -> None:
    names = [step.name for step in steps(Path("a.zip"), Path("out"))]
    assert names[:3] == ["fetch", "prepare", "train"]
    assert names.index("evaluate") < names.index("export with its figures") < names.index("calibrate")
    assert steps(None, Path("out"))[0].command == ("training", "fetch", "-o", "out/data")


@pytest.mark.training
def test_each_step_is_a_command_with_these_options() -> None:
    pytest.importorskip("torch", reason="the [training] extra is not installed")
    from model_export.cli import app as exporting
    from training.cli import app as training

    for module, app in (("training", training), ("model_export", exporting)):
        mine = [step.command for step in steps(Path("a.zip"), Path("out")) if step.command[0] == module]
        for command in {each[1] for each in mine}:
            said = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
            assert said.exit_code == 0, command
            known = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", said.output))
            options = {word for each in mine if each[1] == command for word in each if word.startswith("-")}
            assert options <= known, command


def test_what_is_done_is_kept_and_a_stopped_training_resumes(tmp_path: Path) -> None:
    wanted = [
        Step("one", "seconds", ("training", "one")),
        Step("two", "minutes", ("training", "two"), resumes=tmp_path / "last.ckpt"),
        Step("three", "seconds", ("training", "three")),
    ]
    calls: list[tuple[str, ...]] = []
    told: list[str] = []

    def fails_at_two(step: Step, command: tuple[str, ...]) -> None:
        calls.append(command)
        if step.name == "two":
            (tmp_path / "last.ckpt").touch()
            raise ReproduceError("stopped")

    with pytest.raises(ReproduceError):
        reproduce(wanted, tmp_path, fails_at_two, told.append)
    reproduce(wanted, tmp_path, lambda _, command: calls.append(command), told.append)
    assert calls == [
        ("training", "one"),
        ("training", "two"),
        ("training", "two", "--resume"),
        ("training", "three"),
    ]
    assert "2/3 two: minutes" in told
    assert "1/3 one: kept from before" in told


def test_a_changed_step_is_done_again_with_all_after_it(tmp_path: Path) -> None:
    def names(seed: str) -> list[str]:
        called: list[str] = []
        wanted = [
            Step(name, "", ("training", name, seed if name == "two" else ""))
            for name in ("one", "two", "three")
        ]
        reproduce(wanted, tmp_path, lambda step, _: called.append(step.name), lambda _: None)
        return called

    assert names("0") == ["one", "two", "three"]
    assert names("0") == []
    assert names("1") == ["two", "three"]


def test_a_step_that_fails_is_named_and_leaves_no_half_file(tmp_path: Path) -> None:
    step = Step("evaluate", "", ("scripts.no_such_module",), output=tmp_path / "figures.json")
    with pytest.raises(ReproduceError, match="'evaluate' failed"):
        run(step, step.command)
    assert not (tmp_path / "figures.json").exists()


def test_a_step_s_output_becomes_its_file(tmp_path: Path) -> None:
    step = Step("calendar", "", ("calendar", "2026"), output=tmp_path / "figures.txt")
    run(step, step.command)
    assert "2026" in (tmp_path / "figures.txt").read_text()


def test_the_new_figures_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    for name, f1, digest in (("ours", 0.5, "a"), ("shipped", 0.75, "b")):
        (tmp_path / name).mkdir()
        rows = [{"measures": {"f1": f1}}]
        manifest = {"metrics": {"rows": rows}, "files": {"decoder.onnx": digest}}
        (tmp_path / name / "bundle.json").write_text(json.dumps(manifest))
    said = compared(tmp_path / "ours", tmp_path / "shipped")
    assert re.search(r"f1 +here +0\.5000 +shipped +0\.7500", said)
    assert "differ" in said
    assert "byte for byte" in compared(tmp_path / "ours", tmp_path / "ours")


def test_a_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("sys.argv", ["reproduce", "a.zip", str(tmp_path / "file")])
    with pytest.raises(SystemExit) as stopped:
        reproduction.main()
    assert stopped.value.code == 1
    assert "Choose another folder." in capsys.readouterr().err
