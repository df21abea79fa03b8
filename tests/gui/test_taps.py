"""A tempo that is tapped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import Qt

from bridge.player.messages import SetTempo, Sync
from bridge.studio import Studio
from bridge.studio.taps import Taps
from bridge.timing import MAX_BPM, MIN_BPM
from tests.gui.desk import Desk
from tests.gui.hands import SHIFT, click, drag_up, key


@pytest.mark.parametrize("bpm", [40.0, 97.5, 124.0, 240.0])
def test_steady_taps_are_their_tempo_from_the_second_one_on(bpm: float) -> None:
    taps = Taps()
    assert taps.tap(10.0) is None
    assert [taps.tap(10 + n * 60 / bpm) for n in range(1, 12)] == [pytest.approx(bpm, abs=0.06)] * 11


def test_one_slip_does_not_count() -> None:
    taps = Taps()
    told = [taps.tap(at) for at in (0, 0.5, 1.0, 1.62, 2.0, 2.5, 3.0)]
    assert told[-1] == 120.0


def test_after_a_pause_another_tempo_begins() -> None:
    taps = Taps()
    for n in range(6):
        taps.tap(n * 0.5)
    assert taps.tap(20.0) is None
    assert taps.tap(21.0) == 60.0


@given(st.lists(st.floats(0, 5), max_size=30))
def test_whatever_is_tapped_can_be_set(waits: list[float]) -> None:
    taps, now = Taps(), 0.0
    for wait in waits:
        now += wait
        bpm = taps.tap(now)
        assert bpm is None or MIN_BPM <= bpm <= MAX_BPM


def test_the_tap_button_and_its_key_set_the_tempo(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([10.0, 10.4, 10.8, 11.2])
    monkeypatch.setattr("gui.views.transport_bar.time.monotonic", lambda: next(now))
    bar = desk.window.transport
    click(bar.tap)
    click(bar.tap)
    assert desk.asked(SetTempo(150.0))
    key(desk.window.loop, Qt.Key.Key_T)
    desk.session.ask(Studio.set_sync, Sync.CLOCK)
    desk.until(lambda: not bar.tap.isEnabled())
    count = len(desk.band.asked)
    key(desk.window.loop, Qt.Key.Key_T)
    assert not any(isinstance(each, SetTempo) for each in desk.band.asked[count:])


def test_a_drag_upwards_is_faster_and_shift_is_finer(desk: Desk) -> None:
    box = desk.window.transport.tempo
    line = box.lineEdit()
    assert line is not None
    drag_up(line, 40)
    assert box.value() == 130.0
    assert desk.asked(SetTempo(130.0))
    drag_up(line, 40, SHIFT)
    assert box.value() == pytest.approx(130.4)
    click(line)
    assert box.value() == pytest.approx(130.4)
