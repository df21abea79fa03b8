"""The ALSA port, against a sequencer in memory behind the real alsa-midi package."""

from __future__ import annotations

import inspect
import queue
import time
from collections.abc import Callable, Iterator

import alsa_midi
import pytest

from bridge.player import PlayerConfig
from bridge.player.engine import Engine
from bridge.player.messages import SetLoop, Start, Stop
from bridge.ports import (
    Incoming,
    OthersChanged,
    PeerBack,
    PeerGone,
    PortError,
    PortLost,
    list_ports,
    open_ports,
)
from bridge.ports.alsa_port import AlsaPorts, QueueClock
from tests.player.support import notes_of, random_loop
from tests.ports.conftest import silent, told
from tests.support.alsa import BEGAN_NS, Client, Sequencer

MS = 1_000_000
SYNTH, CLOCK = (20, 0), (24, 0)
Inbox = queue.SimpleQueue[object]
Opener = Callable[..., AlsaPorts]


@pytest.fixture
def sequencer(monkeypatch: pytest.MonkeyPatch) -> Sequencer:
    made = Sequencer()
    made.plug("Synth", "MIDI 1", SYNTH)
    made.plug("Drum Machine", "Clock", CLOCK)
    monkeypatch.setattr(alsa_midi, "SequencerClient", made.client)
    monkeypatch.setattr("bridge.ports.alsa_port.check_device", lambda: None)
    return made


@pytest.fixture
def opened(sequencer: Sequencer, inbox: Inbox) -> Iterator[Opener]:
    made: list[AlsaPorts] = []

    def open_them(out: str | None = None, inp: str | None = None, patient: bool = False) -> AlsaPorts:
        ports = open_ports("alsa", out, inp, inbox, patient=patient)
        assert isinstance(ports, AlsaPorts)
        made.append(ports)
        return ports

    yield open_them
    for ports in made:
        ports.close()
    assert not sequencer.clients


def test_the_double_takes_what_the_package_takes() -> None:
    for name in ("create_queue", "create_port", "list_ports", "event_output", "drain_output", "event_input"):
        real = inspect.signature(getattr(Client.__mro__[1], name)).parameters
        double = inspect.signature(getattr(Client, name)).parameters
        assert {each for each in double if not each.startswith(("_", "wanted_of"))} <= set(real), name


def test_each_message_goes_into_the_queue_with_the_time_at_which_it_is_due(
    opened: Opener, sequencer: Sequencer
) -> None:
    ports = opened()
    assert sequencer.timer.resolution == 6250
    now = ports.clock.now_ns()
    dues = [now + number * MS for number in (1, 5, 3, 3)]
    messages = [b"\x99\x24\x40", b"\x89\x24\x40", b"\xf2\x10\x02", b"\xf8"]
    for message, due in zip(messages, dues, strict=True):
        ports.out.send(message, due)
    ports.close()
    assert [sent.message for sent in sequencer.sent] == [messages[0], messages[2], messages[3], messages[1]]
    times = ports._times
    assert [sent.queue_ns for sent in sequencer.sent] == [times.to_queue_ns(due) for due in sorted(dues)]


