"""A player that crashes is replaced, one whose studio died is taken up; nothing that was set is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bridge.model import Settings
from bridge.player.meeting import Orphan
from bridge.player.messages import (
    Alone,
    Anchor,
    Ended,
    FallIn,
    Fault,
    Legacy,
    LoopPlaying,
    Motion,
    Panic,
    PlayerConfig,
    PortsOpened,
    Remember,
    Report,
    SetLoop,
    SetTempo,
    Start,
    Stats,
    Stop,
    SwapAt,
    Sync,
)
from bridge.studio.memo import Memo
from bridge.studio.replacing import QUICK_S, Crashes
from bridge.studio.sketch import Sketch

CRASH = Fault("The player stopped unexpectedly.", fatal=True, crashed=True)
OPENED = PortsOpened("jack", "Groovebridge:out", "Groovebridge:in")
ROLLING = Anchor(1920, 7, 120, Motion.ROLLING, Sync.INTERNAL)
STANDING = replace(ROLLING, motion=Motion.STOPPED)


class Clock:
    """The studio's clock, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("bridge.studio.players.time", clock)
    return clock


def crash(desk: Any) -> Any:
    """The player crashes; the link to the one that takes its place, with all that it is given at once."""
    desk.tell(CRASH)
    desk.studio._players.wait()
    return desk.link


def kinds(link: Any) -> list[type]:
    return [type(command) for command in link.commands if not isinstance(command, Remember)]


def test_a_player_that_crashes_is_replaced_by_one_that_falls_in_with_the_song(desk: Any) -> None:
    desk.studio.set_tempo(77)
    desk.tell(OPENED, ROLLING)
    link = crash(desk)
    assert desk.links[0].closed
    assert link.config.bpm == 77
    assert kinds(link) == [SetLoop, Panic, FallIn]
    assert link.loops()[0].loop == desk.state.loop
    assert FallIn(ROLLING) in link.commands
    assert not desk.state.ended
    assert (desk.state.ports, desk.state.fault) == (None, None)
    desk.tell(OPENED)
    assert desk.state.ports == OPENED
    assert desk.state.fault is None
    assert "Another one has taken its place" in desk.state.notice


def test_a_song_that_stands_stays_where_it_is_and_what_sounded_is_closed(desk: Any) -> None:
    desk.tell(OPENED, STANDING)
    assert kinds(crash(desk)) == [SetLoop, Panic]


def test_what_is_asked_for_while_there_is_no_player_is_done_by_the_next(desk: Any) -> None:
    desk.tell(OPENED, ROLLING)
    desk.links[0].close = lambda: (desk.studio.stop(), desk.studio.set_tempo(99))
    link = crash(desk)
    assert [command for command in link.commands if isinstance(command, Stop | SetTempo)] == [
        Stop(),
        SetTempo(99),
    ]
    assert kinds(link)[-2:] == [Stop, SetTempo]


def test_a_loop_that_waits_waits_on_in_the_next_player(desk: Any) -> None:
    desk.studio.set_swap(SwapAt.LOOP)
    desk.tell(OPENED, LoopPlaying(1, 0), ROLLING)
    desk.studio.new_idea()
    waiting = desk.link.wait_for_loops(2)[1]
    link = crash(desk)
    assert kinds(link) == [SetLoop, Panic, FallIn, SetLoop]
    assert link.loops() == [SetLoop(desk.state.loop, 1), waiting]
    assert desk.state.next_loop_id == waiting.loop_id


def test_an_evolving_song_goes_on_with_its_blocks(make_desk: Callable[..., Any]) -> None:
    desk = make_desk(evolve=True)
    desk.link.wait_for_loops(3)
    desk.tell(OPENED, LoopPlaying(2, 15360), replace(ROLLING, ticks=16000))
    desk.link.wait_for_loops(4)
    given = {loop.block: loop.loop for loop in desk.link.loops()}
    link = crash(desk)
    assert [(loop.loop_id, loop.block) for loop in link.loops()[:5]] == [
        (2, None),
        (1, None),
        (2, 1),
        (3, 2),
        (4, 3),
    ]
    assert all(loop.loop == given[loop.block] for loop in link.loops()[1:])
    desk.tell(replace(ROLLING, ticks=0))  # back at the beginning: block 0 is the loop for all blocks
    desk.tell(replace(ROLLING, ticks=15360))
    assert len(link.loops()) == 5


def test_three_crashes_within_seconds_of_a_start_are_enough_until_the_user_asks_for_more(
    desk: Any, clock: Clock
) -> None:
    desk.tell(OPENED, ROLLING)
    for _ in range(2):
        clock.now_s += 1
        crash(desk)
        desk.tell(OPENED, ROLLING)
    clock.now_s += 1
    desk.tell(CRASH)
    assert desk.state.ended
    assert "3 times in a row" in desk.state.fault
    assert len(desk.links) == 3
    desk.studio.open_ports("none")
    assert len(desk.links) == 4
    clock.now_s += 1
    crash(desk)
    assert not desk.state.ended


