"""`groovebridge play` is killed and started again: the same song goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bridge.groove.notes import loop_notes
from bridge.model import Bundle, Model, Settings
from gui.app import open_studio
from tests.player.support import notes_of
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import retake, undisturbed

pytestmark = [pytest.mark.jack, pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")]

RATE = 48_000
BAR = 4 * RATE * 60 / 240


@pytest.fixture
def peer() -> Iterator[Peer]:
    with JackServer(), Peer() as peer:
        yield peer


@contextmanager
def play(peer: Peer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`groovebridge play` to the peer, until Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gui.launch", "play", "--bpm", "240", "--out", peer.inp, *arguments],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def test_the_same_command_again_goes_on_with_the_song_and_the_new_one_ends_it(peer: Peer) -> None:
    """The loop of seed 5 repeats, whoever is there to watch over it; each `play` ends its player in order."""
    loop = Model(Bundle.load(), "cpu").loop(Settings(seed=5))
    first = min(max(0, note.start_ticks) for note in loop_notes(loop))

    def measure() -> None:
        peer.forget()
        with play(peer, "--seed", "5") as killed:
            assert killed.stdout is not None
            assert "Playing on" in killed.stdout.readline()
            begin = peer.wait_for(lambda events: len(events) > 4)[0].frame - first * BAR / 3840
            killed.kill()
            killed.communicate(timeout=5)  # its pipes are let go by the player, which plays on
            with ExitStack() as players:
                with undisturbed(peer):
                    again = players.enter_context(play(peer, "--seed", "5"))
                    assert again.stdout is not None
                    assert "A player was still playing" in again.stdout.readline()
                    assert "Playing on" in again.stdout.readline()
                    bars = int((peer.frame() - begin) / BAR) + 2
                    peer.wait_until_frame(round(begin + bars * BAR))
                    heard = [note.on for note in notes_of([*peer.heard(), *offs(peer.frame())], cut=True)]
                    wanted = sorted(
                        begin + (turn + max(0 if turn == 0 else -960, note.start_ticks)) * BAR / 3840
                        for turn in range(0, bars * 3840, 15_360)
                        for note in loop_notes(loop)
                        if turn + note.start_ticks < bars * 3840 - 960
                    )
                    assert len(heard) >= len(wanted)
                    assert max(abs(on - due) for on, due in zip(sorted(heard), wanted, strict=False)) < 2
                with undisturbed(peer):
                    players.close()
                    notes_of(list(peer.heard()))  # all closed

    retake(measure, peer)


def test_the_window_goes_on_with_what_play_left_and_all_that_it_was_set_to(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.app.journal_path", lambda: tmp_path / "history.jsonl")

    with play(peer, "--seed", "5", "--channel", "3") as killed:
        peer.wait_for(lambda events: len(events) > 4)
        killed.kill()
        killed.communicate(timeout=5)
    opened = open_studio(None)
    studio = opened.studio
    try:
        told = threading.Event()
        studio.subscribe(lambda state: told.set() if state.playing and state.notice else None)
        assert (studio.state.playing and studio.state.notice) or told.wait(10)
        state = studio.state
        assert (state.settings, state.bpm, state.voicing.channel) == (Settings(seed=5), 240, 2)
        assert state.loop == Model(Bundle.load(), "cpu").loop(Settings(seed=5))
        assert state.ports is not None and state.ports.destination == peer.inp
    finally:
        stats = studio.close()
        opened.ended()
    assert stats is not None
    assert stats.open_notes == 0


def offs(frame: int) -> list[tuple[int, bytes]]:
    """A note-off for every key, for a song that is listened to only until here."""
    return [(frame, bytes((0x89, note, 0))) for note in range(128)]
