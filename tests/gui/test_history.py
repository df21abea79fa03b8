"""History and map in the window: what was played is found, kept and dragged out; places are travelled to."""

from __future__ import annotations

import threading
from pathlib import Path

import mido
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QLineEdit

from bridge.player.messages import PlayerConfig
from bridge.studio import Studio, StudioState
from bridge.studio import history as takes
from bridge.studio.sketch import Spot
from gui import app
from gui.models.history import TAKE_ROLE
from gui.views import theme
from gui.views.history_strip import HistoryStrip
from tests.gui.desk import Desk
from tests.gui.hands import click, double_click, key, write


def play_ideas(desk: Desk, count: int) -> None:
    """Let so many ideas be heard, one after the other."""
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.state is not None and desk.session.state.take == 1)
    for number in range(2, count + 1):
        desk.session.ask(Studio.new_idea)
        desk.until(lambda: desk.session.next_loop is not None)
        desk.band.turn_over()
        desk.until(lambda number=number: desk.session.history.rowCount() == number)  # type: ignore[misc]


def test_what_is_heard_becomes_a_take_and_what_is_not_does_not(desk: Desk) -> None:
    assert desk.session.history.rowCount() == 0
    play_ideas(desk, 3)
    assert [take.number for take in desk.session.history.takes] == [3, 2, 1]


def test_a_double_click_plays_a_take_again(desk: Desk) -> None:
    play_ideas(desk, 3)
    strip = desk.window.history
    first = desk.session.history.takes[-1]
    place = strip.visualRect(strip.model().index(2, 0)).center()  # type: ignore[union-attr]
    viewport = strip.viewport()
    assert viewport is not None
    click(viewport, place)
    double_click(viewport, place)
    desk.until(lambda: desk.session.next_loop == first.loop)
    state = desk.session.state
    assert state is not None
    assert state.settings == first.sketch.settings


def test_keys_that_reach_the_history_find_a_take_and_only_there_it_is_in_the_colour_of_the_focus(
    desk: Desk,
) -> None:
    play_ideas(desk, 2)
    desk.window.activateWindow()
    strip = desk.window.history

    def in_focus_colour() -> bool:
        image = strip.grab().toImage()
        row = range(image.width())
        return any(image.pixelColor(x, y).name() == theme.FOCUS for y in range(image.height()) for x in row)

    desk.window.setFocus()
    assert not in_focus_colour()
    strip.setFocus(Qt.FocusReason.TabFocusReason)
    assert [take.number for take in strip.chosen()] == [2]
    assert in_focus_colour()
    desk.window.setFocus()
    assert not in_focus_colour()


def test_the_oldest_take_goes_when_there_are_too_many_and_what_is_selected_stays_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takes, "NEWEST", 3)
    play_ideas(desk, 3)
    strip, model = desk.window.history, desk.session.history
    strip.pin.emit(1, True)
    strip.setCurrentIndex(model.index(0))
    for newest in (4, 5):
        desk.session.ask(Studio.new_idea)
        desk.until(lambda: desk.session.next_loop is not None)
        desk.band.turn_over()
        desk.until(lambda newest=newest: model.takes[0].number == newest)  # type: ignore[misc]
    assert [take.number for take in model.takes] == [5, 4, 3, 1]
    assert [index.data() for index in strip.selectedIndexes()] == ["Take 3"]
    state = desk.session.state
    assert state is not None
    assert (state.take, model.rowCount()) == (5, 4)


def test_takes_are_pinned_and_named_and_the_strip_shows_it(desk: Desk) -> None:
    play_ideas(desk, 2)
    strip = desk.window.history
    strip.pin.emit(1, True)
    strip.rename.emit(1, "verse")
    index = strip.model().index(1, 0)  # type: ignore[union-attr]
    assert index.data(TAKE_ROLE).pinned
    assert index.data() == "verse"
    assert "pinned" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_a_take_is_named_where_it_stands_and_escape_leaves_the_name(desk: Desk) -> None:
    play_ideas(desk, 2)
    strip = desk.window.history
    strip.setCurrentIndex(desk.session.history.index(1))
    for typed, leave in (("verse n f", Qt.Key.Key_Return), ("chorus", Qt.Key.Key_Escape)):
        key(strip, Qt.Key.Key_F2)
        editor = strip.findChild(QLineEdit)
        assert editor is not None
        assert strip.viewport().rect().contains(editor.geometry())  # type: ignore[union-attr]
        write(editor, typed)
        key(editor, leave)
        desk.until(lambda: strip.findChild(QLineEdit) is None)
    assert [take.name for take in desk.session.history.takes] == ["", "verse n f"]
    assert desk.session.playhead.rolling


