"""Which API, and what each says when this machine does not have it."""

from __future__ import annotations

import queue
import time

import pytest

from bridge.ports import APIS, PortError, best_api, list_ports, open_ports
from bridge.ports.rtmidi_port import rtmidi_works
from tests.support.jackd import JackServer

Inbox = queue.SimpleQueue[object]
MS = 1_000_000


def test_an_unknown_api_is_answered_with_those_that_there_are(inbox: Inbox) -> None:
    for attempt in (lambda: open_ports("asio", None, None, inbox), lambda: list_ports("asio")):
        with pytest.raises(PortError) as error:
            attempt()
        assert "'asio'" in str(error.value)
        assert all(api in str(error.value) for api in ("auto", *APIS))


def test_an_api_works_or_says_in_a_sentence_why_not(inbox: Inbox, capfd: pytest.CaptureFixture[str]) -> None:
    for api in APIS:
        try:
            open_ports(api, None, None, inbox).close()
            assert list_ports(api).api == api
        except PortError as error:
            text = str(error)
            assert text[0].isupper()
            assert text.endswith(".")
            assert "--api" in text
    assert capfd.readouterr() == ("", "")


def test_what_auto_picks_is_what_opens(inbox: Inbox) -> None:
    ports = open_ports("auto", None, None, inbox)
    try:
        assert ports.api == best_api()
        assert list_ports("auto").api == ports.api
    finally:
        ports.close()


@pytest.mark.jack
def test_jack_is_best_where_its_server_answers(inbox: Inbox) -> None:
    with JackServer():
        assert best_api() == "jack"
        assert list_ports("auto").api == "jack"
    assert best_api() != "jack"


@pytest.mark.skipif(rtmidi_works("alsa"), reason="this machine has ALSA MIDI")
def test_without_alsa_the_sentence_names_the_module_to_load(
    inbox: Inbox, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PortError, match=r"modprobe snd-seq|not available"):
        open_ports("alsa", None, None, inbox)
    assert capfd.readouterr() == ("", "")


def test_ports_to_nowhere_keep_time_and_count(inbox: Inbox) -> None:
    ports = open_ports("none", None, None, inbox)
    now = ports.clock.now_ns()
    assert ports.clock.to_host_ns(now) == now
    assert ports.inp is None
    ports.out.send(b"\x80\x24\x40", now)
    ports.out.send(b"\x90\x24\x40", now + 5 * MS)
    ports.out.send(b"\x90\x26\x40", now + 60_000 * MS)
    assert ports.out.cancel_from(now + 1000 * MS) == [(b"\x90\x26\x40", now + 60_000 * MS)]
    while ports.out.counters().messages < 2:
        time.sleep(0.001)
    assert ports.clock.now_ns() >= now + 5 * MS
    ports.close()
    ports.close()


def test_nowhere_has_no_ports_to_connect_to(inbox: Inbox) -> None:
    with pytest.raises(PortError, match="'Bitwig'"):
        open_ports("none", "Bitwig", None, inbox)
    assert (list_ports("none").outputs, list_ports("none").inputs) == ((), ())
