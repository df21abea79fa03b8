"""The loop view under a hand: cells are struck, silenced, pulled and given back, by mouse and keyboard."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QPoint, Qt

from bridge.groove import STEPS, DrumLoop, Voice
from bridge.groove.edit import REST, Cell, Touch
from bridge.player.messages import SetLoop, SwapAt
from bridge.studio import Studio, gestures
from gui.views.cell_menu import cell_menu
from gui.views.loop_geometry import LoopGeometry
from tests.gui.desk import Desk
from tests.gui.hands import SHIFT, click, double_click, drag, key, pull, release, wheel

Key = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier


def touches(desk: Desk) -> dict[Cell, Touch]:
    state = desk.session.state
    assert state is not None
    return dict(state.sketch.touches)


def cell_where(desk: Desk, hit: bool) -> tuple[int, Voice]:
    """A cell well away from the edges, with no hit drawn on it that is another's."""
    loop = desk.session.loop
    assert loop is not None
    layout = desk.window.loop.geometry_now
    for voice in Voice:
        for step in range(8, STEPS):
            at = layout.cell(step, voice).center() if not hit else None
            if bool(loop.hits[step, voice]) is hit and (
                at is None or layout.hit_at(at, loop) == (step, voice)
            ):
                return step, voice
    raise AssertionError("there is no such cell")


def point(desk: Desk, cell: tuple[int, Voice]) -> QPoint:
    """Where one would click to take this cell, or the hit in it."""
    loop = desk.session.loop
    assert loop is not None
    layout = desk.window.loop.geometry_now
    if loop.hits[cell]:
        return layout.hit(*cell, 0.5, float(loop.offsets[cell])).center().toPoint()
    return layout.cell(*cell).center().toPoint()


def test_a_click_strikes_an_empty_cell(desk: Desk) -> None:
    cell = cell_where(desk, hit=False)
    click(desk.window.loop, point(desk, cell))
    desk.until(lambda: touches(desk) == {cell: Touch(0.8)})
    desk.until(lambda: desk.session.loop is not None and bool(desk.session.loop.hits[cell]))


def test_a_click_silences_a_hit_and_another_strikes_it_again(desk: Desk) -> None:
    cell = cell_where(desk, hit=True)
    at = point(desk, cell)
    click(desk.window.loop, at)
    desk.until(lambda: touches(desk) == {cell: REST})
    desk.until(lambda: desk.session.loop is not None and not desk.session.loop.hits[cell])
    click(desk.window.loop, desk.window.loop.geometry_now.cell(*cell).center().toPoint())
    desk.until(lambda: touches(desk)[cell].velocity > 0)


def test_a_double_click_is_two_clicks_and_two_steps_of_undo(desk: Desk) -> None:
    cell = cell_where(desk, hit=False)
    at = point(desk, cell)
    click(desk.window.loop, at)
    double_click(desk.window.loop, at)  # the second press
    release(desk.window.loop, at)
    assert touches(desk) == {cell: REST}
    desk.session.ask(Studio.undo)
    assert touches(desk) == {cell: Touch(0.8)}
    desk.session.ask(Studio.undo)
    assert not touches(desk)


def test_a_drag_sideways_is_later_and_one_undo_takes_it_back(desk: Desk) -> None:
    cell = cell_where(desk, hit=True)
    before = desk.window.loop.hand.touch(cell)
    assert before is not None
    drag(desk.window.loop, point(desk, cell), 12)
    desk.until(lambda: cell in touches(desk) and touches(desk)[cell].offset > before.offset)
    assert touches(desk)[cell].velocity == before.velocity
    desk.session.ask(Studio.undo)
    assert not touches(desk)


@pytest.mark.parametrize("changed", [False, True], ids=["the drummer's", "by hand"])
@pytest.mark.parametrize("hit", [True, False], ids=["hit", "rest"])
def test_escape_lets_a_pulled_hit_go_back_and_undo_does_not_know_of_it(
    desk: Desk, hit: bool, changed: bool
) -> None:
    cell = cell_where(desk, hit=hit)
    view, at = desk.window.loop, point(desk, cell)
    if changed:
        key(view, Qt.Key.Key_Down)
        desk.session.ask(gestures.touch, {cell: Touch(0.25)})
        desk.until(lambda: desk.session.next_loop is None)
    before = touches(desk)
    pull(view, at, 12)
    assert touches(desk) != before
    key(view, Qt.Key.Key_Escape)
    assert touches(desk) == before
    release(view, at)
    assert touches(desk) == before
    desk.session.ask(Studio.undo)
    assert not touches(desk)


def test_an_early_hit_is_taken_where_it_is_seen() -> None:
    hits = DrumLoop.empty().hits.copy()
    hits[8, Voice.SNARE] = True
    loop = DrumLoop.of(hits, hits * 0.5, hits * -0.4)
    layout = LoopGeometry(1240, 380)
    seen = layout.hit(8, Voice.SNARE, 0.5, -0.4).center()
    assert layout.cell_at(seen) == (7, Voice.SNARE)
    assert layout.hit_at(seen, loop) == (8, Voice.SNARE)
    assert layout.hit_at(layout.cell(30, Voice.SNARE).center(), loop) == (30, Voice.SNARE)


def test_the_keyboard_walks_strikes_shapes_and_gives_back(desk: Desk) -> None:
    view = desk.window.loop
    view.hand.cursor = cell_where(desk, hit=False)
    cell = view.hand.cursor
    key(view, Key.Key_Return)
    desk.until(lambda: touches(desk) == {cell: Touch(0.8)})
    key(view, Key.Key_Minus)
    assert touches(desk)[cell].velocity < 0.8
    key(view, Key.Key_Right, CONTROL)
    late = touches(desk)[cell].offset
    assert late > 0
    key(view, Key.Key_Left, CONTROL | SHIFT)
    assert 0 < touches(desk)[cell].offset < late
    assert "by hand" in view.accessibleDescription()
    key(view, Key.Key_Delete)
    assert not touches(desk)
    key(view, Key.Key_Right)
    assert view.hand.cursor[0] == (cell[0] + 1) % STEPS


