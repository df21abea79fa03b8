"""The rtmidi port, through RtMidi's own JACK driver: the one MIDI system that a test can bring along."""

from __future__ import annotations

import queue
import statistics
from collections.abc import Callable

import pytest
import rtmidi

from bridge.ports import Incoming, PortError, PortLost, Ports, list_ports, open_ports
from bridge.ports.rtmidi_port import _found
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import DirtyError, take

MS = 1_000_000
Inbox = queue.SimpleQueue[object]
Opener = Callable[..., Ports]


def frames_ahead(peer: Peer, ports: Ports) -> float:
    """By how many frames the server's counter is ahead of our clock: the median of several looks."""

    def look() -> float:
        before = ports.clock.now_ns()
        frame = peer.frame()
        return frame - (before + ports.clock.now_ns()) / 2e9 * peer.rate

    return statistics.median(look() for _ in range(15))


@pytest.mark.jack
def test_messages_come_out_in_order_within_a_period_of_their_time(opened: Opener, peer: Peer) -> None:
    ports = opened(out="peer", api="rtmidi-jack")
    assert ports.out.name == peer.inp

    def measure() -> None:
        peer.forget()
        before = ports.out.counters().messages
        ahead = frames_ahead(peer, ports)
        now = ports.clock.now_ns()
        dues = [now + 30 * MS + number * 5 * MS for number in range(60)]
        for number, due in enumerate(dues):
            ports.out.send(bytes([0x90, number, 64]), due)
        heard = peer.wait_for(lambda heard: len(heard) >= 60)
        assert [message[1] for _, message in heard] == list(range(60))
        if abs(frames_ahead(peer, ports) - ahead) > peer.rate / 2000:
            raise DirtyError  # the server's frames left our clock's pace meanwhile
        early_ms = peer.period / peer.rate * 1000 + 0.5  # it snaps to the period's start
        for (frame, _), due in zip(heard, dues, strict=True):
            late_ms = (frame - ahead) / peer.rate * 1000 - due / MS
            assert -early_ms < late_ms < 30, "this machine may be busy; more is a fault"
        assert ports.out.counters().messages == before + 60

    take(measure, peer)


@pytest.mark.jack
def test_what_arrives_is_whole_in_order_and_stamped_on_arrival(
    opened: Opener, peer: Peer, inbox: Inbox
) -> None:
    """All that a player needs comes through: clock, transport, song position, notes. Sensing does not."""
    ports = opened(inp="peer", api="rtmidi-jack")
    sent = [b"\xf2\x10\x02", b"\xfb", b"\xf8", b"\x99\x24\x40", b"\xf8", b"\x89\x24\x40", b"\xfc", b"\xfa"]

    def measure() -> None:
        while not inbox.empty():
            inbox.get()
        before = ports.clock.now_ns()
        peer.play([(number * 500, message) for number, message in enumerate([b"\xfe", *sent])])
        arrived = [inbox.get(timeout=5) for _ in sent]
        after = ports.clock.now_ns()
        assert [item.message for item in arrived if isinstance(item, Incoming)] == sent
        times = [item.at_ns for item in arrived if isinstance(item, Incoming)]
        assert times == sorted(times)
        assert before < times[0]
        assert times[-1] < after

    take(measure, peer)


@pytest.mark.jack
def test_virtual_ports_are_there_under_our_name_until_closed(opened: Opener, server: JackServer) -> None:
    ports = opened(api="rtmidi-jack")
    assert (ports.out.name, ports.inp and ports.inp.name) == ("Groovebridge", "Groovebridge")
    listed = list_ports("rtmidi-jack")
    assert [name.partition(":")[2] for name in (*listed.outputs, *listed.inputs)] == ["Groovebridge"] * 2
    ports.close()
    ports.close()
    listed = list_ports("rtmidi-jack")
    assert (listed.outputs, listed.inputs) == ((), ())


@pytest.mark.jack
def test_an_unknown_port_is_answered_with_the_ports_and_leaves_nothing_open(
    opened: Opener, peer: Peer
) -> None:
    for wanted in ({"out": "Bitwig"}, {"inp": "Bitwig"}):
        with pytest.raises(PortError) as error:
            opened(**wanted, api="rtmidi-jack")
        assert "'Bitwig'" in str(error.value)
        assert "'peer:" in str(error.value)
    assert list_ports("jack").outputs == (peer.inp,)


def test_a_device_that_comes_back_with_another_number_is_found_by_who_had_it() -> None:
    """RtMidi puts a number behind names: on ALSA client and port, on Windows a running one."""
    for had, names in (
        ("Pad:MIDI 1 24:0", ["Pad:MIDI 1 28:0", "Synth 20:0"]),
        ("Pad 1", ["Synth 0", "Pad 2"]),
    ):
        back = next(name for name in names if name.startswith("Pad"))
        assert _found(had, names, "output", patient=True) == back
        assert _found(back, names, "output", patient=True) == back
        with pytest.raises(PortError):
            _found(had, names, "output", patient=False)


@pytest.mark.jack
def test_a_device_that_goes_is_told_in_a_sentence(
    opened: Opener, server: JackServer, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RtMidi raises from send_message, as its ALSA and WinMM drivers do when a device is unplugged."""

    class Unplugged(rtmidi.MidiOut):  # type: ignore[misc]
        def send_message(self, message: bytes) -> None:
            raise rtmidi.SystemError("error sending message")

    monkeypatch.setattr(rtmidi, "MidiOut", Unplugged)
    ports = opened(api="rtmidi-jack")
    ports.out.send(b"\xf8", ports.clock.now_ns())
    lost = inbox.get(timeout=5)
    assert isinstance(lost, PortLost)
    assert lost.reason.startswith("The MIDI output 'Groovebridge' has gone")
    ports.out.send(b"\xf8", ports.clock.now_ns())
    assert ports.out.counters().dropped == 2
    assert inbox.empty()


@pytest.mark.jack
def test_where_there_are_no_virtual_ports_the_sentence_says_how_to_get_one(
    server: JackServer, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WinMM has none, which RtMidi says with UnsupportedOperationError."""

    class WithoutVirtualPorts(rtmidi.MidiOut):  # type: ignore[misc]
        def open_virtual_port(self, name: str) -> None:
            raise rtmidi.UnsupportedOperationError("virtual ports are not supported")

    monkeypatch.setattr(rtmidi, "MidiOut", WithoutVirtualPorts)
    with pytest.raises(PortError, match="loopMIDI"):
        open_ports("rtmidi-jack", None, None, inbox)
    assert list_ports("jack").outputs == ()
