"""The JACK port against a real server and another program on it that reads exact frames."""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Callable, Sequence

import pytest

from bridge.ports import Incoming, PortError, Ports, list_ports
from bridge.ports.frames import FrameRate
from tests.support.jackd import JackServer
from tests.support.peer import Heard, Peer, clock_events
from tests.support.takes import take

pytestmark = pytest.mark.jack

MS = 1_000_000
Inbox = queue.SimpleQueue[object]
Opener = Callable[..., Ports]


def ours(number: int) -> bytes:
    """A note-on that no other number has."""
    return bytes([0x90 | number >> 14 & 0xF, number >> 7 & 0x7F, number & 0x7F])


def heard_all(count: int) -> Callable[[Sequence[Heard]], bool]:
    return lambda heard: len(heard) >= count


def test_every_message_goes_out_on_its_frame(opened: Opener, peer: Peer) -> None:
    ports = opened(out=peer.inp)
    rate = FrameRate(peer.rate)
    random_times = random.Random(7)

    def measure() -> None:
        peer.forget()
        start = ports.clock.now_ns() + 30 * MS
        clock = [(start + round(beat * 20.833 * MS), b"\xf8") for beat in range(40)]
        notes = [(start + random_times.randrange(800 * MS), ours(number)) for number in range(300)]
        for due, message in [*clock, *notes]:
            ports.out.send(message, due)
        heard = peer.wait_for(heard_all(340))
        expected = sorted(
            [*clock, *notes], key=lambda event: event[0]
        )  # stable: the calls' order on equal times
        assert list(heard) == [(rate.to_frame(due), message) for due, message in expected]

    before = ports.out.counters()
    take(measure, peer)
    counters = ports.out.counters()
    assert counters.messages >= before.messages + 340
    assert counters.dropped == 0


def test_messages_due_on_one_frame_keep_the_order_of_the_calls(opened: Opener, peer: Peer) -> None:
    ports = opened(out=peer.inp)

    def measure() -> None:
        peer.forget()
        due = ports.clock.now_ns() + 60 * MS
        for number in range(50):
            ports.out.send(ours(number), due)
        heard = peer.wait_for(heard_all(50))
        assert [message for _, message in heard] == [ours(number) for number in range(50)]
        assert len({frame for frame, _ in heard}) == 1

    take(measure, peer)


