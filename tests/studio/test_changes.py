"""What a hand does at the desk: each change is heard, can be taken back, and what was heard is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.groove.edit import Touch
from bridge.model import Settings
from bridge.player.messages import Anchor, LoopPlaying, Motion, SwapAt, Sync
from bridge.studio import gestures
from bridge.studio.history import History, Take
from bridge.studio.sketch import Given, Maker, Sketch, Spot
from tests.studio.conftest import Desk, SmallModel

ROLLING = Anchor(0, 0, 120.0, Motion.ROLLING, Sync.INTERNAL)


def test_undo_goes_back_and_the_loop_before_is_sent_again(desk: Desk) -> None:
    first = desk.state.loop
    desk.studio.set_slider("z1", 1.0)
    desk.link.wait_for_loops(2)
    assert desk.state.can_undo
    desk.studio.undo()
    assert desk.link.wait_for_loops(3)[-1].loop == first
    assert (desk.state.settings, desk.state.can_undo, desk.state.can_redo) == (Settings(), False, True)
    desk.studio.redo()
    assert desk.state.settings.axes == {"z1": 1.0}


def test_a_step_that_only_turned_something_beside_the_loop_is_a_step_too(desk: Desk) -> None:
    turned: list[str] = []
    desk.studio.set_slider("z1", 1.0)
    desk.studio.load(desk.state.sketch, turn=lambda: turned.append("turned"))
    there = desk.state.sketch
    desk.studio.undo()
    assert (desk.state.sketch, len(turned)) == (there, 2)
    desk.studio.redo()
    assert (desk.state.sketch, len(turned)) == (there, 3)
    desk.studio.undo()
    desk.studio.undo()
    assert (desk.state.settings, len(turned)) == (Settings(), 4)


def test_a_model_that_breaks_is_told_and_the_next_loop_is_made_all_the_same(
    make_desk: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    model = SmallModel()

    def make(sketch: Sketch) -> DrumLoop:
        if sketch.settings.index == 1:
            raise RuntimeError("out of memory")
        return model.loop(sketch.settings)

    desk = make_desk(make=make)
    desk.studio.new_idea()
    state = desk.wait_for(lambda state: state.fault is not None)
    assert "out of memory" in str(state.fault)
    assert "The terminal has the details" in str(state.fault)
    assert "RuntimeError" in caplog.text
    desk.studio.new_idea()
    assert desk.link.wait_for_loops(2)[-1].loop == model.loop(Settings(index=2))


def test_a_drag_is_one_step_of_undo(desk: Desk) -> None:
    for tenth in range(1, 20):
        desk.studio.set_slider("z1", tenth / 10)
    desk.studio.undo()
    assert desk.state.settings == Settings()


def test_what_was_played_is_a_take_with_what_it_was_made_of(desk: Desk) -> None:
    desk.tell(ROLLING)
    assert [take.loop for take in desk.state.takes] == [desk.state.loop]
    desk.studio.new_idea()
    sent = desk.link.wait_for_loops(2)[-1]
    desk.tell(LoopPlaying(sent.loop_id, 3840))
    take = desk.state.takes[-1]
    assert (take.loop, take.sketch, desk.state.take) == (sent.loop, Sketch(Settings(index=1)), 2)


def test_what_nobody_heard_is_no_take(desk: Desk) -> None:
    desk.studio.new_idea()
    sent = desk.link.wait_for_loops(2)[-1]
    desk.tell(LoopPlaying(sent.loop_id, 0))
    assert desk.state.takes == ()


def test_a_take_is_played_again_with_its_sliders(desk: Desk) -> None:
    desk.tell(ROLLING)
    first = desk.state.loop
    desk.studio.new_idea()
    desk.link.wait_for_loops(2)
    desk.studio.replay(1)
    assert desk.link.wait_for_loops(3)[-1].loop == first
    assert desk.state.settings == Settings()


def test_a_take_of_another_model_is_played_as_it_was(make_desk: Callable[..., Desk]) -> None:
    foreign = Take(1, 0.0, DrumLoop.empty(), Sketch(Settings(axes={"z99": 1.0})))
    desk = make_desk(history=History((foreign,)))
    desk.studio.replay(1)
    assert desk.link.wait_for_loops(2)[-1].loop == DrumLoop.empty()
    assert desk.state.sketch == Sketch(origin=Given(DrumLoop.empty()))


def test_a_take_that_is_not_there_is_refused(desk: Desk) -> None:
    with pytest.raises(GroovebridgeError, match="no take 3"):
        desk.studio.replay(3)


def test_a_fill_is_heard_now_and_comes_home_at_the_bar(make_desk: Callable[..., Desk]) -> None:
    model = SmallModel()

    def make(sketch: Sketch) -> DrumLoop:
        filled = sketch.settings.sliders.get("fill", 0.0)
        return model.loop(Settings(seed=99 if filled else sketch.settings.seed))

    desk = make_desk(make=make)
    home = desk.state.loop
    desk.studio.fill()
    fill, back = desk.link.wait_for_loops(3)[-2:]
    assert (fill.loop, fill.at) == (model.loop(Settings(seed=99)), SwapAt.NOW)
    assert (back.loop, back.at) == (home, SwapAt.BAR)
    assert not desk.state.can_undo


def test_a_fill_in_an_evolving_song_comes_home_to_the_four_bars_that_play(
    make_desk: Callable[..., Desk],
) -> None:
    model = SmallModel()

    def make(sketch: Sketch) -> DrumLoop:
        filled = bool(sketch.settings.sliders.get("fill"))
        return model.loop(Settings(seed=99 if filled else sketch.settings.seed, index=sketch.settings.index))

    desk = make_desk(make=make, evolve=True)
    desk.tell(replace(ROLLING, ticks=2 * 15360.0))
    desk.link.wait_for_loops(5)  # the loop for all, and blocks 1 to 4
    desk.studio.fill()
    fill, back = desk.link.wait_for_loops(7)[-2:]
    assert (fill.loop, fill.at, fill.block) == (model.loop(Settings(seed=99, index=2)), SwapAt.NOW, 2)
    assert (back.loop, back.at, back.block) == (model.loop(Settings(index=2)), SwapAt.BAR, 2)


def test_a_locked_voice_stays_through_new_ideas(desk: Desk) -> None:
    snare = desk.state.loop.hits[:, 1].copy()
    gestures.lock(desk.studio, 1, True)
    desk.studio.new_idea()
    sent = desk.link.wait_for_loops(2)[-1].loop
    assert (sent.hits[:, 1] == snare).all()
    gestures.lock(desk.studio, 1, False)
    assert not desk.state.sketch.locks


def test_cells_changed_by_hand_are_sent(desk: Desk) -> None:
    gestures.touch(desk.studio, {(3, 4): Touch(1.0, 0.25)})
    sent = desk.link.wait_for_loops(2)[-1].loop
    assert sent.hits[3, 4]
    assert sent.offsets[3, 4] == 0.25


def test_a_given_loop_is_played_as_it_is(desk: Desk) -> None:
    desk.studio.set_slider("z1", 1.0)
    gestures.give(desk.studio, DrumLoop.empty())
    desk.wait_for(lambda state: state.next_loop == DrumLoop.empty())
    assert desk.state.settings.axes == {}


def test_places_beside_the_map_are_refused_and_change_nothing(desk: Desk) -> None:
    with pytest.raises(GroovebridgeError, match="from -1 to 1"):
        gestures.travel(desk.studio, 1.5, 0)
    with pytest.raises(GroovebridgeError, match="from 0 to 1"):
        gestures.morph(desk.studio, DrumLoop.empty(), DrumLoop.empty(), -0.5)
    assert desk.state.sketch == Sketch()


def test_a_place_that_the_model_cannot_decode_becomes_a_fault_and_the_loop_plays_on(desk: Desk) -> None:
    before = desk.state.loop
    gestures.travel(desk.studio, 0.5, 0.5)
    state = desk.wait_for(lambda state: state.fault is not None)
    assert "no map" in (state.fault or "")
    assert state.loop == before
    assert state.sketch.origin == Spot(0.5, 0.5)


def test_evolving_from_a_place_goes_on_around_it() -> None:
    sketch = Sketch(Settings(seed=3), Spot(0.1, 0.1)).touching({(0, 0): Touch(1.0)})
    third = sketch.in_block(3)
    assert (third.origin, third.settings.index) == (Spot(0.1, 0.1), 3)
    drawn = replace(sketch, origin=Sketch().origin).in_block(3)
    assert (drawn.settings.index, drawn.touches) == (3, {})
    assert sketch.in_block(0) is sketch


def test_a_maker_without_a_space_plays_what_is_given(desk: Desk) -> None:
    assert Maker(SmallModel()).loop(Sketch(origin=Given(DrumLoop.empty()))) == DrumLoop.empty()
