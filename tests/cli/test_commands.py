"""Help, generate, ports, doctor, and how the program is entered."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mido
import pytest

from bridge.cli.options import ApiChoice, NoteMapChoice, SyncChoice
from bridge.groove import NOTE_MAPS
from bridge.player.messages import Sync
from bridge.ports import APIS
from gui import launch

Run = Callable[..., Any]


def test_help_names_every_command_and_option_in_the_field_s_words(run: Run) -> None:
    assert {"play", "generate", "ports", "doctor"} <= set(run("--help").out.split())
    shown = run("play", "--help").out
    options = ("evolve", "sync", "bpm", "bars", "out", "in", "api", "seed", "temperature", "set")
    more = ("send-clock", "clock-while-stopped", "note-map", "channel", "record", "stats", "bundle")
    for option in (*options, *more):
        assert f"  --{option} " in shown
    assert "groovebridge play --sync clock" in shown


def test_the_choices_are_those_of_the_parts_behind_them() -> None:
    assert {choice.value for choice in ApiChoice} == {"auto", *APIS}
    assert {choice.value for choice in SyncChoice} == {sync.value for sync in Sync}
    assert {choice.value for choice in NoteMapChoice} == set(NOTE_MAPS)


def test_help_and_ports_load_neither_model_nor_window() -> None:
    script = (
        "import sys\n"
        "from gui.launch import main\n"
        "codes = [main(['--help']), main(['ports', '--json'])]\n"
        "heavy = {'onnxruntime', 'PyQt6', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'{codes} {heavy}' if any(codes) or heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_seed_gives_the_same_files_each_time(run: Run, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        answer = run("generate", "--seed", "7", "--count", "3", "-o", tmp_path / folder)
        assert (answer.code, answer.err) == (0, "")
        assert len(answer.out.splitlines()) == 3
    first, again = (sorted((tmp_path / folder).iterdir()) for folder in ("a", "b"))
    assert [path.name for path in first] == [path.name for path in again]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert len({path.read_bytes() for path in first}) == 3


def test_a_note_map_changes_the_notes_that_are_written(run: Run, tmp_path: Path) -> None:
    for kit in (NoteMapChoice.ableton, NoteMapChoice.logic):
        run("generate", "--count", "2", "-o", tmp_path / kit, "--note-map", kit.value, "--bpm", "93")
        notes = {m.note for p in (tmp_path / kit).iterdir() for m in mido.MidiFile(p) if m.type == "note_on"}
        assert notes <= set(NOTE_MAPS[kit.value].out_notes)


def test_ports_without_midi_are_none(run: Run) -> None:
    assert json.loads(run("ports", "--api", "none", "--json").out) == {
        "api": "none",
        "outputs": [],
        "inputs": [],
    }
    assert "no MIDI system" in run("ports", "--api", "none").out


def test_doctor_looks_at_everything_and_says_so_in_words_or_json(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.studio.timekeeping.BARS", 1)
    words = run("doctor")
    assert words.code == 0
    report = json.loads(run("doctor", "--json").out)
    assert report["ok"] is True
    found = {finding["name"]: finding for finding in report["findings"]}
    assert {
        "System",
        "JACK",
        "MIDI",
        "Timing",
        "Real-time priority",
        "Inference",
        "Model",
    } <= set(found)
    assert all(name in words.out for name in found)
    assert found["Timing"]["lateness_ms"]["p50"] <= found["Timing"]["lateness_ms"]["p99"]
    assert found["Timing"]["messages"] > 96  # a bar of clock, and notes
    assert {provider["name"] for provider in found["Inference"]["providers"]} >= {"cpu", "cuda"}
    assert found["Model"]["difference"] < 1e-4
    assert all(finding["text"].rstrip().endswith((".", "?", "!")) for finding in report["findings"])


def test_without_arguments_and_display_the_program_points_to_play(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("elsewhere there is always a display")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert launch.main([]) == 1
    assert "no display" in (said := capsys.readouterr().err)
    assert "groovebridge play" in said
    monkeypatch.setenv("DISPLAY", ":4711")
    assert launch.main([]) == 1
    assert ":4711 does not answer" in capsys.readouterr().err
