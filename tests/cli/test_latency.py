"""`groovebridge latency`, and `play --latency`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mido
import pytest

from bridge.player import PlayerConfig
from bridge.player.messages import Loopback
from bridge.studio import loopback

Run = Callable[..., Any]
FOUND = Loopback(sent=8, heard=8, latency_ms=5.333)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[PlayerConfig, int, float]]:
    """What was to be measured; nothing is."""
    calls: list[tuple[PlayerConfig, int, float]] = []

    def measure(config: PlayerConfig, notes: int, wait_s: float, say: Callable[[str], None]) -> Loopback:
        calls.append((config, notes, wait_s))
        say("Sending notes.")
        return FOUND

    monkeypatch.setattr(loopback, "measure", measure)
    return calls


def test_ports_and_numbers_are_passed_on_and_the_outcome_is_a_sentence(run: Run, asked: list[Any]) -> None:
    answer = run("latency", "--api", "jack", "--out", "Synth", "--in", "DAW", "--notes", "8", "--wait", "2.5")
    assert (answer.code, answer.err) == (0, "")
    assert asked == [(PlayerConfig(api="jack", out="Synth", inp="DAW"), 8, 2.5)]
    assert "Sending notes.\nNotes come back after 5.33 ms" in answer.out


def test_json_is_all_that_a_program_gets(run: Run, asked: list[Any]) -> None:
    answer = json.loads(run("latency", "--api", "jack", "--json").out)
    assert (answer["heard"], answer["setting_ms"]["clock"]) == (8, 5.3)


def test_without_midi_there_is_a_sentence(run: Run) -> None:
    answer = run("latency", "--api", "none")
    assert answer.code == 1
    assert answer.err.startswith("There is no MIDI system here")


def test_a_latency_changes_when_notes_go_out_and_not_what_is_recorded(run: Run, tmp_path: Path) -> None:
    takes = []
    for latency in ("0", "-120", "150"):
        record = tmp_path / f"{latency}.mid"
        play = ("play", "--api", "none", "--bpm", "400", "--bars", "1", "--record", record)
        assert run(*play, "--latency", latency).code == 0
        takes.append([str(message) for message in mido.MidiFile(record).tracks[0]])
    assert takes[0] == takes[1] == takes[2]


def test_a_latency_out_of_range_is_a_wrong_command_line(run: Run) -> None:
    answer = run("play", "--api", "none", "--latency", "201")
    assert answer.code == 2
    assert "200" in answer.err
