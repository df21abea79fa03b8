"""Loop -> file -> loop."""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bridge.files import FileWriteError, make_folder, write_atomically
from bridge.groove import NOTE_MAPS, STEPS, VOICES, DrumLoop, NoteMap, Voice
from bridge.groove.midifile import load_loop, loop_to_midi, save_loop
from bridge.groove.performance import MidiFileError

MakeMidi = Callable[..., bytes]
Loops = SearchStrategy[DrumLoop]


def file_bytes(loop: DrumLoop, kit: NoteMap = NOTE_MAPS["gm"], bpm: float = 120.0) -> bytes:
    buffer = io.BytesIO()
    loop_to_midi(loop, bpm, kit.out_notes).save(file=buffer)
    return buffer.getvalue()


@given(st.data(), st.sampled_from(sorted(NOTE_MAPS)))
def test_a_loop_comes_back_from_its_file_but_for_rounding(
    drum_loops: Loops, data: st.DataObject, kit: str
) -> None:
    loop = data.draw(drum_loops.filter(lambda loop: loop.hit_count > 0))
    back = load_loop(file_bytes(loop, NOTE_MAPS[kit]), NOTE_MAPS[kit])
    assert np.array_equal(back.hits, loop.hits)
    assert np.abs(back.velocities - loop.velocities).max() <= 1.001 / 127
    assert np.abs(back.offsets - loop.offsets).max() <= 1.001 / 240
    assert load_loop(file_bytes(back, NOTE_MAPS[kit]), NOTE_MAPS[kit]) == back


@given(st.data(), st.floats(20, 400))
def test_a_file_has_exactly_four_bars_and_every_note_ends_in_it(
    drum_loops: Loops, data: st.DataObject, bpm: float
) -> None:
    midi = mido.MidiFile(file=io.BytesIO(file_bytes(data.draw(drum_loops), bpm=bpm)))
    assert (midi.type, midi.ticks_per_beat) == (0, 960)
    assert sum(message.time for message in midi.tracks[0]) == 4 * 4 * 960
    assert midi.length == pytest.approx(16 * 60 / bpm, rel=1e-5)
    sounding: set[int] = set()
    for message in midi.tracks[0]:
        if message.type == "note_on":
            assert message.note not in sounding
            sounding.add(message.note)
        elif message.type == "note_off":
            sounding.remove(message.note)
    assert not sounding


def test_an_early_first_step_is_written_at_the_end_of_bar_4() -> None:
    arrays = np.zeros((3, STEPS, VOICES))
    arrays[:, 0, Voice.KICK] = 1, 1, -0.25
    loop = DrumLoop.of(*arrays)
    track = loop_to_midi(loop).tracks[0]
    (struck,) = (m for m in track if m.type == "note_on")
    assert struck.time == 4 * 4 * 960 - 60
    assert load_loop(file_bytes(loop)).offsets[0, Voice.KICK] == -0.25


def test_a_longer_file_gives_its_first_four_bars_and_a_shorter_one_ends_in_silence(
    make_midi: MakeMidi,
) -> None:
    bars = [(bar * 1920, 36, 100) for bar in range(1, 500)]
    early_fifth_bar = (4 * 1920 - 30, 38, 100)
    loop = load_loop(make_midi([*bars, early_fifth_bar]))
    assert np.argwhere(loop.hits).tolist() == [[16, 0], [32, 0], [48, 0]]
    assert np.argwhere(load_loop(make_midi([(480, 38, 90)])).hits).tolist() == [[4, 1]]


def test_equal_loops_are_saved_as_equal_bytes(tmp_path: Path, drum_loops: Loops) -> None:
    arrays = np.random.default_rng(3).random((3, STEPS, VOICES))
    loop = DrumLoop.of(*arrays)
    save_loop(tmp_path / "a.mid", loop, bpm=97.5)
    save_loop(tmp_path / "b.mid", loop, bpm=97.5)
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


def test_silence_can_be_saved_but_not_loaded(tmp_path: Path) -> None:
    save_loop(tmp_path / "silence.mid", DrumLoop.empty())
    with pytest.raises(MidiFileError, match="no notes"):
        load_loop(tmp_path / "silence.mid")


# --- writing whole or not at all ----------------------------------------------------------------------------


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "groove.mid"
    path.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileWriteError, match=r"groove.mid cannot be written: no space left on device\. \w+"):
        save_loop(path, DrumLoop.empty())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["groove.mid"]  # noqa: PTH208 - hidden files too


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_device_is_named_and_stays_a_device() -> None:
    with pytest.raises(FileWriteError, match="/dev/full cannot be written: no space"):
        write_atomically("/dev/full", b"x")
    assert not Path("/dev/full").is_file()


def test_a_folder_that_is_missing_or_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileWriteError, match="no such file or directory"):
        write_atomically(tmp_path / "absent" / "x.mid", b"x")
    with pytest.raises(FileWriteError, match="is a directory"):
        write_atomically(tmp_path, b"x")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(FileWriteError, match="cannot be written"):
        make_folder(tmp_path / "file" / "below")
    assert make_folder(tmp_path / "a" / "b").is_dir()
