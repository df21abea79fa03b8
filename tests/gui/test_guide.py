"""The first-run guide: shown once, not in the way, and ticked by what happens, whoever did it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PyQt6.QtWidgets import QApplication

from bridge.player.messages import Anchor, ClockState, Motion, Sound, SoundStage, SoundWhen, Sync
from bridge.studio import Studio, StudioState
from gui.models.first_steps import FirstSteps, Step, connected
from gui.views import theme
from gui.views.guide_page import GuidePage
from tests.gui.desk import Desk
from tests.gui.hands import click


def guide_of(desk: Desk) -> GuidePage:
    desk.window.show_page("guide")
    page = desk.window.sheet.page
    assert isinstance(page, GuidePage)
    return page


def page_of(desk: Desk) -> str | None:
    return desk.window.sheet.name


def state_of(desk: Desk) -> StudioState:
    state = desk.session.state
    assert state is not None
    return state


def ticked(page: GuidePage) -> set[Step]:
    return {step for step, mark in page.marks.items() if mark.text() == "✓"}


def test_it_is_shown_at_the_first_start_and_never_again_by_itself(closed_desk: Desk) -> None:
    desk = closed_desk
    desk.session.preferences.path.unlink(missing_ok=True)
    desk.open()
    desk.window.greet()
    assert page_of(desk) == "guide"
    desk.window.sheet.close_page()
    desk.window.greet()
    assert page_of(desk) is None
    again = Desk(desk.qtbot)
    again.window.greet()
    assert page_of(again) is None
    again.window.close()
    desk.session.preferences.path.unlink()


def test_each_button_does_its_step_and_the_step_ticks_itself(desk: Desk) -> None:
    page = guide_of(desk)
    assert ticked(page) == set()
    click(page.play)
    desk.until(lambda: ticked(page) == {Step.HEAR})
    assert not page.play.isEnabled()
    assert page.play.toolTip() == "It plays."
    click(page.push)
    desk.until(lambda: ticked(page) == {Step.HEAR, Step.SHAPE})
    assert desk.settings.sliders["ghosts"] == 0.6
    assert not page.end.isVisible()
    click(page.show_me)
    assert desk.window.sheet.name == "help"
    desk.session.ports.choose_output("live:in")
    desk.until(lambda: desk.session.first_steps.done == set(Step))
    guide_of(desk)
    assert page.end.isVisibleTo(page)


def test_what_nobody_hears_is_not_heard_yet(desk: Desk) -> None:
    rolls = Anchor(0, 0, 120.0, Motion.ROLLING, Sync.INTERNAL, ClockState.OFF)
    steps, song = FirstSteps(), replace(state_of(desk), anchor=rolls, alone=True)
    steps.see(song)
    assert Step.HEAR not in steps.done
    steps.see(replace(song, sound=Sound(SoundStage.ON, "speakers")))
    assert Step.HEAR in steps.done


def test_a_step_that_is_undone_stays_taken(desk: Desk) -> None:
    page = guide_of(desk)
    desk.session.ask(Studio.set_slider, "swing", 0.3)
    desk.session.ask(Studio.undo)
    assert ticked(page) == {Step.SHAPE}


def test_a_start_that_found_its_sliders_moved_is_no_step(desk: Desk) -> None:
    page = guide_of(desk)
    desk.session.ask(Studio.set_tempo, 99.0)
    desk.session.ask(Studio.new_idea)
    assert ticked(page) == set()


def test_before_the_drummer_is_there_its_buttons_say_why_not(closed_desk: Desk) -> None:
    page = guide_of(closed_desk)
    for button in (page.play, page.push):
        assert not button.isEnabled()
        assert "still loading" in button.toolTip()
    assert page.show_me.isEnabled()


@pytest.mark.parametrize(
    ("sync", "clock", "peers", "is_connected"),
    [
        (Sync.CLOCK, ClockState.WAITING, 0, False),
        (Sync.CLOCK, ClockState.LOCKING, 0, True),
        (Sync.CLOCK, ClockState.LOCKED, 0, True),
        (Sync.LINK, ClockState.LOCKED, 0, False),
        (Sync.LINK, ClockState.LOCKED, 1, True),
        (Sync.INTERNAL, ClockState.OFF, 0, False),
    ],
)
def test_who_leads_us_is_connected(
    sync: Sync, clock: ClockState, peers: int, is_connected: bool, desk: Desk
) -> None:
    state = state_of(desk)
    now = replace(state, sync=sync, anchor=Anchor(0, 0, 120.0, Motion.STOPPED, sync, clock, peers=peers))
    assert connected(state, now) is is_connected


def test_drums_that_make_way_tell_of_a_connection_and_drums_that_fail_or_are_put_off_do_not(
    desk: Desk,
) -> None:
    silent = replace(state_of(desk), sound_when=SoundWhen.AUTO, sound=Sound(SoundStage.OFF))
    heard = replace(silent, sound=Sound(SoundStage.ON, "speakers"))
    assert connected(heard, silent)
    assert not connected(silent, silent)
    assert not connected(silent, heard)
    assert not connected(heard, replace(silent, sound=Sound(SoundStage.FAILED, "no card")))
    assert not connected(heard, replace(silent, sound_when=SoundWhen.OFF))


def test_a_tick_is_written_in_the_colour_of_now(desk: Desk) -> None:
    page = guide_of(desk)
    desk.session.ask(Studio.set_slider, "swing", 0.3)
    QApplication.processEvents()
    assert page.marks[Step.SHAPE].property("ink") == theme.Ink.NOW.value
    assert page.marks[Step.HEAR].property("ink") == theme.Ink.DIM.value
