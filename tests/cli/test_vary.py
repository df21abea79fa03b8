"""`vary` and `morph`: from files to files, and what they say of files that do not serve."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from bridge.groove.midifile import loop_to_midi, save_loop
from bridge.model import Bundle, Model, Settings
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two loops of the shipped model."""
    folder = tmp_path_factory.mktemp("loops")
    model = Model(Bundle.load(), "cpu")
    paths = folder / "verse.mid", folder / "chorus.mid"
    for seed, path in enumerate(paths):
        save_loop(path, model.loop(Settings(seed=seed)))
    return paths


def test_vary_writes_variations_and_by_nothing_the_loop_itself(
    run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    answer = run("vary", files[0], "--amount", 0.6, "--count", 3, "--seed", 2, "-o", tmp_path)
    assert (answer.code, answer.err) == (0, "")
    paths = [Path(line) for line in answer.out.splitlines()]
    assert [path.name for path in paths] == [f"verse-vary-2-{n:03d}.mid" for n in (1, 2, 3)]
    assert len({path.read_bytes() for path in (*paths, files[0])}) == 4
    assert run("vary", files[0], "--amount", 0, "--count", 1, "--seed", 2, "-o", tmp_path).code == 0
    assert paths[0].read_bytes() == files[0].read_bytes()


def test_morph_leads_from_one_file_to_the_other(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    answer = run("morph", *files, "--steps", 4, "--bpm", 90, "-o", tmp_path / "way")
    assert (answer.code, answer.err) == (0, "")
    paths = [Path(line) for line in answer.out.splitlines()]
    assert [path.name for path in paths] == [f"verse-to-chorus-{n:03d}.mid" for n in (1, 2, 3, 4)]
    for path, end in ((paths[0], files[0]), (paths[-1], files[1])):
        assert [str(each) for each in mido.MidiFile(path).tracks[0] if each.type == "note_on"] == [
            str(each) for each in mido.MidiFile(end).tracks[0] if each.type == "note_on"
        ]
    assert mido.MidiFile(paths[1]).length == pytest.approx(16 * 60 / 90, abs=1e-3)


def test_a_longer_file_says_what_is_used(run: Run, tmp_path: Path) -> None:
    model = Model(Bundle.load(), "cpu")
    midi = loop_to_midi(model.loop(Settings()))
    midi.tracks[0] += loop_to_midi(model.loop(Settings(seed=1))).tracks[0]
    path = tmp_path / "song.mid"
    midi.save(path)
    answer = run("vary", path, "--count", 1, "-o", tmp_path)
    assert answer.code == 0
    assert answer.err == f"{path} is longer than four bars: its first four are used.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("vary", "{missing}"), "cannot be read"),
        (("vary", "{verse}", "--amount", "1.5"), "The amount cannot be 1.5: it goes from 0 to 1."),
        (("vary", "{verse}", "--amount", "nan"), "The amount cannot be nan"),
        (("morph", "{verse}", "{text}"), "is not a MIDI file"),
    ],
)
def test_what_does_not_serve_is_one_sentence(
    run: Run, files: tuple[Path, Path], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "text.mid").write_text("la la la")
    places = {"verse": files[0], "missing": tmp_path / "no.mid", "text": tmp_path / "text.mid"}
    answer = run(*(each.format(**places) for each in arguments), "-o", tmp_path / "none")
    assert answer.code == 1
    assert words in answer.err
    assert answer.err.count("\n") == 1
    assert not (tmp_path / "none").exists()
