"""Hands at the window, and another program on a real JACK server that hears what they do, frame by frame."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QDrag
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge.groove import GENERAL_MIDI, STEPS, VOICES, DrumLoop, Voice
from bridge.groove.midifile import load_loop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP
from bridge.player.voicing import Voicing
from bridge.studio import Studio, gestures
from bridge.studio.presets import PresetFolder
from tests.gui.ear import Ear, blows
from tests.gui.hands import click, drag, key, write
from tests.gui.room import Room
from tests.support.jackd import JackServer
from tests.support.peer import Peer
from tests.support.takes import take

pytestmark = [pytest.mark.jack, pytest.mark.qt_log_ignore("This plugin does not support", extend=True)]
Key = Qt.Key
BPM = 240.0
CTRL = Qt.KeyboardModifier.ControlModifier
NOTES = GENERAL_MIDI.out_notes
TAIL = TICKS_PER_BAR - 4 * TICKS_PER_STEP
"""What is left of a bar for sure after `Ear.at_a_line`, in ticks."""


@pytest.fixture(scope="module")
def shared_ear(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Ear]:
    """One window for all tests here, with its player connected to another program."""
    with JackServer(), Peer() as peer:
        room = Room(QtBot(request), "jack")
        assert room.ports is not None
        peer.connect(room.ports.out, peer.inp)
        write(room.window.transport.tempo, str(BPM))
        key(room.window.transport.tempo, Key.Key_Return)
        yield Ear(room, peer)
        room.window.close()


@pytest.fixture
def ear(shared_ear: Ear) -> Ear:
    """The song plays, and nothing has been done to it."""
    session = shared_ear.room.session
    if not session.playhead.rolling:
        session.ask(Studio.play)
    session.ask(Studio.set_voicing, Voicing())
    session.release_all()
    settle(shared_ear)
    shared_ear.peer.forget()
    return shared_ear


def settle(ear: Ear) -> DrumLoop:
    """Wait until what was asked for plays, and return that."""
    session = ear.room.session

    def settled() -> bool:
        state = session.state
        playing = [] if state is None else [take for take in state.takes if take.number == state.take]
        return any(take.sketch == state.sketch for take in playing if state is not None)

    ear.room.until(settled)
    assert session.loop is not None
    return session.loop


def beat() -> DrumLoop:
    """Kick, snare and hat in every bar."""
    hits = np.zeros((STEPS, VOICES), dtype=bool)
    hits[::8, Voice.KICK] = hits[4::8, Voice.SNARE] = hits[::2, Voice.CLOSED_HAT] = True
    return DrumLoop.of(hits, hits * 0.7, hits * 0.1)


def test_from_the_first_beat_every_note_of_the_loop_that_is_shown_arrives_on_its_frame(ear: Ear) -> None:
    loop = settle(ear)

    def measure() -> None:
        key(ear.room.window, Key.Key_Space)
        ear.room.until(lambda: not ear.playhead.rolling)
        ear.peer.forget()
        key(ear.room.window, Key.Key_Space)
        ear.room.until(lambda: ear.playhead.rolling)
        ear.assert_heard(blows(loop, 0, 2 * TICKS_PER_BAR), 0, 2 * TICKS_PER_BAR)

    take(measure, ear.peer)


def test_a_slider_that_is_dragged_changes_the_notes_from_the_next_bar_on(ear: Ear) -> None:
    slider = ear.room.window.sliders.named.rows["density"].slider
    ways = [slider.width() // 3, -slider.width() // 3]

    def measure() -> None:
        before, line = settle(ear), ear.at_a_line()
        ways.reverse()
        drag(slider, slider.rect().center(), ways[0])
        assert ear.room.session.loop is before
        after = settle(ear)
        old = blows(before, line - TAIL, line)
        new = blows(after, line, line + TICKS_PER_BAR)
        assert new != blows(before, line, line + TICKS_PER_BAR)
        ear.assert_heard([*old, *new], line - TAIL, line + TICKS_PER_BAR)

    take(measure, ear.peer)


def test_a_window_that_hangs_for_two_seconds_delays_no_note_and_no_loop(ear: Ear) -> None:
    """The new idea that was asked for just before comes at its bar all the same."""

    def measure() -> None:
        before, line = settle(ear), ear.at_a_line()
        key(ear.room.window, Key.Key_N)
        time.sleep(2)  # in the thread of the window
        assert ear.playhead.ticks > line + TICKS_PER_BAR / 2
        after = settle(ear)
        old = blows(before, line - TAIL, line)
        new = blows(after, line, line + 2 * TICKS_PER_BAR)
        assert after != before
        ear.assert_heard([*old, *new], line - TAIL, line + 2 * TICKS_PER_BAR)

    take(measure, ear.peer)


def test_a_locked_voice_keeps_its_notes_while_a_new_idea_changes_the_rest(ear: Ear) -> None:
    window, before = ear.room.window, settle(ear)
    voice = Voice(int(before.hits.sum(axis=0).argmax()))
    others = [note for note in NOTES if note != NOTES[voice]]
    lock = window.loop.strips.strips[voice].lock
    click(lock)
    key(window, Key.Key_N)
    after = settle(ear)
    assert blows(after, 0, LOOP_TICKS, [NOTES[voice]]) == blows(before, 0, LOOP_TICKS, [NOTES[voice]]) != []
    assert blows(after, 0, LOOP_TICKS, others) != blows(before, 0, LOOP_TICKS, others)
    ear.assert_hears(after)
    click(lock)


def test_a_muted_voice_is_silent_and_a_soloed_one_alone(ear: Ear) -> None:
    ear.room.session.ask(gestures.give, beat())
    loop, strips = settle(ear), ear.room.window.loop.strips.strips
    click(strips[Voice.CLOSED_HAT].mute)
    ear.assert_hears(loop, [NOTES[Voice.KICK], NOTES[Voice.SNARE]])
    click(strips[Voice.CLOSED_HAT].mute)
    click(strips[Voice.KICK].solo)
    ear.assert_hears(loop, [NOTES[Voice.KICK]])
    click(strips[Voice.KICK].solo)
    ear.assert_hears(loop)


def test_a_hit_that_is_struck_in_the_loop_by_mouse_is_heard_and_undo_takes_it_out_again(ear: Ear) -> None:
    before, view = settle(ear), ear.room.window.loop
    cell = next((step, Voice.HIGH_TOM) for step in range(64) if not before.hits[step, Voice.HIGH_TOM])
    click(view, view.geometry_now.cell(*cell).center().toPoint())
    after = settle(ear)
    assert after.hits[cell]
    ear.assert_hears(after)
    key(ear.room.window, Key.Key_Z, CTRL)
    assert settle(ear) == before
    ear.assert_hears(before)


def test_between_the_ends_of_a_morph_another_loop_is_heard(ear: Ear) -> None:
    window = ear.room.window
    bar = window.sliders.morph
    a = settle(ear)
    click(bar.a)
    key(window, Key.Key_N)
    b = settle(ear)
    click(bar.b)
    drag(bar.fader, QPoint(bar.fader.width() - 8, bar.fader.height() // 2), -bar.fader.width() // 2)
    between = settle(ear)
    assert between not in (a, b)
    ear.assert_hears(between)


def test_a_journey_on_the_map_is_heard_and_so_is_the_way_back(ear: Ear) -> None:
    before, view = settle(ear), ear.room.window.sliders.map
    drag(view, view.rect().center(), view.width() // 4)
    there = settle(ear)
    assert there != before
    ear.assert_hears(there)
    key(ear.room.window, Key.Key_Z, CTRL)
    assert settle(ear) == before
    ear.assert_hears(before)


def test_a_flag_brings_its_place_back_from_anywhere(ear: Ear) -> None:
    window, view = ear.room.window, ear.room.window.sliders.map
    click(view, view.geometry_now.pixel(-0.4, 0.3).toPoint())
    flagged = settle(ear)
    key(window, Key.Key_G)
    click(view, view.geometry_now.pixel(0.6, -0.4).toPoint())
    assert settle(ear) != flagged
    key(window, Key.Key_1, CTRL)
    assert settle(ear) == flagged
    ear.assert_hears(flagged)


def test_where_the_sliders_have_wandered_to_is_heard_and_undo_is_heard_to_bring_them_home(ear: Ear) -> None:
    before, session, bar = settle(ear), ear.room.session, ear.room.window.sliders.wander
    session.wander.set_bars(1)
    click(bar.wander)
    ear.room.until(lambda: len(session.moved) == len(session.sliders))
    ear.room.until(lambda: session.loop != before)
    click(bar.wander)
    there = settle(ear)
    assert there != before
    ear.assert_hears(there)
    key(ear.room.window, Key.Key_Z, CTRL)
    assert settle(ear) == before
    ear.assert_hears(before)


def test_a_preset_brings_its_notes_back_by_its_digit(ear: Ear, tmp_path: Path) -> None:
    session, window = ear.room.session, ear.room.window
    session.files.folder = PresetFolder(tmp_path)
    kept = settle(ear)
    assert session.files.save("mine")
    key(window, Key.Key_N)
    assert settle(ear) != kept
    key(window, Key.Key_1)
    ear.room.until(lambda: session.loop == kept)
    ear.assert_hears(kept)


def test_the_file_that_is_dragged_out_is_what_is_heard(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Path] = []

    def drop(self: QDrag, _action: Qt.DropAction) -> Qt.DropAction:
        data = self.mimeData()
        files.extend(Path(url.toLocalFile()) for url in ([] if data is None else data.urls()))
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", drop)
    settle(ear)
    button = ear.room.window.takeout.loop
    drag(button, button.rect().center(), 4 * QApplication.startDragDistance())
    ear.assert_hears(load_loop(files[0]))
