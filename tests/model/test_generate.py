"""Generated files: the same bytes each time, four bars, and nothing half-written."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mido
import pytest

from bridge.errors import GroovebridgeError
from bridge.model import Model, Settings
from bridge.studio.generate import generate

CHOSEN = Settings(seed=7, temperature=0.7)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk on which a file longer than this cannot be written (Python gets an error)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_same_settings_give_the_same_bytes(model: Model, tmp_path: Path) -> None:
    first = generate(model, CHOSEN, 8, tmp_path / "a")
    second = generate(model, CHOSEN, 8, tmp_path / "b" / "deeper")
    assert [path.name for path in first] == [f"loop-7-{n:03d}.mid" for n in range(1, 9)]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert len({path.read_bytes() for path in first}) == 8
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [path.name for path in first]


def test_a_loop_does_not_depend_on_how_many_are_asked_for(model: Model, tmp_path: Path) -> None:
    many = generate(model, CHOSEN, 3, tmp_path / "many")
    one = generate(model, Settings(seed=7, index=2, temperature=0.7), 1, tmp_path / "one")
    assert one[0].name == many[2].name
    assert one[0].read_bytes() == many[2].read_bytes()


def test_every_file_has_exactly_four_bars_at_its_tempo(model: Model, tmp_path: Path) -> None:
    for path in generate(model, CHOSEN, 3, tmp_path, bpm=90):
        file = mido.MidiFile(path)
        assert file.length == pytest.approx(16 * 60 / 90, abs=1e-3)
        assert (
            max(sum(message.time for message in track) for track in file.tracks) == 16 * file.ticks_per_beat
        )


def test_files_of_these_names_are_replaced(model: Model, tmp_path: Path) -> None:
    (tmp_path / "loop-7-001.mid").write_bytes(b"old")
    (path,) = generate(model, CHOSEN, 1, tmp_path)
    assert mido.MidiFile(path).length > 0


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_count_out_of_range_is_answered_with_the_range(model: Model, tmp_path: Path, count: int) -> None:
    with pytest.raises(GroovebridgeError, match=f"{count} loops cannot.*1 to 10000"):
        generate(model, CHOSEN, count, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_full_disk_leaves_nothing_behind(model: Model, tmp_path: Path) -> None:
    sizes = [path.stat().st_size for path in generate(model, CHOSEN, 8, tmp_path / "whole")]
    shortest = min(range(7), key=sizes.__getitem__)
    assert max(sizes[shortest:]) > sizes[shortest]  # the first file is written, then the disk is full
    with files_no_larger_than(sizes[shortest]), pytest.raises(GroovebridgeError) as caught:
        generate(model, replace(CHOSEN, index=shortest), 8 - shortest, tmp_path / "full" / "deeper")
    assert "cannot be written" in str(caught.value)
    assert not (tmp_path / "full").exists()


def test_a_full_disk_keeps_what_was_there(model: Model, tmp_path: Path) -> None:
    (tmp_path / "loop-7-001.mid").write_bytes(b"mine")
    with files_no_larger_than(100), pytest.raises(GroovebridgeError):
        generate(model, CHOSEN, 2, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["loop-7-001.mid"]
    assert (tmp_path / "loop-7-001.mid").read_bytes() == b"mine"


def test_a_file_in_place_of_the_folder_is_answered_in_a_sentence(model: Model, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(GroovebridgeError, match=r"taken cannot be written"):
        generate(model, CHOSEN, 1, tmp_path / "taken")
