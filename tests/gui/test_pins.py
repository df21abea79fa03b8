"""Pinned takes are stars on the map: a press plays them, P pins what plays."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, Qt

from bridge.studio import Studio
from bridge.studio.sketch import Given, Sketch, Spot
from tests.gui.desk import Desk, make
from tests.gui.hands import click, drag, key


def hear(desk: Desk) -> None:
    """Play until what was asked for last is a take."""
    state = desk.session.state
    assert state is not None
    wanted = make(state.sketch)
    desk.until(lambda: desk.session.loop == wanted)
    known = len(desk.session.history.takes)
    desk.session.ask(Studio.play)
    desk.until(lambda: len(desk.session.history.takes) > known)
    desk.session.ask(Studio.stop)
    desk.until(lambda: desk.session.state is not None and not desk.session.state.playing)


def test_p_pins_what_plays_a_press_on_its_star_plays_it_again_and_p_takes_it_off(mapped: Desk) -> None:
    view, pins = mapped.window.sliders.map, mapped.session.pins
    click(view, view.geometry_now.pixel(-0.5, 0.25).toPoint())
    first = mapped.session.place
    hear(mapped)
    key(view, Qt.Key.Key_P)
    assert [pin.place for pin in pins.pins] == [first]
    mapped.session.ask(Studio.name_take, pins.pins[0].number, "verse")
    assert first is not None
    star = view.geometry_now.pixel(*first)
    assert view._tip(star) == "verse, pinned. A press plays it."
    click(view, view.geometry_now.pixel(0.9, -0.9).toPoint())
    assert mapped.session.place != first
    click(view, (star + QPointF(3, 3)).toPoint())
    state = mapped.session.state
    assert state is not None
    assert state.sketch.origin == Spot(*first)
    mapped.until(lambda: mapped.session.loop == mapped.session.history.takes[0].loop)
    key(view, Qt.Key.Key_P)
    assert pins.pins == ()


def test_a_hand_that_trembles_on_a_star_does_not_travel_and_one_that_leaves_it_does(mapped: Desk) -> None:
    view = mapped.window.sliders.map
    click(view, view.geometry_now.pixel(0.0, 0.0).toPoint())
    place = mapped.session.place
    assert place is not None
    hear(mapped)
    key(view, Qt.Key.Key_P)
    star = view.geometry_now.pixel(*place).toPoint()
    drag(view, star, 4)
    assert mapped.session.place == place
    drag(view, star, 60)
    assert mapped.session.place != place


def test_what_has_not_been_heard_cannot_be_pinned_and_it_says_so(mapped: Desk) -> None:
    key(mapped.window.sliders.map, Qt.Key.Key_P)
    assert "Play it, then pin it" in mapped.session.status.text


def test_a_take_without_a_place_has_no_star(mapped: Desk) -> None:
    loop = mapped.session.loop
    assert loop is not None
    mapped.session.ask(Studio.load, Sketch(origin=Given(loop)))
    hear(mapped)
    number = mapped.session.history.takes[0].number
    mapped.session.ask(Studio.pin_take, number, True)
    assert mapped.session.pins.pins == ()
