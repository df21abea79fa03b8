"""`groovebridge play`: without MIDI, on JACK, interrupted, and recorded."""

import errno
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from bridge.groove import GENERAL_MIDI
from bridge.groove.performance import quantise, read_performance, window
from bridge.model import Bundle, Model, Settings
from bridge.player.messages import PlayerConfig
from bridge.studio.headless import perform
from bridge.studio.state import StudioState
from tests.support.jackd import JackServer

Run = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]


def test_what_is_played_is_recorded_and_counted(run: Run, tmp_path: Path) -> None:
    stats, record = tmp_path / "S.json", tmp_path / "R.mid"
    answer = run(
        "play",
        "--api",
        "none",
        "--bpm",
        "400",
        "--bars",
        "4",
        "--seed",
        "7",
        "--stats",
        stats,
        "--record",
        record,
    )
    assert (answer.code, answer.err) == (0, "")
    figures = json.loads(stats.read_text())
    assert set(figures) >= {
        "notes_sent",
        "lateness_ms",
        "clock",
        "swaps",
        "xruns",
        "late_handover",
        "open_notes",
    }
    assert set(figures["lateness_ms"]) == {"p50", "p99", "max"}
    loop = Model(Bundle.load()).loop(Settings(seed=7))
    assert figures["notes_sent"] == loop.hit_count
    assert figures["open_notes"] == 0
    messages = [m for m in mido.MidiFile(record).tracks[0] if m.type in ("note_on", "note_off")]
    assert sum(m.type == "note_on" for m in messages) == loop.hit_count


def test_evolving_drums_are_the_ideas_of_the_seed_one_after_the_other(run: Run, tmp_path: Path) -> None:
    record = tmp_path / "R.mid"
    assert run(
        "play", "--api", "none", "--bpm", "400", "--bars", "8", "--seed", "3", "--evolve", "--record", record
    ).code == 0  # fmt: skip
    grid = quantise(read_performance(record, GENERAL_MIDI))
    model = Model(Bundle.load())
    for block in range(2):
        expected = model.loop(Settings(seed=3, index=block)).hits
        assert np.array_equal(window(grid, 64 * block).hits, expected)


def test_the_first_run_without_midi_ends_with_music(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.ports.best_api", lambda: "none")
    monkeypatch.setattr("platformdirs.user_music_path", lambda: tmp_path / "Music")
    answer = run("play", "--bpm", "400", "--stats", tmp_path / "S.json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("There is no MIDI system here")
    assert answer.out.count("\nkick ") == 2
    saved = sorted((tmp_path / "Music" / "Groovebridge").iterdir())
    assert len(saved) == 8
    assert all(sum(m.time for m in mido.MidiFile(path).tracks[0]) == 4 * 4 * 960 for path in saved)
    assert json.loads((tmp_path / "S.json").read_text())["open_notes"] == 0


def test_where_music_cannot_be_kept_the_first_run_keeps_it_here(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Music").touch()  # a file where the folder should be
    monkeypatch.setattr("bridge.ports.best_api", lambda: "none")
    monkeypatch.setattr("platformdirs.user_music_path", lambda: tmp_path / "Music")
    monkeypatch.chdir(tmp_path)
    assert run("play", "--bpm", "400", "--bars", "1").code == 0
    assert len(list((tmp_path / "groovebridge-loops").iterdir())) == 8


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has other signals")
@pytest.mark.parametrize(
    ("number", "bars", "code"),
    [
        (signal.SIGINT, (), 0),
        (signal.SIGTERM, (), 0),
        (signal.SIGHUP, (), 0),
        (signal.SIGINT, ("--bars", "100"), 130),
    ],
)
def test_ctrl_c_and_kill_end_it_with_every_note_closed(
    start: Start, tmp_path: Path, number: signal.Signals, bars: tuple[str, ...], code: int
) -> None:
    stats, record = tmp_path / "S.json", tmp_path / "R.mid"
    process = start("play", "--api", "none", "--bpm", "300", "--stats", stats, "--record", record, *bars)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Playing on nowhere (none) at 300 BPM")
    os.killpg(process.pid, number)  # as a terminal does: the player hears it too
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, "")
    assert json.loads(stats.read_text())["open_notes"] == 0
    assert record.exists()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has other signals")
def test_a_terminal_that_closes_while_it_is_drawn_on_ends_it_in_order() -> None:
    def draw(_state: StudioState) -> None:
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:  # tidying up the picture needs the terminal that has just gone
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    nowhere = PlayerConfig(api="none", bpm=400)
    outcome = perform(Model(Bundle.load(), "cpu"), nowhere, Settings(), lambda _: None, watch=draw)
    assert outcome.interrupted
    assert outcome.stats is not None
    assert outcome.stats.open_notes == 0


# --- JACK ---------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[JackServer]:
    """A JACK server that `play` finds."""
    with JackServer() as server:
        yield server


@pytest.mark.jack
def test_on_jack_it_plays_to_the_end_and_lists_other_programs(
    run: Run, start: Start, server: JackServer, tmp_path: Path
) -> None:
    other = start("play", "--api", "jack", "--bpm", "200")
    assert other.stdout is not None
    other.stdout.readline()
    listed = json.loads(run("ports", "--json").out)
    assert listed["api"] == "jack"
    assert [name for name in listed["outputs"] if name.endswith(":in")]
    stats = tmp_path / "S.json"
    answer = run("play", "--bpm", "300", "--bars", "2", "--stats", stats, "--out", listed["outputs"][0])
    assert (answer.code, answer.err) == (0, "")
    figures = json.loads(stats.read_text())
    assert figures["open_notes"] == 0
    assert figures["notes_sent"] > 0
    other.send_signal(signal.SIGINT)
    other.communicate(timeout=30)
    assert other.returncode == 0


@pytest.mark.jack
def test_a_jack_server_that_dies_is_told_and_found_again(start: Start, server: JackServer) -> None:
    process = start("play", "--api", "jack", "--bpm", "300")
    assert process.stdout is not None
    process.stdout.readline()
    server.kill()
    assert process.stdout.readline().startswith("The connection to JACK is lost")
    server.start()
    assert process.stdout.readline() == "The MIDI port Groovebridge:out is back.\n"
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
