"""MIDI file -> performance -> grid -> loops."""

import csv
import os
import struct
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.groove import BARS, STEPS, Voice
from bridge.groove.notemaps import GENERAL_MIDI, ROLAND_TD11
from bridge.groove.performance import (
    MidiFileError,
    Performance,
    loops,
    quantise,
    read_performance,
    window,
)

MakeMidi = Callable[..., bytes]

onsets = st.floats(0, 500, allow_nan=False)
performances = st.lists(st.tuples(onsets, st.integers(1, 127), st.integers(0, 8)), min_size=1, max_size=200)


def perform(hits: list[tuple[float, int, int]]) -> Performance:
    times, velocities, voices = zip(*sorted(hits), strict=True)
    return Performance(
        np.array(times), np.array(velocities, dtype=np.float32) / np.float32(127), np.array(voices)
    )


def test_time_is_read_from_ticks_whatever_their_resolution(make_midi: MakeMidi) -> None:
    for resolution in (24, 96, 480, 960):
        played = read_performance(
            make_midi([(0, 36, 100), (resolution, 38, 127), (resolution * 5 // 2, 42, 1)], resolution)
        )
        assert played.onsets_steps.tolist() == [0, 4, 10]
        assert played.voices.tolist() == [Voice.KICK, Voice.SNARE, Voice.CLOSED_HAT]
        assert played.velocities.tolist() == pytest.approx([100 / 127, 1, 1 / 127])


@given(performances)
def test_offsets_lie_within_half_a_step_and_lead_back_to_the_onset(
    hits: list[tuple[float, int, int]],
) -> None:
    grid = quantise(perform(hits))
    assert np.all(grid.offsets >= -0.5)
    assert np.all(grid.offsets < 0.5)
    for step, voice in np.argwhere(grid.hits).tolist():
        struck = np.array([onset for onset, _, v in hits if v == voice])
        assert np.abs(struck - (step + float(grid.offsets[step, voice]))).min() < 1e-6
    assert len(grid.hits) % 16 == 0
    assert grid.hits[-16:].any()  # the grid ends with the bar of the last hit


@given(performances)
def test_every_hit_is_on_the_grid_or_counted_as_shadowed(hits: list[tuple[float, int, int]]) -> None:
    grid = quantise(perform(hits))
    assert int(grid.hits.sum()) + grid.shadowed == len(hits)


def test_a_hit_half_way_belongs_to_the_later_step() -> None:
    grid = quantise(perform([(0.5, 100, 0), (2.5, 100, 0), (3.5, 100, 0), (15.5, 100, 1)]))
    assert np.argwhere(grid.hits).tolist() == [[1, 0], [3, 0], [4, 0], [16, 1]]
    assert set(grid.offsets[grid.hits].tolist()) == {-0.5}
    assert grid.bars == 2


def test_the_louder_hit_wins_a_cell_and_the_earlier_one_a_tie() -> None:
    grid = quantise(perform([(3.8, 90, 1), (4.1, 120, 1), (4.3, 50, 1), (7.9, 70, 2), (8.2, 70, 2)]))
    assert np.argwhere(grid.hits).tolist() == [[4, 1], [8, 2]]
    assert grid.offsets[4, 1] == pytest.approx(0.1)
    assert grid.offsets[8, 2] == pytest.approx(-0.1)
    assert grid.shadowed == 3


def test_an_early_downbeat_stays_in_its_bar() -> None:
    grid = quantise(perform([(0, 100, 0), (63.7, 100, 0), (127, 9, 2)]))
    first, *_, last = loops(grid, BARS)
    assert not first.hits[63].any()
    assert last.hits[0, Voice.KICK]
    assert last.offsets[0, Voice.KICK] == pytest.approx(-0.3)


@given(performances, st.integers(1, 5))
def test_windows_are_the_grid_itself_at_every_stride(hits: list[tuple[float, int, int]], stride: int) -> None:
    grid = quantise(perform(hits))
    cut = loops(grid, stride)
    assert len(cut) == max(0, (grid.bars - BARS) // stride + 1)
    for number, loop in enumerate(cut):
        here = slice(number * stride * 16, number * stride * 16 + STEPS)
        assert np.array_equal(loop.hits, grid.hits[here])
        assert np.array_equal(loop.velocities, grid.velocities[here])
        assert np.array_equal(loop.offsets, grid.offsets[here])


def test_a_window_beyond_the_end_is_silent_there() -> None:
    loop = window(quantise(perform([(0, 100, 0), (20, 100, 1)])), 16)
    assert np.argwhere(loop.hits).tolist() == [[4, 1]]


def test_drums_are_channel_10_if_anything_is_and_all_channels_if_nothing_is(make_midi: MakeMidi) -> None:
    assert len(read_performance(make_midi([(0, 36, 100)], channel=0))) == 1
    melody_and_drums = _join(
        make_midi([(0, 36, 100)], channel=0, kind=1), make_midi([(480, 38, 100)], channel=9, kind=1)
    )
    assert read_performance(melody_and_drums).voices.tolist() == [Voice.SNARE]


def _join(first: bytes, second: bytes) -> bytes:
    return first[:8] + struct.pack(">HHH", 1, 2, 480) + first[14:] + second[14:]


def test_hits_off_the_kit_are_counted(make_midi: MakeMidi) -> None:
    played = read_performance(make_midi([(0, 36, 100), (240, 75, 100), (480, 81, 100)]))
    assert len(played) == 1
    assert played.off_kit == 2


def test_500_bars_are_read_whole(make_midi: MakeMidi) -> None:
    grid = quantise(read_performance(make_midi([(bar * 1920, 36, 100) for bar in range(500)])))
    assert grid.bars == 500
    assert len(loops(grid)) == 497


# --- bad input ----------------------------------------------------------------------------------------------


def header(kind: int = 0, tracks: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">LHHH", 6, kind, tracks, division)


def says(source: Path | bytes, *words: str) -> None:
    with pytest.raises(MidiFileError) as caught:
        read_performance(source)
    text = str(caught.value)
    assert all(word in text for word in words), text
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 250


def test_bad_files_are_refused_in_a_sentence_that_says_why(make_midi: MakeMidi, tmp_path: Path) -> None:
    good = make_midi([(0, 36, 100), (480, 38, 90)])
    says(tmp_path / "absent.mid", "absent.mid", "No such file")
    says(tmp_path, "Is a directory")
    says(b"", "empty")
    says(b"RIFF" + bytes(40), "not a MIDI file")
    says(good[:-9], "truncated")
    says(good[:20], "truncated")
    says(good[:30] + b"\x90\xff\xff\xff" + good[34:], "damaged")
    says(make_midi([]), "no notes")
    says(make_midi([(0, 75, 100)]), "note map", "75")
    says(make_midi([(0, 36, 100)], meter=(3, 4)), "3/4", "4/4")
    says(make_midi([(0, 36, 100)], meter=(7, 8)), "7/8")
    says(make_midi([(0, 36, 100)], kind=2), "type 2")
    says(header(division=0xE728) + good[14:], "SMPTE")
    says(header(division=0) + good[14:], "no beats")
    says(make_midi([(0, 36, 100), (4096 * 1920, 36, 100)]), "4,096 bars")
    says(b"MThd" + bytes(17 * 2**20), "16 MiB")


def test_a_file_without_time_signature_is_in_4_4(make_midi: MakeMidi) -> None:
    assert len(read_performance(make_midi([(0, 36, 100)], meter=None))) == 1


@given(st.binary(max_size=200), st.integers(0, 3), st.integers(0, 3), st.integers(0, 0xFFFF))
def test_any_bytes_are_read_or_refused_in_a_sentence(
    body: bytes, kind: int, tracks: int, division: int
) -> None:
    track = b"MTrk" + struct.pack(">L", len(body)) + body
    for data in (body, header(kind, tracks, division) + body, header(kind, tracks, division) + track):
        try:
            quantise(read_performance(data, GENERAL_MIDI))
        except MidiFileError as error:
            assert str(error).endswith(".")


@given(st.data())
def test_a_damaged_file_is_read_or_refused_in_a_sentence(make_midi: MakeMidi, data: st.DataObject) -> None:
    file = bytearray(make_midi([(tick * 120, 36 + tick % 16, 100) for tick in range(64)]))
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(file[: data.draw(st.integers(0, len(file)))])
    try:
        quantise(read_performance(cut))
    except MidiFileError as error:
        assert str(error).endswith(".")


# --- the Groove MIDI Dataset --------------------------------------------------------------------------------


@pytest.mark.real_data
def test_the_groove_dataset_gives_the_counts_that_training_rests_on() -> None:
    default = Path(__file__).parents[2] / "../shared/data/groove-v1.0.0-midionly.zip"
    dataset = Path(os.environ.get("GROOVEBRIDGE_DATASET", default))
    if not dataset.is_file():
        pytest.skip("the Groove MIDI Dataset is not here: set GROOVEBRIDGE_DATASET to its zip")
    files, every_bar, apart = Counter[str](), Counter[str](), Counter[str]()
    hits: list[int] = []
    kicks_on_one: list[bool] = []
    shadowed = struck = 0
    late_ms: list[np.ndarray] = []
    with zipfile.ZipFile(dataset) as archive:
        rows = csv.DictReader(archive.read("groove/info.csv").decode().splitlines())
        for row in rows:
            if row["beat_type"] != "beat" or row["time_signature"] != "4-4" or row["split"] == "train":
                continue  # training alone takes ten seconds; the rule is the same
            played = read_performance(archive.read("groove/" + row["midi_filename"]), ROLAND_TD11)
            grid = quantise(played)
            files[row["split"]] += 1
            every_bar[row["split"]] += len(loops(grid))
            apart[row["split"]] += len(loops(grid, BARS))
            hits += [loop.hit_count for loop in loops(grid)]
            if row["split"] == "test":
                kicks_on_one += [bool(loop.hits[0, Voice.KICK]) for loop in loops(grid)]
            shadowed, struck = shadowed + grid.shadowed, struck + len(played)
            late_ms.append(grid.offsets[grid.hits] * 15_000 / float(row["bpm"]))
    assert files == {"validation": 46, "test": 77}
    assert every_bar == {"validation": 1_937, "test": 1_918}
    assert apart == {"validation": 502, "test": 525}
    assert np.mean(hits) == pytest.approx(76, abs=3)
    assert np.mean(kicks_on_one) == pytest.approx(0.824, abs=0.001)  # chunks cut by time keep 26 %
    assert 0.05 < shadowed / struck < 0.08
    assert np.std(np.concatenate(late_ms)) == pytest.approx(28, abs=4)
