"""Flags on the map: put by hand and by keys, named where they stand, travelled to, kept, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from bridge.studio import Studio, gestures
from bridge.studio.flags import MOST_FLAGS, Flag
from bridge.studio.morphing import Morpher
from bridge.studio.sketch import Spot
from gui.models import autosave
from gui.views.flag_painter import grips
from gui.views.map_view import FINE_STEP, STEP, MapView
from tests.gui.desk import Desk
from tests.gui.hands import click, double_click, drag, key, pull, release, write
from tests.gui.test_pins import hear

CTRL = Qt.KeyboardModifier.ControlModifier
HERE, THERE = (-0.5, 0.25), (0.5, -0.5)


def travel(desk: Desk, place: tuple[float, float]) -> MapView:
    """Press on the map."""
    view = desk.window.sliders.map
    click(view, view.geometry_now.pixel(*place).toPoint())
    return view


def flags_of(desk: Desk) -> tuple[Flag, ...]:
    return desk.session.flags.flags


def grip(desk: Desk, number: int) -> QPoint:
    return grips(desk.window.sliders.map.geometry_now, flags_of(desk))[number].toPoint()


def names(desk: Desk) -> list[str]:
    return [flag.name for flag in flags_of(desk)]


def offered(desk: Desk, at: QPoint | None) -> dict[str, object]:
    """The words of the map's menu at a point, with what they do."""
    menu = desk.window.learn.menu_of(["map x"], desk.window.sliders.map.offers(at))
    return {action.text(): action.trigger for action in menu.actions() if action.text()}


def choose(desk: Desk, at: QPoint | None, text: str) -> None:
    act = offered(desk, at)[text]
    assert callable(act)
    act()


def test_g_puts_a_flag_where_we_are_a_press_travels_there_and_g_takes_it_away(mapped: Desk) -> None:
    mapped.window.activateWindow()
    travel(mapped, HERE)
    here = mapped.session.place
    key(mapped.window, Qt.Key.Key_G)
    assert [flag.place for flag in flags_of(mapped)] == [here]
    view = travel(mapped, THERE)
    assert mapped.session.place != here
    click(view, grip(mapped, 0))
    assert mapped.session.place == here
    key(mapped.window, Qt.Key.Key_G)
    assert flags_of(mapped) == ()


def test_the_button_shows_whether_there_is_a_flag_here_and_says_what_is_missing(
    mapped: Desk, desk: Desk
) -> None:
    button = mapped.window.sliders.map.flag
    travel(mapped, HERE)
    assert not button.isChecked()
    click(button)
    assert button.isChecked()
    travel(mapped, THERE)
    assert not button.isChecked()
    loop = mapped.session.loop
    assert loop is not None
    mapped.session.morph(Morpher.take_a)
    mapped.session.morph(Morpher.take_b)
    mapped.session.morph(Morpher.move, 0.5)
    assert not button.isEnabled()
    assert "no place on the map" in button.toolTip()
    assert "no map" in desk.window.sliders.map.flag.toolTip()


def test_what_a_slip_took_away_undo_brings_back(mapped: Desk) -> None:
    travel(mapped, HERE)
    mapped.window.activateWindow()
    key(mapped.window, Qt.Key.Key_G)
    mapped.session.flags.rename(0, "verse")
    key(mapped.window, Qt.Key.Key_G)
    assert names(mapped) == []
    key(mapped.window, Qt.Key.Key_Z, CTRL)
    assert names(mapped) == ["verse"]


def test_the_menu_puts_a_flag_under_the_pointer_without_travelling_and_takes_it_away(mapped: Desk) -> None:
    view = travel(mapped, THERE)
    at = view.geometry_now.pixel(*HERE).toPoint()
    before = mapped.session.place
    choose(mapped, at, "Put a flag here")
    assert mapped.session.place == before
    assert flags_of(mapped)[0].place == pytest.approx(HERE, abs=0.02)
    assert "Put a flag here" not in offered(mapped, grip(mapped, 0))
    choose(mapped, grip(mapped, 0), "Travel to Flag 1")
    assert mapped.session.place == flags_of(mapped)[0].place
    choose(mapped, None, "Take the flag away")
    assert flags_of(mapped) == ()
    choose(mapped, None, "Put a flag here")
    assert [flag.place for flag in flags_of(mapped)] == [mapped.session.place]


