"""The sliders wander, bar by bar; undo brings them home, and a hand on one is only the next turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bridge.groove import Voice
from bridge.groove.notes import TICKS_PER_BAR
from bridge.model import Settings
from bridge.player.messages import Anchor, Motion, SwapAt, Sync
from bridge.studio import Studio
from bridge.studio.dials import Dial, Press
from bridge.studio.sway import Manner, wandered
from bridge.studio.targets import targets
from bridge.studio.wander import Wander
from tests.studio.conftest import Desk


def rolling(bars: float) -> Anchor:
    """A song that rolls so slowly that it stays where it is."""
    return Anchor(bars * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL)


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    made = make_desk()
    made.studio.set_slider("z1", 0.5)
    return made


@pytest.fixture
def wander(desk: Desk) -> Iterator[Wander]:
    made = Wander(desk.studio, ())
    made.set_amount(1.0)
    made.set_bars(1)
    yield made
    made.close()


def moved(desk: Desk, but: float) -> float:
    """Wait until the axis is somewhere else; where."""
    desk.wait_for(lambda state: state.settings.axes["z1"] != but)
    return desk.state.settings.axes["z1"]


def sent_at(desk: Desk, z1: float) -> SwapAt:
    """When the loop that was sent last is to be heard, once that is one of this axis."""
    loudest = pytest.approx(0.5 + z1 / 10, abs=1e-6)  # as the model plays it
    desk.link.wait_for_loops(1)
    with desk.link.arrived:
        assert desk.link.arrived.wait_for(
            lambda: desk.link.loops()[-1].loop.velocities.max() == loudest, timeout=5
        ), desk.link.loops()
        return desk.link.loops()[-1].at


def test_a_bars_sliders_are_asked_for_in_time_and_are_the_same_when_it_comes_again(
    desk: Desk, wander: Wander
) -> None:
    wander.start()
    there = {0: 0.5}
    for bar in (1, 2, 3):
        desk.tell(rolling(bar - 0.5))
        there[bar] = moved(desk, there[bar - 1])
        assert sent_at(desk, there[bar]) is SwapAt.BAR
    desk.tell(rolling(1.2))
    assert moved(desk, there[3]) == there[1]
    assert sent_at(desk, there[1]) is SwapAt.STEP
    desk.tell(Anchor(0, 0, 120.0, Motion.STOPPED, Sync.INTERNAL))
    assert moved(desk, there[1]) == 0.5


def test_a_walk_is_one_step_of_undo_and_undo_ends_it(desk: Desk, wander: Wander) -> None:
    before = desk.state.sketch
    wander.start()
    here = 0.5
    for bar in (1, 2, 3):
        desk.tell(rolling(bar + 0.1))
        here = moved(desk, here)
    desk.studio.undo()
    assert desk.state.sketch == before
    thread = wander._thread
    assert thread is not None
    thread.join(5)
    assert not wander.wandering.on
    desk.tell(rolling(5.1))
    assert desk.state.sketch == before


def test_undo_takes_back_what_a_hand_did_and_the_walk_goes_on(desk: Desk, wander: Wander) -> None:
    wander.start()
    desk.tell(rolling(1.1))
    there = moved(desk, 0.5)
    desk.studio.set_temperature(0.1)
    desk.studio.set_mute(Voice.SNARE, True)
    desk.tell(rolling(2.1))
    there = moved(desk, there)
    desk.studio.undo()
    assert not desk.state.voicing.muted[Voice.SNARE]
    assert desk.state.settings.axes["z1"] == there
    desk.studio.undo()
    assert desk.state.settings.temperature == Settings().temperature
    assert desk.state.settings.axes["z1"] == there
    desk.tell(rolling(3.1))
    moved(desk, there)
    assert wander.wandering.on
    desk.studio.redo()
    assert desk.state.settings.temperature == 0.1
    desk.studio.undo()
    desk.studio.undo()  # the walk itself
    assert desk.state.settings.axes["z1"] == 0.5


def test_an_undo_before_it_set_off_does_not_end_it(desk: Desk, wander: Wander) -> None:
    desk.studio.set_temperature(0.1)
    desk.studio.undo()
    assert desk.state.can_redo
    wander.start()
    desk.tell(rolling(1.1))
    moved(desk, 0.5)
    assert wander.wandering.on


@pytest.mark.parametrize(
    "meanwhile",
    [Studio.new_idea, lambda studio: studio.set_slider("z1", -2.0), lambda studio: studio.set_seed(9)],
    ids=["new idea", "hand", "seed"],
)
def test_it_goes_on_whatever_a_hand_does(
    desk: Desk, wander: Wander, meanwhile: Callable[[Studio], None]
) -> None:
    wander.start()
    desk.tell(rolling(1.1))
    moved(desk, 0.5)
    meanwhile(desk.studio)
    here = desk.state.settings.axes["z1"]
    desk.tell(rolling(2.1))
    moved(desk, here)
    assert wander.wandering.on


def test_switched_off_the_sliders_stay_where_they_are(desk: Desk, wander: Wander) -> None:
    wander.start()
    desk.tell(rolling(1.1))
    here = moved(desk, 0.5)
    wander.toggle()
    wander.close_ride()
    desk.tell(rolling(3.1))
    assert desk.state.settings.axes["z1"] == here
    wander.toggle()  # and on from there
    desk.tell(rolling(4.1))
    moved(desk, here)


def test_a_walk_that_joins_a_song_is_where_it_would_be_had_it_begun_with_it(
    desk: Desk, wander: Wander
) -> None:
    begin = desk.state.settings
    desk.tell(rolling(7.1))
    wander.start_with_song()
    assert moved(desk, 0.5) == wandered(begin, (), 7, Manner(1.0, 1)).axes["z1"]


def test_one_that_stays_stays_and_once_it_joins_goes_on_from_there(desk: Desk, wander: Wander) -> None:
    wander.set_still("z1", True)
    wander.start()
    desk.tell(rolling(1.1))
    wander.stop()
    wander.close_ride()
    assert desk.state.settings.axes["z1"] == 0.5
    assert not wander.wandering.homes
    wander.start()
    wander.set_still("z1", False)
    desk.tell(rolling(2.1))
    assert abs(moved(desk, 0.5) - 0.5) <= 3.0
    assert wander.wandering.on


def test_an_axis_that_is_let_go_wanders_no_more(desk: Desk, wander: Wander) -> None:
    wander.start()
    desk.tell(rolling(1.1))
    moved(desk, 0.5)
    desk.studio.set_slider("z1", None)
    desk.tell(rolling(2.1))
    desk.tell(rolling(3.1))
    assert not desk.state.settings.axes


def test_a_controller_moves_it(desk: Desk, wander: Wander) -> None:
    there = targets(desk.studio, wander=wander)
    switch, amount = there["wander"], there["wander amount"]
    assert isinstance(switch, Press)
    assert isinstance(amount, Dial)
    switch.act()
    assert wander.wandering.on
    amount.write(0.25)
    assert amount.read() == wander.wandering.manner.amount == 0.25


def test_a_pad_has_a_slider_stay_and_join_again(desk: Desk, wander: Wander) -> None:
    stay = targets(desk.studio, axes=("z1",), wander=wander)["stay z1"]
    assert isinstance(stay, Press)
    stay.act()
    assert wander.wandering.still == {"z1"}
    stay.act()
    assert not wander.wandering.still
