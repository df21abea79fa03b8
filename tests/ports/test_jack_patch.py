"""Other programs' ports that vanish while JACK lives on: told, awaited, and connected again."""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection

import pytest

from bridge.ports import Heard, OthersChanged, PeerBack, PeerGone, Ports, check_ports, list_ports, open_ports
from bridge.ports.base import PortError
from bridge.ports.patch import Patch
from tests.ports.conftest import silent, told
from tests.support.jackd import JackServer
from tests.support.peer import Peer

pytestmark = pytest.mark.jack

Inbox = queue.SimpleQueue[object]
Opener = Callable[..., Ports]


def hears_us(peer: Peer, ports: Ports) -> bool:
    """Whether what we send arrives. An xrun may swallow a message, so it is said until it does."""
    for _ in range(50):
        ports.out.send(b"\x99\x24\x40", ports.clock.now_ns() + ports.out.lead_ns)
        ports.out.send(b"\x89\x24\x40", ports.clock.now_ns() + 2 * ports.out.lead_ns)
        peer.wait_until_frame(peer.frame() + peer.rate // 20)
        if peer.heard():
            return True
    return False


def test_a_program_that_quits_is_told_and_connected_again_when_it_returns(
    opened: Opener, server: JackServer, inbox: Inbox
) -> None:
    with Peer("daw") as daw:
        ports = opened(out="daw", inp="daw")
        assert (ports.destination, ports.source) == (daw.inp, daw.out)
    gone = told(inbox)
    assert isinstance(gone, PeerGone)
    assert gone.text == "Gone: daw:in and daw:out. Once back, it is connected again."
    with Peer("daw") as daw:
        back = told(inbox)
        assert back == PeerBack("Back, and connected again: daw:in and daw:out.")
        assert hears_us(daw, ports)
        daw.play([(0, b"\xf8")])
        assert told(inbox)


def test_who_is_patient_opens_before_the_other_program_is_there(server: JackServer, inbox: Inbox) -> None:
    with pytest.raises(PortError, match="'daw:in'"):
        open_ports("jack", "daw:in", None, inbox)
    ports = open_ports("jack", "daw:in", None, inbox, patient=True)
    assert isinstance(told(inbox), PeerGone)
    with Peer("daw") as daw:
        assert isinstance(told(inbox), PeerBack)
        assert hears_us(daw, ports)
        ports.close()
    assert silent(inbox)


def test_of_other_ports_that_come_and_go_it_is_told_that_a_list_is_out_of_date_and_no_more(
    opened: Opener, peer: Peer, inbox: Inbox
) -> None:
    ports = opened(out=peer.inp)
    assert inbox.empty()  # our own are no news
    with Peer("other"):
        assert isinstance(inbox.get(timeout=10), OthersChanged)
        assert hears_us(peer, ports)
    assert isinstance(inbox.get(timeout=10), OthersChanged)
    assert inbox.empty()


def test_whether_there_are_such_ports_is_known_without_opening_any(server: JackServer, peer: Peer) -> None:
    check_ports("jack", "peer", peer.out)
    check_ports("jack", None, None)
    for out, inp in (("wrong", None), (None, "wrong")):
        with pytest.raises(PortError, match="'wrong'"):
            check_ports("jack", out, inp)
    assert list_ports("jack").outputs == (peer.inp,)


def test_a_virtual_output_is_told_to_be_heard_and_heard_no_more(
    opened: Opener, server: JackServer, inbox: Inbox
) -> None:
    ports = opened()
    with Peer("daw") as daw:
        daw.connect(ports.out.name, daw.inp)
        assert told(inbox) == Heard(True)
        daw.connect(daw.out, str(ports.inp and ports.inp.name))  # what we hear is another matter
    assert told(inbox) == Heard(False)
    assert silent(inbox)


def test_a_look_that_fails_is_made_again_though_no_port_comes_or_goes(
    opened: Opener,
    peer: Peer,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("bridge.ports.jack_patch._AGAIN_S", 0.01)
    failures = 3

    def look(patch: Patch, here: Collection[str]) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise SystemError("no answer")
        looked(patch, here)

    looked = Patch.look
    opened(out=peer.inp)
    monkeypatch.setattr(Patch, "look", look)
    with Peer("other"):
        lost, back = inbox.get(timeout=10), inbox.get(timeout=10)
        assert isinstance(inbox.get(timeout=10) if isinstance(back, OthersChanged) else back, PeerBack)
        assert isinstance(lost, PeerGone) and "no answer" in lost.text
    assert len(caplog.records) == 1
