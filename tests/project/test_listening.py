"""The listening test is blind, and its answers are counted right."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import mido
import numpy as np
import pytest

pytest.importorskip("torch", reason="the [training] extra is not installed")

from bridge.groove import DrumLoop
from bridge.groove.performance import Grid
from scripts import listening_test
from scripts.listening_test import (
    COLUMNS,
    KINDS,
    ListeningError,
    Pair,
    analyse,
    key_path,
    make,
    p_value,
    wilson,
)
from training.corpus import FileRecord, Manifest, Split, save_corpus

pytestmark = pytest.mark.training


def split(name: str, files: int, seed: int) -> tuple[Split, tuple[FileRecord, ...]]:
    """Files of eight bars of chance."""
    draw = np.random.default_rng(seed)
    hits = draw.random((files * 128, 9)) < 0.1
    grid = Grid(
        hits,
        (hits * draw.uniform(0.1, 1, hits.shape)).astype(np.float32),
        (hits * draw.uniform(-0.4, 0.4, hits.shape)).astype(np.float32),
    )
    records = tuple(
        FileRecord(f"{name}{number}.mid", name, 90.0 + number, 8, int(hits.sum())) for number in range(files)
    )
    return Split(
        grid.hits, grid.velocities, grid.offsets, np.arange(files, dtype=np.int64) * 128, records
    ), records


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    splits = {
        name: split(name, files, seed)
        for seed, (name, files) in enumerate((("train", 3), ("validation", 1), ("test", 4)))
    }
    records = tuple(record for _, found in splits.values() for record in found)
    save_corpus(folder, Manifest("made up", "0", records), {name: made for name, (made, _) in splits.items()})
    return folder


@pytest.fixture(scope="module")
def test_folder(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listener") / "test"
    make(folder, corpus, None, pairs=1, seed=3)
    return folder


def answer(folder: Path, *rows: tuple[str, ...]) -> None:
    with (folder / "answers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def test_nothing_in_the_listener_s_folder_tells_which_loop_is_the_drummer_s(test_folder: Path) -> None:
    files = sorted(
        path.relative_to(test_folder).as_posix() for path in test_folder.rglob("*") if path.is_file()
    )
    numbers = [f"{number:02d}" for number in range(1, len(KINDS) + 1)]
    assert files == ["answers.csv", *(f"loops/{number}-{side}.mid" for number in numbers for side in "ab")]
    for number in numbers:
        one, other = (mido.MidiFile(test_folder / "loops" / f"{number}-{side}.mid") for side in "ab")
        assert one.ticks_per_beat == other.ticks_per_beat
        assert one.length == pytest.approx(other.length)
        assert [m for m in one.tracks[0] if m.is_meta][:3] == [m for m in other.tracks[0] if m.is_meta][:3]
        for file in (one, other):  # the recordings' grain
            onsets = np.cumsum([message.time for message in file.tracks[0]])
            struck = [m.type == "note_on" and m.velocity > 0 for m in file.tracks[0]]
            assert set(onsets[struck] % 2) <= {0}


def test_the_key_lies_beside_and_knows_one_pair_of_each_kind(test_folder: Path) -> None:
    key = [Pair(**row) for row in json.loads(key_path(test_folder).read_text(encoding="utf-8"))]
    assert sorted(pair.kind for pair in key) == sorted(KINDS)
    assert len({pair.source for pair in key}) == 4  # as many files as there are
    assert {pair.drummer for pair in key} <= {"a", "b"}


def test_the_same_seed_makes_the_same_test_and_another_another(corpus: Path, tmp_path: Path) -> None:
    one, again, other = (
        make(tmp_path / name, corpus, None, 1, seed) for name, seed in (("x", 1), ("y", 1), ("z", 2))
    )
    assert one == again != other
    for path in (tmp_path / "x" / "loops").iterdir():
        assert path.read_bytes() == (tmp_path / "y" / "loops" / path.name).read_bytes()


def test_answers_are_counted_by_kind_whichever_side_the_drummer_was_on(tmp_path: Path) -> None:
    folder = tmp_path / "test"
    folder.mkdir()
    key = [
        {"pair": n, "kind": "prior", "drummer": "ab"[n % 2], "bpm": 90.0, "source": "x"} for n in range(1, 5)
    ]
    key_path(folder).write_text(json.dumps(key), encoding="utf-8")
    # The drummer is b, a, b, a: found, missed, missed, not answered.
    answer(folder, ("1", "b", "b", ""), ("2", "B ", "a", "?"), ("3", "a", "", ""), ("4", "", "", ""))
    drummer, prefer = analyse([folder])
    assert (drummer.question, drummer.kind, drummer.answers) == ("drummer", "prior", 3)
    assert drummer.share == pytest.approx(2 / 3)
    assert (prefer.answers, prefer.share) == (2, 0.0)
    assert analyse([folder, folder])[0].answers == 6


def test_an_interval_holds_its_share_and_shrinks_with_answers() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_chance_is_tested_exactly() -> None:
    assert p_value(10, 10) == pytest.approx(2 / 1024)
    assert p_value(3, 10) == pytest.approx(2 * (1 + 10 + 45 + 120) / 1024)
    assert p_value(5, 10) == 1.0
    assert 0 <= p_value(900, 2000) < 1e-4


@pytest.mark.parametrize(
    ("row", "said"),
    [(("9", "a", "", ""), "no pair '9'"), (("1", "left", "", ""), "'left' should be a, b or nothing")],
)
def test_a_wrong_answer_is_named_with_its_line(tmp_path: Path, row: tuple[str, ...], said: str) -> None:
    folder = tmp_path / "test"
    folder.mkdir()
    key = [{"pair": 1, "kind": "prior", "drummer": "a", "bpm": 90.0, "source": "x"}]
    key_path(folder).write_text(json.dumps(key), encoding="utf-8")
    answer(folder, ("1", "a", "", ""), row)
    with pytest.raises(ListeningError, match="line 3") as raised:
        analyse([folder])
    assert said in str(raised.value)


def test_mistakes_are_sentences(
    corpus: Path,
    test_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments, said in (
        (["make", str(test_folder), "--corpus", str(corpus)], "is not empty"),
        (["make", str(tmp_path / "new"), "--corpus", str(corpus), "--pairs", "99"], "too few"),
        (["make", str(tmp_path / "new"), "--corpus", str(corpus), "--pairs", "0"], "--pairs must be"),
        (["analyse", str(tmp_path / "none")], "is not the key"),
    ):
        monkeypatch.setattr("sys.argv", ["listening_test", *arguments])
        with pytest.raises(SystemExit) as stopped:
            listening_test.main()
        assert stopped.value.code == 1
        assert said in capsys.readouterr().err


def test_a_flattened_loop_has_the_drummer_s_hits_on_the_grid(test_folder: Path) -> None:
    from bridge.groove.midifile import load_loop

    key = [Pair(**row) for row in json.loads(key_path(test_folder).read_text(encoding="utf-8"))]
    (pair,) = [each for each in key if each.kind == "flattened"]
    loops: dict[str, DrumLoop] = {
        side: load_loop(test_folder / "loops" / f"{pair.pair:02d}-{side}.mid") for side in "ab"
    }
    flat = loops["b" if pair.drummer == "a" else "a"]
    assert (flat.hits == loops[pair.drummer].hits).all()
    assert not flat.offsets.any()
