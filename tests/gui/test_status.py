"""The sentence at the bottom: what it says, and which of several it says first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bridge.groove import STEPS, VOICES, DrumLoop, Voice
from bridge.player.messages import (
    Anchor,
    ClockState,
    Motion,
    PortsOpened,
    Sound,
    SoundStage,
    Stats,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.studio import StudioState
from bridge.studio.sketch import Sketch
from gui.models.status import Level, Remedy, Status, status_of

PORTS = PortsOpened("jack", "Groovebridge:out", "Groovebridge:in")


def picture(
    motion: Motion = Motion.STOPPED,
    sync: Sync = Sync.INTERNAL,
    clock: ClockState = ClockState.OFF,
    **rest: Any,
) -> StudioState:
    """A state with these in it, all else at rest."""
    anchor = Anchor(0, 0, 120.0, motion, sync, clock)
    quiet: dict[str, Any] = {"ports": PORTS, "anchor": anchor, "sync": sync, "loop": DrumLoop.empty()}
    return StudioState(Sketch(), loop_id=1, **{**quiet, **rest})


def test_a_fault_comes_before_all_else_and_can_be_dismissed() -> None:
    status = status_of(picture(sync=Sync.CLOCK, clock=ClockState.LOST, fault="The disk is full."))
    assert (status.level, status.text, status.remedy) == (
        Level.ATTENTION,
        "The disk is full.",
        Remedy.DISMISS,
    )


def test_a_lost_port_offers_to_look_again() -> None:
    assert status_of(picture(ports=None, fault="The server has gone.")).remedy is Remedy.REOPEN


def test_good_news_is_said_calmly_until_it_is_dismissed() -> None:
    assert status_of(picture(notice="It is back.")) == Status(Level.CALM, "It is back.", Remedy.DISMISS)


def test_good_news_does_not_hide_that_nobody_hears_the_song() -> None:
    playing = picture(motion=Motion.ROLLING, alone=True, notice="Recorded 4 bars.")
    assert "nobody hears" in status_of(playing).text


def test_a_machine_without_midi_is_told_what_to_do() -> None:
    status = status_of(picture(ports=PortsOpened("none", "nowhere", None)))
    assert status.level is Level.ATTENTION
    assert "Start JACK" in status.text
    assert "sound" not in status.text
    assert status.remedy is Remedy.REOPEN


FAILED = Sound(SoundStage.FAILED, "There is no sound output.")


def test_a_sound_that_failed_is_said_in_words_where_nothing_else_is_heard() -> None:
    status = status_of(picture(ports=PortsOpened("none", "nowhere", None), sound=FAILED))
    assert "no sound output opens, so nothing is heard" in status.text
    assert status.remedy is Remedy.REOPEN
    alone = picture(motion=Motion.ROLLING, alone=True, sound=FAILED)
    assert "no sound output opens, so nobody hears" in status_of(alone).text
    assert "sound" not in status_of(replace(alone, alone=False)).text


@pytest.mark.parametrize(
    ("seconds", "words"), [(2, "for 2 s."), (119, "for 119 s."), (185, "for 3 minutes.")]
)
def test_a_lost_clock_is_told_with_how_long_it_has_been_silent(seconds: int, words: str) -> None:
    lost = picture(sync=Sync.CLOCK, clock=ClockState.LOST)
    assert words in status_of(lost, silent_s=seconds).text


@pytest.mark.parametrize(
    ("clock", "level", "words"),
    [
        (ClockState.WAITING, Level.BUSY, "Waiting for MIDI clock at Groovebridge:in"),
        (ClockState.LOCKING, Level.BUSY, "finding its tempo"),
        (ClockState.LOCKED, Level.CALM, "Press play in your DAW"),
        (
            ClockState.LOST,
            Level.ATTENTION,
            "No MIDI clock at Groovebridge:in for 1 s. Press play in your DAW",
        ),
    ],
)
def test_every_state_of_the_clock_is_said_in_words(clock: ClockState, level: Level, words: str) -> None:
    status = status_of(picture(sync=Sync.CLOCK, clock=clock))
    assert status.level is level
    assert words in status.text


@pytest.mark.parametrize(
    ("clock", "peers", "motion", "words"),
    [
        (ClockState.LOCKING, 0, Motion.STOPPED, "Looking for others"),
        (ClockState.WAITING, 0, Motion.STOPPED, "No one else is on Link yet"),
        (ClockState.LOCKED, 1, Motion.STOPPED, "On Link with one other"),
        (ClockState.LOCKED, 3, Motion.STOPPED, "On Link with 3 others"),
        (ClockState.LOCKED, 3, Motion.ARMED, "on the next bar line"),
        (ClockState.LOCKED, 3, Motion.ROLLING, "Playing to"),
    ],
)
def test_on_link_it_is_said_who_else_is_there(
    clock: ClockState, peers: int, motion: Motion, words: str
) -> None:
    anchor = Anchor(0, 0, 120.0, motion, Sync.LINK, clock, peers=peers)
    assert words in status_of(picture(sync=Sync.LINK, anchor=anchor)).text


def test_while_it_plays_it_is_said_who_hears_it() -> None:
    playing = picture(motion=Motion.ROLLING)
    assert status_of(playing).text == "Playing to Groovebridge:out."
    alone = replace(playing, alone=True, sound=Sound(SoundStage.ON, "JACK"))
    assert status_of(alone).text == "Playing the built-in drums; nothing is connected to Groovebridge:out."
    assert status_of(alone, output="Synth").text == "Playing to Synth."


def test_messages_that_were_ready_too_late_are_told_once_the_song_rests() -> None:
    late = Stats(late_handover=3)
    assert "3 messages were ready only after their time" in status_of(picture(stats=late)).text
    assert "after their time" not in status_of(picture(motion=Motion.ROLLING, stats=late)).text
    assert "after their time" not in status_of(picture(stats=Stats())).text


def test_following_without_an_input_says_to_choose_one() -> None:
    without_input = replace(PORTS, inp=None)
    status = status_of(picture(sync=Sync.CLOCK, clock=ClockState.WAITING, ports=without_input))
    assert "Choose an input" in status.text


@pytest.mark.parametrize(
    ("swap_at", "when"),
    [
        (SwapAt.NOW, "over now"),
        (SwapAt.STEP, "next step"),
        (SwapAt.BAR, "next bar"),
        (SwapAt.LOOP, "start again"),
    ],
)
def test_the_loop_that_waits_is_announced_with_its_moment(swap_at: SwapAt, when: str) -> None:
    assert when in status_of(picture(motion=Motion.ROLLING, next_loop=DrumLoop.empty(), next_at=swap_at)).text


def test_a_quiet_window_says_which_port_to_choose_and_which_keys_to_press() -> None:
    text = status_of(picture()).text
    assert "Groovebridge:out" in text
    assert "Space" in text


def test_a_chosen_output_is_named_instead_of_our_own_port() -> None:
    assert "The drums go to synth:in" in status_of(picture(), "synth:in").text


NOWHERE = PortsOpened("none", "nowhere", None)
SOUNDING = Sound(SoundStage.ON, "speakers")


@pytest.mark.parametrize("motion", [Motion.STOPPED, Motion.ROLLING])
def test_without_midi_the_drums_that_are_heard_are_no_trouble_and_midi_can_be_looked_for(
    motion: Motion,
) -> None:
    status = status_of(picture(motion, ports=NOWHERE, sound=SOUNDING))
    assert (status.level, status.remedy) == (Level.CALM, Remedy.REOPEN)
    assert "built-in drums" in status.text
    opening = status_of(picture(motion, ports=NOWHERE, sound=Sound(SoundStage.OPENING)))
    assert opening.level is Level.BUSY
    failed = status_of(picture(motion, ports=NOWHERE, sound=Sound(SoundStage.FAILED, "Plug in.")))
    assert failed.level is Level.ATTENTION


def test_who_hears_the_drums_is_told_how_a_daw_would() -> None:
    text = status_of(picture(sound=SOUNDING)).text
    assert "You hear the built-in drums; for a DAW, choose Groovebridge:out" in text


def test_a_song_that_nobody_can_hear_says_what_to_connect() -> None:
    alone = picture(motion=Motion.ROLLING, alone=True)
    status = status_of(alone)
    assert status.level is Level.ATTENTION
    assert "Nothing is connected to Groovebridge:out" in status.text
    assert "nobody hears" not in status_of(replace(alone, sound=SOUNDING)).text
    assert "nobody hears" not in status_of(alone, "synth:in").text


_HITS = np.isin(np.arange(STEPS * VOICES).reshape(STEPS, VOICES), (Voice.KICK, Voice.SNARE))
SNARE_AND_KICK = DrumLoop.of(_HITS, 0.5 * _HITS, 0.0 * _HITS)


@pytest.mark.parametrize(
    ("muted", "soloed", "words"),
    [
        ((), (Voice.CRASH,), "Only the crash is soloed, and it has no hits here"),
        ((), (Voice.CRASH, Voice.RIDE), "What is soloed has no hits here"),
        ((Voice.SNARE,), (Voice.SNARE,), "What is soloed is muted"),
        ((Voice.SNARE, Voice.KICK), (), "Every voice that plays is muted"),
        ((Voice.SNARE,), (), None),
        ((), (Voice.SNARE, Voice.CRASH), None),
    ],
)
def test_a_mix_that_lets_nothing_through_is_said_while_it_plays(
    muted: tuple[Voice, ...], soloed: tuple[Voice, ...], words: str | None
) -> None:
    voicing = Voicing()
    for voice in Voice:
        voicing = voicing.of(voice, muted=voice in muted, soloed=voice in soloed)
    for ports in (PORTS, NOWHERE):
        rest = picture(ports=ports, sound=SOUNDING, loop=SNARE_AND_KICK, voicing=voicing)
        playing = replace(rest, anchor=Anchor(0, 0, 120.0, Motion.ROLLING, Sync.INTERNAL, ClockState.OFF))
        text = status_of(playing).text
        assert (words is None) is ("nothing is heard" not in text)
        assert (words or "") in text
        assert "nothing is heard" not in status_of(rest).text