def test_what_is_taken_back_never_goes_out_and_all_else_does(opened: Opener, peer: Peer) -> None:
    """`cancel_from(now)` reaches for messages that the callback is writing just then: each has one owner."""
    ports = opened(out=peer.inp)

    def measure() -> None:
        peer.forget()
        number, back = 0, []
        for _ in range(100):
            now = ports.clock.now_ns()
            for step in range(20):
                ports.out.send(ours(number), now + step * MS // 2)
                number += 1
            while ports.clock.now_ns() < now + 4 * MS:
                time.sleep(0.0005)
            back += [message for message, _ in ports.out.cancel_from(ports.clock.now_ns())]
        heard = [message for _, message in peer.wait_for(heard_all(number - len(back)))]
        assert len(heard) > 100
        assert len(back) > 100
        assert sorted([*heard, *back]) == [ours(n) for n in range(number)]

    take(measure, peer)


def test_a_late_message_goes_out_at_once_and_is_counted(opened: Opener, peer: Peer) -> None:
    ports = opened(out=peer.inp)
    rate = FrameRate(peer.rate)

    def measure() -> None:
        peer.forget()
        before = ports.out.counters().late_handover
        now = ports.clock.now_ns()
        ports.out.send(b"\x90\x24\x40", now - 49 * MS)
        ports.out.send(b"\x80\x24\x40", now - 50 * MS)
        heard = peer.wait_for(heard_all(2))
        assert [message for _, message in heard] == [b"\x80\x24\x40", b"\x90\x24\x40"]
        assert heard[0].frame == heard[1].frame <= rate.to_frame(now + 3 * ports.out.lead_ns)
        counters = ports.out.counters()
        assert counters.late_handover == before + 2
        assert counters.lateness_max_ms > 30

    take(measure, peer)


def test_a_message_handed_over_a_lead_ahead_is_not_late(opened: Opener, peer: Peer) -> None:
    ports = opened(out=peer.inp)

    def measure() -> None:
        peer.forget()
        before = ports.out.counters().late_handover
        slow = 0  # hand-overs during which this process was not running: only they may be late
        for number in range(100):
            started_ns = time.perf_counter_ns()
            due = ports.clock.now_ns() + ports.out.lead_ns
            ports.out.send(ours(number), due)
            slow += time.perf_counter_ns() - started_ns > ports.out.lead_ns // 4
            while ports.clock.now_ns() < due:
                time.sleep(0.0005)
        peer.wait_for(heard_all(100))
        assert ports.out.counters().late_handover - before <= slow < 20

    take(measure, peer)


def test_input_is_stamped_with_its_exact_frame(opened: Opener, peer: Peer, inbox: Inbox) -> None:
    opened(inp=peer.out)
    rate = FrameRate(peer.rate)

    def measure() -> None:
        while not inbox.empty():
            inbox.get()
        events = [
            *clock_events(bpm=187, ticks=48),
            (31_000, b"\xf2\x10\x02"),
            (31_000, b"\xfb"),
            (31_001, b"\xf8"),
        ]
        start = peer.play(events)
        arrived = [inbox.get(timeout=5) for _ in events]
        assert arrived == [Incoming(message, rate.to_ns(start + offset)) for offset, message in events]

    take(measure, peer)


def test_the_clock_is_the_server_s_frame_counter_and_knows_the_host_s(opened: Opener, peer: Peer) -> None:
    """To a period: on a busy machine both programs' reading of the counter lags by its own share."""
    clock = opened().clock
    rate = FrameRate(peer.rate)

    def measure() -> None:
        period = peer.period
        before, frame, after = clock.now_ns(), peer.frame(), clock.now_ns()
        assert rate.to_frame(before) - period <= frame <= rate.to_frame(after) + period
        host = time.perf_counter_ns()
        now = clock.now_ns()
        assert abs(clock.to_host_ns(now) - host) < rate.to_ns(period) + time.perf_counter_ns() - host

    take(measure, peer)


def test_the_clock_never_goes_back(opened: Opener, server: JackServer) -> None:
    clock = opened().clock
    times = [clock.now_ns() for _ in range(20_000)]
    assert times == sorted(times)
    assert times[-1] > times[0]


def test_the_lead_is_two_periods_and_follows_the_server(opened: Opener, peer: Peer) -> None:
    ports = opened(out=peer.inp)
    rate = FrameRate(peer.rate)
    before = peer.period
    assert ports.out.lead_ns == 2 * rate.to_ns(before)
    try:
        peer.period = 2 * before
        deadline = time.monotonic() + 5
        while ports.out.lead_ns != 2 * rate.to_ns(2 * before):
            assert time.monotonic() < deadline
            time.sleep(0.001)

        def measure() -> None:
            peer.forget()
            due = ports.clock.now_ns() + 60 * MS
            for number in range(100):
                ports.out.send(ours(number), due + number * MS)
            heard = peer.wait_for(heard_all(100))
            assert [frame for frame, _ in heard] == [
                rate.to_frame(due + number * MS) for number in range(100)
            ]

        take(measure, peer)
    finally:
        peer.period = before


def test_closing_sends_the_note_offs_and_drops_what_is_far_ahead(opened: Opener, peer: Peer) -> None:
    def measure() -> None:
        ports = opened(out=peer.inp)
        peer.forget()
        now = ports.clock.now_ns()
        ports.out.send(b"\x90\x26\x40", now + 100 * MS)
        ports.out.send(b"\x80\x24\x40", now)
        ports.out.send(b"\x80\x26\x40", now + ports.out.lead_ns // 2)
        ports.close()
        peer.wait_until_frame(FrameRate(peer.rate).to_frame(now + 150 * MS))
        assert [message for _, message in peer.heard()] == [b"\x80\x24\x40", b"\x80\x26\x40"]

    take(measure, peer)


def test_closing_sends_note_offs_though_the_clock_stands(
    opened: Opener, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a late wake-up the server's clock stands for a moment: closing comes in the same instant."""

    def measure() -> None:
        peer.forget()
        ports = opened(out=peer.inp)
        now = ports.clock.now_ns()
        monkeypatch.setattr(ports.clock, "now_ns", lambda: now)
        for number in range(5):
            ports.out.send(ours(number), now + ports.out.lead_ns)
        ports.close()
        assert len(peer.wait_for(heard_all(5))) == 5

    take(measure, peer)


def test_closed_ports_stay_closed(opened: Opener, server: JackServer) -> None:
    ports = opened()
    before = ports.clock.now_ns()
    ports.close()
    ports.close()
    ports.out.send(b"\xf8", ports.clock.now_ns())
    assert ports.out.cancel_from(0) == []
    assert ports.out.counters().dropped == 1
    assert ports.clock.now_ns() > before


def test_ports_are_listed_and_found_by_part_of_their_name(opened: Opener, peer: Peer) -> None:
    ports = opened(out="PEER", inp="Eer:O")
    assert (ports.out.name, ports.inp and ports.inp.name) == ("Groovebridge:out", "Groovebridge:in")
    listed = list_ports("jack")
    assert (peer.inp in listed.outputs, peer.out in listed.inputs) == (True, True)
    assert (peer.out in listed.outputs, peer.inp in listed.inputs) == (False, False)


def test_our_own_ports_are_not_offered_to_ourselves(opened: Opener, peer: Peer) -> None:
    with pytest.raises(PortError) as error:
        opened(out="groovebridge")
    assert (
        str(error.value)
        == "There is no MIDI output port 'groovebridge'. The output ports here are 'peer:in'."
    )


def test_a_port_that_is_not_found_leaves_no_client_behind(opened: Opener, peer: Peer) -> None:
    with pytest.raises(PortError):
        opened(out="nobody")
    assert list_ports("jack").outputs == (peer.inp,)


def test_a_second_program_of_the_same_name_gets_its_own(opened: Opener, server: JackServer) -> None:
    names = {opened().out.name, opened().out.name}
    assert names == {"Groovebridge:out", "Groovebridge-01:out"}