@pytest.mark.parametrize(
    ("end", "name"), [(Qt.Key.Key_Return, "a verse & more"), (Qt.Key.Key_Escape, "Flag 1")]
)
def test_a_double_click_names_a_flag_where_it_stands(mapped: Desk, end: Qt.Key, name: str) -> None:
    view = travel(mapped, HERE)
    mapped.session.flags.toggle(mapped.session.place)
    mapped.window.activateWindow()
    double_click(view, grip(mapped, 0))
    editor = view.flags.editor
    mapped.until(editor.hasFocus)
    assert editor.text() == "Flag 1"
    write(editor, "a verse & more")
    state = mapped.session.state
    assert state is not None
    assert not state.playing, "what is typed, spaces too, is the name's"
    key(editor, end)
    assert (names(mapped), editor.isVisible()) == ([name], False)
    assert view.hasFocus()


def test_a_click_elsewhere_keeps_the_name_and_none_at_all_is_a_number(mapped: Desk) -> None:
    view = travel(mapped, HERE)
    mapped.window.activateWindow()
    mapped.session.flags.toggle(mapped.session.place)
    key(view, Qt.Key.Key_F2)
    write(view.flags.editor, "  chorus ")
    mapped.window.sliders.new_idea.setFocus(Qt.FocusReason.MouseFocusReason)
    assert names(mapped) == ["chorus"]
    key(view, Qt.Key.Key_F2)
    view.flags.editor.clear()
    key(view.flags.editor, Qt.Key.Key_Return)
    assert names(mapped) == ["Flag 1"]


def test_keys_go_from_flag_to_flag_and_to_each_by_its_digit(mapped: Desk) -> None:
    mapped.window.activateWindow()
    for place in (HERE, THERE):
        travel(mapped, place)
        key(mapped.window, Qt.Key.Key_G)
    first, second = (flag.place for flag in flags_of(mapped))
    view = mapped.window.sliders.map
    for pressed, place in (
        (Qt.Key.Key_PageDown, first),
        (Qt.Key.Key_PageDown, second),
        (Qt.Key.Key_PageUp, first),
    ):
        key(view, pressed)
        assert mapped.session.place == place
    key(mapped.window, Qt.Key.Key_2, CTRL)
    assert mapped.session.place == second
    key(mapped.window, Qt.Key.Key_9, CTRL)
    assert "There is no flag 9" in mapped.session.status.text
    assert "(Ctrl+2)" in view._tip(view.geometry_now.pixel(*second))


def test_a_drag_moves_a_flag_and_we_stay_while_a_hand_that_trembles_travels(mapped: Desk) -> None:
    view = travel(mapped, HERE)
    mapped.session.flags.toggle(mapped.session.place)
    put = flags_of(mapped)[0].place
    travel(mapped, THERE)
    here = mapped.session.place
    for by in (60, -100):
        drag(view, grip(mapped, 0), by)
    assert mapped.session.place == here
    moved = view.geometry_now.pixel(*put).x() - 40
    (flag,) = flags_of(mapped)
    assert view.geometry_now.pixel(*flag.place).x() == pytest.approx(moved, abs=1)
    assert flag.place[1] == pytest.approx(put[1], abs=0.02)
    drag(view, grip(mapped, 0), 4)
    assert mapped.session.place == flag.place == flags_of(mapped)[0].place
    for _ in range(3):  # where we travelled, then a drag each
        mapped.session.ask(Studio.undo)
    assert (flags_of(mapped)[0].place, mapped.session.place) == (put, here)


def test_escape_lets_a_dragged_flag_go_back(mapped: Desk) -> None:
    view = travel(mapped, HERE)
    mapped.session.flags.toggle(mapped.session.place)
    before = flags_of(mapped)
    pull(view, grip(mapped, 0), 60)
    assert flags_of(mapped) != before
    key(view, Qt.Key.Key_Escape)
    release(view, grip(mapped, 0) + QPoint(60, 0))
    assert flags_of(mapped) == before


