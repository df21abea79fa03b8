"""Where hits lie in the loop view."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QPointF

from bridge.groove import STEPS, Voice
from gui.views.loop_geometry import LABELS_WIDTH, LANES, LoopGeometry

layouts = st.builds(LoopGeometry, st.integers(900, 4000), st.integers(300, 2000))
steps = st.integers(0, STEPS - 1)
voices = st.sampled_from(Voice)
velocities = st.floats(0, 1)
offsets = st.floats(-0.5, 0.4999)


def test_every_voice_has_one_lane_with_the_kick_at_the_bottom() -> None:
    assert sorted(LANES) == sorted(Voice)
    assert LANES[-1] is Voice.KICK


@given(layouts, steps, voices, velocities, offsets)
def test_every_hit_is_inside_the_view_and_beside_the_labels(
    layout: LoopGeometry, step: int, voice: Voice, velocity: float, offset: float
) -> None:
    hit = layout.hit(step, voice, velocity, offset)
    assert hit.left() >= LABELS_WIDTH - 1e-6
    assert hit.right() <= layout.width
    assert layout.lane(voice).top() <= hit.top()
    assert hit.bottom() <= layout.lane(voice).bottom()


@given(layouts, steps, voices, velocities, offsets)
def test_the_playhead_meets_a_hit_at_its_moment(
    layout: LoopGeometry, step: int, voice: Voice, velocity: float, offset: float
) -> None:
    assert abs(layout.hit(step, voice, velocity, offset).left() - layout.x(step + offset)) < 1e-6


@given(layouts, voices, st.floats(0.1, 1), st.floats(0.1, 1))
def test_louder_is_higher(layout: LoopGeometry, voice: Voice, first: float, second: float) -> None:
    quiet, loud = sorted((first, second))
    assert layout.hit(0, voice, quiet, 0).height() <= layout.hit(0, voice, loud, 0).height()


@given(layouts, steps, voices)
def test_a_point_in_a_cell_finds_its_cell(layout: LoopGeometry, step: int, voice: Voice) -> None:
    point = QPointF(layout.x(step + 0.5), layout.lane(voice).center().y())
    assert layout.cell_at(point) == (step, voice)


@given(layouts)
def test_the_labels_are_no_cells(layout: LoopGeometry) -> None:
    assert layout.cell_at(QPointF(LABELS_WIDTH / 2, layout.height / 2)) is None
