"""The path on the map: drawn by hand and by keys, followed by the song, shown with its bars."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt

from bridge.groove.notes import TICKS_PER_BAR
from bridge.player.messages import Anchor, Motion, SetLoop, SwapAt, Sync
from bridge.studio import Studio
from bridge.studio.path import MOST_PLACES
from bridge.studio.sketch import Sketch, Spot
from gui.views.map_geometry import GRASP, MapGeometry
from gui.views.map_view import MapView
from tests.gui.desk import Desk
from tests.gui.hands import SHIFT, click, drag, key, right_click

CTRL = Qt.KeyboardModifier.ControlModifier


def in_bar(number: int) -> Anchor:
    """A song that rolls so slowly that it stays near the beginning of a bar."""
    return Anchor((number + 0.1) * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL)


def sketch_of(desk: Desk) -> Sketch:
    state = desk.session.state
    assert state is not None
    return state.sketch


def draw(desk: Desk, *places: tuple[float, float]) -> MapView:
    """Click a path onto the map."""
    panel = desk.window.sliders
    if not panel.map.drawing:
        click(panel.path.draw)
    for place in places:
        click(panel.map, panel.map.geometry_now.pixel(*place).toPoint())
    return panel.map


def follow(desk: Desk, bar: int) -> None:
    """Wait until the song is where the path is in a bar."""
    desk.until(lambda: sketch_of(desk).origin == Spot(*desk.session.journey.path.at(bar)))


def test_without_a_map_or_a_path_the_controls_say_what_is_missing(desk: Desk, mapped: Desk) -> None:
    bar = desk.window.sliders.path
    assert not bar.draw.isEnabled()
    assert all("no map" in control.toolTip() for control in bar.controls)
    bar = mapped.window.sliders.path
    assert bar.draw.isEnabled()
    for control in (bar.around, bar.follow):
        assert not control.isEnabled()
        assert "no path yet" in control.toolTip()


def test_clicks_draw_and_do_not_travel(mapped: Desk) -> None:
    before = sketch_of(mapped)
    view = draw(mapped, (-0.5, -0.5), (0.5, 0.5))
    places = mapped.session.journey.path.places
    assert len(places) == 2
    assert places[1] == pytest.approx((0.5, 0.5), abs=0.02)
    assert sketch_of(mapped) == before
    click(mapped.window.sliders.path.draw)
    click(view, view.geometry_now.pixel(0, 0).toPoint())
    assert len(mapped.session.journey.path.places) == 2
    assert isinstance(sketch_of(mapped).origin, Spot)


def test_a_drag_moves_a_place_and_a_right_click_takes_it_away(mapped: Desk) -> None:
    view = draw(mapped, (-0.5, -0.5), (0.5, 0.5))
    start = view.geometry_now.pixel(-0.5, -0.5).toPoint()
    drag(view, start, 60)
    moved, other = mapped.session.journey.path.places
    assert view.geometry_now.pixel(*moved).x() == pytest.approx(start.x() + 60, abs=1)
    right_click(view, start + QPoint(60, 0))
    assert mapped.session.journey.path.places == (other,)
    right_click(view, start)
    assert mapped.session.journey.path.places == (other,)


def test_undo_takes_each_stroke_back_and_brings_a_cleared_path_back(mapped: Desk) -> None:
    mapped.window.activateWindow()
    journey = mapped.session.journey
    view = draw(mapped, (-0.5, -0.5), (0.5, 0.5))
    drawn = journey.path
    drag(view, view.geometry_now.pixel(*drawn.places[1]).toPoint(), 40)
    moved = journey.path
    key(view, Qt.Key.Key_Delete, SHIFT)
    mapped.session.journey.set_leg(8)
    for path in (replace(moved, places=()), moved, drawn):
        key(mapped.window, Qt.Key.Key_Z, CTRL)
        mapped.until(lambda path=path: journey.path == path)  # type: ignore[misc]
    key(mapped.window, Qt.Key.Key_Z, CTRL)
    mapped.until(lambda: len(journey.path.places) == 1)


def test_a_path_is_made_without_a_mouse(mapped: Desk) -> None:
    view = mapped.window.sliders.map
    click(view)
    here = mapped.session.place
    key(view, Qt.Key.Key_Insert)
    key(view, Qt.Key.Key_Right)
    key(view, Qt.Key.Key_Insert)
    places = mapped.session.journey.path.places
    assert places == (here, mapped.session.place)
    assert "path has 2 places, and the song does not follow it" in view.accessibleDescription()
    key(view, Qt.Key.Key_Delete)
    assert mapped.session.journey.path.places == (here,)
    key(view, Qt.Key.Key_Insert)
    key(view, Qt.Key.Key_Delete, SHIFT)
    assert len(mapped.session.journey.path.places) == 0


def test_the_song_follows_it_bar_by_bar_and_back_again(mapped: Desk) -> None:
    draw(mapped, (-0.5, -0.5), (0.5, 0.5), (0.5, -0.5))
    bar = mapped.window.sliders.path
    key(bar.legs, Qt.Key.Key_Up)
    assert mapped.session.journey.path.leg_bars == 2
    before = sketch_of(mapped)
    mapped.band.report(in_bar(0))
    click(bar.follow)
    for number in (0, 1, 2, 5, 1):
        mapped.band.report(in_bar(number))
        follow(mapped, number)
    mapped.until(lambda: mapped.session.journey.heading == mapped.session.journey.path.at(2))
    sent = [each for each in mapped.band.asked if isinstance(each, SetLoop)]
    assert sent[-1].at is SwapAt.STEP
    mapped.session.ask(Studio.undo)
    mapped.until(lambda: not bar.follow.isChecked())
    assert sketch_of(mapped) == before


def test_a_hand_on_the_map_ends_it(mapped: Desk) -> None:
    view = draw(mapped, (-0.5, -0.5), (0.5, 0.5))
    bar = mapped.window.sliders.path
    click(bar.draw)
    mapped.band.report(in_bar(0))
    click(bar.follow)
    follow(mapped, 0)
    click(view, view.geometry_now.pixel(0.9, -0.9).toPoint())
    mapped.until(lambda: not bar.follow.isChecked())
    assert mapped.session.journey.heading is None
    click(bar.follow)
    follow(mapped, 0)
    click(bar.follow)
    assert not mapped.session.journey.following


def test_one_place_too_many_is_said_and_the_path_stays(mapped: Desk) -> None:
    for _ in range(MOST_PLACES + 1):
        mapped.session.journey.add((0.0, 0.0))
    assert len(mapped.session.journey.path.places) == MOST_PLACES
    assert "at most 32 places" in mapped.session.status.text


def test_a_path_that_stays_at_its_end_does_not_go_around(mapped: Desk) -> None:
    draw(mapped, (-0.5, -0.5), (0.5, 0.5))
    click(mapped.window.sliders.path.around)
    path = mapped.session.journey.path
    assert not path.around
    assert path.at(99) == path.places[-1]


def test_the_nearest_place_is_grasped_and_none_from_afar() -> None:
    layout = MapGeometry(400, 200)
    places = [(0.0, 0.0), (0.05, 0.0)]
    near = layout.pixel(0.05, 0.0)
    assert layout.grasped(places, near) == 1
    assert layout.grasped(places, near + QPointF(GRASP + 1, 0)) is None
    assert layout.grasped([], near) is None
