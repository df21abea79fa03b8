"""`groovebridge bounce`, end to end: what `play` records of the same settings, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli import main

SETTINGS = [
    "--bars",
    "9",
    "--evolve",
    "--bpm",
    "400",
    "--seed",
    "3",
    "--set",
    "density=0.5",
    "--temperature",
    "1",
]


def test_a_bounce_is_what_play_records_byte_for_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bounced, played = tmp_path / "bounced.mid", tmp_path / "played.mid"
    assert main(["bounce", "-o", str(bounced), *SETTINGS]) == 0
    assert capsys.readouterr().out.strip() == str(bounced)
    assert main(["play", "--api", "none", "--record", str(played), *SETTINGS]) == 0
    assert len(bounced.read_bytes()) > 1000
    assert bounced.read_bytes() == played.read_bytes()


def test_a_bounce_to_a_folder_that_is_not_there_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bounce", "-o", str(tmp_path / "no" / "song.mid"), "--bars", "1"]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path / "no") in error
    assert error.count("\n") == 1
