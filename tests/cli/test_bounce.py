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


@pytest.mark.parametrize("evolve", [[], ["--evolve"]])
def test_sliders_that_wander_do_so_in_a_bounce_as_in_a_performance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], evolve: list[str]
) -> None:
    plain, bounced, played = (tmp_path / name for name in ("plain.mid", "bounced.mid", "played.mid"))
    song = ["--bars", "6", "--bpm", "200", "--seed", "3", "--set", "z1=1", *evolve]
    assert main(["bounce", "-o", str(plain), *song]) == 0
    assert main(["bounce", "-o", str(bounced), "--wander", "1", *song]) == 0
    assert main(["play", "--api", "none", "--record", str(played), "--wander", "1", *song]) == 0
    assert capsys.readouterr().err == ""
    assert bounced.read_bytes() == played.read_bytes()
    assert bounced.read_bytes() != plain.read_bytes()


def test_the_bars_from_turn_to_turn_are_the_same_in_a_bounce_as_in_a_performance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = ["--bars", "6", "--bpm", "300", "--seed", "3", "--set", "z1=1", "--wander", "1"]
    slow, bounced, played = (tmp_path / name for name in ("slow.mid", "bounced.mid", "played.mid"))
    assert main(["bounce", "-o", str(slow), *song]) == 0
    assert main(["bounce", "-o", str(bounced), *song, "--wander-bars", "1"]) == 0
    assert main(["play", "--api", "none", "--record", str(played), *song, "--wander-bars", "1"]) == 0
    assert main(["bounce", "-o", str(slow), *song, "--wander-bars", "3"]) == 2
    assert "--wander-bars" in capsys.readouterr().err
    assert bounced.read_bytes() == played.read_bytes()
    assert bounced.read_bytes() != slow.read_bytes()


def test_generated_loops_wander_each_by_its_place_and_the_first_is_as_it_was_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, more in (("plain", []), ("few", ["--wander", "1"]), ("many", ["--wander", "1"])):
        count = "4" if folder == "many" else "2"
        assert main(["generate", "--count", count, "-o", str(tmp_path / folder), *more]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8

    def loop(folder: str, number: int) -> bytes:
        return (tmp_path / folder / f"loop-0-00{number}.mid").read_bytes()

    assert loop("few", 1) == loop("plain", 1)
    assert loop("few", 2) == loop("many", 2) != loop("plain", 2)


def test_a_walk_further_than_there_is_room_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bounce", "-o", str(tmp_path / "song.mid"), "--bars", "1", "--wander", "2"]) == 2
    assert "--wander" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_bounce_to_a_folder_that_is_not_there_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bounce", "-o", str(tmp_path / "no" / "song.mid"), "--bars", "1"]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path / "no") in error
    assert error.count("\n") == 1
