"""Preparing: each performance once, on its grid, in its split; what cannot be used is counted."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bridge.groove.notemaps import GENERAL_MIDI
from bridge.groove.performance import loops as cut_loops
from bridge.groove.performance import quantise, read_performance
from training.corpus import SPLITS, CorpusError, hit_table, load_manifest, load_split
from training.prepare import PrepareError, prepare, split_of

GrooveZip = Callable[[Path], Path]
Performance = Callable[..., bytes]
DATASET = Path(
    os.environ.get("GROOVEBRIDGE_DATASET")
    or Path(__file__).resolve().parents[3] / "shared/data/groove-v1.0.0-midionly.zip"
)


def test_windows_are_the_loops_of_the_groove_package(midi_folder: Path, corpus: Path) -> None:
    for split in SPLITS:
        prepared = load_split(corpus, split)
        expected = [
            loop
            for record in prepared.records
            for loop in cut_loops(quantise(read_performance(midi_folder / record.path, GENERAL_MIDI)))
        ]
        found = prepared.loops(stride_bars=1)
        assert len(found) == len(expected) == sum(record.windows for record in prepared.records)
        for index, loop in enumerate(expected):
            np.testing.assert_array_equal(found.hits[index], loop.hits)
            np.testing.assert_array_equal(found.velocities[index], loop.velocities)
            np.testing.assert_array_equal(found.offsets[index], loop.offsets)


def test_windows_for_evaluation_do_not_overlap(corpus: Path) -> None:
    split = load_split(corpus, "train")
    starts, files = split.windows(stride_bars=4)
    for index, record in enumerate(split.records):
        mine = starts[files == index]
        assert len(mine) == record.bars // 4
        assert (np.diff(mine) >= 64).all()


def test_every_file_lands_in_the_split_of_its_bytes(midi_folder: Path, corpus: Path) -> None:
    records = load_manifest(corpus).files
    assert len(records) == 30
    assert all(record.split == split_of((midi_folder / record.path).read_bytes()) for record in records)
    assert {record.split for record in records} == set(SPLITS)


def test_a_file_keeps_its_split_whatever_else_is_there(
    tmp_path: Path, midi_folder: Path, corpus: Path, quiet_console: Console
) -> None:
    some = tmp_path / "some"
    some.mkdir()
    for path in sorted(midi_folder.iterdir())[::3]:
        shutil.copy(path, some / f"renamed-{path.name}")
    found = prepare(some, tmp_path / "corpus", quiet_console, workers=1)
    before = {record.path: record.split for record in load_manifest(corpus).files}
    assert {record.path: record.split for record in found.files} == {
        f"renamed-{name}": split for name, split in before.items() if int(name[:2]) % 3 == 0
    }


def test_several_processes_give_the_same_bytes_as_one(
    tmp_path: Path, midi_folder: Path, corpus: Path, quiet_console: Console
) -> None:
    many = tmp_path / "many"
    for copy in range(2):  # enough files for a second process
        shutil.copytree(midi_folder, many / str(copy))
    prepare(many, tmp_path / "one", quiet_console, workers=1)
    prepare(many, tmp_path / "two", quiet_console, workers=2)
    assert load_manifest(tmp_path / "one") == load_manifest(tmp_path / "two")
    for split in SPLITS:
        one, two = load_split(tmp_path / "one", split), load_split(tmp_path / "two", split)
        for part in ("hits", "velocities", "offsets", "first_step"):
            np.testing.assert_array_equal(getattr(one, part), getattr(two, part))


def test_groove_keeps_its_official_split_and_only_beats_in_four(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    archive = groove_zip(tmp_path / "groove.zip")
    manifest = prepare(archive, tmp_path / "corpus", quiet_console, workers=1)
    assert [len(manifest.of(split)) for split in SPLITS] == [3, 1, 2]
    assert manifest.skipped == {"A fill, not a beat.": 1, "Not in 4/4.": 1}
    first = manifest.files[0]
    assert (first.style, first.drummer, first.session, first.bpm) == (
        "funk",
        "drummer1",
        "drummer1/session1",
        90,
    )
    assert first.bars == 8
    short = manifest.files[2]
    assert (short.bars, short.windows) == (3, 0)


def test_an_unpacked_dataset_gives_the_same_corpus_as_its_zip(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    archive = groove_zip(tmp_path / "groove.zip")
    shutil.unpack_archive(archive, tmp_path / "unpacked")
    zipped = prepare(archive, tmp_path / "one", quiet_console, workers=1)
    folder = prepare(tmp_path / "unpacked/groove", tmp_path / "two", quiet_console, workers=1)
    assert zipped.files == folder.files


def test_bad_files_are_left_out_and_counted_by_reason(
    tmp_path: Path, midi_folder: Path, make_performance: Performance, quiet_console: Console
) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(midi_folder, folder)
    good = make_performance(99, 8)
    (folder / "truncated.mid").write_bytes(good[: len(good) // 2])
    (folder / "empty.mid").write_bytes(b"")
    (folder / "text.MID").write_text("not midi")
    (folder / "waltz.mid").write_bytes(make_performance(98, 8, numerator=3))
    (folder / "silent.midi").write_bytes(make_performance(97, 0))
    (folder / "readme.txt").write_text("not counted")
    manifest = prepare(folder, tmp_path / "corpus", quiet_console, workers=1)
    assert len(manifest.files) == 30
    assert sum(manifest.skipped.values()) == 5
    reasons = " ".join(manifest.skipped)
    for word in ("truncated", "empty", "not a MIDI file", "3/4", "no notes"):
        assert word in reasons


def test_a_file_that_is_left_out_is_named(
    tmp_path: Path, midi_folder: Path, make_performance: Performance
) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(midi_folder, folder)
    (folder / "waltz.mid").write_bytes(make_performance(98, 8, numerator=3))
    said = io.StringIO()
    prepare(folder, tmp_path / "corpus", Console(file=said), workers=1)
    assert [line.split(":")[0] for line in said.getvalue().splitlines() if "3/4" in line] == ["waltz.mid"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.mid,train,100,röck,d,s,beat,4-4\n".encode("latin-1"), "not a table in UTF-8"),
        (b"a.mid,train,100," + b"x" * 200_000 + b",d,s,beat,4-4\n", "not a table"),
        (b"a.mid,train,fast,rock,d,s,beat,4-4\n", "tempo 'fast' of a.mid"),
        (b"a.mid,train,nan,rock,d,s,beat,4-4\n", "tempo 'nan' of a.mid"),
        (b"", "names no files"),
    ],
)
def test_a_damaged_table_of_the_dataset_is_a_sentence(
    tmp_path: Path, make_performance: Performance, quiet_console: Console, row: bytes, words: str
) -> None:
    folder = tmp_path / "groove"
    folder.mkdir()
    (folder / "a.mid").write_bytes(make_performance(1, 5))
    columns = b"midi_filename,split,bpm,style,drummer,session,beat_type,time_signature\n"
    (folder / "info.csv").write_bytes(columns + row)
    with pytest.raises(PrepareError, match=words):
        prepare(folder, tmp_path / "corpus", quiet_console, workers=1)
    assert not (tmp_path / "corpus").exists()


def test_a_file_in_place_of_a_folder_is_told(
    tmp_path: Path, midi_folder: Path, quiet_console: Console
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PrepareError, match="is a file, not a folder"):
        prepare(midi_folder, tmp_path / "file", quiet_console, workers=1)
    with pytest.raises(PrepareError, match="is one MIDI file"):
        prepare(midi_folder / "00.mid", tmp_path / "corpus", quiet_console, workers=1)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_tempo_is_read_from_a_file_that_nobody_described(
    tmp_path: Path, make_performance: Performance, quiet_console: Console
) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "a.mid").write_bytes(make_performance(1, 5, bpm=87.5))
    manifest = prepare(folder, tmp_path / "corpus", quiet_console, workers=1)
    assert manifest.files[0].bpm == pytest.approx(87.5, abs=0.01)


def test_sources_without_a_performance_are_a_sentence(
    tmp_path: Path, make_performance: Performance, quiet_console: Console
) -> None:
    with pytest.raises(PrepareError, match="no file or folder"):
        prepare(tmp_path / "none", tmp_path / "corpus", quiet_console)
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(PrepareError, match=r"holds no MIDI files .*Give"):
        prepare(folder, tmp_path / "corpus", quiet_console)
    (folder / "short.mid").write_bytes(make_performance(1, 3))
    with pytest.raises(PrepareError, match="no performance of four bars"):
        prepare(folder, tmp_path / "corpus", quiet_console)
    with pytest.raises(PrepareError, match="no note map 'tabla'"):
        prepare(folder, tmp_path / "corpus", quiet_console, note_map="tabla")
    assert not (tmp_path / "corpus").exists()


def test_a_dataset_with_missing_files_is_refused(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    shutil.unpack_archive(groove_zip(tmp_path / "groove.zip"), tmp_path / "unpacked")
    (tmp_path / "unpacked/groove/drummer1/session1/1.mid").unlink()
    with pytest.raises(PrepareError, match="lacks 1 of the 8 files"):
        prepare(tmp_path / "unpacked/groove", tmp_path / "corpus", quiet_console)


def test_a_folder_of_other_things_is_never_replaced(
    tmp_path: Path, midi_folder: Path, quiet_console: Console
) -> None:
    target = tmp_path / "home"
    target.mkdir()
    (target / "thesis.txt").write_text("years of work")
    with pytest.raises(PrepareError, match="other files in it"):
        prepare(midi_folder, target, quiet_console)
    assert (target / "thesis.txt").read_text() == "years of work"


def test_a_place_that_cannot_be_written_keeps_the_former_corpus(
    tmp_path: Path, midi_folder: Path, quiet_console: Console
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(PrepareError, match="cannot be written"):
        prepare(midi_folder, blocked / "corpus", quiet_console, workers=1)
    assert blocked.read_text() == "in the way"


def test_a_full_disk_keeps_the_former_corpus(
    tmp_path: Path,
    midi_folder: Path,
    quiet_console: Console,
    full_disk: Callable[[], AbstractContextManager[None]],
) -> None:
    target = tmp_path / "corpus"
    before = prepare(midi_folder, target, quiet_console, workers=1)
    with full_disk(), pytest.raises(PrepareError, match=r"cannot be written .*Free some space"):
        prepare(midi_folder, target, quiet_console, workers=1)
    assert load_manifest(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_damaged_corpus_is_a_sentence(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(CorpusError, match="no prepared corpus"):
        load_manifest(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    (copy / "test.npz").write_bytes((copy / "test.npz").read_bytes()[:300])
    with pytest.raises(CorpusError, match=r"'test' .* cannot be read"):
        load_split(copy, "test")
    shutil.copy(copy / "validation.npz", copy / "train.npz")
    with pytest.raises(CorpusError, match="does not fit"):
        load_split(copy, "train")
    with pytest.raises(CorpusError, match="no split 'dev'"):
        load_split(copy, "dev")
    text = (copy / "corpus.json").read_text()
    (copy / "corpus.json").write_text(text.replace('"version": 1', '"version": 9'))
    with pytest.raises(CorpusError, match="version 9"):
        load_manifest(copy)
    (copy / "corpus.json").write_text("{")
    with pytest.raises(CorpusError, match="cannot be read as a corpus"):
        load_manifest(copy)


def test_the_hit_table_has_the_most_frequent_combination_first() -> None:
    hits = np.zeros((10, 9))
    hits[:4, 0] = 1  # kick alone, four times
    hits[4:6, [0, 2]] = 1  # kick and hat, twice; silence four times
    table = hit_table(hits)
    np.testing.assert_array_equal(table[:2].sum(axis=1), [0, 1])  # ties go by number, and silence is 0
    np.testing.assert_array_equal(table[2], [1, 0, 1, 0, 0, 0, 0, 0, 0])
    assert len(table) == 3
    assert len(hit_table(hits, most=2)) == 2


@pytest.mark.real_data
@pytest.mark.skipif(
    not DATASET.is_file(), reason="the Groove MIDI Dataset zip is not here (GROOVEBRIDGE_DATASET)"
)
def test_the_real_dataset_gives_the_counts_of_the_design(tmp_path: Path, quiet_console: Console) -> None:
    manifest = prepare(DATASET, tmp_path / "corpus", quiet_console)
    splits = {name: load_split(tmp_path / "corpus", name) for name in SPLITS}
    assert [len(manifest.of(name)) for name in SPLITS] == [368, 46, 77]
    assert [len(splits[name].windows(1)[0]) for name in SPLITS] == [15_663, 1_937, 1_918]
    assert [len(splits[name].windows(4)[0]) for name in SPLITS] == [4_061, 502, 525]
    assert manifest.skipped == {"A fill, not a beat.": 647, "Not in 4/4.": 12}
    assert manifest.sha256 == "651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e"
