"""Preparing: each performance once, on its grid, in its split; what cannot be used is counted."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import training.prepare
import training.sources
from bridge.groove.notemaps import GENERAL_MIDI
from bridge.groove.performance import loops as cut_loops
from bridge.groove.performance import quantise, read_performance
from training.corpus import (
    SPLITS,
    CorpusError,
    Split,
    hit_table,
    load_manifest,
    load_split,
    load_summary,
    open_windows,
    table_of,
)
from training.prepare import COPY, JOURNAL, MOST_BYTES, Seen, prepare, split_of
from training.sources import PrepareError, open_collection

GrooveZip = Callable[[Path], Path]
Performance = Callable[..., bytes]
DATASET = Path(
    os.environ.get("GROOVEBRIDGE_DATASET")
    or Path(__file__).resolve().parents[3] / "shared/data/groove-v1.0.0-midionly.zip"
)


def assert_same_arrays(one: Split, two: Split) -> None:
    for part in ("hits", "velocities", "offsets", "first_step"):
        np.testing.assert_array_equal(getattr(one, part), getattr(two, part))


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
    prepare(some, tmp_path / "corpus", quiet_console, workers=1)
    before = {record.path: record.split for record in load_manifest(corpus).files}
    found = load_manifest(tmp_path / "corpus").files
    assert {record.path: record.split for record in found} == {
        f"renamed-{name}": split for name, split in before.items() if int(name[:2]) % 3 == 0
    }


def test_several_processes_give_the_same_bytes_as_one(
    tmp_path: Path, midi_folder: Path, corpus: Path, quiet_console: Console
) -> None:
    many = tmp_path / "many"
    for copy in range(2):  # enough files for a second process
        shutil.copytree(midi_folder, many / str(copy))
    (many / "0/odd \udcff.mid").write_bytes(b"a name that is no UTF-8")
    prepare(many, tmp_path / "one", quiet_console, workers=1)
    prepare(many, tmp_path / "two", quiet_console, workers=2)
    assert load_manifest(tmp_path / "one") == load_manifest(tmp_path / "two")
    for split in SPLITS:
        assert_same_arrays(load_split(tmp_path / "one", split), load_split(tmp_path / "two", split))


def test_groove_keeps_its_official_split_and_only_beats_in_four(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    archive = groove_zip(tmp_path / "groove.zip")
    summary = prepare(archive, tmp_path / "corpus", quiet_console, workers=1)
    assert [sum(shard.files for shard in summary.of(split)) for split in SPLITS] == [3, 1, 2]
    manifest = load_manifest(tmp_path / "corpus")
    assert [len(manifest.of(split)) for split in SPLITS] == [3, 1, 2]
    assert manifest.skipped == summary.skipped == {"A fill, not a beat.": 1, "Not in 4/4.": 1}
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
    assert zipped.shards == folder.shards
    assert load_manifest(tmp_path / "one").files == load_manifest(tmp_path / "two").files


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
    (folder / "huge.mid").write_bytes(good + bytes(MOST_BYTES))
    (folder / "gone.mid").symlink_to(tmp_path / "nowhere")
    (folder / "readme.txt").write_text("not counted")
    skipped = prepare(folder, tmp_path / "corpus", quiet_console, workers=1).skipped
    assert len(load_manifest(tmp_path / "corpus").files) == 30
    assert sum(skipped.values()) == 6
    reasons = " ".join(skipped)
    assert "(" not in reasons  # what differs from file to file would make as many reasons as files
    for word in ("truncated", "empty", "not a MIDI file", "3/4", "no notes", "2 MiB"):
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
    prepare(folder, tmp_path / "corpus", quiet_console, workers=1)
    assert load_manifest(tmp_path / "corpus").files[0].bpm == pytest.approx(87.5, abs=0.01)


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
    assert load_summary(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


class Interrupting(Console):
    """A console at which somebody presses Ctrl-C when a word appears."""

    def __init__(self, word: str) -> None:
        super().__init__(file=io.StringIO(), width=200)
        self._word = word

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*objects, **options)
        if any(self._word in str(thing) for thing in objects):
            raise KeyboardInterrupt


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training.prepare, "BLOCK_FILES", 4)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("small_blocks")
def test_a_stopped_preparation_goes_on_and_ends_as_one_that_was_not(
    tmp_path: Path, midi_folder: Path, make_performance: Performance
) -> None:
    folder = tmp_path / "midi"
    shutil.copytree(midi_folder, folder)
    shutil.copy(folder / "03.mid", folder / "28-copy.mid")  # its like is in a shard before the stop
    (folder / "13.mid").write_text("not midi")
    said = io.StringIO()
    whole = prepare(folder, tmp_path / "whole", Console(file=said), workers=1)
    target = tmp_path / "corpus"
    with pytest.raises(PrepareError, match=r"^Stopped.* goes on from there\.$"):
        prepare(folder, target, Interrupting("13.mid"), workers=1)
    assert not target.exists()
    work = tmp_path / "corpus.partial"
    assert json.loads((work / JOURNAL).read_text())["done"] == 12
    (work / "train-00099.hits.npy").write_bytes(b"half a shard, behind the journal")
    said = io.StringIO()
    assert prepare(folder, target, Console(file=said), workers=1) == whole
    assert "behind the 12 of 31 files" in said.getvalue()
    assert everything(target) == everything(tmp_path / "whole")
    assert whole.skipped[COPY] == 1
    assert len(whole.shards) > 8
    assert not work.exists()


@pytest.mark.usefixtures("small_blocks")
def test_a_folder_that_has_changed_is_read_anew(tmp_path: Path, midi_folder: Path) -> None:
    folder = tmp_path / "midi"
    shutil.copytree(midi_folder, folder)
    (folder / "13.mid").write_text("not midi")
    with pytest.raises(PrepareError, match="Stopped"):
        prepare(folder, tmp_path / "corpus", Interrupting("13.mid"), workers=1)
    (folder / "00.mid").rename(folder / "29a.mid")
    said = io.StringIO()
    prepare(folder, tmp_path / "corpus", Console(file=said), workers=1)
    assert "Going on" not in said.getvalue()
    assert {record.path for record in load_manifest(tmp_path / "corpus").files} == {
        path.name for path in folder.iterdir() if path.name != "13.mid"
    }


@pytest.mark.usefixtures("small_blocks")
def test_shards_are_read_as_one_and_give_the_same_hit_table(
    tmp_path: Path, midi_folder: Path, corpus: Path, quiet_console: Console
) -> None:
    prepare(midi_folder, tmp_path / "corpus", quiet_console, workers=1)
    assert load_manifest(tmp_path / "corpus") == load_manifest(corpus)
    for name in SPLITS:
        split = load_split(tmp_path / "corpus", name)
        assert_same_arrays(split, load_split(corpus, name))
        windows = open_windows(tmp_path / "corpus", name, stride_bars=4)
        loops = split.loops(stride_bars=4)
        backwards = np.arange(len(windows))[::-1]
        for found, wanted in zip(
            windows.cut(backwards), (loops.hits, loops.velocities, loops.offsets), strict=True
        ):
            np.testing.assert_array_equal(found[::-1], wanted)
        np.testing.assert_array_equal(windows.files(np.arange(len(windows))), loops.files)
        np.testing.assert_array_equal(table_of(windows.combinations()), hit_table(split.hits))


def test_a_copy_of_a_performance_counts_once_whatever_else_the_file_says(
    tmp_path: Path, make_performance: Performance, quiet_console: Console
) -> None:
    folder = tmp_path / "midi"
    folder.mkdir()
    (folder / "a.mid").write_bytes(make_performance(1, 8, bpm=100))
    (folder / "b.mid").write_bytes(make_performance(1, 8, bpm=101))  # other bytes, the same hits
    (folder / "c.mid").write_bytes(make_performance(1, 9))
    skipped = prepare(folder, tmp_path / "corpus", quiet_console, workers=1).skipped
    assert skipped == {COPY: 1}
    assert sorted(record.path for record in load_manifest(tmp_path / "corpus").files) == ["a.mid", "c.mid"]


def test_a_set_of_hashes_knows_what_it_has_seen() -> None:
    random = np.random.default_rng(0)
    values = [*random.integers(1, 2**63, 50_000).tolist(), 2**64 - 1, 1, 1 << 16, 2 << 16]
    seen, known = Seen(), set[int]()
    for value in [*values, *values[::-1]]:
        assert seen.add(value) == (value not in known)
        known.add(value)


def test_a_folder_is_listed_by_folder_and_name_however_its_list_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a/b/1.mid", "a/b/2.MIDI", "a-b.mid", "b.mid", "a/z.mid", "a.mid/c.mid", "z/no.txt"]
    for name in names:
        (tmp_path / "midi" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "midi" / name).write_bytes(b"")
    monkeypatch.setattr(training.sources, "_RUN", 2)
    work = tmp_path / "work"
    work.mkdir()
    with open_collection(tmp_path / "midi", work) as collection:
        found = [source.path for source in collection.sources(0)]
        assert [source.path for source in collection.sources(2)] == found[2:]
    assert found == sorted(names[:-1], key=lambda name: Path(name).parts)
    assert collection.count == len(found)
    assert [path.name for path in work.iterdir()] == ["files.txt"]


def test_a_damaged_corpus_is_a_sentence(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(CorpusError, match="no prepared corpus"):
        load_manifest(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    hits = copy / "test-00000.hits.npy"
    hits.write_bytes(hits.read_bytes()[:300])
    for reads in (load_split, open_windows):
        with pytest.raises(CorpusError, match=r"'test' .* cannot be read"):
            reads(copy, "test")
    for part in ("hits", "bars", "files"):
        shutil.copy(copy / f"validation-00000.{part}.npy", copy / f"train-00000.{part}.npy")
    for reads in (load_split, open_windows):
        with pytest.raises(CorpusError, match="does not fit"):
            reads(copy, "train")
    with pytest.raises(CorpusError, match="no split 'dev'"):
        load_split(copy, "dev")
    (copy / "test-00000.jsonl").write_text("{")
    with pytest.raises(CorpusError, match=r"'test' .* cannot be read"):
        load_manifest(copy)
    text = (copy / "corpus.json").read_text()
    (copy / "corpus.json").write_text(text.replace('"version": 2', '"version": 9'))
    with pytest.raises(CorpusError, match="version 9"):
        load_manifest(copy)
    (copy / "corpus.json").write_text("{")
    with pytest.raises(CorpusError, match="cannot be read as a corpus"):
        load_manifest(copy)


def test_a_corpus_of_the_first_version_is_read_as_it_was(tmp_path: Path, corpus: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    splits = {name: load_split(corpus, name) for name in SPLITS}
    for name, split in splits.items():
        arrays = {part: getattr(split, part) for part in ("hits", "velocities", "offsets", "first_step")}
        np.savez_compressed(old / f"{name}.npz", **arrays)
    manifest = load_manifest(corpus)
    (old / "corpus.json").write_text(json.dumps(asdict(manifest) | {"version": 1}))
    assert load_manifest(old).files == manifest.files
    assert [shard.every for shard in load_summary(old).of("test")] == [
        shard.every for shard in load_summary(corpus).of("test")
    ]
    for name, split in splits.items():
        assert_same_arrays(load_split(old, name), split)
        windows, expected = open_windows(old, name), open_windows(corpus, name)
        every = np.arange(len(expected))
        for found, wanted in zip(windows.cut(every), expected.cut(every), strict=True):
            np.testing.assert_array_equal(found, wanted)


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
    summary = prepare(DATASET, tmp_path / "corpus", quiet_console)
    assert [sum(shard.every for shard in summary.of(name)) for name in SPLITS] == [15_663, 1_937, 1_918]
    assert [sum(shard.apart for shard in summary.of(name)) for name in SPLITS] == [4_061, 502, 525]
    assert [sum(shard.short for shard in summary.of(name)) for name in SPLITS] == [51, 2, 2]
    manifest = load_manifest(tmp_path / "corpus")
    splits = {name: load_split(tmp_path / "corpus", name) for name in SPLITS}
    assert [len(manifest.of(name)) for name in SPLITS] == [368, 46, 77]
    assert [len(splits[name].windows(1)[0]) for name in SPLITS] == [15_663, 1_937, 1_918]
    assert [len(splits[name].windows(4)[0]) for name in SPLITS] == [4_061, 502, 525]
    assert manifest.skipped == {"A fill, not a beat.": 647, "Not in 4/4.": 12}
    assert manifest.sha256 == "651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e"
