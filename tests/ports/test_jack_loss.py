"""A JACK server that is not there, goes away, or stands still: a sentence, and never a hang."""

from __future__ import annotations

import ctypes.util
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from bridge.ports import PortError, PortLost, best_api, list_ports, open_ports
from tests.support.jackd import JackServer
from tests.support.peer import Peer

Inbox = queue.SimpleQueue[object]


@pytest.fixture
def own_server() -> Iterator[JackServer]:
    """A server for this test alone, since it will not survive it."""
    with JackServer() as running:
        yield running


@pytest.mark.jack
@pytest.mark.parametrize("end", [JackServer.stop, JackServer.kill], ids=["shut down", "crashed"])
def test_a_server_that_goes_is_reported_once_and_closing_does_not_hang(
    own_server: JackServer, inbox: Inbox, end: Callable[[JackServer], None], capfd: pytest.CaptureFixture[str]
) -> None:
    ports = open_ports("jack", None, None, inbox)
    ports.out.send(b"\x90\x24\x40", ports.clock.now_ns() + 10_000_000_000)
    end(own_server)
    lost = inbox.get(timeout=10)
    assert isinstance(lost, PortLost)
    assert lost.reason == (
        "The connection to JACK is lost (JACK server has been closed). "
        "Start its server again: it will be found by itself."
    )
    before = ports.clock.now_ns()
    ports.out.send(b"\xf8", ports.clock.now_ns())
    assert ports.out.counters().dropped == 1
    assert [message for message, _ in ports.out.cancel_from(0)] == [b"\x90\x24\x40"]
    started = time.monotonic()
    ports.close()
    assert time.monotonic() - started < 2
    assert ports.clock.now_ns() > before
    assert inbox.empty()
    assert capfd.readouterr() == ("", "")


@pytest.mark.jack
def test_ports_can_be_opened_again_on_a_server_that_came_back(inbox: Inbox) -> None:
    for _ in range(2):
        with JackServer():
            ports = open_ports("jack", None, None, inbox)
            ports.close()


@pytest.mark.jack
def test_a_server_that_stands_still_does_not_hang_us(own_server: JackServer, inbox: Inbox) -> None:
    ports = open_ports("jack", None, None, inbox)
    own_server.freeze()
    ports.out.send(b"\x80\x24\x40", ports.clock.now_ns())
    started = time.monotonic()
    ports.close()
    assert time.monotonic() - started < 4
    own_server.thaw()
    for thread in threading.enumerate():  # libjack answers at last, and the thread that waited for it ends
        if thread.name == "jack-close":
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.jack
def test_ports_that_were_closed_tell_nothing_more(own_server: JackServer, inbox: Inbox) -> None:
    """A server that hung while they were closed still had them when it went: other ports play by then."""
    ports = open_ports("jack", None, None, inbox)
    own_server.freeze()
    ports.close()
    own_server.kill()
    for thread in threading.enumerate():
        if thread.name == "jack-close":
            thread.join(10)
            assert not thread.is_alive()
    assert inbox.empty()


@pytest.mark.jack
def test_xruns_are_counted_and_what_waited_still_goes_out(own_server: JackServer, inbox: Inbox) -> None:
    with Peer() as peer:
        ports = open_ports("jack", peer.inp, None, inbox)
        own_server.freeze()
        time.sleep(0.05)
        own_server.thaw()
        peer.wait_for(lambda _heard: peer.xruns() > 0)
        assert ports.out.counters().xruns == 0  # nothing was sent that could have been lost
        ports.out.send(b"\x90\x24\x40", ports.clock.now_ns())
        peer.wait_for(lambda heard: bool(heard))
        own_server.freeze()
        time.sleep(0.05)
        own_server.thaw()
        deadline = time.monotonic() + 5
        while not ports.out.counters().xruns:
            assert time.monotonic() < deadline, "the server froze and told nobody"
            time.sleep(0.005)
        ports.out.send(b"\x80\x24\x40", ports.clock.now_ns())
        peer.wait_for(lambda heard: len(heard) == 2)
        assert peer.xruns() > 0
        ports.close()


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"nobody-{os.getpid()}")


@pytest.mark.jack
@pytest.mark.usefixtures("no_server")
def test_without_a_server_there_is_a_sentence_and_no_chatter(
    inbox: Inbox, capfd: pytest.CaptureFixture[str]
) -> None:
    for attempt in (
        lambda: open_ports("jack", None, None, inbox),
        lambda: list_ports("jack"),
        lambda: open_ports("rtmidi-jack", None, None, inbox),
    ):
        with pytest.raises(PortError) as error:
            attempt()
        assert str(error.value) == (
            f"No JACK server named 'nobody-{os.getpid()}' answers. "
            "Start one (jackd, QjackCtl or PipeWire), "
            "or choose another MIDI system (--api, or in the settings)."
        )
    assert best_api() != "jack"
    assert capfd.readouterr() == ("", "")


def test_without_libjack_the_sentence_says_what_to_install(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JACK-Client looks for libjack when it is imported, and raises OSError where it finds none."""
    monkeypatch.delitem(sys.modules, "jack", raising=False)
    monkeypatch.setattr(ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(PortError, match="libjack") as error:
        open_ports("jack", None, None, inbox)
    assert "apt install jackd2" in str(error.value)
    assert best_api() != "jack"


def test_a_frozen_server_is_thawed_by_its_end(own_server: JackServer) -> None:
    own_server.freeze()
    started = time.monotonic()
    own_server.stop()
    assert time.monotonic() - started < 4
