"""A recording is song time in a file: whole, atomic, with its segments in their places in the bar."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import Any

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.files import FileWriteError
from bridge.player import PlayerConfig
from bridge.player.messages import SetLoop, SetTempo, Start, Stop
from bridge.player.recorder import Recorder
from tests.player.support import Rig, notes_of, random_loop, recorded

ON, OFF = bytes((0x99, 36, 100)), bytes((0x89, 36, 0))


def timed(file: mido.MidiFile) -> list[tuple[int, str]]:
    """(tick, what) of each message but the time signature."""
    now, found = 0, []
    for message in file.tracks[0]:
        now += message.time
        if message.type != "time_signature":
            found.append((now, message.type))
    return found


def test_ticks_in_the_file_are_ticks_of_the_song_from_its_first_bar() -> None:
    recorder = Recorder()
    recorder.begin(5 * 3840 + 960, 120)
    recorder.note(recorder.place(5 * 3840 + 1000), ON)
    recorder.note(recorder.place(5 * 3840 + 1120), OFF)
    recorder.end(6 * 3840)
    assert timed(recorder.midi_file()) == [
        (960, "set_tempo"),
        (1000, "note_on"),
        (1120, "note_off"),
        (3840, "end_of_track"),
    ]
    assert recorder.midi_file().ticks_per_beat == 960


@pytest.mark.parametrize(
    ("stopped", "restarted", "placed"),
    [
        (3840 + 970, 3840 * 8 + 1920, 3840 + 1920),  # later in the bar
        (3840 + 970, 240, 2 * 3840 + 240),  # earlier in the bar: the next one
        (3840 + 960, 960, 3840 + 960),  # just there
        (3840, 0, 3840),
    ],
)
def test_what_follows_a_stop_is_appended_at_its_place_in_the_bar(
    stopped: int, restarted: int, placed: int
) -> None:
    recorder = Recorder()
    recorder.begin(0, 120)
    recorder.end(stopped)
    recorder.begin(restarted, 120)
    recorder.note(recorder.place(restarted + 1), ON)
    recorder.note(recorder.place(restarted + 2), OFF)
    assert timed(recorder.midi_file())[1:3] == [(placed + 1, "note_on"), (placed + 2, "note_off")]


def test_a_recorded_song_has_every_note_closed_whatever_was_taken_back() -> None:
    rig = Rig(PlayerConfig(record="somewhere.mid"))
    rig.do(SetLoop(random_loop(3, density=0.5), 1), Start())
    for wait_ms in (731, 5, 1900, 12, 3):
        rig.run_ms(wait_ms)
        rig.do(SetTempo(100 + wait_ms % 50))
        rig.do(Start(3840))
    rig.run_ms(500)
    rig.do(Stop())
    rig.engine.detach(rig.clock.ns)
    messages = recorded(rig.engine.recorder.midi_file())
    heard = notes_of(rig.port.in_order())
    assert [(note.key, note.velocity) for note in notes_of(messages)] == [
        (note.key, note.velocity) for note in heard
    ]


def test_a_recording_that_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "take.mid"
    path.write_bytes(b"before")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        FileWriteError, match=r"take\.mid cannot be written: no space left on device\. Free some space"
    ):
        Recorder().write(path)
    assert [each.name for each in tmp_path.iterdir()] == ["take.mid"]
    assert path.read_bytes() == b"before"


def test_a_recording_into_a_folder_that_is_not_there_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileWriteError, match="no such file or directory"):
        Recorder().write(tmp_path / "nowhere" / "take.mid")


def test_nothing_is_kept_where_nothing_is_to_be_recorded() -> None:
    recorder = Recorder(enabled=False)
    recorder.begin(0, 120)
    recorder.note(10, ON)
    assert [what for _, what in timed(recorder.midi_file())] == ["end_of_track"]


@given(st.lists(st.tuples(st.integers(0, 1 << 22), st.integers(0, 127)), max_size=20))
def test_what_is_written_reads_back_however_long_the_silence(gaps: list[tuple[int, int]]) -> None:
    recorder = Recorder()
    recorder.begin(0, 97.3)
    now, sent = 0, []
    for gap, note in gaps:
        now += gap + 1
        sent.append((now, bytes((0x99, note, 1 + note % 127))))
        recorder.note(*sent[-1])
    file = recorder.midi_file()
    assert recorded(file) == sent
    assert [each.tempo for each in file.tracks[0] if each.type == "set_tempo"] == [mido.bpm2tempo(97.3)]


def test_a_nights_recording_is_written_before_anybody_loses_patience() -> None:
    recorder = Recorder()
    recorder.begin(0, 120)
    for beat in range(275_000):
        recorder.note(beat * 100, ON)
        recorder.note(beat * 100 + 60, OFF)
    began = time.process_time()
    assert len(recorder.content()) > 275_000 * 8
    assert time.process_time() - began < 3


def test_a_note_that_began_and_ended_in_one_tick_lasts_a_tick() -> None:
    recorder = Recorder()
    recorder.begin(0, 120)
    for message in (ON, OFF, ON, OFF):
        recorder.note(recorder.place(100.2), message)
    notes = notes_of(recorded(recorder.midi_file()))
    assert [(note.on, note.off) for note in notes] == [(100, 101), (101, 102)]
