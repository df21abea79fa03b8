"""A change that was made then is made to what there is now, and nothing else is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.groove.edit import Touch
from bridge.model import Settings
from bridge.studio.merge import merged_map, merged_sketch
from bridge.studio.sketch import Sketch, Spot

maps = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3))


@given(maps, maps)
def test_where_nothing_else_went_on_a_change_taken_back_gives_what_was(
    old: dict[str, int], new: dict[str, int]
) -> None:
    back = merged_map(new, new, old)
    assert list(back.items()) == list(old.items())


@given(maps, maps, maps)
def test_key_by_key_the_change_is_there_and_all_else_is_as_it_is_now(
    now: dict[str, int], old: dict[str, int], new: dict[str, int]
) -> None:
    found = merged_map(now, old, new)
    for key in "abcd":
        assert found.get(key) == (now if old.get(key) == new.get(key) else new).get(key)


def test_a_sketch_is_merged_part_by_part() -> None:
    touch = Touch(0.8, 0.1)
    old = Sketch(Settings(sliders={"density": 0.2}, axes={"z1": 1.0}))
    new = Sketch(
        Settings(temperature=0.1, sliders={"density": 0.2, "swing": 0.3}, axes={"z1": 1.0}),
        touches={(0, 1): touch},
    )
    walked = Settings(temperature=0.1, sliders={"density": 0.5, "swing": 0.3}, axes={"z1": 1.5})
    now = Sketch(walked, origin=Spot(0.1, 0.2), touches={(0, 1): touch})
    assert merged_sketch(now, new, old) == Sketch(
        Settings(sliders={"density": 0.5}, axes={"z1": 1.5}), origin=Spot(0.1, 0.2)
    )
