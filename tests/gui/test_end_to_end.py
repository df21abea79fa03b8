"""The window with the real model, studio and player process."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mido
import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bridge.groove import Voice
from bridge.groove.midifile import load_loop, save_loop
from bridge.model import Bundle, Model, Settings
from bridge.studio import Studio
from bridge.studio.morphing import Morpher
from bridge.studio.presets import PresetFolder
from gui import app
from gui.models import Phase, SessionModel
from gui.views import MainWindow
from gui.views.controllers_page import ControllersPage
from tests.gui.hands import click, double_click, drag, key, write
from tests.gui.room import START_MS, Room
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import retake, undisturbed

Key = Qt.Key
NOTE_ON = 0x99


@pytest.fixture
def quiet_room(qtbot: QtBot) -> Iterator[Room]:
    """A window on a player that sends to nobody."""
    room = Room(qtbot, "none")
    yield room
    room.window.close()


def test_from_play_to_another_loop_and_stop_with_the_shipped_model(quiet_room: Room) -> None:
    room, window = quiet_room, quiet_room.window
    rows = [*window.sliders.named.rows.values(), *window.sliders.axes.rows.values()]
    assert all(row.slider.isEnabled() for row in rows)
    assert window.sliders.style_box.isEnabled()
    click(window.sliders.swap.buttons[0])
    write(window.transport.tempo, "300")
    key(window.transport.tempo, Key.Key_Return)
    key(window, Key.Key_Space)
    room.until(lambda: window.loop.playhead_steps > 2)
    first = room.session.loop
    key(window, Key.Key_N)
    room.until(lambda: room.session.loop != first)
    second = room.session.loop
    slider = window.sliders.named.rows["density"].slider
    drag(slider, slider.rect().center(), slider.width() // 3)
    room.until(lambda: room.session.loop != second and room.session.next_loop is None)
    key(window, Key.Key_Space)
    room.until(lambda: not room.session.playhead.ticking)


def test_a_morph_rides_back_to_a_and_a_preset_and_a_file_bring_back_the_very_loop(
    quiet_room: Room, tmp_path: Path
) -> None:
    room, window, session = quiet_room, quiet_room.window, quiet_room.session
    bar = window.sliders.morph
    session.files.folder = PresetFolder(tmp_path / "presets")
    session.ask(Studio.set_tempo, 400.0)
    key(window, Key.Key_Space)
    room.until(lambda: session.playhead.ticking)
    first = session.loop
    assert first is not None
    click(bar.a)
    key(window, Key.Key_N)
    room.until(lambda: session.loop != first)
    second = session.loop
    click(bar.b)
    session.morph(Morpher.set_bars, 2)
    before = len(session.history.takes)
    click(bar.auto)
    room.until(lambda: session.loop == first and not bar.auto.isChecked())
    back, halfway = session.history.takes[: len(session.history.takes) - before]
    assert back.loop == first
    assert halfway.loop not in (first, second)
    double_click(bar.fader)
    room.until(lambda: session.loop == halfway.loop)
    assert session.files.save("halfway")
    key(window, Key.Key_N)
    room.until(lambda: session.loop != halfway.loop)
    session.files.open(tmp_path / "presets" / "halfway.json")
    room.until(lambda: session.loop == halfway.loop)
    save_loop(tmp_path / "mine.mid", first)
    given = load_loop(tmp_path / "mine.mid")
    session.files.open(tmp_path / "mine.mid")
    room.until(lambda: session.loop == given)
    key(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    room.until(lambda: session.loop == halfway.loop)


def test_a_raw_axis_shows_where_it_is_held_whatever_the_named_sliders_do() -> None:
    model = Model(Bundle.load(), provider="cpu")
    coordinates = app.coordinates_of(model)
    drawn = coordinates(Settings(3))
    assert drawn["z1"] == pytest.approx(float(model.latent(Settings(3))[model.bundle.manifest.axes[0].index]))
    assert coordinates(Settings(3, sliders={"density": 1.0})) == drawn
    assert coordinates(Settings(3, axes={"z1": 1.3}, sliders={"density": 1.0})) == {**drawn, "z1": 1.3}
    assert coordinates(Settings(3, style=model.styles[0])) != drawn
    assert coordinates(Settings(3, index=1)) != drawn


def test_the_player_ends_with_the_window(quiet_room: Room) -> None:
    assert [child.name for child in multiprocessing.active_children()] == ["groovebridge-player"]
    quiet_room.session.ask(Studio.play)
    quiet_room.until(lambda: quiet_room.session.playhead.ticking)
    quiet_room.window.close()
    assert multiprocessing.active_children() == []


def test_a_model_whose_folder_vanishes_while_it_plays_has_new_ideas_all_the_same(
    qtbot: QtBot, tmp_path: Path
) -> None:
    shutil.copytree(Bundle.load().path, tmp_path / "model")
    room = Room(qtbot, "none", tmp_path / "model")
    key(room.window, Key.Key_Space)
    room.until(lambda: room.session.playhead.rolling)
    shutil.rmtree(tmp_path / "model")
    before = room.session.loop
    click(room.window.sliders.swap.buttons[0])
    key(room.window, Key.Key_N)
    room.until(lambda: room.session.loop != before)
    assert room.session.playhead.rolling
    room.window.close()


def test_a_missing_bundle_opens_the_window_and_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    session = SessionModel(lambda: app.open_studio(tmp_path / "none"), lambda _api: app.list_ports("none"))
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    session.open()
    qtbot.waitUntil(lambda: session.phase is Phase.FAILED, timeout=START_MS)
    assert "none" in window.status.text.text()
    assert window.status.remedy.text() == "Try again"
    window.close()


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from bridge.studio import Studio
from gui import app

opened = app.SessionModel.open
def open_then_interrupt(session):
    opened(session)
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
app.SessionModel.open = open_then_interrupt
sys.exit(app.run([], bundle=Path("no such bundle")))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_ctrl_c_and_a_polite_kill_close_the_window_in_order(name: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, name]
    ended = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.jack
def test_notes_arrive_at_another_program_and_a_lost_server_is_said_and_found_by_itself(qtbot: QtBot) -> None:
    with JackServer() as server:
        room = Room(qtbot, "jack")
        window = room.window
        assert room.ports is not None
        with Peer() as peer:
            peer.connect(room.ports.out, peer.inp)
            click(window.transport.ports.refresh_button)
            room.until(lambda: window.transport.ports.out.findText("peer:in") > 0)
            key(window, Key.Key_Space)
            heard = peer.wait_for(lambda events: sum(e.message[0] == NOTE_ON for e in events) >= 8)
            assert any(event.message[0] == NOTE_ON for event in heard)
        server.kill()
        room.until(lambda: room.ports is None)
        assert "JACK" in window.status.text.text()
        assert window.status.remedy.text() == "Look again"
        assert room.session.playhead.rolling  # unheard, in time
        server.start()
        room.until(lambda: room.ports is not None)
        # The listener went with the server; who stops is told the good news.
        room.until(lambda: window.status.text.text().startswith("Nothing is connected"))
        key(window, Key.Key_Space)
        room.until(lambda: window.status.text.text() == "The MIDI port Groovebridge:out is back.")
        room.until(lambda: not room.session.playhead.rolling)
        click(window.status.remedy)
        assert window.status.text.text() not in ("", "The MIDI port Groovebridge:out is back.")
        window.close()


@pytest.mark.jack
def test_the_last_bars_that_are_saved_are_the_notes_that_a_program_heard(
    qtbot: QtBot, tmp_path: Path
) -> None:
    """Through a swap, a mute and a new tempo: the file has what came out of the port, note for note."""
    with JackServer(), Peer() as peer:

        def measure() -> None:
            peer.forget()
            room = Room(qtbot, "jack")
            session, takeout, studios = room.session, room.session.takeout, list[Studio]()
            try:
                with undisturbed(peer):
                    assert room.ports is not None
                    peer.connect(room.ports.out, peer.inp)
                    session.ask(studios.append)
                    session.ask(Studio.set_tempo, 300.0)
                    session.ask(Studio.play)
                    room.until(lambda: takeout.there >= 2)
                    session.ask(Studio.set_mute, Voice.CLOSED_HAT, True)
                    session.ask(Studio.new_idea)
                    room.until(lambda: takeout.there >= 4)
                    session.ask(Studio.set_tempo, 240.0)
                    room.until(lambda: takeout.there >= 6)
                    session.ask(Studio.stop)
                    room.until(lambda: not studios[0].tape.rolling)
                    takeout.set_bars(32)
                    assert takeout.save_bars(tmp_path / "bars.mid")
                    heard = [tuple(event.message) for event in peer.heard() if event.message[0] == NOTE_ON]
                    track = mido.MidiFile(tmp_path / "bars.mid").tracks[0]
                    saved = [tuple(message.bytes()) for message in track if message.type == "note_on"]
                    assert len(saved) > 30
                    assert sorted(saved) == sorted(heard)
                tempi = [round(mido.tempo2bpm(each.tempo)) for each in track if each.type == "set_tempo"]
                assert tempi == [300, 240]
            finally:
                room.window.close()

        retake(measure, peer)


@pytest.mark.jack
def test_a_knob_of_a_controller_on_jack_is_learned_and_moves_the_density(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with JackServer(), Peer("knobs") as knobs:
        room = Room(qtbot, "jack")
        window, controllers = room.window, room.session.controllers
        window.show_page("controllers")
        listed = window.sheet.page
        assert isinstance(listed, ControllersPage)
        room.until(lambda: "knobs:out" in listed.ports)
        click(listed.ports["knobs:out"])
        window.sheet.close_page()
        controllers.learn("density")
        up, down = [[(0, bytes((0xB0, 74, value)))] for value in (100, 20)]

        def turn_until(true: Callable[[], bool], *turns: list[tuple[int, bytes]]) -> None:
            for _ in range(200):  # the process that listens needs its time to be there
                for turn in turns:
                    knobs.play(turn)
                    qtbot.wait(50)
                if true():
                    return
            pytest.fail("the knob was not heard")

        turn_until(lambda: controllers.learning is None, up, down)
        before = room.session.loop
        turn_until(lambda: room.session.slider("density") > 0.5, up)
        room.until(lambda: room.session.loop != before)
        assert window.sliders.named.rows["density"].slider.shown == pytest.approx(0.57)
        window.close()
