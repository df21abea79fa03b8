"""The CoreMIDI port, against C functions in memory."""

from __future__ import annotations

import ctypes
import queue
import struct
import time
from collections.abc import Callable, Iterator

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
from bridge.ports.coremidi import CoreMidi, packets
from bridge.ports.coremidi_port import CoreMidiPorts
from tests.player.support import notes_of, random_loop
from tests.ports.conftest import silent, told
from tests.support.coremidi import BEHIND_NS, DENOM, NUMER, Server

MS = 1_000_000
Inbox = queue.SimpleQueue[object]
Opener = Callable[..., CoreMidiPorts]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr("bridge.ports.coremidi_port.load", made.library)
    monkeypatch.setattr("bridge.ports.coremidi_port.platform.system", lambda: "Darwin")
    monkeypatch.setattr("bridge.ports.coremidi_port.LOOK_S", 0.01)
    monkeypatch.setattr("bridge.ports.coremidi_port._behind_ns", lambda _core: BEHIND_NS)
    return made


@pytest.fixture
def opened(server: Server, inbox: Inbox) -> Iterator[Opener]:
    made: list[CoreMidiPorts] = []

    def open_them(out: str | None = None, inp: str | None = None, patient: bool = False) -> CoreMidiPorts:
        ports = open_ports("coremidi", out, inp, inbox, patient=patient)
        assert isinstance(ports, CoreMidiPorts)
        made.append(ports)
        return ports

    yield open_them
    for ports in made:
        ports.close()
    assert (server.clients, server.strings) == (set(), 0)  # every client and every string was given back


def test_a_time_is_a_time_stamp_and_back_again(server: Server) -> None:
    core = CoreMidi(server.library())
    assert (core.to_ns(DENOM * 7), core.to_ticks(NUMER * 7)) == (NUMER * 7, DENOM * 7)
    assert core.to_ticks(-1) == 1  # 0 would be now
    assert abs(core.now_ns() + BEHIND_NS - time.perf_counter_ns()) < 1000 * MS


def test_a_device_gets_each_message_ahead_with_the_time_at_which_it_is_due(
    opened: Opener, server: Server
) -> None:
    destination, _ = server.plug("Drum Brain")
    ports = opened(out="brain")
    assert (ports.out.name, ports.destination) == ("Drum Brain", "Drum Brain")
    now = ports.clock.now_ns()
    dues = [now + number * MS for number in (1, 5, 3, 3)]
    messages = [b"\x99\x24\x40", b"\x89\x24\x40", b"\xf2\x10\x02", b"\xf8"]
    for message, due in zip(messages, dues, strict=True):
        ports.out.send(message, due)
    ports.close()
    assert [sent.message for sent in server.sent] == [messages[0], messages[2], messages[3], messages[1]]
    assert {(sent.call, sent.endpoint) for sent in server.sent} == {("MIDISend", destination)}
    assert [sent.ticks for sent in server.sent] == [server.ticks(due) for due in sorted(dues)]


def test_who_listens_to_our_own_port_gets_each_message_when_it_is_due(opened: Opener, server: Server) -> None:
    ports = opened()
    due = ports.clock.now_ns() + 20 * MS
    ports.out.send(b"\x99\x24\x40", due)
    while not server.sent:
        time.sleep(0.001)
    (sent,) = server.sent
    assert (sent.call, sent.message) == ("MIDIReceived", b"\x99\x24\x40")
    assert server.sources[sent.endpoint] == "Groovebridge"
    assert sent.ticks >= server.ticks(due)