def test_an_edit_is_heard_at_the_next_step_unless_another_idea_waits(desk: Desk) -> None:
    desk.session.ask(Studio.play)
    cell = cell_where(desk, hit=False)
    click(desk.window.loop, point(desk, cell))
    desk.until(lambda: desk.session.next_loop is not None)
    assert [each.at for each in desk.band.asked if isinstance(each, SetLoop)][-1] is SwapAt.STEP
    desk.band.turn_over()
    desk.until(lambda: desk.session.next_loop is None)
    desk.session.ask(Studio.new_idea)
    desk.until(lambda: desk.session.next_loop is not None)
    count = len(desk.band.asked)
    view = desk.window.loop
    view.hand.cursor = (40, Voice.KICK)
    key(view, Key.Key_Return)
    desk.until(lambda: any(isinstance(each, SetLoop) for each in desk.band.asked[count:]))
    assert [each.at for each in desk.band.asked if isinstance(each, SetLoop)][-1] is SwapAt.BAR


def test_the_menu_of_a_cell_gives_back_one_voice_or_all(desk: Desk) -> None:
    view = desk.window.loop
    changes: dict[Cell, Touch | None] = {
        (1, Voice.KICK): Touch(0.5),
        (2, Voice.KICK): Touch(0.5),
        (3, Voice.SNARE): Touch(0.5),
    }
    desk.session.ask(gestures.touch, changes)
    *_, one, voice, everything = cell_menu(view.hand, (1, Voice.KICK), view).actions()
    one.trigger()
    assert set(touches(desk)) == {(2, Voice.KICK), (3, Voice.SNARE)}
    voice.trigger()
    assert set(touches(desk)) == {(3, Voice.SNARE)}
    everything.trigger()
    assert not touches(desk)
    assert not any(each.isEnabled() for each in cell_menu(view.hand, (1, Voice.KICK), view).actions()[-3:])


def test_the_menu_of_a_cell_silences_a_hit_and_strikes_an_empty_cell(desk: Desk) -> None:
    view = desk.window.loop
    hit, empty = cell_where(desk, hit=True), cell_where(desk, hit=False)
    for cell, word in ((hit, "Silence"), (empty, "Strike")):
        next(each for each in cell_menu(view.hand, cell, view).actions() if each.text() == word).trigger()
    assert touches(desk) == {hit: REST, empty: Touch(0.8)}


def test_the_wheel_makes_the_hit_under_the_pointer_louder_or_softer_in_one_step_of_undo(desk: Desk) -> None:
    view = desk.window.loop
    cell = cell_where(desk, hit=False)
    desk.session.ask(gestures.touch, {cell: Touch(0.5)})
    desk.until(lambda: desk.session.loop is not None and bool(desk.session.loop.hits[cell]))
    at = point(desk, cell)
    wheel(view, QPoint(0, -120), at=at)
    softer = touches(desk)[cell].velocity
    wheel(view, QPoint(0, 120), SHIFT, at=at)
    assert softer < touches(desk)[cell].velocity < 0.5
    desk.session.ask(Studio.undo)
    assert touches(desk) == {cell: Touch(0.5)}


def test_the_wheel_strikes_nothing(desk: Desk) -> None:
    wheel(desk.window.loop, QPoint(0, 120), at=point(desk, cell_where(desk, hit=False)))
    assert not touches(desk)


def test_the_number_of_changes_is_told_beside_the_loop_and_a_click_gives_all_back(desk: Desk) -> None:
    button = desk.window.loop.strips.give_back
    assert not button.isVisible()
    desk.session.ask(gestures.touch, {(1, Voice.KICK): Touch(0.5), (3, Voice.SNARE): REST})
    assert button.isVisible()
    assert button.text() == "Give back 2 changes"
    click(button)
    assert not touches(desk)
    assert not button.isVisible()
    desk.session.ask(Studio.undo)
    assert len(touches(desk)) == 2


def test_what_a_hand_changed_is_locked_even_before_it_is_heard(desk: Desk) -> None:
    desk.session.ask(Studio.play)
    before, cell = desk.session.loop, cell_where(desk, hit=False)
    click(desk.window.loop, point(desk, cell))
    assert before is not None
    assert desk.session.loop == before
    desk.session.ask(gestures.lock, cell[1], True)
    desk.session.ask(Studio.new_idea)
    assert not touches(desk)
    others = [voice for voice in Voice if voice != cell[1]]

    def new() -> DrumLoop | None:
        coming = desk.session.next_loop
        changed = coming is not None and (coming.hits[:, others] != before.hits[:, others]).any()
        return coming if changed else None

    desk.until(lambda: new() is not None)
    coming = new()
    assert coming is not None
    assert coming.hits[cell]


def test_l_locks_the_voice_at_the_cursor_and_undo_lets_it_go(desk: Desk) -> None:
    view = desk.window.loop
    view.setFocus()
    view.hand.cursor = (0, Voice.SNARE)
    key(view, Key.Key_L)
    state = desk.session.state
    assert state is not None
    locks = desk.session.state.sketch.locks if desk.session.state else {}
    assert set(locks) == {view.voice_pointed}
    desk.session.ask(Studio.undo)
    assert desk.session.state is not None
    assert not desk.session.state.sketch.locks
