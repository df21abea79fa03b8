"""Flags on the map: they keep places and names, travel there, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.studio import flags, gestures
from bridge.studio.dials import Press
from bridge.studio.flags import LONGEST_NAME, MOST_FLAGS, Flag, Flags
from bridge.studio.sketch import Sketch, Spot
from bridge.studio.targets import targets
from tests.player.support import random_loop
from tests.studio.conftest import Desk

HERE, THERE = (0.25, -0.5), (-1.0, 1.0)


def mapped(sketch: Sketch) -> DrumLoop:
    """Each place of the map has a loop of its own."""
    x, y = (sketch.origin.x, sketch.origin.y) if isinstance(sketch.origin, Spot) else (0.0, 0.0)
    return random_loop(int(1000 * (x + 1) + 7 * (y + 1)))


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """A desk whose model has a map."""
    return make_desk(make=mapped)


def names(desk: Desk) -> list[str]:
    return [flag.name for flag in desk.state.flags]


def test_a_flag_is_called_by_the_first_number_that_is_free() -> None:
    made: Flags = ()
    for x in (0.0, 0.1, 0.2):
        made = flags.put(made, (x, 0.0))
    assert [flag.name for flag in made] == ["Flag 1", "Flag 2", "Flag 3"]
    made = flags.put(flags.take_away(made, 1), (0.3, 0.0))
    assert [flag.name for flag in made] == ["Flag 1", "Flag 3", "Flag 2"]


@given(st.text(max_size=60))
def test_a_name_is_one_line_not_too_long_and_never_empty(name: str) -> None:
    made = flags.rename(flags.put((), HERE), 0, name)[0].name
    assert made
    assert made == " ".join(made.split())
    assert len(made) <= LONGEST_NAME


def test_a_flag_beside_the_map_and_one_too_many_are_refused() -> None:
    with pytest.raises(GroovebridgeError, match="from -1 to 1"):
        flags.put((), (0.0, 1.1))
    full: Flags = ()
    for number in range(MOST_FLAGS):
        full = flags.put(full, (number / MOST_FLAGS, 0.0))
    with pytest.raises(GroovebridgeError, match="Take one away"):
        flags.put(full, HERE)


def test_putting_naming_and_taking_away_are_steps_of_undo_that_change_no_loop(desk: Desk) -> None:
    sent = len(desk.link.loops())
    gestures.toggle_flag(desk.studio, HERE)
    desk.studio.set_flags(lambda there: flags.rename(there, 0, "verse"))
    gestures.toggle_flag(desk.studio, HERE)
    assert names(desk) == []
    for there in (["verse"], ["Flag 1"], []):
        desk.studio.undo()
        assert names(desk) == there
    assert not desk.state.can_undo
    for there in (["Flag 1"], ["verse"], []):
        desk.studio.redo()
        assert names(desk) == there
    assert len(desk.link.loops()) == sent


def test_undo_of_a_flag_leaves_what_was_changed_before_it(desk: Desk) -> None:
    gestures.travel(desk.studio, *HERE)
    gestures.toggle_flag(desk.studio, HERE)
    gestures.travel(desk.studio, *THERE)
    desk.studio.undo()
    assert (desk.state.sketch.origin, names(desk)) == (Spot(*HERE), ["Flag 1"])
    desk.studio.undo()
    assert (desk.state.sketch.origin, names(desk)) == (Spot(*HERE), [])


def test_one_travels_to_a_flag_and_from_one_to_the_next_round_and_round(desk: Desk) -> None:
    for place in (HERE, THERE):
        gestures.toggle_flag(desk.studio, place)
    gestures.visit(desk.studio, 1)
    assert desk.state.sketch.origin == Spot(*THERE)
    for by, place in ((1, HERE), (1, THERE), (-1, HERE), (-1, THERE)):
        gestures.next_flag(desk.studio, by)
        assert desk.state.sketch.origin == Spot(*place)
    gestures.travel(desk.studio, 0.9, 0.9)
    gestures.next_flag(desk.studio)
    assert desk.state.sketch.origin == Spot(*HERE)
    gestures.travel(desk.studio, 0.9, 0.9)
    gestures.next_flag(desk.studio, -1)
    assert desk.state.sketch.origin == Spot(*THERE)


def test_a_flag_that_is_not_there_is_a_sentence(desk: Desk) -> None:
    with pytest.raises(GroovebridgeError, match="There is no flag 3"):
        gestures.visit(desk.studio, 2)
    with pytest.raises(GroovebridgeError, match="There is no flag 1"):
        gestures.next_flag(desk.studio)
    with pytest.raises(GroovebridgeError, match="no place on the map"):
        gestures.toggle_flag(desk.studio, None)


def test_a_pad_puts_a_flag_where_we_are_and_others_go_from_flag_to_flag(desk: Desk) -> None:
    def place_of(sketch: Sketch) -> tuple[float, float] | None:
        return (sketch.origin.x, sketch.origin.y) if isinstance(sketch.origin, Spot) else None

    desks = targets(desk.studio, place_of=place_of)

    def press(name: str) -> None:
        target = desks[name]
        assert isinstance(target, Press)
        target.act()

    for place in (HERE, THERE):
        gestures.travel(desk.studio, *place)
        press("flag")
    assert desk.state.flags == (Flag("Flag 1", HERE), Flag("Flag 2", THERE))
    press("next flag")
    assert desk.state.sketch.origin == Spot(*HERE)
    press("flag before")
    assert desk.state.sketch.origin == Spot(*THERE)
