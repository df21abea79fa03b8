"""Controllers on a real JACK server: what they send arrives, and a loss is said and mended."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from bridge.ports.backlog import News
from bridge.ports.base import Incoming, PeerBack, PeerGone, PortError, PortLost
from bridge.ports.control_inputs import listen
from bridge.ports.control_link import ControlLink
from bridge.ports.control_process import BACK, END, attend
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import LONGEST

PAD = b"\x99\x24\x64"
KNOB = b"\xb0\x4a\x40"
CLOCK = b"\xf8"  # many controllers send it; it works nothing


class Ear:
    """What a link says, in order."""

    def __init__(self) -> None:
        self.messages: SimpleQueue[bytes] = SimpleQueue()
        self.news: SimpleQueue[tuple[str, bool]] = SimpleQueue()

    def link(self, api: str, *sources: str) -> ControlLink:
        return ControlLink(api, sources, self.messages.put, lambda text, well: self.news.put((text, well)))


def until_heard(peer: Peer, ear: Ear) -> bytes:
    """Turn the knob until it is heard: a process needs its time to listen."""
    for _ in range(100):
        peer.play([(0, KNOB)])
        time.sleep(0.2)
        if not ear.messages.empty():
            return ear.messages.get()
    pytest.fail("the knob was not heard")


@pytest.mark.jack
def test_a_knob_is_heard_and_a_controller_that_returns_and_a_server_too() -> None:
    ear = Ear()
    with JackServer() as server:
        with Peer("pads") as pads, Peer("knobs") as knobs:
            link = ear.link("jack", "pads:out", "knobs:out")
            assert until_heard(pads, ear) == KNOB
            assert until_heard(knobs, ear) == KNOB
        text, well = ear.news.get(timeout=10)
        assert ("Gone" in text, well) == (True, False)
        with Peer("pads"):
            while not (news := ear.news.get(timeout=10))[1]:
                pass
            assert "pads:out" in news[0]
        server.kill()
        while "JACK has gone" not in ear.news.get(timeout=10)[0]:
            pass
        server.start()
        with Peer("pads") as pads:
            assert until_heard(pads, ear) == KNOB
        link.close()


@pytest.mark.jack
def test_a_fader_that_was_moved_for_long_while_nobody_took_it_ends_where_it_was_left() -> None:
    command = (sys.executable, "-m", "bridge.ports.control_process", "jack", "pads:out")
    with (
        JackServer(LONGEST),
        Peer("pads") as pads,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        while not select.select([process.stdout], [], [], 0.2)[0]:
            pads.play([(0, KNOB)])
        apart = 8  # frames: 6000 a second
        fader = [(number * apart, bytes((0xB0, 7, number % 128))) for number in range(25_600)]
        pads.play(fader)
        pads.wait_until_frame(pads.frame() + len(fader) * apart + 24_000)
        left = bytes((0xB0, 7, 99))
        for _ in range(3):  # an xrun may lose one
            pads.play([(0, left), (1, PAD)])
            time.sleep(0.1)
        heard: list[bytes] = []
        while not heard or heard[-1] != PAD:
            heard.append(bytes.fromhex(json.loads(process.stdout.readline())["message"]))
        process.stdin.close()
        assert process.wait(10) == 0
    assert heard[-2] == left
    assert len(heard) < len(fader) // 2


def test_where_there_is_no_midi_it_is_said_once_and_the_process_ends_with_its_link() -> None:
    ear = Ear()
    link = ear.link("none", "pads")
    text, well = ear.news.get(timeout=20)
    assert ("no MIDI system" in text, well) == (True, False)
    link.close()
    link.close()
    assert ear.news.empty()


def test_a_message_that_breaks_something_and_a_line_that_is_none_keep_no_other_from_being_heard(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said = "a library's chatter", '{"message": "90"}', '{"message": "b04a40"}'
    speaker = "import sys; print(sys.argv[1], flush=True); sys.stdin.read()"
    popen = subprocess.Popen

    def speak(_command: object, **pipes: int) -> subprocess.Popen[bytes]:
        return popen((sys.executable, "-c", speaker, "\n".join(said)), **pipes)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr("bridge.ports.control_link.subprocess.Popen", speak)
    ear = Ear()

    def hear(message: bytes) -> None:
        if len(message) == 1:
            raise IndexError(message)
        ear.messages.put(message)

    link = ControlLink("jack", (), hear, lambda text, well: ear.news.put((text, well)))
    assert ear.messages.get(timeout=20) == KNOB
    text, well = ear.news.get(timeout=10)
    assert ("could not be used" in text, well) == (True, False)
    link.close()
    assert ear.news.empty() and len(caplog.records) == 1  # not for each


class Inputs:
    """Inputs that are only closed."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_what_is_lost_is_looked_for_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    inbox: SimpleQueue[object] = SimpleQueue()
    said: list[bytes | News | None] = []
    made: list[Inputs] = []

    def open_again(*_: object) -> Inputs:
        if len(made) == 1 and len(said) < 6:
            said.append(None)
            raise PortError("No JACK server answers.")
        made.append(Inputs())
        if len(made) == 2:
            inbox.put(END)
        return made[-1]

    monkeypatch.setattr("bridge.ports.control_process.listen", open_again)
    monkeypatch.setattr("bridge.ports.control_process.LOOK_S", 0.001)
    for item in (
        Incoming(CLOCK, 0),
        Incoming(KNOB, 0),
        PeerGone("Gone."),
        PeerBack("Back."),
        PortLost("JACK has gone."),
    ):
        inbox.put(item)
    attend("jack", ["pads"], inbox, said.append)
    assert [each for each in said if each] == [
        KNOB,
        ("Gone.", False),
        ("Back.", True),
        ("JACK has gone.", False),
        (BACK, True),
    ]
    assert all(inputs.closed for inputs in made)


