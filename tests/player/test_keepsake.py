"""What a player keeps for the next studio, and how long it waits for one."""

from __future__ import annotations

import pytest

from bridge.player import PlayerConfig
from bridge.player.alone import PLAY_ON_NS, STAND_NS, Alone
from bridge.player.keepsake import Keepsake, settled
from bridge.player.messages import (
    Anchor,
    Command,
    Fault,
    LoopPlaying,
    Motion,
    OpenPorts,
    PortsOpened,
    Remember,
    SetLoop,
    SetSendClock,
    SetSound,
    SetSync,
    SetTempo,
    SetVoicing,
    Sound,
    SoundStage,
    SoundWhen,
    Start,
    Stop,
    Sync,
)
from bridge.player.voicing import Voicing
from tests.player.support import random_loop

CONFIG = PlayerConfig(api="auto", bars=8)
LOOP = random_loop(1)
OPENED = PortsOpened("jack", "Groovebridge:out", "Groovebridge:in")
NINE = (35, 37, 44, 46, 41, 45, 48, 57, 59)


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        (OpenPorts("none", "synth", "keys"), {"api": "none", "out": "synth", "inp": "keys"}),
        (SetTempo(97), {"bpm": 97}),
        (SetSync(Sync.CLOCK), {"sync": Sync.CLOCK}),
        (SetSendClock(True), {"send_clock": True}),
        (SetVoicing(Voicing(NINE, 3)), {"voicing": Voicing(NINE, 3)}),
        (SetSound(SoundWhen.AUTO), {"sound": SoundWhen.AUTO}),
        (SetTempo(7), {}),
        (Start(), {}),
        (Stop(), {}),
    ],
)
def test_a_config_follows_what_is_set_and_nothing_else(command: Command, changes: dict[str, object]) -> None:
    after = settled(CONFIG, command)
    assert {name for name in CONFIG.__slots__ if getattr(after, name) != getattr(CONFIG, name)} == set(
        changes
    )
    assert all(getattr(after, name) == value for name, value in changes.items())


def test_a_legacy_has_the_loop_that_plays_the_last_for_all_blocks_and_what_is_to_come() -> None:
    keepsake = Keepsake(CONFIG)
    keepsake.command(SetLoop(LOOP, 1))
    for number in range(2, 400):
        keepsake.command(SetLoop(LOOP, number, block=number))
    keepsake.report(LoopPlaying(200, 0))
    assert [each.loop_id for each in keepsake.legacy().loops] == [1, 200, 396, 397, 398, 399]


def test_a_legacy_has_settings_memo_and_the_last_word_on_ports_loop_place_and_sound() -> None:
    keepsake = Keepsake(CONFIG)
    anchor = Anchor(0, 5, 120, Motion.ROLLING, Sync.INTERNAL)
    sound = Sound(SoundStage.ON, "speakers")
    for report in (OPENED, LoopPlaying(1, 0), Anchor(0, 0, 120, Motion.STOPPED, Sync.INTERNAL), anchor):
        keepsake.report(report)
    keepsake.report(Sound(SoundStage.OPENING))
    keepsake.report(sound)
    keepsake.command(Remember(b"old"))
    keepsake.command(Remember(b"new"))
    keepsake.command(SetTempo(90))
    assert keepsake.legacy().memo == b"new"
    assert keepsake.legacy().config.bpm == 90
    assert keepsake.reports() == [OPENED, LoopPlaying(1, 0), anchor, sound]
    assert keepsake.api == "jack"


def test_ports_that_were_lost_are_told_as_lost() -> None:
    keepsake = Keepsake(CONFIG)
    keepsake.report(OPENED)
    lost = Fault("The port has gone.", ports_lost=True)
    keepsake.report(lost)
    keepsake.report(Fault("Something else."))
    assert keepsake.reports() == [lost]
    assert keepsake.api == "auto"


def test_one_who_is_alone_plays_on_for_a_minute() -> None:
    alone = Alone(5)
    assert not alone.is_over(True, 5)
    assert not alone.is_over(True, 4 + PLAY_ON_NS)
    assert alone.is_over(True, 5 + PLAY_ON_NS)


def test_one_who_is_alone_ends_when_the_song_has_stopped_but_not_between_stop_and_start() -> None:
    alone = Alone(0)
    assert not alone.is_over(False, 1)
    assert not alone.is_over(False, STAND_NS)
    assert not alone.is_over(True, STAND_NS + 1)
    assert not alone.is_over(False, STAND_NS + 2)
    assert alone.is_over(False, 2 * STAND_NS + 2)