def test_what_arrives_is_whole_and_carries_the_time_at_which_it_was_heard(
    opened: Opener, server: Server, inbox: Inbox
) -> None:
    opened()
    heard = time.perf_counter_ns() - 50 * MS
    stamp = server.ticks(heard)
    server.arrive(
        server.reader(),
        [
            (stamp, b"\xfa\xf8"),
            (stamp + 30, b"\xfe"),
            (stamp + 60, b"\xf0\x01"),
            (stamp + 90, b"\xf7\x99\x24\x40"),
        ],
    )
    first = told(inbox), told(inbox), told(inbox)
    at_ns = stamp * NUMER // DENOM + BEHIND_NS
    assert abs(at_ns - heard) <= NUMER // DENOM + 1
    assert first == (
        Incoming(b"\xfa", at_ns),
        Incoming(b"\xf8", at_ns),
        Incoming(b"\x99\x24\x40", (stamp + 90) * NUMER // DENOM + BEHIND_NS),
    )
    server.arrive(server.reader(), [(0, b"\xf8")])  # 0 is now
    now = told(inbox)
    assert isinstance(now, Incoming)
    assert now.at_ns > heard
    assert silent(inbox)


def test_packets_are_found_where_arm_and_where_others_lay_them() -> None:
    for aligned in (False, True):
        data = struct.pack("<I", 2)
        for ticks, message in ((5, b"\xf8"), (6, b"\x99\x24\x40")):
            data += struct.pack("<QH", ticks, len(message)) + message
            data += b"\0" * (-len(data) % 4 if aligned else 0)
        room = ctypes.create_string_buffer(data, len(data))
        found = list(packets(ctypes.addressof(room), aligned))
        assert found == [(5, b"\xf8"), (6, b"\x99\x24\x40")]


def test_a_device_that_is_unplugged_is_told_and_connected_again_when_it_is_back(
    opened: Opener, server: Server, inbox: Inbox
) -> None:
    server.plug("Drum Brain")
    ports = opened(out="Drum Brain", inp="Drum Brain")
    server.unplug("Drum Brain")
    assert told(inbox) == PeerGone("Gone: Drum Brain. Once back, it is connected again.")
    ports.out.send(b"\x99\x24\x40", ports.clock.now_ns())
    destination, source = server.plug("Drum Brain")
    assert isinstance(told(inbox), PeerBack)
    assert source in {each for _, each in server.connected}
    ports.out.send(b"\x89\x24\x40", ports.clock.now_ns())
    while not any(sent.endpoint == destination for sent in server.sent):
        time.sleep(0.001)
    assert silent(inbox)


def test_who_is_patient_awaits_a_device_and_who_is_not_is_told_what_there_is(
    opened: Opener, server: Server, inbox: Inbox
) -> None:
    server.plug("Drum Brain")
    with pytest.raises(PortError, match=r"'Bass'.*'Drum Brain'"):
        opened(out="Bass")
    assert not server.clients
    opened(inp="Bass", patient=True)
    assert isinstance(inbox.get(timeout=5), PeerGone)
    server.plug("Bass")
    assert isinstance(inbox.get(timeout=5), OthersChanged)
    assert isinstance(told(inbox), PeerBack)


def test_a_server_that_takes_no_more_is_told_once(opened: Opener, server: Server, inbox: Inbox) -> None:
    server.plug("Drum Brain")
    ports = opened(out="Drum Brain")
    server.broken = True
    for _ in range(3):
        ports.out.send(b"\xf8", ports.clock.now_ns())
    lost = told(inbox)
    assert isinstance(lost, PortLost)
    assert "MIDISend answered -10842" in lost.reason
    ports.close()
    assert ports.out.counters().dropped == 3
    assert silent(inbox)


@pytest.mark.parametrize("out", [None, "Drum Brain"])
def test_a_song_that_is_stopped_leaves_no_note_open(opened: Opener, server: Server, out: str | None) -> None:
    server.plug("Drum Brain")
    ports = opened(out=out)
    engine = Engine(PlayerConfig(bpm=400), lambda _report: None)
    engine.attach(ports, ports.clock.now_ns())
    engine.handle(SetLoop(random_loop(3, density=0.5), 1), ports.clock.now_ns())
    engine.handle(Start(), ports.clock.now_ns())
    while len(server.sent) < 20:
        time.sleep(max(0, engine.advance(ports.clock.now_ns()) - ports.clock.now_ns()) / 1e9)
    engine.handle(Stop(), ports.clock.now_ns())
    engine.detach(ports.clock.now_ns())
    ports.close()
    assert notes_of([(number, sent.message) for number, sent in enumerate(server.sent)])


def test_the_ports_of_others_are_listed_and_where_there_is_no_coremidi_rtmidi_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.plug("Drum Brain")
    assert list_ports("coremidi").outputs == ("Drum Brain",)
    monkeypatch.setattr("bridge.ports.coremidi_port.platform.system", lambda: "Linux")
    with pytest.raises(PortError, match="CoreMIDI is not available"):
        list_ports("coremidi")
