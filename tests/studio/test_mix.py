"""The mix and the moment of each swap, from the studio to the player."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.errors import GroovebridgeError
from bridge.groove import Voice
from bridge.model import Settings
from bridge.player import PlayerConfig
from bridge.player.messages import (
    Anchor,
    Ended,
    LoopPlaying,
    Motion,
    SetSound,
    SetVoicing,
    Sound,
    SoundStage,
    SoundWhen,
    Stats,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.studio.sketch import Sketch

MIXED = Voicing().of(Voice.KICK, note=35, trim=0.5, muted=True).of(Voice.RIDE, soloed=True)


def mix(studio: Any) -> None:
    studio.set_mute(Voice.KICK, True)
    studio.set_note(Voice.KICK, 35)
    studio.set_trim(Voice.KICK, 0.5)
    studio.set_solo(Voice.RIDE, True)


def test_the_mix_reaches_the_player_and_is_part_of_the_state(desk: Any) -> None:
    mix(desk.studio)
    assert desk.state.voicing == MIXED
    assert desk.link.commands[-1] == SetVoicing(MIXED)
    desk.studio.set_channel(2)
    assert desk.state.voicing.channel == 2
    desk.studio.set_voicing(Voicing())
    assert desk.link.commands[-1] == SetVoicing(Voicing())
    assert desk.state.voicing == Voicing()


def test_undo_takes_the_mix_back_step_by_step_and_redo_brings_it_again(desk: Any) -> None:
    mix(desk.studio)
    desk.studio.set_mute(Voice.KICK, True)  # as it is: no step
    desk.studio.undo()
    assert desk.state.voicing == MIXED.of(Voice.RIDE, soloed=False)
    for _ in range(3):
        desk.studio.undo()
    assert desk.state.voicing == Voicing()
    assert desk.link.commands[-1] == SetVoicing(Voicing())
    assert not desk.state.can_undo
    for _ in range(4):
        desk.studio.redo()
    assert desk.state.voicing == MIXED
    assert not desk.state.can_redo


def test_a_level_that_is_turned_is_one_step_of_undo(desk: Any) -> None:
    for percent in range(99, 50, -1):
        desk.studio.set_trim(Voice.KICK, percent / 100)
    desk.studio.undo()
    assert desk.state.voicing == Voicing()


def test_undo_of_the_mix_leaves_the_loop_and_undo_of_the_loop_the_mix(desk: Any) -> None:
    first = desk.state.settings
    desk.studio.set_slider("z1", 1.0)
    held = desk.state.settings
    desk.studio.set_mute(Voice.KICK, True)
    desk.studio.set_slider("z1", 2.0)
    desk.studio.undo()
    assert (desk.state.settings, desk.state.voicing.muted[Voice.KICK]) == (held, True)
    desk.studio.undo()
    assert (desk.state.settings, desk.state.voicing.muted[Voice.KICK]) == (held, False)
    desk.studio.undo()
    assert desk.state.settings == first


def test_what_is_loaded_with_a_mix_is_one_step_of_undo(desk: Any) -> None:
    desk.studio.load(Sketch(Settings(seed=7)), MIXED)
    assert (desk.state.settings.seed, desk.state.voicing) == (7, MIXED)
    assert SetVoicing(MIXED) in desk.link.commands
    desk.studio.undo()
    assert (desk.state.settings, desk.state.voicing) == (Settings(), Voicing())
    assert not desk.state.can_undo


def test_a_player_that_is_started_anew_has_the_mix(desk: Any) -> None:
    mix(desk.studio)
    desk.tell(Ended(Stats()))
    desk.studio.play()
    assert len(desk.links) == 2
    assert desk.link.config.voicing == MIXED


def test_a_studio_begins_with_the_mix_of_its_config(make_desk: Callable[..., Any]) -> None:
    assert make_desk(PlayerConfig(voicing=MIXED)).state.voicing == MIXED


def test_a_mix_out_of_range_is_refused_and_changes_nothing(desk: Any) -> None:
    before, sent = desk.state, len(desk.link.commands)
    changes: list[Callable[[], None]] = [
        lambda: desk.studio.set_note(Voice.KICK, 128),
        lambda: desk.studio.set_trim(Voice.KICK, 3),
        lambda: desk.studio.set_channel(16),
    ]
    for change in changes:
        with pytest.raises(GroovebridgeError, match=r"\.$"):
            change()
    assert desk.state == before
    assert len(desk.link.commands) == sent


def test_each_change_may_say_when_it_is_heard_and_the_others_follow_the_setting(desk: Any) -> None:
    desk.studio.new_idea(at=SwapAt.NOW)
    assert desk.link.wait_for_loops(2)[-1].at is SwapAt.NOW
    desk.wait_for(lambda state: state.next_loop is not None and state.next_at is SwapAt.NOW)
    desk.studio.set_swap(SwapAt.LOOP)
    desk.studio.new_idea()
    assert desk.link.wait_for_loops(3)[-1].at is SwapAt.LOOP
    desk.wait_for(lambda state: state.next_at is SwapAt.LOOP)
    desk.studio.set_slider("z1", 1.0, SwapAt.STEP)
    assert desk.link.wait_for_loops(4)[-1].at is SwapAt.STEP


def test_the_newest_change_decides_when_it_is_heard(desk: Any) -> None:
    desk.model.free.clear()
    desk.studio.set_slider("z1", 1.0, SwapAt.NOW)
    desk.studio.set_slider("z1", 2.0, SwapAt.LOOP)
    desk.model.free.set()
    wanted = desk.model.loop(desk.state.settings)
    with desk.link.arrived:
        assert desk.link.arrived.wait_for(lambda: desk.link.loops()[-1].loop == wanted, timeout=5)
    assert desk.link.loops()[-1].at is SwapAt.LOOP


def test_an_evolving_song_never_plays_the_first_blocks_loop_in_a_later_one(
    make_desk: Callable[..., Any],
) -> None:
    desk = make_desk(evolve=True)
    desk.tell(Anchor(5 * 15360, 0, 120, Motion.ROLLING, Sync.INTERNAL))
    desk.wait_for(lambda _: [each.block for each in desk.link.loops()][-1] == 7)
    before = len(desk.link.loops())
    desk.studio.set_seed(9, SwapAt.NOW)
    base, *blocks = desk.link.wait_for_loops(before + 4)[before:]
    assert (base.block, base.at) == (None, SwapAt.LOOP)
    assert [(each.block, each.at) for each in blocks] == [(n, SwapAt.NOW) for n in (5, 6, 7)]
    assert blocks[0].loop == desk.model.loop(Settings(seed=9, index=5))
    desk.tell(LoopPlaying(blocks[0].loop_id, 5 * 15360 + 100))
    assert desk.state.loop == blocks[0].loop
    assert desk.state.next_at is SwapAt.LOOP


def test_when_the_drums_sound_is_asked_of_the_player_which_tells_how_it_went(desk: Any) -> None:
    assert (desk.state.sound_when, desk.state.sound.stage) == (SoundWhen.OFF, SoundStage.OFF)
    desk.studio.set_sound(SoundWhen.ON)
    assert desk.link.commands[-1] == SetSound(SoundWhen.ON)
    assert desk.state.sound_when is SoundWhen.ON
    assert not desk.state.sounding
    desk.tell(Sound(SoundStage.ON, "speakers"))
    assert desk.state.sounding
    desk.tell(Ended(Stats()))
    assert not desk.state.sounding
    desk.studio.play()
    assert desk.link.config.sound is SoundWhen.ON
