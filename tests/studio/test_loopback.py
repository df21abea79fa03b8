"""Latency in the session and in words: set, measured, offered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.errors import GroovebridgeError
from bridge.player import PlayerConfig
from bridge.player.messages import Ended, Loopback, MeasureLoopback, SetLatency, SetSync, Stats, Sync
from bridge.studio.loopback import as_dict, in_words

FOUND = Loopback(sent=32, heard=32, latency_ms=5.333, jitter_ms=0.006, jitter_max_ms=0.01)


def test_a_latency_reaches_the_player_and_the_state_and_the_next_player(
    make_desk: Callable[..., Any],
) -> None:
    desk = make_desk(PlayerConfig(latency_ms=3.5))
    assert desk.state.latency_ms == 3.5
    desk.studio.set_latency(-12.5)
    assert desk.link.commands[-1] == SetLatency(-12.5)
    assert desk.state.latency_ms == -12.5
    desk.tell(Ended(Stats()))
    desk.studio.play()
    assert desk.links[-1].config.latency_ms == -12.5


@pytest.mark.parametrize("latency_ms", [-201, 200.5, float("nan")])
def test_a_latency_out_of_range_changes_nothing(desk: Any, latency_ms: float) -> None:
    before = desk.state, len(desk.link.commands)
    with pytest.raises(GroovebridgeError, match="-200 to 200 ms"):
        desk.studio.set_latency(latency_ms)
    assert (desk.state, len(desk.link.commands)) == before


def test_a_measurement_is_asked_for_once_and_offers_what_to_set_by_who_leads(desk: Any) -> None:
    desk.studio.measure_loopback()
    desk.studio.measure_loopback()
    asked = [command for command in desk.link.commands if isinstance(command, MeasureLoopback)]
    assert asked == [MeasureLoopback(channel=9)]
    assert (desk.state.measuring, desk.state.latency_offer_ms) == (True, None)
    desk.tell(FOUND)
    assert (desk.state.measuring, desk.state.latency_offer_ms) == (False, 0)
    desk.studio.set_sync(Sync.CLOCK)
    assert desk.link.commands[-1] == SetSync(Sync.CLOCK)
    assert desk.state.latency_offer_ms == 5.3
    desk.studio.set_latency(desk.state.latency_offer_ms)
    assert desk.link.commands[-1] == SetLatency(5.3)


def test_nothing_is_offered_where_nothing_came_back(desk: Any) -> None:
    desk.studio.measure_loopback()
    desk.tell(Loopback(sent=32))
    assert (desk.state.measuring, desk.state.latency_offer_ms) == (False, None)


def test_a_player_that_ends_ends_the_measurement(desk: Any) -> None:
    desk.studio.measure_loopback()
    desk.tell(Ended(Stats()))
    assert not desk.state.measuring


@pytest.mark.parametrize(
    ("found", "said", "unsaid"),
    [
        (FOUND, "after 5.33 ms (jitter 0.01 ms, at most 0.01 ms; 32 of 32)", "lost"),
        (FOUND, "`groovebridge play --sync clock --latency 5.3`", "nothing to make up"),
        (FOUND, "On Ableton Link, 2.7", "lost"),
        (Loopback(32, 30, 5.3), "Some were lost", "nothing to make up"),
        (Loopback(32, 32, 0.02), "nothing to make up for", "--latency"),
        (Loopback(32, 32, 600), "more than can be made up for (200 ms)", "--latency"),
    ],
)
def test_the_outcome_in_words_says_what_to_do(found: Loopback, said: str, unsaid: str) -> None:
    words = in_words(found)
    assert said in words
    assert unsaid not in words


def test_programs_get_the_figures_and_what_to_set() -> None:
    answer = as_dict(FOUND)
    assert answer["latency_ms"] == 5.333
    assert answer["setting_ms"] == {"internal": 0.0, "clock": 5.3, "link": 2.7}
