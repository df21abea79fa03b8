"""Sketches: what one changes is changed, what one holds is held, and the same sketch is the same loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop, Voice
from bridge.groove.edit import REST, Touch, touch_at
from bridge.model import Bundle, Model, Settings
from bridge.model.map import Map
from bridge.model.settings import SEED_RANGE
from bridge.studio.sketch import Drawn, Given, Maker, Sketch, Spot, Way
from tests.player.support import random_loop

DRAWN = Sketch(Settings(seed=7))


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(Bundle.load(), "cpu")


@pytest.fixture(scope="module")
def maker(model: Model) -> Maker:
    return Maker(model, model, Map.load(model.bundle))


def test_a_plain_sketch_is_the_model_s_draw(maker: Maker, model: Model) -> None:
    assert maker.loop(DRAWN) == model.loop(DRAWN.settings)


def test_a_locked_voice_keeps_its_part_while_all_else_changes(maker: Maker) -> None:
    before = maker.loop(DRAWN)
    after = maker.loop(DRAWN.locking(Voice.SNARE, before).set(Settings(seed=8)))
    assert np.array_equal(after.hits[:, Voice.SNARE], before.hits[:, Voice.SNARE])
    assert np.array_equal(after.velocities[:, Voice.SNARE], before.velocities[:, Voice.SNARE])
    assert not np.array_equal(after.hits[:, Voice.KICK], before.hits[:, Voice.KICK])


def test_a_voice_that_is_let_go_is_the_model_s_again(maker: Maker) -> None:
    held = DRAWN.locking(Voice.SNARE, DrumLoop.empty())
    assert not maker.loop(held).hits[:, Voice.SNARE].any()
    assert maker.loop(held.locking(Voice.SNARE, None)) == maker.loop(DRAWN)


def test_hits_set_by_hand_stay_while_sliders_move(maker: Maker) -> None:
    by_hand = {(5, 4): Touch(0.9, 0.25), (0, 0): REST}
    for density in (-1.0, 0.0, 1.0):
        sketch = DRAWN.touching(by_hand).set(DRAWN.settings.holding("density", density))
        loop = maker.loop(sketch)
        touch = touch_at(loop, (5, 4))
        assert touch.velocity == pytest.approx(0.9)
        assert touch.offset == 0.25
        assert not loop.hits[0, 0]


def test_a_cell_given_back_is_the_model_s_again(maker: Maker) -> None:
    sketch = DRAWN.touching({(0, 0): REST, (5, 4): Touch(1.0)}).touching({(0, 0): None, (5, 4): None})
    assert sketch == DRAWN


def test_a_new_idea_leaves_hand_and_place_behind_and_locks_stay() -> None:
    sketch = DRAWN.at(Spot(0.1, 0.2)).touching({(1, 1): REST}).locking(Voice.KICK, DrumLoop.empty())
    new = sketch.set(replace(sketch.settings, index=1))
    assert new.origin == Drawn()
    assert not new.touches
    assert new.locks == sketch.locks
    assert sketch.set(sketch.settings.holding("density", 0.5)).origin == Spot(0.1, 0.2)


def test_a_place_on_the_map_is_the_loop_there_and_sliders_move_it(maker: Maker, model: Model) -> None:
    chart = Map.load(model.bundle)
    sketch = DRAWN.at(Spot(0.3, -0.2))
    assert maker.loop(sketch) == model.decode(chart.z_at(0.3, -0.2), sketch.settings)
    assert maker.loop(sketch.set(sketch.settings.holding("density", 1.0))) != maker.loop(sketch)


def test_the_ends_of_a_morph_are_the_loops_themselves(maker: Maker) -> None:
    start, end = maker.loop(DRAWN), random_loop(3)
    assert maker.loop(DRAWN.at(Way(start, end, 0.0))) == start
    assert maker.loop(DRAWN.at(Way(start, end, 1.0))) == end
    assert maker.loop(DRAWN.at(Way(start, end, 0.5))) not in (start, end)


def test_a_given_loop_is_itself_until_a_slider_moves(maker: Maker) -> None:
    loop = random_loop(5, density=0.1)
    sketch = DRAWN.at(Given(loop))
    assert maker.loop(sketch) == loop
    denser = maker.loop(sketch.set(sketch.settings.holding("density", 1.0)))
    assert denser.hit_count > loop.hit_count


def test_raw_axes_move_places_too(maker: Maker) -> None:
    sketch = DRAWN.at(Spot(0.0, 0.0))
    assert maker.loop(sketch.set(sketch.settings.holding("z1", 3.0))) != maker.loop(sketch)


def test_equal_sketches_are_equal_and_hash_alike() -> None:
    one, two = (Sketch(Settings(seed=1), Given(random_loop(1)), {0: random_loop(2)}) for _ in range(2))
    assert one == two
    assert len({one, two}) == 1


def test_what_does_not_exist_is_refused(maker: Maker, model: Model) -> None:
    with pytest.raises(GroovebridgeError, match="no map"):
        Maker(model, model).loop(DRAWN.at(Spot(0, 0)))
    with pytest.raises(GroovebridgeError, match="from -1 to 1"):
        maker.loop(DRAWN.at(Spot(2, 0)))
    with pytest.raises(GroovebridgeError, match="from 0 to 1"):
        Way(DrumLoop.empty(), DrumLoop.empty(), 1.5)
    with pytest.raises(GroovebridgeError, match="no voice"):
        DRAWN.locking(9, None)


def test_after_the_last_idea_of_a_seed_comes_the_first() -> None:
    last = Settings(index=SEED_RANGE[1])
    assert Sketch(last).in_block(1).settings.index == 0
    assert Sketch(last).in_block(3).settings.index == 2
