"""What a user does wrong comes back as one sentence and an exit code, never as a traceback."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]


def refused(answer: Any, *words: str) -> None:
    """Exit code 1, nothing on stdout, and on stderr a sentence or two with these words."""
    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.endswith(".\n")
    assert "Traceback" not in answer.err
    assert all(word in answer.err for word in words), answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("paly",),
        ("play", "--loud"),
        ("play", "--bpm", "fast"),
        ("play", "--bpm", "10"),
        ("play", "--bars", "0"),
        ("play", "--sync", "moon"),
        ("play", "--api", "oss"),
        ("play", "--set", "z1"),
        ("play", "--set", "z1=loud"),
        ("generate", "--count", "0"),
        ("generate", "--seed", "-1"),
        ("generate", "--note-map", "spoons"),
        ("ports", "extra"),
    ],
)
def test_a_wrong_command_line_is_told_in_plain_words(run: Run, arguments: tuple[str, ...]) -> None:
    answer = run(*arguments)
    assert answer.code == 2
    assert "Error: " in answer.err
    assert not set("╭│╰") & set(answer.err)
    assert "Traceback" not in answer.err


def test_sliders_out_of_range_name_the_range(run: Run) -> None:
    refused(run("generate", "--set", "z1=3.5"), "z1", "3.5", "-3 to 3")
    refused(run("generate", "--set", "z1=nan"), "z1", "-3 to 3")
    refused(run("generate", "--temperature", "5"), "temperature", "0 to 2")
    refused(run("generate", "--set", "groove=1"), "'groove'", "z1")
    refused(run("generate", "--style", "polka"), "no style 'polka'", "model")


def test_an_unknown_port_is_named_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    files = ("--stats", tmp_path / "S.json", "--record", tmp_path / "R.mid")
    refused(run("play", "--api", "none", "--out", "Bass Station", *files), "Bass Station")
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_midi_has_no_ports_to_play_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.ports.best_api", lambda: "none")
    refused(run("play", "--out", "Bass Station"), "no MIDI system", "doctor")
    refused(run("play", "--sync", "clock"), "no MIDI system", "doctor")


def test_a_jack_server_that_is_not_there_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "gb-nobody")
    refused(run("play", "--api", "jack", "--bars", "1"), "JACK")
    refused(run("ports", "--api", "jack"), "JACK")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the shipped bundle, to break."""
    copy = tmp_path / "bundle"
    shutil.copytree(str(files("bridge.model") / "shipped"), copy)
    return copy


def test_a_broken_bundle_is_refused(run: Run, bundle: Path) -> None:
    decoder = bundle / "decoder.onnx"
    whole = decoder.read_bytes()
    decoder.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(run("play", "--api", "none", "--bars", "1", "--bundle", bundle), "decoder.onnx")
    decoder.unlink()
    refused(run("generate", "--bundle", bundle, "-o", bundle / "out"), "decoder.onnx")
    assert not (bundle / "out").exists()
    refused(run("generate", "--bundle", bundle / "nowhere"), "bundle")
    answer = run("doctor", "--bundle", bundle / "nowhere")
    assert answer.code == 1
    assert "broken   Model" in answer.out


def test_files_that_could_not_be_written_are_told_before_anything_plays(run: Run, tmp_path: Path) -> None:
    for option in ("--record", "--stats"):
        refused(
            run("play", "--api", "none", option, tmp_path / "absent" / "file"), "absent", "no such folder"
        )
        refused(run("play", "--api", "none", option, tmp_path), "is a directory")
    (tmp_path / "file").touch()
    refused(run("generate", "-o", tmp_path / "file"), "file")


def test_a_full_disk_leaves_nothing_half_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def full_after_three(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_after_three)
    refused(run("generate", "--count", "5", "-o", tmp_path / "ideas"), "no space left", "Free some space")
    assert list(tmp_path.iterdir()) == []


def test_a_recording_and_statistics_of_one_name_are_refused(run: Run, tmp_path: Path) -> None:
    both = ("--record", tmp_path / "take", "--stats", tmp_path / "x" / ".." / "take")
    (tmp_path / "x").mkdir()
    refused(run("play", "--api", "none", "--bars", "1", *both), "--record and --stats", "take")
    assert not (tmp_path / "take").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_both_files_that_a_full_disk_refuses_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "R.mid").symlink_to("/dev/full")
    full = ("--record", tmp_path / "R.mid", "--stats", "/dev/full", "--set", "z1=1")
    refuses = "cannot be written: no space left on device"
    answer = run("play", "--api", "none", "--bars", "1", "--bpm", "400", *full)
    assert answer.code == 1
    assert answer.err.count(refuses) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_an_output_on_a_full_disk_is_told(start: Start) -> None:
    with Path("/dev/full").open("w") as full, start("ports", "--json", "--api", "none", out=full) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err == "The output cannot be written: no space left on device. Send it elsewhere.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_under_the_statistics_is_told(run: Run) -> None:
    answer = run("play", "--api", "none", "--bars", "1", "--bpm", "400", "--stats", "/dev/full")
    assert answer.code == 1
    assert answer.err == "/dev/full cannot be written: no space left on device. " + (
        "Free some space or choose another place.\n"
    )


def test_a_clock_that_cannot_come_is_not_waited_for(run: Run) -> None:
    refused(run("play", "--api", "none", "--sync", "clock"), "no clock to follow", "--api")


@pytest.mark.parametrize("sync", ["clock", "link"])
def test_a_song_that_another_leads_is_not_counted_in(run: Run, sync: str) -> None:
    answer = run("play", "--api", "none", "--sync", sync, "--count-in", "1")
    refused(answer, "only for a song that we lead", "--count-in")
