"""Names on the map can be read: they stand apart, near what they name, and move only when all is at rest."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PyQt6.QtCore import QEvent, QPointF, QRectF
from PyQt6.QtWidgets import QApplication

from bridge.model import Bundle
from bridge.model.map import Map
from bridge.studio import gestures
from bridge.studio.flags import Flag
from bridge.studio.path import Path
from gui.models.pins import Pin
from gui.views import map_picture, words
from gui.views.flag_painter import flag_box
from gui.views.map_geometry import MapGeometry
from gui.views.map_names import RINGS, WIDER, Placed, Wanted, place
from gui.views.map_picture import MapPicture, Names, Shown
from gui.views.map_view import SETTLE_MS, MapView
from gui.views.path_painter import path_boxes
from gui.views.pin_painter import pin_box
from tests.gui.desk import Desk

ROOM = QRectF(0, 0, 400, 160)
BARE = Shown(Path(), False, (), ())
FULL = Shown(
    Path(((-0.7, -0.3), (-0.1, 0.6), (0.5, 0.2), (0.6, -0.6))),
    True,
    (Pin(1, "Take 1", (-0.6, -0.1)),),
    (Flag("verse", (-0.55, 0.3)), Flag("big last chorus, loud", (0.95, 0.85)), Flag("bridge", (-0.2, -0.75))),
)
NOWHERE = QRectF()

pixels = st.builds(QPointF, st.floats(-20, 420), st.floats(-20, 180))
rects = st.builds(
    lambda at, width, height: QRectF(at.x(), at.y(), width, height),
    pixels,
    st.floats(1, 60),
    st.floats(1, 30),
)


@pytest.fixture(scope="module")
def chart() -> Map:
    """The map of the shipped model."""
    return Map.load(Bundle.load())


def boxes(names: Names) -> list[QRectF]:
    return [name.box for name in (*names.styles.values(), *names.flags.values())]


def only(placed: list[Placed | None]) -> Placed:
    (name,) = placed
    assert name is not None
    return name


@given(
    st.lists(st.tuples(pixels, st.floats(5, 120)), max_size=12),
    st.lists(rects, max_size=8),
    st.lists(pixels, max_size=5),
)
@settings(deadline=None, max_examples=60)
def test_no_name_overlaps_another_or_what_stands_there_or_leaves_the_map(
    names: list[tuple[QPointF, float]], taken: list[QRectF], line: list[QPointF]
) -> None:
    placed = place([Wanted((width, 14), middle) for middle, width in names], ROOM, taken, line)
    stood = [name.box for name in placed if name is not None]
    assert len(placed) == len(names)
    assert not [pair for pair in combinations(stood, 2) if pair[0].intersects(pair[1])]
    assert not [(name, other) for name in stood for other in taken if name.intersects(other)]
    assert all(ROOM.adjusted(-0.01, -0.01, 0.01, 0.01).contains(name) for name in stood)


def test_a_name_stands_in_its_middle_and_makes_room_for_what_is_there() -> None:
    middle = QPointF(200, 80)
    alone = only(place([Wanted((60, 14), middle)], ROOM, []))
    assert (alone.box.center(), alone.lead) == (middle, None)
    ring = QRectF(191, 71, 18, 18)
    beside = only(place([Wanted((60, 14), middle)], ROOM, [ring]))
    away = beside.box.center() - middle
    assert not beside.box.intersects(ring)
    assert abs(away.y()) <= RINGS[-1]
    assert abs(away.x()) <= WIDER * RINGS[-1]


def test_a_name_that_had_to_go_far_has_a_line_to_its_middle() -> None:
    middle = QPointF(200, 80)
    wall = [QRectF(100, 60, 95, 40), QRectF(205, 60, 95, 40), QRectF(190, 90, 20, 10)]
    name = only(place([Wanted((60, 14), middle)], ROOM, wall))
    assert name.lead is not None
    assert name.lead.y() < middle.y()
    assert name.lead.x() == pytest.approx(middle.x())


def test_names_keep_off_a_path_and_stand_on_it_rather_than_not_at_all() -> None:
    line = [QPointF(0, 80), QPointF(400, 80)]
    name = only(place([Wanted((60, 14), QPointF(200, 80))], ROOM, [], line))
    assert name.box.top() > 80 or name.box.bottom() < 80
    narrow = QRectF(0, 72, 400, 16)
    assert only(place([Wanted((60, 14), QPointF(200, 80))], narrow, [], line)).box.center().y() == 80


def test_where_there_is_no_room_there_is_no_name() -> None:
    assert place([Wanted((60, 14), QPointF(200, 80))], ROOM, [ROOM]) == [None]
    assert place([Wanted((500, 14), QPointF(200, 80))], ROOM, []) == [None]


@pytest.mark.parametrize(
    ("size", "shown", "least"),
    [((485, 165), BARE, 16), ((485, 165), FULL, 15), ((233, 165), BARE, 14), ((233, 165), FULL, 11)],
    ids=["wide", "wide and full", "smallest", "smallest and full"],
)
def test_nearly_all_styles_are_named_and_each_can_be_read(
    qapp: QApplication, chart: Map, size: tuple[int, int], shown: Shown, least: int
) -> None:
    layout, here = MapGeometry(*size), (-0.2, -0.75)
    corner = QRectF(size[0] - 32, size[1] - 32, 28, 28)
    names = MapPicture(chart).names(layout, shown, here, corner)
    assert len(chart.styles) == 17
    assert len(names.styles) >= least
    assert set(names.flags) == set(shown.flags)
    at = layout.pixel(*here)
    taken = [corner, QRectF(at.x() - 7, at.y() - 7, 14, 14), *path_boxes(layout, shown.path)]
    taken += [pin_box(layout, pin) for pin in shown.pins] + [flag_box(layout, flag) for flag in shown.flags]
    stood = boxes(names)
    assert not [pair for pair in combinations(stood, 2) if pair[0].intersects(pair[1])]
    assert not [(name, other) for name in stood for other in taken if name.intersects(other)]


def test_names_wait_until_a_hand_rests_and_then_make_room(
    mapped: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = mapped.window.sliders.map
    view.grab()
    mapped.until(lambda: not view._rest.isActive())
    view.grab()
    before = view.names
    assert before is not None
    style, name = next(iter(before.styles.items()))
    placed: list[int] = []
    monkeypatch.setattr(
        map_picture,
        "place",
        lambda *args: placed.append(1) or place(*args),  # type: ignore[func-returns-value]
    )
    target = view.geometry_now.point(name.box.center())
    for step in range(20):
        mapped.session.ask(gestures.travel, target[0], target[1] - 0.001 * step)
        view.grab()
    assert (placed, view.names) == ([], before)
    mapped.until(lambda: not view._rest.isActive())
    view.grab()
    after = view.names
    assert after is not None
    assert placed == [1]
    assert style not in after.styles or not after.styles[style].box.contains(ring(mapped, view))
    view.grab()
    assert placed == [1], "what rests is not asked for again"
    assert view._rest.interval() == SETTLE_MS


def ring(desk: Desk, view: MapView) -> QPointF:
    place = desk.session.place
    assert place is not None
    return view.geometry_now.pixel(*place)


@given(st.floats(-1, 1), st.floats(-1, 1))
@settings(deadline=None, max_examples=60)
def test_the_name_of_a_lone_flag_is_right_of_it_or_left_where_the_map_ends(
    qapp: QApplication, chart: Map, x: float, y: float
) -> None:
    layout, flag = MapGeometry(233, 165), Flag("big last chorus, loud", (x, y))
    names = MapPicture(chart).names(layout, Shown(Path(), False, (), (flag,)), None, NOWHERE)
    box, own = names.flags[flag].box, flag_box(layout, flag)
    if own.right() + box.width() < 231:
        assert box.left() >= own.right()
    elif own.left() - box.width() > 2:
        assert box.right() <= own.left()


def test_the_name_of_a_flag_is_there_at_once_and_goes_with_it(mapped: Desk) -> None:
    view = mapped.window.sliders.map
    mapped.session.flags.toggle((0.2, 0.2))
    view.grab()
    names = view.names
    assert names is not None
    assert [flag.name for flag in names.flags] == ["Flag 1"]
    shown = view.grab().toImage()
    mapped.session.flags.rename(0, "verse")
    assert view.grab().toImage() != shown
    mapped.session.flags.toggle((0.2, 0.2))
    names = view.names
    assert names is not None
    assert not names.flags


def test_other_colours_paint_another_picture(mapped: Desk) -> None:
    view = mapped.window.sliders.map
    view.grab()
    picture = view._picture
    assert picture is not None
    before = picture._dots
    QApplication.sendEvent(view, QEvent(QEvent.Type.StyleChange))
    view.grab()
    assert picture._dots is not before


def test_every_style_of_the_shipped_map_is_written_as_one_writes_it(chart: Map) -> None:
    written = {words.style_word(style) for style in chart.styles}
    assert {"Middle Eastern", "New Orleans", "Hip-hop", "Afro-Cuban"} <= written


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), max_size=5))
def test_many_points_lie_where_each_of_them_does(points: list[tuple[float, float]]) -> None:
    layout = MapGeometry(233, 165)
    many = layout.pixels(np.array(points, dtype=np.float64).reshape(-1, 2))
    for found, point in zip(many, points, strict=True):
        alone = layout.pixel(*point)
        assert (found.x(), found.y()) == pytest.approx((alone.x(), alone.y()))