class Ears:
    """RtMidi's input object: a device that is there, or is not."""

    names: list[str] = []  # noqa: RUF012
    made: list[Ears] = []  # noqa: RUF012

    def __init__(self) -> None:
        self.callback: Callable[..., None] = lambda *_: None
        self.open: int | None = None
        self.made.append(self)

    def set_callback(self, callback: Callable[..., None]) -> None:
        self.callback = callback

    def cancel_callback(self) -> None:
        self.callback = lambda *_: None

    def get_ports(self) -> list[str]:
        return list(self.names)

    def open_port(self, number: int, _name: str) -> None:
        self.open = number

    def close_port(self) -> None:
        self.open = None

    def delete(self) -> None:
        self.open = None


def test_through_rtmidi_a_device_that_comes_back_under_another_number_is_heard_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bridge.ports.control_inputs.open_listener", lambda *_: Ears())
    monkeypatch.setattr("bridge.ports.control_inputs.LOOK_S", 0.001)
    inbox: SimpleQueue[object] = SimpleQueue()
    Ears.made, Ears.names = [], ["Through:0 14:0", "Pads:1 20:0"]
    inputs = listen("alsa", ["Pads:1 20:0"], inbox)
    pads = Ears.made[1]
    assert pads.open == 1
    pads.callback((list(KNOB), 0.0), None)
    heard = inbox.get()
    assert isinstance(heard, Incoming) and heard.message == KNOB
    Ears.names = ["Through:0 14:0"]
    while not isinstance(inbox.get(timeout=10), PeerGone):
        pass
    Ears.names = ["Pads:1 24:0", "Through:0 14:0"]
    while not isinstance(inbox.get(timeout=10), PeerBack):
        pass
    assert pads.open == 0
    inputs.close()
    inputs.close()
    assert [ears.open for ears in Ears.made] == [None, None]


def test_through_rtmidi_a_look_that_fails_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = False

    class Moody(Ears):
        def get_ports(self) -> list[str]:
            if broken:
                raise SystemError("the driver was unplugged")
            return super().get_ports()

    monkeypatch.setattr("bridge.ports.control_inputs.open_listener", lambda *_: Moody())
    monkeypatch.setattr("bridge.ports.control_inputs.LOOK_S", 0.001)
    inbox: SimpleQueue[object] = SimpleQueue()
    Ears.made, Ears.names = [], ["Pads"]
    inputs = listen("alsa", ["Pads"], inbox)
    broken = True
    lost = inbox.get(timeout=10)
    assert isinstance(lost, PeerGone) and "the driver was unplugged" in lost.text
    broken = False
    assert isinstance(inbox.get(timeout=10), PeerBack)
    Ears.names = []
    while not isinstance(inbox.get(timeout=10), PeerGone):
        pass
    inputs.close()
    assert "the driver was unplugged" in caplog.text
