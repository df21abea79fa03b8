"""A controller on a real JACK server works the window: knobs the map, pads tempo and recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge.studio import Studio
from gui.views.controllers_page import ControllersPage
from tests.gui.hands import click
from tests.gui.room import Room
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import take

pytestmark = [pytest.mark.jack, pytest.mark.qt_log_ignore("This plugin does not support", extend=True)]
EAST, NORTH, TAP, RECORD = 20, 21, 36, 37
BPM = 100.0


@dataclass
class Pads:
    """A window that hears a controller with two knobs and two pads."""

    room: Room
    peer: Peer

    def until(self, true: Callable[[], bool], *messages: Sequence[int]) -> None:
        """Send messages again and again until this is so: who listens needs time to be there."""
        for _ in range(50):
            self.send(*messages)
            for _ in range(20):
                self.room.qtbot.wait(25)
                if true():
                    return
        pytest.fail("the controller was not heard")

    def send(self, *messages: Sequence[int], apart_ms: float = 5.0) -> None:
        """Send messages so far apart."""
        apart = int(self.peer.rate * apart_ms / 1000)
        self.peer.play([(number * apart, bytes(message)) for number, message in enumerate(messages)])

    def learn(self, target: str, *messages: Sequence[int]) -> None:
        """Have a target learn what sends these."""
        controllers = self.room.session.controllers
        controllers.learn(target)
        self.until(lambda: controllers.learning is None, *messages)


def knob(number: int, *values: int) -> list[tuple[int, int, int]]:
    """A knob on channel 1 goes through these values."""
    return [(0xB0, number, value) for value in values]


def pad(note: int) -> tuple[int, int, int]:
    """A pad on channel 10 is hit."""
    return 0x99, note, 100


@pytest.fixture(scope="module")
def shared_pads(
    qapp: QApplication, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pads]:
    """One window for all tests here, with an empty list of mappings at first."""
    with pytest.MonkeyPatch.context() as patch, JackServer(), Peer("pads") as peer:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        pads = Pads(Room(QtBot(request), "jack"), peer)
        window = pads.room.window
        window.show_page("controllers")
        listed = window.sheet.page
        assert isinstance(listed, ControllersPage)
        pads.room.until(lambda: peer.out in listed.ports)
        click(listed.ports[peer.out])
        window.sheet.close_page()
        pads.learn("panic", pad(TAP))  # from here on it is heard
        yield pads
        window.close()


@pytest.fixture
def pads(shared_pads: Pads) -> Pads:
    """Nothing is mapped."""
    controllers = shared_pads.room.session.controllers
    controllers.forget(*controllers.setup.mappings)
    return shared_pads


def test_two_knobs_travel_the_map_from_corner_to_corner(pads: Pads) -> None:
    session = pads.room.session
    pads.learn("map x", *knob(EAST, 20, 21, 22, 23, 24, 25))
    pads.learn("map y", *knob(NORTH, 20, 21, 22, 23, 24, 25))
    pads.until(lambda: session.place == (1.0, 1.0), *knob(EAST, 0, 127), *knob(NORTH, 0, 127))
    before = session.loop
    pads.until(lambda: session.place == (0.0, 1.0), *knob(EAST, 96, 64))
    pads.until(lambda: session.place == (0.0, -1.0), *knob(NORTH, 64, 0))
    pads.room.until(lambda: session.loop != before)


def test_an_encoder_chooses_how_many_of_the_last_bars_and_the_window_shows_it(pads: Pads) -> None:
    takeout, box = pads.room.session.takeout, pads.room.window.takeout.choice
    pads.learn("last bars", *knob(EAST, 1, 1, 127, 1, 1, 1))
    takeout.set_bars(1)
    pads.send(*knob(EAST, 1, 1, 127, 1))
    pads.room.until(lambda: takeout.bars == 4 and box.currentText() == "4 bars")


def test_four_hits_of_a_pad_tell_the_tempo_within_a_beat_a_minute(pads: Pads) -> None:
    session = pads.room.session
    pads.learn("tap", pad(TAP))

    def measure() -> None:
        session.ask(Studio.set_tempo, 140.0)
        pads.room.qtbot.wait(3200)  # longer than the slowest beat: what was tapped before is forgotten
        pads.send(*[pad(TAP)] * 4, apart_ms=60_000 / BPM)
        pads.room.qtbot.wait(2200)
        assert session.state is not None
        assert session.state.bpm == pytest.approx(BPM, abs=1.0)

    take(measure, pads.peer)


def test_a_pad_begins_a_recording_and_ends_it_with_its_bar(pads: Pads, tmp_path: Path) -> None:
    session, button = pads.room.session, pads.room.window.takeout.record
    session.takeout.folder = tmp_path
    pads.learn("record", pad(RECORD))
    assert not session.takeout.recording
    session.ask(Studio.set_tempo, 240.0)
    session.ask(Studio.play)
    pads.room.until(lambda: session.playhead.rolling)
    pads.send(pad(RECORD))
    pads.room.until(lambda: session.takeout.recording and button.isChecked())
    there = session.takeout.there
    pads.room.until(lambda: session.takeout.there > there)
    pads.send(pad(RECORD))
    pads.room.until(lambda: not session.takeout.recording and not button.isChecked())
    pads.room.until(lambda: len(list(tmp_path.glob("*.mid"))) == 1)
    session.ask(Studio.stop)
    (file,) = tmp_path.glob("*.mid")
    assert any(message.type == "note_on" for message in mido.MidiFile(file))