def test_crashes_that_are_far_apart_are_never_enough() -> None:
    crashes = Crashes()
    for number in range(10):
        crashes.started(number * QUICK_S)
        assert not crashes.is_enough((number + 1) * QUICK_S)


def test_a_player_that_fails_says_its_last_words_and_is_replaced(desk: Any) -> None:
    desk.tell(OPENED, ROLLING)
    desk.links[0].close = lambda: desk.links[0].on_report(Ended(Stats(notes_sent=5)))
    crash(desk)
    assert not desk.state.ended


@pytest.mark.parametrize("end", [CRASH, Fault("Gone.", fatal=True), Ended(Stats())])
def test_that_nobody_listens_to_a_player_is_forgotten_with_it(desk: Any, end: Report) -> None:
    desk.tell(OPENED, Alone(True))
    assert desk.state.alone
    desk.tell(end)
    desk.studio._players.wait()
    assert not desk.state.alone


def test_a_player_that_cannot_open_its_ports_is_not_started_again_and_again(desk: Any) -> None:
    desk.tell(Fault("No JACK server answers.", fatal=True), Ended(Stats()))
    assert desk.state.ended
    assert desk.state.fault == "No JACK server answers."
    assert len(desk.links) == 1


def test_a_studio_that_is_closed_while_its_player_crashes_starts_no_other(desk: Any) -> None:
    desk.studio.close()
    desk.tell(CRASH)
    assert len(desk.links) == 1


# --- a player whose studio died -----------------------------------------------------------------------------


def orphan_of(desk: Any) -> Orphan:
    """What the player of this desk would pass on."""
    memos = [command.memo for command in desk.link.commands if isinstance(command, Remember)]
    config = PlayerConfig(api="jack", bpm=133, send_clock=True)
    return Orphan(None, os.getpid(), Legacy(config, tuple(desk.link.loops()), memos[-1]))  # type: ignore[arg-type]


def test_the_next_studio_finds_all_as_it_was(make_desk: Callable[..., Any]) -> None:
    before = make_desk(evolve=True)
    before.link.wait_for_loops(3)
    before.studio.set_slider("z1", 1)
    before.studio.set_swap(SwapAt.LOOP)
    before.link.wait_for_loops(6)
    after = make_desk(orphan=orphan_of(before))
    after.tell(OPENED, LoopPlaying(4, 0), ROLLING)
    assert after.link.orphan is not None
    assert after.link.loops() == []
    state, was = after.state, before.state
    assert (state.settings, state.swap_at, state.evolve) == (was.settings, SwapAt.LOOP, True)
    assert (state.bpm, state.send_clock, state.sync) == (133, True, Sync.INTERNAL)
    assert (state.loop, state.loop_id) == (before.link.loops()[3].loop, 4)
    assert (state.anchor, state.ports) == (ROLLING, OPENED)
    assert "going on with its song" in state.notice
    after.studio.new_idea()
    assert after.link.wait_for_loops(1)[0].loop_id == 7


def test_settings_that_were_never_decoded_are_now(make_desk: Callable[..., Any]) -> None:
    before = make_desk()
    before.model.free.clear()
    before.studio.new_idea()
    orphan = orphan_of(before)
    before.model.free.set()
    after = make_desk(orphan=orphan)
    after.tell(LoopPlaying(1, 0))
    (loop,) = after.link.wait_for_loops(1)
    assert loop.loop == after.model.loop(Settings(index=1))
    assert after.state.next_loop_id == loop.loop_id


def test_settings_that_this_model_does_not_have_are_let_go_and_the_loop_plays_on(
    make_desk: Callable[..., Any],
) -> None:
    before = make_desk()
    memo = Memo(Sketch(Settings(axes={"z9": 1})), None, SwapAt.BAR, False)
    orphan = orphan_of(before)
    orphan = replace(orphan, legacy=replace(orphan.legacy, memo=memo.to_bytes()))
    after = make_desk(orphan=orphan)
    assert after.state.settings == Settings()
    assert after.state.loop == before.state.loop


@pytest.mark.parametrize("memo", [b"", b"\x80\x04N.", b"cbridge.studio.memo\nOther\n."])
def test_a_player_that_was_given_nothing_yet_is_given_all(make_desk: Callable[..., Any], memo: bytes) -> None:
    orphan = Orphan(None, os.getpid(), Legacy(PlayerConfig(), (), memo))  # type: ignore[arg-type]
    desk = make_desk(orphan=orphan)
    assert desk.link.loops()[0].loop == desk.model.loop(Settings())
    desk.studio.play()
    assert desk.link.commands[-1] == Start(0)
