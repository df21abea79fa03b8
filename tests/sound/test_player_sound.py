"""The player with its drums, on a real JACK server: an ear and a MIDI listener beside each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bridge.groove import STEPS, VOICES, DrumLoop, Voice
from bridge.player import PlayerConfig
from bridge.player.messages import (
    Fault,
    PortsOpened,
    SetLoop,
    SetSound,
    Sound,
    SoundStage,
    SoundWhen,
    Start,
    Stop,
)
from tests.player.support import Running
from tests.sound.ear import Ear
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import take

pytestmark = pytest.mark.jack
BPM = 150.0
BEATS = 6
BEAT = round(48_000 * 60 / BPM)


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


def four_on_the_floor() -> DrumLoop:
    """A closed hat on each beat, as hard as it goes: it is heard at once, and short."""
    hits = np.zeros((STEPS, VOICES), bool)
    hits[::4, Voice.CLOSED_HAT] = True
    return DrumLoop.of(hits, hits * 1.0, hits * 0.0)


def test_notes_are_heard_on_their_frames_by_a_constant_delay_and_a_stop_silences(server: JackServer) -> None:
    with (
        Running(PlayerConfig(api="jack", bpm=BPM, sound=SoundWhen.ON)) as player,
        Peer() as peer,
        Ear() as ear,
    ):
        peer.connect(player.wait_for(PortsOpened).out, peer.inp)
        assert "JACK" in player.wait_for(Sound, lambda sound: sound.stage is SoundStage.ON).text
        ear.listen("Groovebridge Drums:left")
        player.send(SetLoop(four_on_the_floor(), 1))

        def played() -> tuple[list[int], list[int], int]:
            peer.forget()
            ear.forget()
            player.send(Start())
            heard = ear.blows(BEATS)
            player.send(Stop())
            ear.hush(BEAT * 2)
            notes = [each.frame for each in peer.heard() if each.message[0] == 0x99 and each.message[2]]
            return notes, heard, ear.sounding_until

        notes, heard, end = take(played, peer)
        assert np.abs(np.diff(notes) - BEAT).max() <= 1
        delays = np.array(heard) - notes[: len(heard)]
        assert delays.min() > 0
        assert delays.max() < 4 * peer.period + 400  # periods, and until it is loud
        assert np.ptp(delays) < 48
        assert end < notes[-1] + BEAT


def test_auto_sounds_until_a_daw_is_connected_and_again_when_it_has_gone(server: JackServer) -> None:
    with Running(PlayerConfig(api="jack", sound=SoundWhen.AUTO)) as player:
        out = player.wait_for(PortsOpened).out
        player.wait_for(Sound, lambda sound: sound.stage is SoundStage.ON)
        player.forget()
        with Peer("daw") as daw:
            daw.connect(out, daw.inp)
            player.wait_for(Sound, lambda sound: sound.stage is SoundStage.OFF)
        player.wait_for(Sound, lambda sound: sound.stage is SoundStage.ON)
        player.forget()
        player.send(SetSound(SoundWhen.OFF))
        player.wait_for(Sound, lambda sound: sound.stage is SoundStage.OFF)


def test_without_midi_the_drums_are_heard_all_the_same(server: JackServer) -> None:
    with Running(PlayerConfig(api="none", bpm=BPM, sound=SoundWhen.AUTO)) as player, Ear() as ear:
        player.wait_for(Sound, lambda sound: sound.stage is SoundStage.ON)
        ear.listen("Groovebridge Drums:left")
        player.send(SetLoop(four_on_the_floor(), 1), Start())
        assert np.abs(np.diff(ear.blows(3)) - BEAT).max() < 0.02 * 48_000


def test_drums_that_ended_with_jack_sound_again_when_it_is_back() -> None:
    with JackServer() as server, Running(PlayerConfig(api="jack", sound=SoundWhen.AUTO)) as player:
        player.wait_for(Sound, lambda sound: sound.stage is SoundStage.ON)
        server.stop()
        assert player.wait_for(Fault).ports_lost
        player.forget()
        server.start()
        player.wait_for(Sound, lambda sound: sound.stage is SoundStage.ON)
