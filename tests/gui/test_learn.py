"""MIDI learn in the window: right click, move a knob, and the control follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QContextMenuEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QMenu,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bridge.player.messages import SwapAt
from bridge.studio import Studio, gestures
from bridge.studio.controls import Kind, Source
from bridge.studio.controls_file import ControlSetup, load_controls, save_controls
from bridge.studio.presets import PresetFolder
from gui.views.controllers_page import EMPTY, ControllersPage
from gui.views.learn import targets_of
from gui.views.machine_section import choices
from gui.views.pages import PAGES
from gui.views.words import waiting
from tests.gui.desk import STYLES, Desk
from tests.gui.hands import NO_KEYS, click, key

KNOB = Source(Kind.ABSOLUTE, 0, 74)


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """A window that can play, with mappings of its own."""
    made = Desk(qtbot)
    made.session.controllers.path = tmp_path / "controllers.json"
    made.open()
    yield made
    made.window.close()


def right_click(desk: Desk, widget: QWidget) -> QMenu:
    """The menu that comes up on a control."""
    at = widget.mapTo(desk.window, widget.rect().center())
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, desk.window.mapToGlobal(at))
    with patch.object(QMenu, "popup"):  # which wants what the offscreen platform has not
        QApplication.sendEvent(desk.window, event)
    menu = desk.window.learn._menu
    assert menu is not None
    return menu


def choose(menu: QMenu, text: str) -> None:
    """Choose an entry."""
    (action,) = [action for action in menu.actions() if action.text() == text]
    menu.hide()
    action.trigger()


def turn(desk: Desk, *values: int, number: int = 74) -> None:
    """Move a knob."""
    controllers = desk.session.controllers._controllers
    assert controllers is not None
    for value in values:
        controllers.receive(bytes((0xB0, number, value)))


def page(desk: Desk) -> ControllersPage:
    """The page of the controllers."""
    desk.window.show_page("controllers")
    shown = desk.window.sheet.page
    assert isinstance(shown, ControllersPage)
    return shown


def test_a_right_click_a_turned_knob_and_the_slider_follows(desk: Desk) -> None:
    slider = desk.window.sliders.named.rows["density"].slider
    choose(right_click(desk, slider), "Learn MIDI")
    learn = desk.window.learn
    assert learn.ring.isVisible()
    assert learn.ring.geometry().contains(slider.mapTo(desk.window, QPoint(0, 0)))
    port = "choose your controller under “Heard on”"
    assert learn.words.text() == f"Density: {port}, then turn a knob or fader, both ways. Esc ends."
    assert waiting("density", False, True) == "Density: turn a knob or fader, both ways. Esc ends."
    assert isinstance(desk.window.sheet.page, ControllersPage)  # no port is heard yet: it is chosen there
    turn(desk, 60, 61, 62, 63, 64, 65)
    desk.until(lambda: not learn.ring.isVisible())
    assert desk.session.controllers.setup.mappings == {KNOB: "density"}
    turn(desk, 127)
    desk.until(lambda: slider.shown == 1.0)
    assert desk.settings.sliders["density"] == 1.0
    row = page(desk).rows[KNOB]
    assert row[0].text() == "Density\nCC 74, channel 1"
    assert load_controls(desk.session.controllers.path)[0].mappings == {KNOB: "density"}


def test_what_names_a_control_has_its_menu(desk: Desk) -> None:
    row = desk.window.sliders.named.rows["density"]
    for label in (row.title, row.figure):
        assert "Learn MIDI for Density: stay" in [
            action.text() for action in right_click(desk, label).actions()
        ]
    choose(right_click(desk, row.title), "Stay while others wander")
    assert row.slider.stays


def test_a_knob_that_has_not_taken_hold_is_marked_until_it_has(desk: Desk) -> None:
    slider = desk.window.sliders.named.rows["density"].slider
    desk.session.controllers.learn("density")
    turn(desk, 60, 61, 62, 63, 64, 65)
    plain = slider.grab().toImage()
    desk.session.ask(Studio.set_slider, "density", -0.5)
    turn(desk, 127)
    desk.until(lambda: slider.knob == 1.0)
    desk.session.ask(Studio.set_slider, "density", None)
    assert slider.grab().toImage() != plain
    turn(desk, 64)
    desk.until(lambda: slider.knob is None)
    desk.session.ask(Studio.set_slider, "density", -0.5)
    turn(desk, 127)
    desk.until(lambda: slider.knob is not None)
    desk.session.controllers.forget(KNOB)
    desk.until(lambda: slider.knob is None)


def test_a_pad_learns_to_have_a_slider_stay(desk: Desk) -> None:
    slider = desk.window.sliders.named.rows["density"].slider
    choose(right_click(desk, slider), "Learn MIDI for Density: stay")
    turn(desk, 0, 127)
    desk.until(lambda: desk.session.controllers.setup.mappings == {KNOB: "stay density"})
    turn(desk, 0, 127)
    desk.until(lambda: slider.stays)


def test_a_control_that_the_sheet_hides_waits_in_the_sheet_s_words(desk: Desk) -> None:
    listed = page(desk)
    desk.session.controllers.learn("temperature")
    assert not desk.window.learn.ring.isVisible()
    assert listed.empty.text().startswith("Freedom: choose your controller")
    desk.window.sheet.close_page()
    assert desk.window.learn.ring.isVisible()


def test_escape_ends_the_waiting_wherever_the_focus_is(desk: Desk) -> None:
    for place in (desk.window, desk.window.transport.tempo, page(desk).programs):
        desk.session.controllers.learn("density")
        assert desk.window.learn.ring.isVisible()
        key(place, Qt.Key.Key_Escape)
        assert desk.session.controllers.learning is None
        assert not desk.window.learn.ring.isVisible()
    assert desk.window.sheet.name == "controllers"  # Escape was for the waiting
    key(page(desk).programs, Qt.Key.Key_Escape)
    assert desk.window.sheet.name is None


def test_every_control_that_says_it_can_learn_has_something_to_move(desk: Desk) -> None:
    controllers = desk.session.controllers._controllers
    assert controllers is not None
    desk.window.show_page("settings")
    every = [
        found for widget in desk.window.findChildren(QWidget) if (found := targets_of(widget)) is not None
    ]
    on_a_map = {
        *("map x", "map y", "flag", "next flag", "flag before", "follow the path", "path goes around"),
        *("path bars", "next path bars", "path bars before"),
    }  # this model has none
    assert {target for _, targets in every for target in targets} - on_a_map == set(controllers._targets)


FOR_A_HAND = {
    "Draw a path on the map": "a path is drawn where the pointer goes; following it can be learned",
    "Raw axes": "it unfolds sliders, each of which can be learned",
    "The last bars as they were played": "they are dragged into the DAW; how many can be learned",
    "The loop as a MIDI file": "it is dragged into the DAW; recording can be learned",
    "Remedy": "it answers a sentence that one has to read first",
    "MIDI input": "a port is chosen by its name, once",
    "MIDI output": "a port is chosen by its name, once",
    **{tip: "the MIDI system is chosen once" for _, _, tip in choices()},
    "Look for MIDI ports again": "a port is chosen by its name, once",
    "Hear controllers on live:out": "a controller that is not heard cannot say so",
    "Program changes recall presets": "what controllers mean is not for controllers",
    "Menu": "pages are read with the eyes, and hide half of the desk",
    "Close": "it belongs to a page",
    "Save the session": "files are named and chosen by hand",
    "Save the session as": "files are named and chosen by hand",
    "Open a session": "files are named and chosen by hand",
    "New session": "files are named and chosen by hand",
    "Back to what was not saved": "files are named and chosen by hand",
    "Measure the way through the DAW": "the song stands, and the DAW is set up for it first",
    "Set what was measured": "it answers a measurement; the latency itself can be learned",
    "As the system: dark or light, as your desktop is, and with it": "looks, not sound",
    "Dark: for a stage": "looks, not sound",
    "Light: for a room in daylight": "looks, not sound",
    "DAW": "it is for reading",
    "Groovebridge: version and licences": "it is for reading",
    "Model card: what the model is, where from, how good, and its limits": "it is for reading",
    "Move a slider": "the tour's: the slider itself can be learned",
    "Play": "the tour's: that in the top line can be learned",
    "Show me how": "the tour's",
}
"""What no controller works, by its accessible name, and why a musician would agree."""


@pytest.fixture
def mapped(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """A window with a map, and mappings of its own."""
    made = Desk(qtbot, chart=True)
    made.session.controllers.path = tmp_path / "controllers.json"
    made.open()
    yield made
    made.window.close()


def test_every_control_can_be_learned_but_those_that_want_a_hand(mapped: Desk) -> None:
    kinds = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox)
    mapped.until(lambda: mapped.session.ports.names is not None)
    unlearned = set[str]()
    for name in ("", *(page.name for page in PAGES)):
        if name:
            mapped.window.show_page(name)
        unlearned |= {
            widget.accessibleName() or f"{type(widget).__name__} without a name in {name or 'the window'}"
            for widget in mapped.window.findChildren(QWidget)
            if isinstance(widget, kinds) and not isinstance(widget, QScrollBar) and targets_of(widget) is None
        }
    assert unlearned == set(FOR_A_HAND)


def test_two_knobs_travel_the_map(mapped: Desk) -> None:
    view = mapped.window.sliders.map
    for number, which in ((74, "Map, left to right"), (75, "Map, down to up")):
        menu = right_click(mapped, view)
        choose(menu, f"Learn MIDI for {which}")
        turn(mapped, 60, 61, 62, 63, 64, 65, number=number)
    for number in (74, 75):  # from end to end, so that it passes where we are
        turn(mapped, *range(128), number=number)
    mapped.until(lambda: mapped.session.place == (1.0, 1.0))
    turn(mapped, *range(126, 63, -1), number=74)
    mapped.until(lambda: mapped.session.place is not None and abs(mapped.session.place[0]) < 0.02)
    assert mapped.session.place is not None
    assert mapped.session.place[1] == 1.0


def test_a_pad_puts_a_flag_another_goes_from_flag_to_flag(mapped: Desk) -> None:
    button, flags = mapped.window.sliders.map.flag, mapped.session.flags
    for note, which in ((36, "Flag"), (37, "Next flag")):
        choose(right_click(mapped, button), f"Learn MIDI for {which}")
        hit(mapped, note)
        mapped.until(lambda: not mapped.window.learn.ring.isVisible())
    for x in (-0.5, 0.5):
        mapped.session.ask(gestures.travel, x, 0.0)
        hit(mapped, 36)
    mapped.until(lambda: [flag.place for flag in flags.flags] == [(-0.5, 0.0), (0.5, 0.0)])
    for x in (-0.5, 0.5):
        hit(mapped, 37)
        mapped.until(lambda x=x: mapped.session.place == (x, 0.0))  # type: ignore[misc]


def test_the_menu_of_the_map_begins_with_the_flag_under_the_pointer(mapped: Desk) -> None:
    view = mapped.window.sliders.map
    texts = [action.text() for action in right_click(mapped, view).actions()]
    assert texts[0] == "Put a flag here"
    choose(right_click(mapped, view), "Put a flag here")
    assert mapped.session.flags.flags[0].place == pytest.approx((0.0, 0.0), abs=0.05)
    texts = [action.text() for action in right_click(mapped, view).actions()]
    assert texts[:3] == ["Travel to Flag 1", "Name it …", "Take the flag away"]
    assert "Learn MIDI for Map, left to right" in texts


def test_a_right_click_that_takes_a_place_of_the_path_away_opens_no_menu(mapped: Desk) -> None:
    view = mapped.window.sliders.map
    mapped.session.journey.add((0.0, 0.0))
    at = view.geometry_now.pixel(0.0, 0.0).toPoint()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.mapToGlobal(at))
    QTest.mousePress(view, Qt.MouseButton.RightButton, NO_KEYS, at)  # type: ignore[call-overload]
    assert not mapped.session.journey.path.places
    QApplication.sendEvent(view, event)
    assert event.isAccepted()
    assert mapped.window.learn._menu is None


def test_a_pad_taps_the_tempo_and_another_says_when_changes_are_heard(desk: Desk) -> None:
    for number, button in ((36, desk.window.transport.tap), (37, desk.window.sliders.swap.buttons[1])):
        choose(right_click(desk, button), "Learn MIDI")
        desk.window.sheet.close_page()
        hit(desk, number)
    with patch("bridge.studio.targets.time", Mock(monotonic=Mock(side_effect=[10.0, 10.6, 11.2]))):
        for _ in range(3):
            hit(desk, 36)
    desk.until(lambda: desk.session.state is not None and desk.session.state.bpm == 100.0)
    hit(desk, 37)
    desk.until(lambda: desk.session.state is not None and desk.session.state.swap_at is SwapAt.STEP)


def test_pads_record_pin_step_through_presets_and_let_the_sliders_rest(desk: Desk, tmp_path: Path) -> None:
    session, files, takeout = desk.session, desk.session.files, desk.session.takeout
    takeout.folder, files.folder = tmp_path, PresetFolder(tmp_path / "presets")
    for name in ("First", "Second"):
        files.save(name)
        session.ask(Studio.new_idea)
    wanted = ("record", "next preset", "preset before", "reset sliders", "pin")
    pads = dict(zip(wanted, range(36, 41), strict=True))
    for target, note in pads.items():
        session.controllers.learn(target)
        hit(desk, note)
    hit(desk, pads["record"])
    desk.until(lambda: takeout.recording and desk.window.takeout.record.isChecked())
    hit(desk, pads["record"])
    desk.until(lambda: not takeout.recording)
    for target, index in (("next preset", 0), ("next preset", 1), ("next preset", 0), ("preset before", 1)):
        hit(desk, pads[target])
        desk.until(lambda index=index: desk.settings.index == index)  # type: ignore[misc]
    for name in ("density", "swing"):
        session.ask(Studio.set_slider, name, 0.5)
    hit(desk, pads["reset sliders"])
    desk.until(lambda: not session.moved)
    session.ask(Studio.undo)
    assert session.moved == ("density", "swing")
    session.ask(Studio.play)
    desk.until(lambda: bool(session.history.takes))
    hit(desk, pads["pin"])
    desk.until(lambda: session.history.takes[0].pinned)


def test_a_fader_an_encoder_and_pads_choose_from_a_list(desk: Desk) -> None:
    box, takeout = desk.window.sliders.style_box, desk.session.takeout
    choose(right_click(desk, box), "Learn MIDI for Style")
    turn(desk, 60, 61, 62, 63, 64, 65)
    turn(desk, *range(65, -1, -1), *range(128))  # through where it is
    desk.until(lambda: desk.settings.style == STYLES[-1] and box.currentText() == "Jazz")
    turn(desk, 64)
    desk.until(lambda: desk.settings.style == STYLES[1])
    desk.window.sheet.close_page()
    for note, which in ((36, "Next style"), (37, "Style before")):
        choose(right_click(desk, box), f"Learn MIDI for {which}")
        desk.window.sheet.close_page()
        hit(desk, note)
    for note, style in ((36, STYLES[2]), (36, None), (37, STYLES[2])):
        hit(desk, note)
        desk.until(lambda style=style: desk.settings.style == style)  # type: ignore[misc]
    choose(right_click(desk, desk.window.takeout.choice), "Learn MIDI for Last bars")
    turn(desk, 1, 1, 127, 1, 1, 1, number=20)
    for step, bars in ((1, 8), (1, 16), (127, 8)):
        turn(desk, step, number=20)
        desk.until(lambda bars=bars: desk.window.takeout.choice.currentData() == bars)  # type: ignore[misc]
    assert takeout.bars == 8


def test_the_list_says_what_a_pad_steps_through_in_the_words_of_the_window(desk: Desk) -> None:
    desk.session.controllers.learn("next morph bars")
    hit(desk, 36)
    row = page(desk).rows[Source(Kind.NOTE, 9, 36)]
    assert row[0].text() == "Morph, bars: next\nnote 36, channel 10"


def test_the_longest_name_in_the_list_leaves_its_row_within_the_page(mapped: Desk) -> None:
    controllers = mapped.session.controllers._controllers
    assert controllers is not None
    presses = [name for name in controllers._targets if controllers.presses(name)]
    for note, target in enumerate(presses):
        controllers.learn(target)
        hit(mapped, note)
    listed = page(mapped)
    mapped.until(lambda: len(listed.rows) == len(presses))
    QApplication.processEvents()
    room = mapped.window.sheet.rect()
    for title, _, forget in listed.rows.values():
        right = forget.mapTo(mapped.window.sheet, forget.rect().topRight()).x()
        assert right < room.width(), title.text()


def test_where_the_model_has_no_map_its_controls_offer_no_learning(desk: Desk) -> None:
    path = desk.window.sliders.path
    at = path.follow.mapTo(desk.window, path.follow.rect().center())
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, desk.window.mapToGlobal(at))
    QApplication.sendEvent(desk.window, event)
    assert desk.window.learn._menu is None
    texts = [action.text() for action in right_click(desk, desk.window.sliders.map).actions()]
    assert texts[0] == "Learn MIDI"  # pinning what plays needs no map
    assert not any("Map" in text or "flag" in text for text in texts)


def test_a_pad_has_the_song_follow_the_path_and_another_has_it_stay(mapped: Desk) -> None:
    journey = mapped.session.journey
    for place in ((0.0, 0.0), (0.5, 0.5)):
        journey.add(place)
    pads = (("follow the path", 36), ("path goes around", 37), ("next path bars", 38))
    for target, note in pads:
        mapped.session.controllers.learn(target)
        hit(mapped, note)
    around, bars = journey.path.around, journey.path.leg_bars
    for _, note in pads:
        hit(mapped, note)
    mapped.until(lambda: journey.following and journey.path.around is not around)
    mapped.until(lambda: journey.path.leg_bars != bars)
    hit(mapped, 36)
    mapped.until(lambda: not journey.following)


def hit(desk: Desk, note: int) -> None:
    """Hit a pad."""
    controllers = desk.session.controllers._controllers
    assert controllers is not None
    controllers.receive(bytes((0x99, note, 100)))
    controllers.receive(bytes((0x89, note, 0)))


def test_a_control_forgets_from_its_menu_and_from_the_list(desk: Desk) -> None:
    slider, listed = desk.window.sliders.freedom.slider, page(desk)
    assert listed.empty.text() == EMPTY
    for forget in ("menu", "list"):
        desk.session.controllers.learn("temperature")
        turn(desk, 60, 61, 62, 63, 64, 65)
        desk.until(lambda: list(listed.rows) == [KNOB])
        if forget == "menu":
            desk.window.sheet.close_page()
            choose(right_click(desk, slider), "Forget CC 74, channel 1")
        else:
            click(page(desk).rows[KNOB][2])
        assert desk.session.controllers.sources("temperature") == ()
        assert listed.rows == {}


def test_a_knob_that_was_taken_for_another_is_put_right_in_the_list(desk: Desk) -> None:
    listed = page(desk)
    desk.session.controllers.learn("temperature")
    turn(desk, 60, 61, 62, 63, 64, 65)
    desk.until(lambda: list(listed.rows) == [KNOB])
    key(listed.rows[KNOB][1], Qt.Key.Key_Down)
    turn(desk, 127)
    desk.until(lambda: desk.window.sliders.freedom.slider.shown == 0.73)


def test_the_port_of_a_controller_is_chosen_and_kept_even_when_it_is_gone(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "controllers.json"
    save_controls(path, ControlSetup(("Pads",)))
    desk = Desk(qtbot)
    desk.session.controllers.path = path
    desk.open()
    listed = page(desk)
    desk.until(lambda: list(listed.ports) == ["live:out", "Pads"])
    assert listed.ports["Pads"].text() == "Pads (gone)"
    click(listed.ports["live:out"])
    assert desk.session.controllers.setup.inputs == ("Pads", "live:out")
    click(listed.ports["Pads"])
    assert load_controls(path)[0].inputs == ("live:out",)
    assert list(listed.ports) == ["live:out"]
    click(listed.ports["live:out"])
    desk.window.close()


def test_a_program_change_plays_the_preset_and_its_name_is_shown(desk: Desk, tmp_path: Path) -> None:
    files, controllers = desk.session.files, desk.session.controllers._controllers
    assert controllers is not None
    files.folder = PresetFolder(tmp_path / "presets")
    files.save("First")
    key(desk.window, Qt.Key.Key_N)
    controllers.receive(b"\xc0\x00")
    desk.until(lambda: desk.settings.index == 0)
    assert desk.window.presets.text() == "First"
    listed = page(desk)
    click(listed.programs)
    key(desk.window, Qt.Key.Key_N)
    controllers.receive(b"\xc0\x00")
    assert not desk.session.controllers.setup.programs
    assert desk.settings.index == 1


def test_mappings_that_cannot_be_read_are_said_and_set_aside(qtbot: QtBot, tmp_path: Path) -> None:
    desk = Desk(qtbot)
    desk.session.controllers.path = tmp_path / "controllers.json"
    desk.session.controllers.path.write_text("{")
    desk.open()
    assert "controllers.old.json" in desk.session.status.text
    desk.window.close()


def test_before_there_is_a_drummer_nothing_is_learned(closed_desk: Desk) -> None:
    closed_desk.window.show()
    closed_desk.session.controllers.learn("density")
    assert closed_desk.session.controllers.learning is None
    assert not page(closed_desk).programs.isEnabled()
