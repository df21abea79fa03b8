"""The song position between two anchors, and when it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from bridge.player.messages import Anchor, Motion, Sync
from gui.models.playhead import TICKS_PER_BAR, Place, Playhead, count_words, loop_steps

SECOND = 1_000_000_000


def anchor(ticks: float = 0.0, at_ns: int = 0, bpm: float = 120.0, motion: Motion = Motion.ROLLING) -> Anchor:
    return Anchor(ticks, at_ns, bpm, motion, Sync.INTERNAL)


@given(st.integers(0, 10**6))
def test_places_count_bars_beats_and_sixteenths_from_one(step: int) -> None:
    place = Place.at(step * 240 + 239.9)
    assert ((place.bar - 1) * 4 + place.beat - 1) * 4 + place.step - 1 == step
    assert 1 <= place.beat <= 4
    assert 1 <= place.step <= 4


def test_a_place_reads_as_on_a_daw() -> None:
    assert str(Place.at(16 * TICKS_PER_BAR + 2 * 960 + 240)) == "17.3.2"


def test_the_loop_comes_round_every_four_bars() -> None:
    assert loop_steps(4 * TICKS_PER_BAR + 480) == 2.0


@pytest.mark.parametrize(
    ("motion", "watched", "ticking"),
    [
        (Motion.ROLLING, True, True),
        (Motion.ROLLING, False, False),
        (Motion.STOPPED, True, False),
        (Motion.ARMED, True, False),
    ],
)
@pytest.mark.parametrize("looks_first", [True, False])
def test_frames_are_told_only_while_the_song_rolls_and_someone_looks(
    qtbot: QtBot, motion: Motion, watched: bool, ticking: bool, looks_first: bool
) -> None:
    head = Playhead(lambda: SECOND)
    head.watch(not watched)
    if looks_first:
        head.watch(watched)
    head.follow(anchor(motion=motion))
    head.watch(watched)
    assert head.ticking is ticking
    head.follow(None)
    assert not head.ticking


def test_each_frame_tells_where_the_song_is(qtbot: QtBot) -> None:
    now = [0]
    head = Playhead(lambda: now[0])
    head.watch(True)
    head.follow(anchor(bpm=60.0))
    now[0] = SECOND
    with qtbot.waitSignal(head.moved, check_params_cb=lambda ticks: ticks == pytest.approx(960)):
        pass
    head.watch(False)


def test_a_count_is_told_by_the_bars_and_beats_that_are_left(qtbot: QtBot) -> None:
    now = [0]
    head = Playhead(lambda: now[0])
    head.watch(True)
    head.follow(Anchor(0, 8 * SECOND, 60.0, Motion.ARMED, Sync.INTERNAL))
    assert head.ticking
    told = []
    for second in range(8):
        now[0] = second * SECOND + 1
        assert head.count is not None
        told.append(count_words(head.count))
    minus = "\N{MINUS SIGN}"
    assert told == [f"{minus}{bar}.{beat}" for bar in (2, 1) for beat in (1, 2, 3, 4)]
    now[0] = 8 * SECOND
    assert head.count is None
    head.follow(Anchor(0, 8 * SECOND, 60.0, Motion.ARMED, Sync.LINK))
    now[0] = 0
    assert head.count is None
    head.watch(False)
