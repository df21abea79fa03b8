"""The player is killed; the studio puts another in its place, in time with the song."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bridge.groove import GENERAL_MIDI, DrumLoop
from bridge.groove.notes import loop_notes
from bridge.model import Settings
from bridge.player import PlayerConfig, PlayerLink
from bridge.player.meeting import Orphan
from bridge.player.messages import Motion, Report, Sync
from bridge.studio import Studio, StudioState
from tests.player.support import assert_played, notes_of, random_loop
from tests.support.jackd import JackServer
from tests.support.peer import Peer, clock_events
from tests.support.takes import retake, undisturbed

pytestmark = [pytest.mark.jack, pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")]

BPM = 300.0
RATE = 48_000
PER_TICK = 60 * RATE / (960 * BPM)
BAR = 3840 * PER_TICK
LOOP = random_loop(21, density=0.25, feel=0.5)
PHASE_FRAMES = 48
"""A millisecond: the position goes from player to player through the computer's clock, which JACK's frames
follow with the lag of its smoothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


@pytest.fixture
def peer(server: JackServer) -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


class OneLoop:
    """A model of few ideas."""

    def loop(self, settings: Settings) -> DrumLoop:
        return LOOP


class Session:
    """A studio with a real player, which the peer hears."""

    def __init__(self, config: PlayerConfig) -> None:
        self.pids: list[int] = []
        self._changed = threading.Condition()
        self.studio = Studio(OneLoop(), self._link, config)
        self.studio.subscribe(self._on_change)

    def _link(
        self, config: PlayerConfig, on_report: Callable[[Report], None], orphan: Orphan | None = None
    ) -> PlayerLink:
        link = PlayerLink(config, on_report, orphan)
        assert link.pid is not None
        self.pids.append(link.pid)
        return link

    def _on_change(self, _: StudioState) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, fits: Callable[[StudioState], object]) -> StudioState:
        with self._changed:
            assert self._changed.wait_for(lambda: fits(self.studio.state), timeout=15), self.studio.state
        return self.studio.state

    def kill_player(self) -> None:
        os.kill(self.pids[-1], signal.SIGKILL)


@contextmanager
def session(config: PlayerConfig) -> Iterator[Session]:
    made = Session(config)
    try:
        made.wait_for(lambda state: state.ports)
        yield made
    finally:
        made.studio.close()


def channel_messages(peer: Peer) -> list[tuple[int, bytes]]:
    return [(frame, message) for frame, message in peer.heard() if message[0] < 0xF0]


def test_another_player_goes_on_in_phase_and_closes_what_the_dead_one_left_open(peer: Peer) -> None:
    def measure() -> None:
        with session(PlayerConfig(api="jack", out=peer.inp, bpm=BPM)) as playing:
            with undisturbed(peer):
                peer.forget()
                playing.studio.play()
                begin = peer.wait_for(lambda events: len(events) > 4)[0].frame
                begin -= round(min(max(0, note.start_ticks) for note in loop_notes(LOOP)) * PER_TICK)
                peer.wait_until_frame(round(begin + 1.3 * BAR))
                assert_played(
                    notes_of([*channel_messages(peer), *offs(peer.frame())], cut=True),
                    LOOP,
                    zero=begin,
                    per_tick=PER_TICK,
                    at_ticks=0,
                    until_ticks=3840,
                    within=1.5,
                    first_within=1.5,
                )
            peer.forget()
            playing.kill_player()
            state = playing.wait_for(lambda state: state.notice)
            assert state.notice is not None and "in time with the song" in state.notice
            assert state.motion is Motion.ROLLING
            came = peer.wait_for(lambda events: len(events) > 40)
            resumed = next(event.frame for event in came if event.message[0] >> 4 == 9)
            closed = {message[1] for frame, message in came if frame < resumed and message[0] >> 4 == 8}
            assert closed == set(GENERAL_MIDI.out_notes)
            with undisturbed(peer):
                first = int((resumed - begin) / BAR + 1)
                peer.wait_until_frame(round(begin + (first + 2.1) * BAR))
                playing.studio.stop()
                playing.wait_for(lambda state: not state.playing)
                peer.wait_until_frame(peer.frame() + RATE // 20)
                assert_played(
                    notes_of(channel_messages(peer), cut=True),
                    LOOP,
                    zero=begin + first * BAR,
                    per_tick=PER_TICK,
                    at_ticks=first * 3840,
                    until_ticks=(first + 2) * 3840,
                    within=PHASE_FRAMES,
                    first_within=PHASE_FRAMES,
                    begins=False,
                )
            stats = playing.studio.close()
            assert stats is not None and stats.open_notes == 0

    retake(measure, peer)


def test_another_player_picks_up_the_clock_that_is_followed(peer: Peer) -> None:
    def measure() -> None:
        with Peer("daw") as daw:
            config = PlayerConfig(api="jack", out=peer.inp, inp=daw.out, sync=Sync.CLOCK)
            with session(config) as playing:
                start = 1 + daw.play(clock_events(BPM, 24 * 4 * 8))
                peer.wait_until_frame(round(start + 1.3 * BAR))
                playing.kill_player()
                playing.wait_for(lambda state: state.notice and state.motion is Motion.ROLLING)
                with undisturbed(peer):
                    first = int((peer.frame() - start) / BAR + 1)
                    peer.wait_until_frame(round(start + (first + 2.1) * BAR))
                    daw.stop_playing()
                    daw.play([(0, b"\xfc")])
                    playing.wait_for(lambda state: not state.playing)
                    peer.wait_until_frame(peer.frame() + RATE // 20)
                    assert_played(
                        notes_of(channel_messages(peer), cut=True),
                        LOOP,
                        zero=start + first * BAR,
                        per_tick=PER_TICK,
                        at_ticks=first * 3840,
                        until_ticks=(first + 2) * 3840,
                        within=PHASE_FRAMES,
                        first_within=PHASE_FRAMES,
                        begins=False,
                    )
                stats = playing.studio.close()
                assert stats is not None and stats.open_notes == 0

    retake(measure, peer)


def offs(frame: int) -> list[tuple[int, bytes]]:
    """A note-off for every key, for a song that is listened to only until here."""
    return [(frame, bytes((0x89, note, 0))) for note in GENERAL_MIDI.out_notes]
