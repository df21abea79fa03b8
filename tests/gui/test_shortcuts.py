"""The keys of the table work wherever the focus is, none is missing from the list, none means two things."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QLabel, QWidget

from bridge.studio import Studio
from gui.views import shortcuts
from gui.views.shortcuts import SHORTCUTS
from gui.views.shortcuts_page import rows
from tests.gui.desk import Desk
from tests.gui.hands import key, write

ALT = Qt.KeyboardModifier.AltModifier


def press(widget: QWidget, keys: QKeySequence) -> None:
    key(widget, Qt.Key(keys[0].key()), keys[0].keyboardModifiers())


def test_every_shortcut_of_the_window_is_in_the_table(desk: Desk) -> None:
    listed = Counter(each.sequence.toString() for each in SHORTCUTS) + Counter(["Esc"])
    made = Counter(made.key().toString() for made in desk.window.findChildren(QShortcut))
    assert made == listed


def test_no_keys_mean_two_things() -> None:
    used = Counter(each.sequence.toString() for each in SHORTCUTS)
    assert [keys for keys, times in used.items() if times > 1 or not keys] == []


def test_each_works_wherever_the_focus_is(closed_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def noting(keys: str) -> shortcuts.Act:
        return lambda _window, _session: done.append(keys)

    spied = tuple(replace(each, act=noting(each.sequence.toString())) for each in SHORTCUTS)
    monkeypatch.setattr(shortcuts, "SHORTCUTS", spied)
    desk = Desk(closed_desk.qtbot)
    desk.open()
    window = desk.window
    window.activateWindow()
    places = (
        window,
        window.transport.play,
        window.sliders.freedom.slider,
        window.history,
        window.sliders.map,
    )
    for place in places:
        for each in spied:
            done.clear()
            press(place, each.sequence)
            assert done == [each.sequence.toString()], place
    window.close()


def test_digits_that_are_typed_into_a_box_stay_there(desk: Desk) -> None:
    desk.window.activateWindow()
    write(desk.window.transport.tempo, "96")
    assert desk.window.transport.tempo.text() == "96"
    assert "preset" not in desk.session.status.text


def test_a_digit_plays_the_preset_at_that_place(desk: Desk) -> None:
    window, session = desk.window, desk.session
    session.ask(Studio.set_slider, "density", 0.25)
    assert session.files.save("my preset")
    number = [preset.name for preset in session.files.presets()].index("my preset") + 1
    session.ask(Studio.set_slider, "density", -0.5)
    window.activateWindow()
    key(window, Qt.Key(Qt.Key.Key_0 + number))
    desk.until(lambda: desk.settings.sliders.get("density") == 0.25)
    entries = window.presets.menu_now().actions()
    assert f"my preset\t{number}" in [entry.text() for entry in entries]
    session.files.folder.delete(session.files.presets()[number - 1])


def test_a_digit_without_a_preset_says_so(desk: Desk) -> None:
    desk.window.activateWindow()
    key(desk.window, Qt.Key.Key_9)
    assert desk.session.status.text.startswith("There is no preset 9 yet")


def test_alt_and_a_digit_play_that_take_again(desk: Desk) -> None:
    session, window = desk.session, desk.window
    window.activateWindow()
    session.ask(Studio.play)
    desk.until(lambda: session.playhead.rolling and len(session.history.takes) == 1)
    first = session.loop
    session.ask(Studio.new_idea)
    desk.until(lambda: session.next_loop is not None)
    desk.band.turn_over()
    desk.until(lambda: len(session.history.takes) == 2)
    key(window, Qt.Key.Key_2, ALT)
    desk.until(lambda: session.next_loop == first)


def test_alt_and_a_digit_without_a_take_say_so(desk: Desk) -> None:
    desk.window.activateWindow()
    key(desk.window, Qt.Key.Key_9, ALT)
    assert "no take 9" in desk.session.status.text


@pytest.mark.parametrize(("keys", "page"), [("F1", "help"), ("Ctrl+F1", "shortcuts")])
def test_help_is_one_key_away(keys: str, page: str, desk: Desk) -> None:
    desk.window.activateWindow()
    press(desk.window, QKeySequence(keys))
    assert desk.window.sheet.name == page


def test_the_page_lists_each_of_them(desk: Desk) -> None:
    desk.window.show_page("shortcuts")
    page = desk.window.sheet.page
    assert page is not None
    shown = [label.text() for label in page.findChildren(QLabel)]
    assert {each.what for each in SHORTCUTS} <= set(shown)
    assert {keys for _, keys, _ in rows()} <= set(shown)