def test_ctrl_and_arrows_push_the_flag_where_we_are_in_one_step(mapped: Desk) -> None:
    view = travel(mapped, HERE)
    mapped.session.flags.toggle(mapped.session.place)
    x, y = flags_of(mapped)[0].place
    for pressed in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up):
        key(view, pressed, CTRL)
    key(view, Qt.Key.Key_Down, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert flags_of(mapped)[0].place == pytest.approx((x + 2 * STEP, y + STEP - FINE_STEP))
    assert mapped.session.place == (x, y)
    mapped.session.ask(Studio.undo)
    assert flags_of(mapped)[0].place == (x, y)
    key(view, Qt.Key.Key_Left, CTRL)
    assert flags_of(mapped)[0].place == pytest.approx((x - STEP, y)), "it is where we are again"
    travel(mapped, THERE)
    key(view, Qt.Key.Key_Left, CTRL)
    assert "no flag where we are" in mapped.session.status.text


def test_a_flag_stops_where_another_stands_and_at_the_border(mapped: Desk) -> None:
    places = [(-1.0, 0.0), (-1.0 + STEP, 0.0), (1.0, 1.0)]
    mapped.session.ask(Studio.set_flags, lambda _: tuple(Flag(f"{x}", (x, y)) for x, y in places))
    mapped.session.ask(gestures.travel, *places[1])
    view = mapped.window.sliders.map
    key(view, Qt.Key.Key_Left, CTRL)
    assert flags_of(mapped)[1].place == places[1]
    drag(view, grip(mapped, 2), 500)
    assert flags_of(mapped)[2].place == places[2]


def test_of_a_flag_and_a_star_at_one_place_each_can_be_had(mapped: Desk) -> None:
    view = travel(mapped, HERE)
    hear(mapped)
    key(view, Qt.Key.Key_P)
    mapped.session.flags.toggle(mapped.session.place)
    place = mapped.session.place
    assert place is not None
    assert "pinned" in view._tip(view.geometry_now.pixel(*place))
    assert "a flag" in view._tip(grip(mapped, 0).toPointF())


def test_flags_are_told_to_those_who_cannot_see_them(mapped: Desk) -> None:
    travel(mapped, HERE)
    mapped.session.flags.toggle(mapped.session.place)
    mapped.session.flags.rename(0, "verse")
    assert mapped.window.sliders.map.accessibleDescription().endswith("Flags: verse")


def test_one_flag_too_many_is_a_sentence(mapped: Desk) -> None:
    places = [(number / MOST_FLAGS, 0.0) for number in range(MOST_FLAGS)]
    mapped.session.ask(Studio.set_flags, lambda _: tuple(Flag(f"{x:.2f}", (x, y)) for x, y in places))
    mapped.session.flags.toggle((0.9999, 0.9))
    assert len(flags_of(mapped)) == MOST_FLAGS
    assert "Take one away" in mapped.session.status.text


def test_flags_are_there_in_the_next_window(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave, "DELAY_MS", 1)
    first = Desk(qtbot, chart=True, data=tmp_path)
    first.open()
    travel(first, HERE)
    first.session.flags.toggle(first.session.place)
    first.session.flags.rename(0, "verse")
    assert first.session.sessions.unsaved
    kept = flags_of(first)
    first.window.close()
    second = Desk(qtbot, chart=True, data=tmp_path)
    second.open()
    assert flags_of(second) == kept
    second.session.sessions.new()
    second.until(lambda: not isinstance(second.session.state.sketch.origin, Spot))  # type: ignore[union-attr]
    assert flags_of(second) == kept, "another song, the same map"
    second.window.close()


def test_a_window_that_closes_while_a_name_is_typed_keeps_it(qtbot: QtBot, tmp_path: Path) -> None:
    first = Desk(qtbot, chart=True, data=tmp_path)
    first.open()
    view = travel(first, HERE)
    first.window.activateWindow()
    first.session.flags.toggle(first.session.place)
    key(view, Qt.Key.Key_F2)
    write(view.flags.editor, "coda")
    first.window.close()
    second = Desk(qtbot, chart=True, data=tmp_path)
    second.open()
    assert names(second) == ["coda"]
    second.window.close()
