"""The player process on a real JACK server, heard by another program: exact frames, exact notes."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import mido
import pytest

from bridge.groove.notes import loop_notes
from bridge.player import PlayerConfig
from bridge.player.messages import (
    Alone,
    Anchor,
    Fault,
    Finished,
    LoopPlaying,
    Motion,
    OpenPorts,
    PortsOpened,
    SetLoop,
    SetTempo,
    SetVoicing,
    Start,
    Stats,
    Stop,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from tests.player.support import Running, assert_played, notes_of, random_loop, recorded
from tests.support.jackd import JackServer, said_by
from tests.support.peer import Peer
from tests.support.takes import take

pytestmark = pytest.mark.jack

BPM = 300.0
FAST = 400.0  # eight bars in under five seconds: a short take is more often a clean one
STEADY = random_loop(21, density=0.25, feel=0.5)
RATE = 48_000


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


@pytest.fixture
def clock(server: JackServer) -> Iterator[Peer]:
    """Sends MIDI clock. Not `peer`: a ring of two programs would make one of them a period late."""
    with Peer("clock") as peer:
        yield peer


@pytest.fixture
def peer(server: JackServer) -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def first_hits(peer: Peer) -> int:
    """Frames: how late the first step of a clock that did not run before may be. Its F8 is heard two periods
    late, and until the second one its tempo is a guess, with half a clock's error here.
    """
    return 3 * peer.period + 500


def frames_of(ticks: float, bpm: float = BPM) -> float:
    return ticks * 60 * RATE / (960 * bpm)


@contextmanager
def playing(config: PlayerConfig, peer: Peer) -> Iterator[Running]:
    """A player whose output the peer hears. That a client joins is an xrun in itself, so takes begin after
    it."""
    with Running(config) as player:
        peer.connect(player.wait_for(PortsOpened).out, peer.inp)
        yield player


def test_what_arrives_is_what_was_recorded_and_every_event_is_on_its_frame(
    peer: Peer, tmp_path: Path
) -> None:
    path = tmp_path / "R.mid"
    bars, takes = 8, 0

    def measure() -> tuple[list[tuple[int, bytes]], Stats]:
        nonlocal takes
        takes += 1
        peer.forget()
        player.forget()
        player.send(Start())
        player.wait_for(Finished)
        return [(event.frame, event.message) for event in peer.heard()], player.wait_for(Stats)

    with playing(PlayerConfig(api="jack", bpm=FAST, bars=bars, record=str(path)), peer) as player:
        player.send(SetLoop(random_loop(1), 1))
        heard, stats = take(measure, peer)
        ended = player.close()
    assert ended is not None
    assert ended.open_notes == 0
    assert mido.MidiFile(path).length == pytest.approx(takes * bars * 4 * 60 / FAST, abs=1e-6)

    written = [event for event in recorded(mido.MidiFile(path)) if event[0] >= (takes - 1) * bars * 3840]
    assert [message for _, message in heard] == [message for _, message in written]
    offsets = [frame - frames_of(ticks, FAST) for (frame, _), (ticks, _) in zip(heard, written, strict=True)]
    assert max(offsets) - min(offsets) <= 1
    notes = notes_of(heard)
    assert len(notes) > 100
    if takes == 1:
        assert stats.notes_sent == len(notes)
        assert (stats.late_handover, stats.lateness_ms["max"]) == (0, 0)


def at_least(count: int) -> Callable[[Sequence[object]], bool]:
    return lambda events: len(events) >= count


def channel_messages(peer: Peer) -> list[tuple[int, bytes]]:
    return [(frame, message) for frame, message in peer.heard() if message[0] < 0xF0]


def song_position(step: int) -> bytes:
    return bytes((0xF2, step & 127, step >> 7))


def test_a_foreign_clock_that_starts_stops_continues_and_jumps_is_followed(clock: Peer, peer: Peer) -> None:
    # What arms, from which sixteenth, for how many beats. The loop has no hit where each is left: what is due
    # in the next two periods is handed over already.
    script = (
        ((b"\xfa",), 0, 4),
        ((b"\xfc", b"\xfb"), 16, 2),
        ((b"\xfc", song_position(16 * 7 + 3), b"\xfb"), 16 * 7 + 3, 4),
        ((song_position(16 * 2),), 16 * 2, 5),
        ((b"\xfc", b"\xfa"), 0, 3),
    )

    def measure() -> None:
        peer.forget()
        events: list[tuple[int, bytes]] = []
        at = 0
        rolls = []
        for arming, step, beats in script:
            events += [(at, message) for message in arming]
            at += 1
            rolls.append((at, step * 240, beats * 960))
            events += [(at + 400 * tick, b"\xf8") for tick in range(24 * beats)]
            at += 400 * 24 * beats
        start = clock.play([*events, (at, b"\xfc")])
        peer.wait_until_frame(start + at + RATE // 10)
        heard = channel_messages(peer)
        notes_of(heard)  # nothing doubled, nothing left open
        for zero, at_ticks, length in rolls:
            first, last = start + zero, start + zero + frames_of(length)
            # what was struck before the jump was known may still sound for a moment
            mine = notes_of([(f, m) for f, m in heard if first <= f], cut=True)
            assert_played(
                [note for note in mine if note.on < last],
                STEADY,
                zero=first,
                per_tick=frames_of(1),
                at_ticks=at_ticks,
                until_ticks=at_ticks + length - 240,
                within=12,
                first_within=first_hits(peer),
            )

    with playing(PlayerConfig(api="jack", sync=Sync.CLOCK), peer) as player:
        clock.connect(clock.out, player.wait_for(PortsOpened).inp or "")
        player.send(SetLoop(STEADY, 1))
        take(measure, peer)
        stats = player.close()
    assert stats is not None
    assert stats.open_notes == 0


class JackTransport:
    """Debian's `jack_midi_clock`, led by Debian's `jack_transport`: a clock that none of us wrote."""

    def __init__(self, listeners: Sequence[str]) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._clock = subprocess.Popen(["jack_midi_clock", "-d", "0.2", *listeners], **quiet)  # type: ignore[call-overload]
        self._transport = subprocess.Popen(["jack_transport"], stdin=subprocess.PIPE, text=True, **quiet)  # type: ignore[call-overload]

    def say(self, *commands: str) -> None:
        for command in commands:
            self._transport.stdin.write(command + "\n")
        self._transport.stdin.flush()

    def close(self) -> None:
        self.say("exit")
        self._transport.communicate()
        self._clock.terminate()
        self._clock.wait()


def position_of(message: bytes) -> int:
    """Where a song position is, in ticks; -1 for other messages."""
    return (message[1] | message[2] << 7) * 240 if message[0] == 0xF2 else -1


def rolls_in(events: Iterable[tuple[int, bytes]]) -> list[tuple[int, int, int]]:
    """(frame of its first F8, position in ticks there, number of F8) of each roll of a MIDI clock."""
    rolls: list[tuple[int, int, int]] = []
    position, armed, rolling = 0, False, False
    for frame, message in events:
        match message[0]:
            case 0xFA | 0xFB:
                position, armed = (0 if message[0] == 0xFA else position), True
            case 0xF2:
                position = position_of(message)
            case 0xFC:
                armed = rolling = False
            case 0xF8 if armed:
                armed, rolling = False, True
                rolls.append((frame, position, 1))
            case 0xF8 if rolling:
                rolls[-1] = (*rolls[-1][:2], rolls[-1][2] + 1)
    return rolls


def test_debians_jack_midi_clock_is_followed_through_stop_locate_and_start(peer: Peer) -> None:
    def heard_after(message: bytes, clocks: int) -> None:
        """Wait until so many F8 have come after the last such message."""

        def enough(events: Sequence[tuple[int, bytes]]) -> bool:
            messages = [event[1] for event in events]
            last = len(messages) - messages[::-1].index(message) if message in messages else len(messages)
            return messages[last:].count(b"\xf8") >= clocks

        peer.wait_for(enough)

    def measure() -> None:
        transport.say("stop", "locate 0")  # a take that was given up may still roll
        peer.wait_until_frame(peer.frame() + RATE // 4)
        peer.forget()
        transport.say("play")
        heard_after(b"\xfa", 24 * 4)
        transport.say("stop", f"locate {round(frames_of(19 * 3840 + 960))}")
        peer.wait_for(lambda events: any(position_of(message) >= 19 * 3840 for _, message in events))
        transport.say("play")
        heard_after(b"\xfb", 24 * 4)
        transport.say("stop")
        peer.wait_for(lambda events: any(message == b"\xfc" for _, message in events[-60:]))
        peer.wait_until_frame(peer.frame() + RATE // 10)
        events = [(frame, message) for frame, message in peer.heard()]
        heard = [event for event in events if event[1][0] < 0xF0]
        notes_of(heard)
        rolls = rolls_in(events)
        assert rolls[0][1] == 0
        assert rolls[1][1] >= 19 * 3840
        for first, at_ticks, clocks in rolls:
            assert_played(
                notes_of([(frame, message) for frame, message in heard if frame >= first], cut=True),
                STEADY,
                zero=first,
                per_tick=frames_of(1),
                at_ticks=at_ticks,
                until_ticks=(at_ticks + clocks * 40) // 240 * 240 - 240,
                within=12,
                first_within=first_hits(peer),
            )

    with playing(PlayerConfig(api="jack", sync=Sync.CLOCK), peer) as player:
        player.send(SetLoop(STEADY, 1))
        transport = JackTransport([peer.inp, player.wait_for(PortsOpened).inp or ""])
        try:
            transport.say(f"tempo {BPM:g}", "master")
            take(measure, peer)
        finally:
            transport.close()


def test_a_swap_at_the_bar_leaves_no_gap_and_doubles_nothing(peer: Peer) -> None:
    other = random_loop(22, density=0.25, feel=0.5)

    number = 0

    def measure() -> None:
        nonlocal number
        peer.forget()
        player.send(SetLoop(STEADY, number := number + 1))
        player.wait_for(LoopPlaying, lambda told: told.loop_id == number)
        player.forget()
        player.send(Start())
        peer.wait_for(lambda events: len(events) >= 10)
        player.send(SetLoop(other, number := number + 1, SwapAt.BAR))
        boundary = player.wait_for(LoopPlaying, lambda told: told.loop_id == number).at_ticks
        player.wait_for(Finished)
        heard = channel_messages(peer)
        zero = heard[0][0]
        first_note = min(max(0, note.start_ticks) for note in loop_notes(STEADY))
        assert boundary % 3840 == 0
        for loop, at_ticks, until_ticks in ((STEADY, 0, boundary), (other, boundary, 3 * 3840)):
            assert_played(
                notes_of(heard),
                loop,
                zero=zero + frames_of(at_ticks - first_note),
                per_tick=frames_of(1),
                at_ticks=at_ticks,
                until_ticks=until_ticks,
                within=1.5,
                first_within=1.5,
                begins=at_ticks == 0,
            )

    with playing(PlayerConfig(api="jack", bpm=BPM, bars=3), peer) as player:
        take(measure, peer)


def test_the_same_loop_and_mix_again_at_any_moment_change_no_note(peer: Peer) -> None:
    number = 0

    def measure() -> None:
        nonlocal number
        peer.forget()
        player.forget()
        player.send(Start())
        for heard_so_far in range(4, 100, 3):
            peer.wait_for(at_least(heard_so_far))
            player.send(SetLoop(STEADY, number := number + 1, SwapAt.NOW), SetVoicing(Voicing()))
        player.wait_for(Finished)
        heard = channel_messages(peer)
        assert_played(
            notes_of(heard),
            STEADY,
            zero=heard[0][0] - frames_of(min(max(0, note.start_ticks) for note in loop_notes(STEADY))),
            per_tick=frames_of(1),
            at_ticks=0,
            until_ticks=3 * 3840,
            within=1.5,
            first_within=1.5,
        )

    with playing(PlayerConfig(api="jack", bpm=BPM, bars=3), peer) as player:
        player.send(SetLoop(STEADY, number := number + 1))
        take(measure, peer)


class ClockReader:
    """Debian's `jack_mclk_dump`: what another program reads off the clock of a port."""

    def __init__(self, port: str) -> None:
        self._process = subprocess.Popen(
            ["stdbuf", "-oL", "jack_mclk_dump", "-n", port], stdout=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 20
        while "mclk" not in said_by("jack_lsp", "-c", port):
            assert self._process.poll() is None
            assert time.monotonic() < deadline

    def close(self) -> list[tuple[float, int]]:
        """Since the last Start: (BPM, filtered by the program; frames since the F8 before) of each F8 but
        the first."""
        self._process.terminate()
        printed, _ = self._process.communicate()
        rolled = printed[printed.rindex("(0xfa)") :]
        found = re.findall(r"flt: +([0-9.]+)\[BPM\] +dt: +([0-9]+)\[", rolled)
        return [(float(bpm), int(frames)) for bpm, frames in found]


def test_the_clock_that_we_send_is_on_exact_frames_and_another_program_reads_its_tempo(peer: Peer) -> None:
    def measure() -> None:
        peer.forget()
        player.forget()
        player.send(Start())
        player.wait_for(Finished)
        heard = peer.wait_for(lambda events: any(message == b"\xfc" for _, message in events))
        beats = [frame for frame, message in heard if message == b"\xf8"]
        assert [message for _, message in heard] == [b"\xfa", *[b"\xf8"] * (2 * 96), b"\xfc"]
        offsets = [frame - frames_of(40 * number) for number, frame in enumerate(beats)]
        assert max(offsets) - min(offsets) <= 1
        assert beats[0] - heard[0].frame >= RATE // 1000

    with playing(PlayerConfig(api="jack", bpm=BPM, bars=2, send_clock=True), peer) as player:
        reader = ClockReader(player.wait_for(PortsOpened).out)
        try:
            take(measure, peer)
        finally:
            read = reader.close()
    assert len(read) == 2 * 96 - 1
    assert read[-1][0] == pytest.approx(BPM, abs=0.05)


def test_another_program_reads_our_tempo_and_counts_our_beats_through_changes(peer: Peer) -> None:
    tempi = (300.0, 240.0, 333.0)
    clocks = 96

    def measure() -> int:
        peer.forget()
        player.send(SetTempo(tempi[0]), Start())
        for number, bpm in enumerate(tempi):
            player.send(SetTempo(bpm))
            peer.wait_for(lambda events, n=number: len(events) > (n + 1) * clocks)  # type: ignore[misc]
        player.send(Stop())
        heard = peer.wait_for(lambda events: events[-1].message == b"\xfc")
        assert [message for _, message in heard if message != b"\xf8"] == [b"\xfa", b"\xfc"]
        return len(heard) - 2

    with playing(PlayerConfig(api="jack", send_clock=True), peer) as player:
        reader = ClockReader(player.wait_for(PortsOpened).out)
        try:
            sent = take(measure, peer)
        finally:
            read = [frames for _, frames in reader.close()]
    assert len(read) == sent - 1
    for bpm in tempi:
        period = frames_of(40, bpm)
        steady = [frames for frames in read if abs(frames - period) <= 1]
        assert len(steady) > clocks - 24
        assert 60 * RATE / 24 / (sum(steady) / len(steady)) == pytest.approx(bpm, abs=0.05)


def test_a_clock_that_goes_on_while_stopped_is_on_one_grid_of_frames(peer: Peer) -> None:
    def measure() -> None:
        player.send(Stop())  # a take that was given up may still roll
        peer.forget()
        peer.wait_for(at_least(24))
        peer.forget()
        for command in (None, Start(), Stop(), Start(37 * 240), Stop()):
            if command is not None:
                player.send(command)
            peer.wait_for(at_least(len(peer.heard()) + 48))
        heard = peer.heard()
        clocks = [frame for frame, message in heard if message == b"\xf8"]
        assert {after - before for before, after in pairwise(clocks)} == {400}
        said = [message for _, message in heard if message != b"\xf8"]
        assert said == [b"\xfa", b"\xfc", song_position(37), b"\xfb", b"\xfc"]

    config = PlayerConfig(api="jack", bpm=BPM, send_clock=True, clock_while_stopped=True)
    with playing(config, peer) as player:
        take(measure, peer)


def test_a_server_that_dies_while_we_play_is_told_in_a_sentence_and_the_player_can_go_on() -> None:
    with JackServer() as doomed, Running(PlayerConfig(api="jack", bpm=BPM)) as player:
        player.wait_for(PortsOpened)
        player.send(SetLoop(STEADY, 1), Start())
        player.wait_for(Anchor, lambda anchor: anchor.motion is Motion.ROLLING)
        doomed.kill()
        fault = player.wait_for(Fault)
        assert fault.ports_lost and not fault.fatal
        assert "JACK" in fault.text
        player.forget()
        player.send(OpenPorts("none"), Start())
        player.wait_for(Anchor, lambda anchor: anchor.motion is Motion.ROLLING)
        stats = player.close()
    assert stats is not None
    assert stats.open_notes == 0


def test_whether_anybody_can_hear_us_is_told(peer: Peer) -> None:
    with Running(PlayerConfig(api="jack")) as player:
        assert player.wait_for(Alone).alone
        player.forget()
        peer.connect("Groovebridge:out", peer.inp)
        assert not player.wait_for(Alone).alone
