"""The player as a process: it starts, answers, and ends in every way a process can end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import mido
import pytest

from bridge.player import PlayerConfig
from bridge.player.messages import (
    Anchor,
    Ended,
    Fault,
    LoopPlaying,
    Motion,
    OpenPorts,
    PortsOpened,
    Priority,
    Report,
    SetLoop,
    Start,
    Stats,
)
from bridge.player.outbox import LIMIT, Outbox
from tests.player.support import Running, notes_of, random_loop, recorded

NOWHERE = PlayerConfig(api="none", bpm=300)


def test_close_ends_the_player_with_its_notes_closed_and_gives_its_figures() -> None:
    with Running(NOWHERE) as player:
        player.send(SetLoop(random_loop(1, density=0.5), 1), Start())
        player.wait_for(Anchor, lambda anchor: anchor.motion is Motion.ROLLING)
        player.wait_for(LoopPlaying)
        stats = player.close()
        assert player.close() == stats
    assert stats is not None
    assert stats.open_notes == 0
    assert isinstance(player.reports[-1], Ended)


def test_how_priority_was_granted_is_told_at_the_start_to_who_asked_for_it() -> None:
    with Running(replace(NOWHERE, realtime=True)) as player:
        told = player.wait_for(Priority)
        stats = player.close()
    assert stats is not None
    assert told.granted == stats.priority
    with Running(replace(NOWHERE, realtime=False)) as player:
        player.wait_for(PortsOpened)
        player.close()
    assert not [report for report in player.reports if isinstance(report, Priority)]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_the_player_is_deaf_to_the_terminal_from_its_first_instruction(number: signal.Signals) -> None:
    """In a process of its own, because the first process that Python spawns is started differently."""
    program = (
        "import os, queue; from bridge.player import PlayerConfig, PlayerLink\n"
        "reports = queue.Queue(); link = PlayerLink(PlayerConfig(api='none'), reports.put)\n"
        f"os.kill(link.pid, {int(number)}); print(type(reports.get(timeout=60)).__name__); link.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=90
    )
    assert (done.stdout, done.stderr) == ("PortsOpened\n", "")


def test_commands_that_were_sent_before_the_ports_are_open_are_carried_out() -> None:
    with Running(NOWHERE) as player:
        player.send(SetLoop(random_loop(1), 41), Start(3840))
        assert player.wait_for(LoopPlaying).loop_id == 41
        assert player.wait_for(Anchor, lambda anchor: anchor.motion is Motion.ROLLING).ticks == 3840


@pytest.mark.parametrize("config", [PlayerConfig(api="none", out="synth"), PlayerConfig(api="none", bpm=7)])
def test_a_start_that_fails_is_a_fatal_sentence_and_the_end(config: PlayerConfig) -> None:
    with Running(config) as player:
        fault = player.wait_for(Fault)
        stats = player.close()
    assert fault.fatal
    assert fault.text.endswith(".")
    assert stats is not None
    assert stats == Stats(priority=stats.priority)
    assert isinstance(player.reports[-1], Ended)


def test_ports_that_cannot_be_opened_while_running_are_a_sentence_and_others_can() -> None:
    with Running(NOWHERE) as player:
        player.wait_for(PortsOpened)
        player.send(OpenPorts("none", out="synth"))
        fault = player.wait_for(Fault)
        assert not fault.ports_lost
        assert not fault.fatal
        player.forget()
        player.send(OpenPorts("none"))
        assert player.wait_for(PortsOpened).api == "none"


def test_a_player_that_is_killed_is_told_as_a_fatal_sentence() -> None:
    with Running(NOWHERE) as player:
        player.wait_for(PortsOpened)
        assert player.link.pid is not None
        os.kill(player.link.pid, signal.SIGKILL)
        assert player.wait_for(Fault).fatal
        assert player.close() is None


@pytest.mark.parametrize("interrupts", [0, 3])
def test_a_player_ends_in_order_on_sigterm_and_is_deaf_to_ctrl_c(interrupts: int) -> None:
    with Running(NOWHERE) as player:
        player.wait_for(PortsOpened)
        assert player.link.pid is not None
        for _ in range(interrupts):
            os.kill(player.link.pid, signal.SIGINT)
        player.send(SetLoop(random_loop(1), 1), Start())
        player.wait_for(LoopPlaying)
        os.kill(player.link.pid, signal.SIGTERM)
        assert player.wait_for(Ended).stats.open_notes == 0


def test_ctrl_c_that_comes_while_the_player_starts_does_not_end_it() -> None:
    with Running(NOWHERE) as player:
        assert player.link.pid is not None
        os.kill(player.link.pid, signal.SIGINT)
        player.wait_for(PortsOpened)


def test_a_recording_is_written_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "take.mid"
    with Running(PlayerConfig(api="none", bpm=400, bars=1, record=str(path))) as player:
        player.send(SetLoop(random_loop(1, density=0.4), 1), Start())
        player.wait_for(Stats)
        assert not path.exists()
        stats = player.close()
    assert stats is not None
    messages = recorded(mido.MidiFile(path))
    assert len(notes_of(messages)) == stats.notes_sent > 0
    assert mido.MidiFile(path).length == pytest.approx(4 * 60 / 400)


def test_a_recording_that_cannot_be_written_is_a_sentence_and_the_player_still_ends(tmp_path: Path) -> None:
    with Running(PlayerConfig(api="none", record=str(tmp_path / "nowhere" / "take.mid"))) as player:
        player.wait_for(PortsOpened)
        stats = player.close()
    assert stats is not None
    faults = [report.text for report in player.reports if isinstance(report, Fault)]
    assert len(faults) == 1
    assert "cannot be written" in faults[0]


def anchor(ticks: float) -> Anchor:
    return Anchor(ticks, 0, 120, Motion.ROLLING, NOWHERE.sync)


def test_reports_wait_for_nobody_anchors_coalesce_and_drops_are_counted() -> None:
    let_go, sending = threading.Event(), threading.Event()
    arrived: list[Report] = []

    def slow(report: Report) -> None:
        sending.set()
        let_go.wait()
        arrived.append(report)

    outbox = Outbox(slow)
    outbox.put(anchor(0))
    sending.wait()
    for number in range(100):
        outbox.put(anchor(number))
    for number in range(LIMIT + 50):
        outbox.put(LoopPlaying(number, 0))
    outbox.put(Fault("Heard."))
    let_go.set()
    outbox.close(5)
    loops = [report.loop_id for report in arrived if isinstance(report, LoopPlaying)]
    assert [report.ticks for report in arrived[:2] if isinstance(report, Anchor)] in ([0], [0, 99])
    assert len([report for report in arrived if isinstance(report, Anchor)]) <= 2
    assert loops == list(range(LIMIT + 50))[-len(loops) :]
    assert arrived[-1] == Fault("Heard.")
    assert outbox.dropped == 1 + LIMIT + 50 + 1 - LIMIT


def test_what_still_waits_when_an_outbox_has_been_closed_is_never_sent() -> None:
    let_go, sending = threading.Event(), threading.Event()
    arrived: list[Report] = []

    def stuck(report: Report) -> None:
        sending.set()
        let_go.wait()
        arrived.append(report)

    outbox = Outbox(stuck)
    for word in ("One.", "Two.", "Three."):
        outbox.put(Fault(word))
    sending.wait()
    outbox.close(0)
    let_go.set()
    outbox.close(5)
    assert arrived == [Fault("One.")]


def test_reports_to_a_studio_that_has_gone_are_dropped_in_silence() -> None:
    def broken(_: Report) -> None:
        raise BrokenPipeError

    outbox = Outbox(broken)
    outbox.put(anchor(0))
    outbox.put(anchor(1))
    outbox.close(5)
