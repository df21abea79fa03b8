"""The song follows a path: each bar has its place, however one got there, and a hand ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.groove.notes import TICKS_PER_BAR
from bridge.model import Settings
from bridge.player.messages import Anchor, Motion, SwapAt, Sync
from bridge.studio import Studio, gestures
from bridge.studio.journey import Journey
from bridge.studio.path import Path
from bridge.studio.rides import Due, due
from bridge.studio.sketch import Sketch, Spot
from bridge.studio.undo import Lasting
from tests.studio.conftest import Desk, SmallModel

PATH = Path(((-0.5, 0.0), (0.5, 0.0), (0.0, 0.75)), leg_bars=2)
STANDING = Anchor(0, 0, 120.0, Motion.STOPPED, Sync.INTERNAL)


def rolling(bars: float) -> Anchor:
    """A song that rolls so slowly that it stays where it is."""
    return Anchor(bars * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL)


def placed(sketch: Sketch) -> DrumLoop:
    """Another loop for each place."""
    origin = sketch.origin
    if not isinstance(origin, Spot):
        return SmallModel().loop(sketch.settings)
    return SmallModel().loop(Settings(round(1000 * (2 + origin.x)), round(1000 * (2 + origin.y))))


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    made = make_desk(make=placed)
    made.link.wait_for_loops(1)  # so that what the tests ask for is decoded after it, not in its place
    return made


@pytest.fixture
def journey(desk: Desk) -> Iterator[Journey]:
    made = Journey(desk.studio)
    yield made
    made.close()


def at(desk: Desk, bar: int, path: Path = PATH) -> None:
    """Wait until the song is where the path has it in a bar."""
    desk.wait_for(lambda state: state.sketch.origin == Spot(*path.at(bar)))


# --- pure ---


@given(st.integers(0, 1000), st.floats(20, 400), st.floats(0, 0.999))
def test_in_the_first_half_of_a_bar_its_own_place_is_wanted_then_that_of_the_next(
    bar: int, bpm: float, share: float
) -> None:
    anchor = Anchor((bar + share) * TICKS_PER_BAR, 7, bpm, Motion.ROLLING, Sync.INTERNAL)
    wanted = due(anchor, 7)
    assert (wanted.bar, wanted.at) == ((bar, SwapAt.STEP) if share < 0.5 else (bar + 1, SwapAt.BAR))
    assert wanted.look_ns is not None
    assert wanted.look_ns > 7
    assert due(anchor, wanted.look_ns).bar == wanted.bar + 1
    assert due(anchor, wanted.look_ns - 1_000_000).bar <= wanted.bar


def test_while_the_song_stands_it_is_where_it_will_begin() -> None:
    assert due(None, 0) == Due(0, SwapAt.STEP)
    there = replace(STANDING, ticks=9.2 * TICKS_PER_BAR)
    assert due(there, 0) == Due(0, SwapAt.STEP)
    assert due(replace(there, sync=Sync.CLOCK), 0) == Due(9, SwapAt.STEP)


# --- at the desk ---


def test_without_a_path_it_says_how_to_draw_one(journey: Journey) -> None:
    with pytest.raises(GroovebridgeError, match="Draw one on the map"):
        journey.follow()


def test_the_next_bars_place_is_asked_for_in_time_for_its_line(desk: Desk, journey: Journey) -> None:
    journey.set_path(PATH)
    journey.follow()
    at(desk, 0)
    sent = len(desk.link.wait_for_loops(2))
    for bar in (1, 2, 3, 4):
        desk.tell(rolling(bar - 0.5))
        loop = desk.link.wait_for_loops(sent + bar)[-1]
        assert loop.at is SwapAt.BAR
        at(desk, bar)
        assert journey.journeying.heading == PATH.at(bar + 1)


def test_a_song_that_jumps_is_at_once_where_that_bar_has_its_place(desk: Desk, journey: Journey) -> None:
    journey.set_path(PATH)
    desk.tell(rolling(0.6))
    journey.follow()
    at(desk, 1)
    sent = len(desk.link.wait_for_loops(2))
    desk.tell(rolling(3.2))
    at(desk, 3)
    assert desk.link.wait_for_loops(sent + 1)[-1].at is SwapAt.STEP
    desk.tell(rolling(0.6))
    at(desk, 1)


def test_a_ride_is_one_step_of_undo(desk: Desk, journey: Journey) -> None:
    before = desk.state.sketch
    journey.set_path(PATH)
    journey.follow()
    for bar in (1, 2, 3):
        desk.tell(rolling(bar + 0.1))
        at(desk, bar)
    desk.studio.undo()
    assert desk.state.sketch == before


@pytest.mark.parametrize(
    "elsewhere",
    [Studio.new_idea, Studio.undo, lambda studio: gestures.travel(studio, 0.1, 0.9)],
    ids=["new idea", "undo", "hand"],
)
def test_whoever_goes_elsewhere_ends_it_at_once(
    desk: Desk, journey: Journey, elsewhere: Callable[[Studio], None]
) -> None:
    journey.set_path(PATH)
    desk.tell(rolling(1.1))
    journey.follow()
    at(desk, 1)
    elsewhere(desk.studio)
    there = desk.state.sketch
    assert there.origin != Spot(*PATH.at(1))
    thread = journey._thread
    assert thread is not None
    thread.join(5)
    assert not journey.journeying.following
    desk.tell(rolling(2.1))
    assert desk.state.sketch == there


def test_sliders_may_move_on_the_way(desk: Desk, journey: Journey) -> None:
    journey.set_path(PATH)
    desk.tell(rolling(1.1))
    journey.follow()
    at(desk, 1)
    desk.studio.set_slider("z1", 1.0)
    desk.tell(rolling(2.1))
    at(desk, 2)
    assert desk.state.settings.axes == {"z1": 1.0}
    assert journey.journeying.following


def test_a_path_that_is_changed_is_followed_from_there_and_none_is_the_end(
    desk: Desk, journey: Journey
) -> None:
    journey.set_path(PATH)
    desk.tell(rolling(2.1))
    journey.follow()
    at(desk, 2)
    moved = PATH.moving(1, (0.25, 0.75))
    journey.set_path(moved)
    at(desk, 2, moved)
    journey.set_path(Path())
    assert not journey.journeying.following
    journey.close_ride()
    assert isinstance(desk.state.sketch.origin, Spot)


def test_what_a_hand_draws_undo_takes_back_and_a_drag_in_one_step(desk: Desk, journey: Journey) -> None:
    loops = len(desk.link.loops())
    journey.draw(PATH)
    drag = Lasting()
    for x in (0.1, 0.2, 0.3):
        journey.draw(journey.journeying.path.moving(0, (x, 0.0)), drag)
    moved = journey.journeying.path
    journey.draw(Path())
    for there in (moved, PATH, Path()):
        desk.studio.undo()
        assert journey.journeying.path == there
    assert not desk.state.can_undo
    for there in (PATH, moved, Path()):
        desk.studio.redo()
        assert journey.journeying.path == there
    assert len(desk.link.loops()) == loops, "nothing is heard of it"


def test_a_drawing_that_changes_nothing_is_no_step(desk: Desk, journey: Journey) -> None:
    journey.draw(Path())
    assert not desk.state.can_undo


def test_undo_brings_a_path_back_that_was_followed_and_sets_nothing_off(desk: Desk, journey: Journey) -> None:
    journey.draw(PATH)
    journey.follow()
    at(desk, 0)
    journey.draw(Path())
    assert not journey.journeying.following
    desk.studio.undo()
    assert (journey.journeying.path, journey.journeying.following) == (PATH, False)


def test_switched_off_it_stays_where_it_is(desk: Desk, journey: Journey) -> None:
    journey.set_path(PATH)
    desk.tell(rolling(1.1))
    journey.follow()
    at(desk, 1)
    journey.close_ride()
    desk.tell(rolling(3.1))
    assert desk.state.sketch.origin == Spot(*PATH.at(1))
