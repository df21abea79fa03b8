"""Mute, solo, lock, note and level of each voice, beside its lane."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PyQt6.QtWidgets import QMenu

from bridge.groove import NOTE_MAPS, Voice
from bridge.player.messages import SetVoicing
from bridge.player.voicing import Voicing
from bridge.studio import Studio
from gui.views.controls import WholeBox
from tests.gui.desk import Desk
from tests.gui.hands import click


def mix(desk: Desk) -> Voicing:
    """The mix that the player was told last."""
    return [each.voicing for each in desk.band.asked if isinstance(each, SetVoicing)][-1]


def test_mute_and_solo_reach_the_player_and_show_on_the_buttons(desk: Desk) -> None:
    strip = desk.window.loop.strips.strips[Voice.SNARE]
    click(strip.mute)
    assert mix(desk).muted[Voice.SNARE]
    assert strip.mute.isChecked()
    click(strip.mute)
    assert not mix(desk).muted[Voice.SNARE]
    click(strip.solo)
    assert mix(desk).soloed[Voice.SNARE]
    assert not mix(desk).heard(Voice.KICK)
    assert "soloed" in strip.solo.toolTip()


def test_undo_lets_a_muted_voice_be_heard_again(desk: Desk) -> None:
    strip = desk.window.loop.strips.strips[Voice.SNARE]
    click(strip.mute)
    click(desk.window.sliders.undo)
    assert not mix(desk).muted[Voice.SNARE]
    assert not strip.mute.isChecked()


def test_a_locked_voice_keeps_its_part_while_a_new_idea_changes_the_rest(desk: Desk) -> None:
    before = desk.session.loop
    assert before is not None
    click(desk.window.loop.strips.strips[Voice.SNARE].lock)
    desk.session.ask(Studio.new_idea)
    desk.until(lambda: desk.session.loop not in (None, before))
    after = desk.session.loop
    assert after is not None
    assert (after.hits[:, Voice.SNARE] == before.hits[:, Voice.SNARE]).all()
    assert (after.hits[:, Voice.KICK] != before.hits[:, Voice.KICK]).any()
    assert desk.window.loop.strips.strips[Voice.SNARE].lock.isChecked()
    desk.session.ask(Studio.undo)
    desk.session.ask(Studio.undo)
    assert not desk.window.loop.strips.strips[Voice.SNARE].lock.isChecked()


def test_the_menu_of_a_voice_sets_its_note_and_level(desk: Desk) -> None:
    menu = desk.window.loop.strips.voice_menu(Voice.RIDE)
    note, level = menu.findChildren(WholeBox)
    assert (note.value(), level.value()) == (51, 100)
    assert note.text().split() == ["51", "D♯2"]
    note.setValue(59)
    assert note.text().split() == ["59", "B2"]
    level.setValue(150)
    assert mix(desk).notes[Voice.RIDE] == 59
    assert mix(desk).trims[Voice.RIDE] == 1.5
    assert "note 59, level 150 %" in desk.window.loop.strips.strips[Voice.RIDE].name.toolTip()


def test_the_menu_gives_all_voices_the_notes_of_an_instrument_and_a_channel(desk: Desk) -> None:
    menu = desk.window.loop.strips.voice_menu(Voice.KICK)
    maps, channels = menu.findChildren(QMenu)
    assert [action.text() for action in maps.actions() if action.isChecked()] == [
        "General MIDI, Roland TD-11"
    ]
    next(a for a in maps.actions() if a.text() == NOTE_MAPS["ableton"].title).trigger()
    assert mix(desk).notes == NOTE_MAPS["ableton"].out_notes
    channels.actions()[2].trigger()
    assert mix(desk).channel == 2


@pytest.mark.parametrize("crowded", [False, True], ids=["at first", "small, raw axes open"])
def test_the_strips_stand_in_their_lanes(desk: Desk, crowded: bool) -> None:
    view = desk.window.loop
    if crowded:
        desk.window.sliders.raw.setChecked(True)
        desk.window.resize(1100, 700)
        desk.until(lambda: view.height() < 250)
    rows = [strip.mute.geometry() for strip in view.strips.strips.values()]
    assert not any(upper.intersects(lower) for upper, lower in pairwise(rows))
    for voice, strip in view.strips.strips.items():
        lane = view.geometry_now.lane(voice)
        for button in strip.all:
            assert lane.top() - 1 <= button.geometry().top()
            assert button.geometry().bottom() <= lane.bottom() + 1
            assert button.geometry().right() < view.geometry_now.left


def test_before_the_drummer_is_there_the_strips_say_why_they_wait(closed_desk: Desk) -> None:
    strip = closed_desk.window.loop.strips.strips[Voice.KICK]
    assert not any(button.isEnabled() for button in strip.all)
    assert "loading" in strip.mute.toolTip()