def test_the_clocks_are_compared_by_the_answer_that_came_soonest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's clock moves on by what each question takes; the answer is given half-way."""
    now, takes = [10**9], [900, 300, 20, 500, 700]

    class Queue:
        def get_status(self) -> alsa_midi.QueueStatus:
            took = takes.pop(0)
            now[0] += took
            there = now[0] - (took // 2 if took == 20 else took) + BEGAN_NS
            return alsa_midi.QueueStatus(real_time=alsa_midi.RealTime(0, there))

    monkeypatch.setattr("bridge.ports.alsa_port.time.perf_counter_ns", lambda: now[0])
    clock = QueueClock(Queue())
    assert clock.to_queue_ns(5) == 5 + BEGAN_NS
    assert clock.to_host_ns(clock.to_queue_ns(123)) == 123


def test_what_arrives_carries_the_time_at_which_the_kernel_heard_it(
    opened: Opener, sequencer: Sequencer, inbox: Inbox
) -> None:
    ports = opened(inp="drum")
    assert ports.source == "Drum Machine:Clock"
    heard = ports.clock.now_ns() - 50 * MS  # the reader is late
    for number, message in enumerate(
        [b"\xfa", b"\xfe", b"\xf0\x01\xf7", b"\x01\x02", b"\xf8", b"\xf2\x10\x02"]
    ):
        sequencer.arrive(CLOCK, message, heard + number * MS)
    arrived = [told(inbox) for _ in range(3)]
    times = ports._times
    assert arrived == [
        Incoming(message, times.to_host_ns(heard + number * MS + BEGAN_NS))
        for number, message in ((0, b"\xfa"), (4, b"\xf8"), (5, b"\xf2\x10\x02"))
    ]


def test_a_device_that_is_unplugged_is_told_and_connected_again_when_it_is_back(
    opened: Opener, sequencer: Sequencer, inbox: Inbox
) -> None:
    ports = opened(out="Synth:MIDI 1", inp="drum")
    assert (SYNTH in {end for _, end in sequencer.connections}, ports.destination) == (True, "Synth:MIDI 1")
    sequencer.unplug(SYNTH)
    assert told(inbox) == PeerGone("Gone: Synth:MIDI 1. Once back, it is connected again.")
    sequencer.plug("Synth", "MIDI 1", (28, 0))  # with another number, as devices do
    assert told(inbox) == PeerBack("Back, and connected again: Synth:MIDI 1.")
    assert (28, 0) in {end for _, end in sequencer.connections}
    assert silent(inbox)


def test_who_is_patient_awaits_a_device_and_who_is_not_is_told_what_there_is(
    opened: Opener, sequencer: Sequencer, inbox: Inbox
) -> None:
    with pytest.raises(PortError, match=r"'Bass'.*'Drum Machine:Clock'"):
        opened(out="Bass")
    assert not sequencer.clients
    opened(out="Bass:MIDI 1", patient=True)
    assert isinstance(inbox.get(timeout=5), PeerGone)
    sequencer.plug("Bass", "MIDI 1", (32, 0))
    assert isinstance(inbox.get(timeout=5), OthersChanged)
    assert isinstance(told(inbox), PeerBack)


def test_ports_of_one_name_are_told_apart_and_ours_are_not_listed(
    opened: Opener, sequencer: Sequencer
) -> None:
    sequencer.plug("Synth", "MIDI 1", (36, 0))
    names = list_ports("alsa")
    assert names.outputs == names.inputs == ("Synth:MIDI 1 20:0", "Drum Machine:Clock", "Synth:MIDI 1 36:0")
    ports = opened()
    assert (ports.out.name, ports.inp.name, ports.destination) == ("Groovebridge", "Groovebridge", None)


def test_a_sequencer_that_takes_no_more_is_told_once(
    opened: Opener, sequencer: Sequencer, inbox: Inbox
) -> None:
    ports = opened()
    sequencer.broken = True
    for _ in range(3):
        ports.out.send(b"\xf8", ports.clock.now_ns())
    lost = told(inbox)
    assert isinstance(lost, PortLost)
    assert "No such device" in lost.reason
    sequencer.broken = False
    ports.close()
    assert ports.out.counters().dropped == 3
    assert silent(inbox)


def test_a_song_that_is_stopped_leaves_no_note_open(opened: Opener, sequencer: Sequencer) -> None:
    ports = opened()
    engine = Engine(PlayerConfig(bpm=400), lambda _report: None)
    engine.attach(ports, ports.clock.now_ns())
    engine.handle(SetLoop(random_loop(3, density=0.5), 1), ports.clock.now_ns())
    engine.handle(Start(), ports.clock.now_ns())
    while len(sequencer.sent) < 20:
        time.sleep(max(0, engine.advance(ports.clock.now_ns()) - ports.clock.now_ns()) / 1e9)
    engine.handle(Stop(), ports.clock.now_ns())
    engine.detach(ports.clock.now_ns())
    ports.close()
    assert notes_of([(sent.queue_ns, sent.message) for sent in sequencer.sent])


def test_without_the_package_rtmidi_serves(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("bridge.ports.apis.alsa_is_installed", lambda: False)
    monkeypatch.setattr("bridge.ports.rtmidi_port.RtMidiPorts", lambda api, *_: opened.append(api))
    open_ports("alsa", None, None, inbox)
    assert opened == ["alsa"]