def test_a_take_is_dragged_out_as_a_midi_file(desk: Desk) -> None:
    play_ideas(desk, 2)
    history = desk.session.history
    data = history.mimeData([history.index(0), history.index(1)])
    assert data is not None
    paths = [Path(url.toLocalFile()) for url in data.urls()]
    assert [path.name for path in paths] == ["groovebridge-0002.mid", "groovebridge-0001.mid"]
    assert all(mido.MidiFile(path).length > 1 for path in paths)
    desk.window.close()
    assert not any(path.exists() for path in paths)


def test_a_full_disk_is_said_and_nothing_is_dragged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    play_ideas(desk, 1)
    history = desk.session.history
    monkeypatch.setattr(
        history, "_folder", type("Gone", (), {"name": "/dev/null/x", "cleanup": lambda _: None})()
    )
    assert history.mimeData([history.index(0)]) is None
    assert "cannot be written" in desk.session.status.text


def test_a_slider_is_taken_back_with_the_keyboard(desk: Desk) -> None:
    panel = desk.window.sliders
    assert not panel.undo.isEnabled()
    desk.session.ask(Studio.set_slider, "density", 0.5)
    assert panel.undo.isEnabled()
    key(desk.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.session.slider("density") == 0
    assert panel.redo.isEnabled()
    panel.redo.click()
    assert desk.session.slider("density") == 0.5


def test_the_menu_of_a_take_says_what_one_can_do(desk: Desk) -> None:
    play_ideas(desk, 1)
    strip: HistoryStrip = desk.window.history
    take = desk.session.history.takes[0]
    words = [action.text() for action in strip.menu_for(take).actions()]
    assert words == ["Play it again", "Pin it", "Name it …", "Save as MIDI file …"]


def test_without_a_map_the_map_says_so(desk: Desk) -> None:
    view = desk.window.sliders.map
    assert not view.isEnabled()
    assert desk.session.place is None
    assert view.describe(0, 0) == ""


def test_a_press_on_the_map_travels_there(mapped: Desk) -> None:
    view = mapped.window.sliders.map
    at = QPoint(view.width() // 3, view.height() // 2)
    click(view, at)
    state = mapped.session.state
    assert state is not None
    assert isinstance(state.sketch.origin, Spot)
    x, y = mapped.session.place or (9, 9)
    there = view.geometry_now.pixel(x, y)
    assert abs(there.x() - at.x()) <= 1
    assert abs(there.y() - at.y()) <= 1
    key(view, Qt.Key.Key_Right)
    after = mapped.session.place or (9, 9)
    assert after[0] > x
    assert after[1] == pytest.approx(y)


def test_a_history_that_cannot_be_read_is_said_and_keeps_nobody_from_playing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "journal_path", lambda: tmp_path)  # a folder in its place
    opened = app.open_studio(None, PlayerConfig(api="none"))
    try:
        assert "cannot be" in (opened.studio.state.fault or "")
        assert opened.studio.state.takes == ()
    finally:
        opened.studio.close()
        opened.ended()


def test_a_history_that_cannot_be_kept_is_said_even_if_that_shows_before_the_studio_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "journal_path", lambda: Path("/proc/history.jsonl"))  # nobody can write there
    opened = app.open_studio(None, PlayerConfig(api="none"))
    said = threading.Event()

    def look(state: StudioState) -> None:
        if "is not kept for the next time" in (state.fault or ""):
            said.set()

    unsubscribe = opened.studio.subscribe(look)
    try:
        look(opened.studio.state)
        assert said.wait(10)
    finally:
        unsubscribe()
        opened.studio.close()
        opened.ended()


def test_a_take_with_a_name_of_any_length_can_be_dragged_out(desk: Desk) -> None:
    play_ideas(desk, 1)
    desk.session.ask(Studio.name_take, 1, "Straße " * 100)
    desk.until(lambda: desk.session.history.takes[0].name != "")
    data = desk.session.history.files(desk.session.history.takes)
    assert data is not None
    assert Path(data.urls()[0].toLocalFile()).is_file()
