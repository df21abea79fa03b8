"""The morph at the desk: it stands where the fader is, rides from bar to bar, and lets itself be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.model import Settings
from bridge.player.messages import Anchor, LoopPlaying, Motion, SwapAt, Sync
from bridge.studio.morphing import BARS, BEHIND_NS, TICKS_PER_BAR, Morpher, Ride, bar_at
from bridge.studio.sketch import Drawn, Sketch, Way
from tests.studio.conftest import Desk, SmallModel

A, B = (SmallModel().loop(Settings(seed)) for seed in (11, 12))
STANDING = Anchor(0, 0, 120.0, Motion.STOPPED, Sync.INTERNAL)


def in_bar(bar: int) -> Anchor:
    """A song that rolls so slowly that it stays in the middle of a bar."""
    return Anchor((bar + 0.5) * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL)


def blended(sketch: Sketch) -> DrumLoop:
    """A loop that is another one for each share."""
    origin = sketch.origin
    if not isinstance(origin, Way):
        return SmallModel().loop(sketch.settings)
    if origin.share in (0, 1):
        return origin.end if origin.share else origin.start
    return SmallModel().loop(Settings(seed=100 + round(1000 * origin.share)))


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    made = make_desk(make=blended)
    made.link.wait_for_loops(1)  # so that what the tests ask for is decoded after it, not in its place
    return made


@pytest.fixture
def morpher(desk: Desk) -> Iterator[Morpher]:
    made = Morpher(desk.studio)
    yield made
    made.close()


def set_ends(desk: Desk, morpher: Morpher) -> None:
    """B is the first idea, A the one after it, which plays."""
    morpher.take_b()
    desk.studio.new_idea()
    sent = desk.link.wait_for_loops(2)[-1]
    desk.tell(LoopPlaying(sent.loop_id, 0))
    morpher.take_a()


# --- pure ---


@given(st.sampled_from(BARS), st.sampled_from([(0.0, 1.0), (0.3, 1.0), (1.0, 0.0)]))
def test_a_ride_takes_a_step_in_each_bar_and_arrives_exactly(bars: int, way: tuple[float, float]) -> None:
    ride = Ride(A, B, *way, bars)
    shares = []
    for bar in range(7, 7 + bars):
        assert not ride.arrived
        ride = ride.in_bar(bar).in_bar(bar)
        shares.append(ride.way.share)
    assert ride.arrived
    assert shares[-1] == way[1]
    assert sorted(shares, reverse=way[1] < way[0]) == shares
    assert ride.in_bar(999) is ride


def test_a_song_that_jumps_back_goes_on_with_the_next_step() -> None:
    assert Ride(A, B, 0, 1, 4).in_bar(30).in_bar(0).done == 2


def test_a_bar_counts_once_the_player_too_is_past_its_line() -> None:
    anchor = Anchor(0, 5_000, 120.0, Motion.ROLLING, Sync.INTERNAL)  # a bar takes two seconds
    line = 5_000 + 2_000_000_000
    assert bar_at(anchor, line - 1) == (0, line + BEHIND_NS)
    assert bar_at(anchor, line + 1) == (None, line + BEHIND_NS)
    assert bar_at(anchor, line + BEHIND_NS) == (1, line + 2_000_000_000 + BEHIND_NS)


# --- at the desk ---


def test_without_its_ends_it_says_what_to_do(morpher: Morpher) -> None:
    with pytest.raises(GroovebridgeError, match="A and B each take the loop that plays"):
        morpher.move(0.5)
    with pytest.raises(GroovebridgeError, match="A and B each take the loop that plays"):
        morpher.ride()
    with pytest.raises(GroovebridgeError, match="cannot take 3 bars"):
        morpher.set_bars(3)


def test_the_fader_moves_between_the_loops_that_were_taken(desk: Desk, morpher: Morpher) -> None:
    set_ends(desk, morpher)
    shares = [morpher.morphing.share]
    morpher.move(0.25)
    shares.append(morpher.morphing.share)
    assert shares == [None, 0.25]
    desk.link.wait_for_loops(3)
    morpher.move(1.0)
    assert desk.link.wait_for_loops(4)[-1].loop == morpher.morphing.b
    with pytest.raises(GroovebridgeError, match="from 0 to 1"):
        morpher.move(1.5)


def test_what_a_hand_does_from_grab_to_release_is_one_step_of_undo(desk: Desk, morpher: Morpher) -> None:
    set_ends(desk, morpher)
    before = desk.state.sketch
    for share in (0.2, 0.6):
        morpher.grab()
        morpher.move(share)
        morpher.move(share + 0.1)
        morpher.let_go()
    desk.studio.undo()
    assert morpher.morphing.share == pytest.approx(0.3)
    desk.studio.undo()
    assert desk.state.sketch == before


def test_a_ride_steps_at_bar_lines_and_is_one_step_of_undo(desk: Desk, morpher: Morpher) -> None:
    set_ends(desk, morpher)
    before, sent = desk.state.sketch, len(desk.link.loops())
    desk.tell(in_bar(4))
    morpher.ride()
    for number, share in enumerate((0.25, 0.5, 0.75, 1.0), start=1):
        loop = desk.link.wait_for_loops(sent + number)[-1]
        assert morpher.morphing.share == share
        assert loop.at is SwapAt.BAR
        desk.tell(in_bar(4 + number))
    assert loop.loop == morpher.morphing.b
    morpher.close_ride()
    assert not morpher.morphing.riding
    desk.studio.undo()
    assert desk.state.sketch == before


@pytest.mark.parametrize("moved", [True, False])
def test_a_ride_from_b_goes_back_to_a(desk: Desk, morpher: Morpher, moved: bool) -> None:
    set_ends(desk, morpher)
    if moved:
        morpher.move(1.0)
    else:
        morpher.take_b()
    morpher.set_bars(1)
    desk.tell(in_bar(0))
    morpher.ride()
    desk.wait_for(lambda _: morpher.morphing.share == 0.0)


def test_a_ride_waits_while_the_song_stands(desk: Desk, morpher: Morpher) -> None:
    set_ends(desk, morpher)
    morpher.ride()
    desk.tell(STANDING)
    assert (morpher.morphing.riding, morpher.morphing.share) == (True, None)
    desk.tell(in_bar(0))
    desk.wait_for(lambda _: morpher.morphing.share == 0.25)


def test_a_hand_on_the_fader_ends_the_ride(desk: Desk, morpher: Morpher) -> None:
    set_ends(desk, morpher)
    desk.tell(in_bar(0))
    morpher.ride()
    desk.wait_for(lambda _: morpher.morphing.share == 0.25)
    morpher.grab()
    assert not morpher.morphing.riding
    desk.tell(in_bar(1), in_bar(2))
    morpher.close_ride()
    assert morpher.morphing.share == 0.25


@pytest.mark.parametrize("elsewhere", [lambda studio: studio.new_idea(), lambda studio: studio.undo()])
def test_a_ride_ends_where_somebody_goes_elsewhere(
    desk: Desk, morpher: Morpher, elsewhere: Callable[[object], None]
) -> None:
    set_ends(desk, morpher)
    desk.tell(in_bar(0))
    morpher.ride()
    desk.wait_for(lambda _: morpher.morphing.share == 0.25)
    elsewhere(desk.studio)
    there = desk.state.sketch
    assert isinstance(there.origin, Drawn)
    thread = morpher._thread
    assert thread is not None
    desk.tell(in_bar(1))
    thread.join(5)
    assert desk.state.sketch == there
    assert not morpher.morphing.riding


def test_sliders_may_move_while_it_rides(desk: Desk, morpher: Morpher) -> None:
    set_ends(desk, morpher)
    desk.tell(in_bar(0))
    morpher.ride()
    desk.wait_for(lambda _: morpher.morphing.share == 0.25)
    desk.studio.set_slider("z1", 1.0)
    desk.tell(in_bar(1))
    desk.wait_for(lambda _: morpher.morphing.share == 0.5)
    assert desk.state.settings.axes == {"z1": 1.0}


def test_a_morph_that_is_brought_back_brings_its_ends(desk: Desk, morpher: Morpher) -> None:
    desk.studio.load(Sketch(origin=Way(A, B, 0.5)))
    seen = morpher.morphing
    assert (seen.a, seen.b, seen.share) == (A, B, 0.5)
    other = Morpher(desk.studio)
    assert other.morphing == seen
    other.close()
