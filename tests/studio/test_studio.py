"""The session: settings become loops, loops reach the player, and the state tells the truth about both."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from bridge.errors import GroovebridgeError
from bridge.model import Settings
from bridge.player import PlayerConfig
from bridge.player.messages import (
    Anchor,
    ClockState,
    Ended,
    Fault,
    Finished,
    LoopPlaying,
    Motion,
    Notice,
    OpenPorts,
    Panic,
    PortsOpened,
    SetSync,
    SetTempo,
    Start,
    Stats,
    Stop,
    SwapAt,
    Sync,
)
from bridge.studio import Studio, StudioState, position_ticks


def rolling(ticks: float = 0, sync: Sync = Sync.INTERNAL, bpm: float = 120) -> Anchor:
    return Anchor(ticks, 1_000, bpm, Motion.ROLLING, sync)


def test_the_first_loop_is_there_from_the_start_and_with_the_player(desk: Any) -> None:
    assert desk.state.loop == desk.model.loop(Settings())
    assert [loop.loop for loop in desk.link.loops()] == [desk.state.loop]


def test_settings_that_the_model_does_not_have_are_refused_before_a_player_starts() -> None:
    class Refusing:
        def loop(self, settings: Settings) -> Any:
            raise GroovebridgeError("There is no such slider.")

    def no_link(*_: object) -> Any:
        raise AssertionError("a player was started")

    with pytest.raises(GroovebridgeError, match="no such slider"):
        Studio(Refusing(), no_link)


def test_a_loop_is_next_until_the_player_says_that_it_plays(desk: Any) -> None:
    before = desk.state.loop
    desk.studio.new_idea()
    sent = desk.link.wait_for_loops(2)[1]
    assert sent.at is SwapAt.BAR
    desk.wait_for(lambda state: state.next_loop == sent.loop)
    assert desk.state.loop == before
    desk.tell(LoopPlaying(sent.loop_id, 3840))
    assert (desk.state.loop, desk.state.loop_id) == (sent.loop, sent.loop_id)
    assert desk.state.next_loop is None


def test_a_dragged_slider_decodes_the_newest_settings_only(desk: Any) -> None:
    desk.model.decoded.clear()
    desk.model.free.clear()
    for step in range(200):
        desk.studio.set_slider("z1", step / 100)
    desk.model.free.set()
    wanted = desk.state.settings
    with desk.link.arrived:
        assert desk.link.arrived.wait_for(lambda: desk.model.decoded[-1:] == [wanted], timeout=5)
    assert len(desk.model.decoded) <= 3


def test_a_style_is_asked_for_with_the_same_idea_and_can_be_left_open_again(desk: Any) -> None:
    desk.studio.new_idea()
    desk.studio.set_style("jazz")
    assert desk.state.settings == Settings(index=1, style="jazz")
    desk.link.wait_for_loops(2)
    assert desk.model.decoded[-1].style == "jazz"
    desk.studio.set_style(None)
    assert desk.state.settings == Settings(index=1)


def test_a_released_axis_goes_back_to_the_draw(desk: Any) -> None:
    desk.studio.set_slider("z1", 2.5)
    assert desk.state.settings.axes == {"z1": 2.5}
    desk.studio.set_slider("z1", None)
    desk.studio.set_slider("z7", None)
    assert desk.state.settings == Settings()


def test_values_out_of_range_are_refused_in_a_sentence_and_change_nothing(desk: Any) -> None:
    before = desk.state
    changes: list[Callable[[], None]] = [
        lambda: desk.studio.set_slider("z1", 3.5),
        lambda: desk.studio.set_temperature(-1),
        lambda: desk.studio.set_seed(-1),
        lambda: desk.studio.set_tempo(500),
    ]
    for change in changes:
        with pytest.raises(GroovebridgeError, match=r"out of range|cannot be set"):
            change()
    assert desk.state == before


def test_an_unknown_slider_becomes_a_fault_and_decoding_goes_on(desk: Any) -> None:
    desk.studio.set_slider("tightness", 1)
    assert "no slider" in desk.wait_for(lambda state: state.fault is not None).fault
    desk.studio.dismiss_fault()
    desk.studio.set_slider("tightness", None)
    desk.studio.new_idea()
    desk.link.wait_for_loops(2)
    assert desk.state.fault is None


def test_a_new_seed_begins_with_its_first_idea(desk: Any) -> None:
    desk.studio.new_idea()
    desk.studio.new_idea()
    assert desk.state.settings.index == 2
    desk.studio.set_seed(5)
    assert (desk.state.settings.seed, desk.state.settings.index) == (5, 0)


def test_transport_commands_reach_the_player_and_its_anchor_is_the_state(desk: Any) -> None:
    desk.studio.play()
    desk.studio.set_tempo(98.5)
    desk.studio.stop()
    desk.studio.panic()
    assert desk.link.commands[-4:] == [Start(0), SetTempo(98.5), Stop(), Panic()]
    assert not desk.state.playing
    desk.tell(rolling(bpm=98.5))
    assert desk.state.playing
    assert (desk.state.motion, desk.state.bpm) == (Motion.ROLLING, 98.5)


def test_while_we_follow_play_is_the_daws_and_its_tempo_is_shown(desk: Any) -> None:
    desk.studio.set_sync(Sync.CLOCK)
    desk.studio.play()
    assert desk.link.commands[-1] == SetSync(Sync.CLOCK)
    desk.tell(rolling(sync=Sync.CLOCK, bpm=87.3))
    assert desk.state.bpm == 87.3
    desk.studio.set_sync(Sync.INTERNAL)
    assert desk.state.bpm == 120


def test_on_link_play_is_ours_and_the_tempo_and_the_number_of_others_are_shown(desk: Any) -> None:
    desk.studio.set_sync(Sync.LINK)
    desk.studio.play()
    assert desk.link.commands[-2:] == [SetSync(Sync.LINK), Start(0)]
    desk.tell(Anchor(0, 1_000, 87.3, Motion.ROLLING, Sync.LINK, ClockState.LOCKED, peers=2))
    assert (desk.state.bpm, desk.state.peers) == (87.3, 2)


def test_link_that_is_not_installed_is_refused_with_how_to_add_it(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(GroovebridgeError, match=r"pip install .groovebridge\[link\]"):
        desk.studio.set_sync(Sync.LINK)
    assert desk.state.sync is Sync.INTERNAL
    assert SetSync(Sync.LINK) not in desk.link.commands


def test_evolve_keeps_the_player_two_blocks_ahead_wherever_the_song_goes(
    make_desk: Callable[..., Any],
) -> None:
    desk = make_desk(evolve=True)
    desk.studio.play()
    sent = desk.link.wait_for_loops(3)
    assert [loop.block for loop in sent] == [None, 1, 2]  # the loop for all blocks is block 0's draw
    assert sent[1].loop == desk.model.loop(Settings(index=1))
    desk.tell(rolling(), LoopPlaying(sent[1].loop_id, 15360))
    assert desk.link.wait_for_loops(4)[3].block == 3
    desk.tell(rolling(ticks=40 * 15360))
    assert [loop.block for loop in desk.link.wait_for_loops(7)[4:]] == [40, 41, 42]
    assert desk.link.loops()[4].loop == desk.model.loop(Settings(index=40))


def test_evolve_sends_a_block_again_that_the_player_has_forgotten(make_desk: Callable[..., Any]) -> None:
    """The player remembers the last 256 blocks; the loop for all blocks it never forgets."""
    desk = make_desk(evolve=True)
    base = desk.link.wait_for_loops(3)[0]
    for block in range(0, 300, 3):
        desk.tell(rolling(ticks=block * 15360))
        desk.link.wait_for_loops(block + 3)
    before = len(desk.link.wait_for_loops(300))
    desk.tell(rolling(ticks=5 * 15360))
    again = desk.link.wait_for_loops(before + 3)[before:]
    assert [loop.block for loop in again] == [5, 6, 7]
    assert again[0].loop == desk.model.loop(Settings(index=5))
    desk.tell(LoopPlaying(again[0].loop_id, 5 * 15360), LoopPlaying(base.loop_id, 0))
    assert desk.state.loop == base.loop


def test_evolve_decodes_its_blocks_anew_for_other_settings(make_desk: Callable[..., Any]) -> None:
    desk = make_desk(evolve=True)
    desk.link.wait_for_loops(3)
    desk.studio.set_slider("z1", 1)
    again = desk.link.wait_for_loops(6)[3:]
    assert [loop.block for loop in again] == [None, 1, 2]
    assert again[1].loop == desk.model.loop(Settings(index=1, axes={"z1": 1}))


def test_lost_ports_are_told_and_other_ports_can_be_opened(desk: Any) -> None:
    desk.tell(PortsOpened("jack", "Groovebridge:out", "Groovebridge:in"), rolling())
    assert desk.state.ports.out == "Groovebridge:out"
    desk.tell(Fault("The JACK server has gone.", ports_lost=True))
    assert (desk.state.ports, desk.state.fault) == (None, "The JACK server has gone.")
    desk.studio.open_ports("alsa", "synth")
    assert desk.state.fault is None
    assert desk.link.commands[-1] == OpenPorts("alsa", "synth", None)
    assert len(desk.links) == 1


def test_a_notice_ends_the_fault_and_stands_until_it_is_read(desk: Any) -> None:
    desk.tell(Fault("The JACK server has gone.", ports_lost=True), Notice("The port is back."))
    assert (desk.state.fault, desk.state.notice) == (None, "The port is back.")
    desk.studio.dismiss_fault()
    assert desk.state.notice is None
    desk.tell(Notice("The port is back."), Fault("It has gone again."))
    assert (desk.state.fault, desk.state.notice) == ("It has gone again.", None)


def test_a_new_player_gets_the_ports_that_were_open_last_and_not_those_that_were_refused(desk: Any) -> None:
    desk.tell(PortsOpened("jack", "Groovebridge:out", "Groovebridge:in", "daw:in", None))
    desk.studio.open_ports("jack", "wrong")
    desk.tell(Fault("There is no such port."))
    desk.tell(PortsOpened("jack", "Groovebridge:out", "Groovebridge:in", "daw:in", None))
    desk.tell(Fault("The player stopped unexpectedly.", fatal=True))
    desk.studio.play()
    config = desk.links[-1].config
    assert (config.api, config.out, config.inp) == ("jack", "daw:in", None)


def test_a_player_that_died_is_replaced_with_all_that_was_set(desk: Any) -> None:
    desk.studio.set_tempo(77)
    desk.studio.set_send_clock(True, while_stopped=True)
    desk.tell(rolling(), Fault("The player stopped unexpectedly.", fatal=True))
    assert desk.state.ended
    assert not desk.state.playing
    assert desk.state.fault == "The player stopped unexpectedly."
    desk.studio.open_ports("none", None, None)
    dead, alive = desk.links
    assert dead.closed
    assert (alive.config.bpm, alive.config.send_clock, alive.config.api) == (77, True, "none")
    assert alive.config.clock_while_stopped
    assert alive.loops()[0].loop == desk.state.loop
    assert not desk.state.ended
    assert desk.state.fault is None


def test_switching_the_clock_off_and_on_keeps_whether_it_runs_while_stopped(desk: Any) -> None:
    desk.studio.set_send_clock(True, while_stopped=True)
    desk.studio.set_send_clock(False)
    desk.studio.set_send_clock(True)
    assert desk.state.send_clock and desk.state.clock_while_stopped


def test_finished_and_figures_are_part_of_the_state(desk: Any) -> None:
    desk.tell(rolling(), Stats(notes_sent=3), Finished())
    assert desk.state.finished
    assert desk.state.stats == Stats(notes_sent=3)
    desk.studio.play()
    assert not desk.state.finished
    desk.tell(Ended(Stats(notes_sent=9)))
    assert desk.state.stats == Stats(notes_sent=9)
    assert desk.state.ended


def test_subscribers_hear_every_change_last_the_newest_until_they_leave(desk: Any) -> None:
    heard: list[StudioState] = []
    leave = desk.studio.subscribe(heard.append)
    desk.studio.set_swap(SwapAt.LOOP)
    assert heard[-1].swap_at is SwapAt.LOOP
    assert heard[-1] is desk.state
    leave()
    leave()
    told = len(heard)
    desk.studio.set_swap(SwapAt.STEP)
    assert len(heard) == told


def test_a_subscriber_may_call_the_studio(desk: Any) -> None:
    desk.studio.subscribe(lambda state: desk.studio.dismiss_fault() if state.fault else None)
    desk.tell(Fault("Something."))
    assert desk.state.fault is None


def test_close_ends_the_player_and_gives_its_figures(desk: Any) -> None:
    assert desk.studio.close() == Stats(notes_sent=7)
    assert desk.link.closed
    assert desk.studio.close() == Stats(notes_sent=7)


def test_the_position_follows_from_the_anchor() -> None:
    anchor = Anchor(960, 1_000_000_000, 120, Motion.ROLLING, Sync.INTERNAL)
    assert position_ticks(anchor, 1_500_000_000) == pytest.approx(1920)
    assert position_ticks(anchor, 0) == 0
    for motion in (Motion.STOPPED, Motion.ARMED):
        assert position_ticks(Anchor(960, 0, 120, motion, Sync.CLOCK), 9_999_999_999) == 960


def test_a_real_player_plays_the_bars_that_were_asked_for() -> None:
    class OneLoop:
        def loop(self, settings: Settings) -> Any:
            from tests.player.support import random_loop

            return random_loop(settings.index)

    done = threading.Event()
    studio = Studio(OneLoop(), config=PlayerConfig(api="none", bpm=400, bars=6), evolve=True)
    try:
        studio.subscribe(lambda state: done.set() if state.finished or state.fault else None)
        studio.play()
        assert done.wait(20)
        assert studio.state.fault is None
        assert studio.state.ports == PortsOpened("none", "nowhere", None)
    finally:
        stats = studio.close()
    assert stats is not None
    assert stats.notes_sent > 100
    assert (stats.open_notes, stats.swaps) == (0, 1)
    assert studio.state.ended
