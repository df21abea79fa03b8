"""The settings: each is live, shows what is so, and says why it cannot be used when it cannot."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PyQt6.QtCore import Qt

from bridge.errors import GroovebridgeError
from bridge.player.messages import (
    Anchor,
    Fault,
    Loopback,
    MeasureLoopback,
    Motion,
    OpenPorts,
    PortsOpened,
    Priority,
    SetLatency,
    SetSendClock,
    Start,
    Stop,
    Sync,
)
from bridge.studio import Studio
from gui.views.clock_section import ClockSection
from gui.views.count_in_section import CountInSection
from gui.views.latency_section import LatencySection
from gui.views.machine_section import MachineSection, choices
from gui.views.settings_page import SECTIONS, SettingsPage
from tests.gui.desk import Desk
from tests.gui.hands import click, key, write

FOUND = Loopback(sent=32, heard=32, latency_ms=5.33, jitter_ms=0.01, jitter_max_ms=0.02)


def page_of(desk: Desk) -> SettingsPage:
    desk.window.show_page("settings")
    page = desk.window.sheet.page
    assert isinstance(page, SettingsPage)
    return page


def latency_of(desk: Desk) -> LatencySection:
    section = page_of(desk).sections["Latency"]
    assert isinstance(section, LatencySection)
    return section


def clock_of(desk: Desk) -> ClockSection:
    section = page_of(desk).sections["MIDI clock out"]
    assert isinstance(section, ClockSection)
    return section


def machine_of(desk: Desk) -> MachineSection:
    section = page_of(desk).sections["This machine"]
    assert isinstance(section, MachineSection)
    return section


def latency_now(desk: Desk) -> float:
    assert desk.session.state is not None
    return desk.session.state.latency_ms


def test_a_count_in_goes_with_the_next_start_and_is_said_while_it_counts(desk: Desk) -> None:
    section = page_of(desk).sections["Count-in"]
    assert isinstance(section, CountInSection)
    click(section.choices.buttons[1])
    click(desk.window.transport.play)
    assert desk.asked(Start(0, 1))
    begins_ns = time.perf_counter_ns() + 1_900_000_000  # in the first of four beats
    desk.band.report(Anchor(0, begins_ns, 120.0, Motion.ARMED, Sync.INTERNAL))
    desk.until(lambda: desk.session.status.text.startswith("Counting in"))
    assert desk.window.transport.sync_words == "Counting in"
    shown: list[str] = []
    desk.session.playhead.moved.connect(lambda _: shown.append(desk.window.transport.place.text()))
    desk.until(lambda: shown[-1:] == ["1.1.1"])
    counted = list(dict.fromkeys(shown))[:-1]
    counted = counted[counted.index("1.1.1") + 1 :] if "1.1.1" in counted else counted
    assert len(counted) > 1
    assert counted == sorted(text for text in counted if text.startswith("\N{MINUS SIGN}1."))
    click(desk.window.transport.stop)
    assert desk.asked(Stop())


def test_who_follows_is_told_who_counts_in(desk: Desk) -> None:
    section = page_of(desk).sections["Count-in"]
    assert isinstance(section, CountInSection)
    desk.session.ask(Studio.set_sync, Sync.CLOCK)
    desk.until(lambda: not section.choices.buttons[0].isEnabled())
    assert "DAW leads" in section.choices.buttons[0].toolTip()


def test_a_measurement_that_was_broken_off_says_so_and_offers_nothing(desk: Desk) -> None:
    section = latency_of(desk)
    why = "The song started while the latency was measured: stop it, and measure again."
    desk.band.report(replace(FOUND, heard=3, trouble=why))
    desk.until(lambda: section.outcome.text() == why)
    assert desk.session.state is not None
    assert desk.session.state.latency_offer_ms is None


def test_every_section_is_on_the_page_in_order(desk: Desk) -> None:
    assert list(page_of(desk).sections) == [title for title, _ in SECTIONS]


@pytest.mark.parametrize(("typed", "ms"), [("12.5", 12.5), ("-7", -7.0)])
def test_a_latency_that_is_typed_is_set(typed: str, ms: float, desk: Desk) -> None:
    box = latency_of(desk).box
    write(box, typed)
    key(box, Qt.Key.Key_Return)
    assert desk.asked(SetLatency(ms))
    assert latency_now(desk) == ms


def test_a_latency_that_was_set_elsewhere_is_shown(desk: Desk) -> None:
    section = latency_of(desk)
    desk.session.ask(Studio.set_latency, 20.0)
    assert section.box.value() == 20.0


def test_a_measurement_runs_tells_its_outcome_and_offers_what_to_set(desk: Desk) -> None:
    section = latency_of(desk)
    desk.session.ask(Studio.set_sync, Sync.CLOCK)
    click(section.measure)
    assert any(isinstance(command, MeasureLoopback) for command in desk.band.asked)
    assert section.outcome.text() == "Sending notes and listening …"
    assert not section.measure.isEnabled()
    desk.band.report(FOUND)
    desk.until(lambda: "5.3 ms" in section.outcome.text())
    assert section.measure.isEnabled()
    assert section.take.text() == "Set 5.3 ms"
    click(section.take)
    assert latency_now(desk) == 5.3
    assert not section.take.isVisible()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Loopback(sent=32), "No note came back"),
        (Loopback(32, 32, 600.0), "more than can be made up for"),
        (Loopback(sent=3, trouble="The port went away."), "The port went away."),
    ],
)
def test_a_measurement_that_finds_nothing_says_why(found: Loopback, said: str, desk: Desk) -> None:
    section = latency_of(desk)
    click(section.measure)
    desk.band.report(found)
    desk.until(lambda: said in section.outcome.text())


def test_nothing_is_measured_while_the_song_plays(desk: Desk) -> None:
    section = latency_of(desk)
    desk.session.ask(Studio.play)
    desk.until(lambda: not section.measure.isEnabled())
    assert section.measure.toolTip().startswith("Stop the song first")
    desk.session.ask(Studio.stop)
    desk.until(lambda: section.measure.isEnabled())


def test_nothing_is_measured_without_an_input(desk: Desk) -> None:
    section = latency_of(desk)
    desk.band.report(PortsOpened("jack", "Groovebridge:out", None))
    desk.until(lambda: not section.measure.isEnabled())
    assert section.measure.toolTip().startswith("There is no MIDI input")


def test_clock_is_sent_while_it_plays_always_or_not_at_all(desk: Desk) -> None:
    off, playing, always = clock_of(desk).choices.buttons
    click(always)
    assert desk.asked(SetSendClock(True, True))
    assert always.isChecked()
    click(playing)
    assert desk.asked(SetSendClock(True, False))
    click(off)
    assert desk.asked(SetSendClock(False, False))
    assert off.isChecked()


def test_before_the_drummer_is_there_the_settings_say_so(closed_desk: Desk) -> None:
    section, clock, machine = latency_of(closed_desk), clock_of(closed_desk), machine_of(closed_desk)
    for control in (section.box, section.measure, *clock.choices.buttons, *machine.choices.buttons):
        assert not control.isEnabled()
        assert control.toolTip() == "The drummer is still loading."


# --- this machine ---


def test_another_midi_system_is_used_at_once_with_ports_of_our_own_and_at_the_next_start(desk: Desk) -> None:
    desk.session.ports.choose_output("synth:in")
    desk.until(lambda: desk.session.ports.out == "synth:in")
    section = machine_of(desk)
    automatic, jack, *_ = section.choices.buttons
    assert automatic.isChecked()
    click(jack)
    assert desk.asked(OpenPorts("jack", None, None))
    assert desk.session.preferences.wishes.midi == "jack"
    assert jack.isChecked()
    click(desk.window.transport.ports.refresh_button)
    desk.until(lambda: desk.listed[-1] == "jack")


def test_the_system_in_use_and_the_priority_are_said_as_the_player_tells_them(desk: Desk) -> None:
    section = machine_of(desk)
    desk.until(lambda: section.in_use.text() == "JACK is in use.")
    assert section.priority.text() == "The player asks for it when it starts."
    desk.band.report(Priority("SCHED_FIFO"))
    desk.until(lambda: section.priority.text().startswith("Granted (SCHED_FIFO)"))
    desk.band.report(Priority(""))
    desk.until(
        lambda: section.priority.text().startswith("Not granted, so a busy program can delay the beat.")
    )
    desk.band.report(PortsOpened("none", "nowhere", None))
    desk.until(lambda: section.in_use.text() == "No MIDI system is running.")


@pytest.mark.parametrize(
    ("platform", "labels", "best"),
    [
        ("linux", ["Automatic", "JACK", "ALSA"], "Automatic: JACK if its server answers, else ALSA"),
        ("darwin", ["Automatic", "JACK", "CoreMIDI"], "Automatic: JACK if its server answers, else CoreMIDI"),
        (
            "win32",
            ["Automatic", "JACK", "Windows MIDI"],
            "Automatic: JACK if its server answers, else Windows MIDI",
        ),
        ("freebsd14", ["Automatic", "JACK"], "Automatic: JACK if its server answers"),
    ],
)
def test_each_platform_offers_its_own_midi_systems(
    platform: str, labels: list[str], best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    assert [label for label, _, _ in choices()] == labels
    assert choices()[0][2] == best


def test_a_system_that_does_not_answer_at_the_start_offers_to_look_again_or_to_take_another(
    closed_desk: Desk,
) -> None:
    desk, trouble = closed_desk, "No JACK server answers."
    desk.session.preferences.set_midi("jack")
    desk.list_trouble = GroovebridgeError(trouble)
    desk.open()
    desk.band.report(Fault(trouble, fatal=True))
    desk.until(lambda: desk.window.status.text.text() == trouble)
    assert desk.window.status.remedy.text() == "Look again"
    section = machine_of(desk)
    desk.until(lambda: section.in_use.text() == "No MIDI port is open.")
    desk.list_trouble = None
    click(section.choices.buttons[0])
    desk.until(lambda: section.in_use.text() == "JACK is in use.")
    assert len(desk.bands) == 2
    assert desk.window.status.text.text().startswith("Ready")
