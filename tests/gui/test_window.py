"""The window under a person's hands: mouse, wheel and keys, down to what the player is asked for."""

from __future__ import annotations

import sys

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QAbstractSpinBox, QComboBox, QLabel, QPushButton, QSlider, QWidget

from bridge.errors import GroovebridgeError
from bridge.groove import Voice
from bridge.player.messages import (
    Anchor,
    ClockState,
    Fault,
    Motion,
    OpenPorts,
    Panic,
    PortsChanged,
    PortsOpened,
    SetSound,
    SetSync,
    SetTempo,
    Sound,
    SoundStage,
    SoundWhen,
    Start,
    Stop,
    SwapAt,
    Sync,
)
from bridge.studio import Studio
from bridge.studio.morphing import Morpher
from gui import app
from gui.models import Phase
from gui.views.pages import PAGES
from gui.views.slider_grid import signed
from gui.views.words import unready
from tests.gui.desk import AXES, Desk
from tests.gui.hands import NO_KEYS, SHIFT, click, double_click, drag, key, type_in, write

Key = Qt.Key

# --- transport ---


def test_the_play_button_rolls_the_song_and_the_playhead_moves(desk: Desk) -> None:
    click(desk.window.transport.play)
    desk.until(lambda: desk.session.playhead.rolling)
    assert desk.asked(Start(0))
    assert desk.window.transport.play.isChecked()
    start = desk.window.loop.playhead_steps
    desk.until(lambda: desk.window.loop.playhead_steps > start + 0.5)
    desk.until(lambda: desk.window.transport.place.text() != "1.1.1")


def test_the_stop_button_stops_and_the_playhead_rests(desk: Desk) -> None:
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.playhead.ticking)
    click(desk.window.transport.stop)
    desk.until(lambda: not desk.session.playhead.ticking)
    assert desk.asked(Stop())
    assert not desk.window.transport.play.isChecked()


def test_the_drum_sound_is_chosen_with_the_keys_and_says_how_it_is(desk: Desk) -> None:
    bar = desk.window.transport
    assert bar.sound.currentText() == "Off"  # as this session's player was started
    key(bar.sound, Key.Key_Up)
    desk.until(lambda: desk.asked(SetSound(SoundWhen.ON)))
    assert bar.sound.currentText() == "On"
    told = {
        Sound(SoundStage.OPENING): "Sound: opening",
        Sound(SoundStage.ON, "speakers"): "Sound: heard",
        Sound(SoundStage.FAILED, "There is no sound output."): "Sound: failed",
        Sound(SoundStage.OFF): "Drum sound",
    }
    for sound, words in told.items():
        desk.band.report(sound)
        desk.until(lambda words=words: bar.sound_words == words)  # type: ignore[misc]
        assert sound.text in bar.sound.toolTip()
    key(bar.sound, Key.Key_Up)
    desk.until(lambda: desk.asked(SetSound(SoundWhen.AUTO)))


def test_before_there_is_a_drummer_its_sound_cannot_be_chosen_and_the_tip_says_why(closed_desk: Desk) -> None:
    sound = closed_desk.window.transport.sound
    assert not sound.isEnabled()
    assert "still loading" in sound.toolTip()


@pytest.mark.parametrize("place", ["window", "tempo", "seed", "sync", "slider", "panic"])
def test_space_plays_and_stops_wherever_the_focus_is(desk: Desk, place: str) -> None:
    bar, panel = desk.window.transport, desk.window.sliders
    widgets: dict[str, QWidget] = {
        "window": desk.window,
        "tempo": bar.tempo,
        "seed": panel.seed,
        "sync": bar.sync,
        "slider": panel.freedom.slider,
        "panic": bar.panic,
    }
    key(widgets[place], Key.Key_Space)
    desk.until(lambda: desk.session.playhead.rolling)
    key(widgets[place], Key.Key_Space)
    desk.until(lambda: not desk.session.playhead.rolling)
    assert not desk.asked(Panic())


def test_a_typed_tempo_reaches_the_player(desk: Desk) -> None:
    box = desk.window.transport.tempo
    write(box, "127.35")
    key(box, Key.Key_Return)
    desk.until(lambda: desk.asked(SetTempo(127.35)))
    assert box.value() == 127.35


def test_a_click_into_a_number_or_a_double_click_has_it_replaced_by_what_is_typed(desk: Desk) -> None:
    desk.window.activateWindow()
    box = desk.window.transport.tempo
    line = box.lineEdit()
    assert line is not None
    at_the_cents = QPoint(line.width() // 2, line.height() // 2)
    desk.window.setFocus()
    click(line, at_the_cents)
    assert box.hasFocus()
    type_in(box, "133.5")
    key(box, Key.Key_Return)
    assert box.value() == 133.5
    click(line, at_the_cents)
    double_click(line, at_the_cents)
    type_in(box, "90")
    key(box, Key.Key_Return)
    assert box.value() == 90.0


def test_a_tempo_typed_with_a_decimal_comma_is_that_tempo(desk: Desk) -> None:
    box = desk.window.transport.tempo
    write(box, "133,5")
    key(box, Key.Key_Return)
    assert box.value() == 133.5
    desk.until(lambda: desk.asked(SetTempo(133.5)))


def test_a_tempo_is_not_taken_before_it_is_typed_to_its_end(desk: Desk) -> None:
    box = desk.window.transport.tempo
    write(box, "90")
    assert box.text() == "90"
    assert not any(isinstance(command, SetTempo) for command in desk.band.asked)


def test_what_is_being_typed_survives_news_from_the_player(desk: Desk) -> None:
    box = desk.window.transport.tempo
    write(box, "90")
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.playhead.rolling)
    assert box.text() == "90"


@pytest.mark.parametrize(("modifier", "bpm"), [(NO_KEYS, 121.0), (SHIFT, 120.1)])
def test_arrow_keys_step_the_tempo_and_shift_makes_them_fine(
    desk: Desk, modifier: Qt.KeyboardModifier, bpm: float
) -> None:
    box = desk.window.transport.tempo
    key(box, Key.Key_Up, modifier)
    desk.until(lambda: desk.asked(SetTempo(bpm)))


def test_following_a_clock_hands_the_transport_to_the_daw_and_says_so(desk: Desk) -> None:
    bar = desk.window.transport
    key(bar.sync, Key.Key_Down)
    desk.until(lambda: desk.asked(SetSync(Sync.CLOCK)))
    desk.until(lambda: desk.window.status.text.text().startswith("Waiting for MIDI clock at Groovebridge:in"))
    for control in (bar.play, bar.stop):
        assert not control.isEnabled()
        assert "DAW" in control.toolTip()
    assert "MIDI clock" in bar.tempo.toolTip()
    key(desk.window, Key.Key_Space)
    assert not desk.asked(Start(0))


def test_a_locked_clock_shows_its_tempo_and_how_well_it_is_held(desk: Desk) -> None:
    desk.session.ask(Studio.set_sync, Sync.CLOCK)
    desk.band.report(Anchor(3840, 0, 93.5, Motion.ROLLING, Sync.CLOCK, ClockState.LOCKED, 0.21))
    desk.until(lambda: desk.window.transport.tempo.value() == 93.5)
    assert desk.window.transport.sync_words == "Sync: locked · 0.2 ms"


def test_panic_silences(desk: Desk) -> None:
    click(desk.window.transport.panic)
    assert desk.asked(Panic())


def test_return_presses_the_button_that_has_the_focus(desk: Desk) -> None:
    key(desk.window.transport.panic, Key.Key_Return)
    assert desk.asked(Panic())


# --- ports ---


def test_the_ports_of_other_programs_are_offered_beside_the_virtual_one(desk: Desk) -> None:
    ports = desk.window.transport.ports
    desk.until(lambda: ports.out.count() == 3)
    assert [ports.out.itemText(row) for row in range(3)] == ["Virtual port", "live:in", "synth:in"]
    assert [ports.inp.itemText(row) for row in range(2)] == ["Virtual port", "live:out"]


def test_a_chosen_output_is_opened_and_the_input_kept(desk: Desk) -> None:
    ports = desk.window.transport.ports
    desk.until(lambda: ports.out.count() == 3)
    key(ports.inp, Key.Key_Down)
    key(ports.out, Key.Key_Down)
    desk.until(lambda: desk.asked(OpenPorts("jack", "live:in", "live:out")))
    assert ports.out.currentText() == "live:in"


def test_a_port_that_came_later_is_found_by_looking_again(desk: Desk) -> None:
    ports = desk.window.transport.ports
    desk.until(lambda: ports.out.count() == 3)
    desk.names = type(desk.names)("jack", (*desk.names.outputs, "new:in"), desk.names.inputs)
    click(ports.refresh_button)
    desk.until(lambda: ports.out.count() == 4)


def test_a_port_that_is_plugged_in_is_found_by_itself(desk: Desk) -> None:
    ports = desk.window.transport.ports
    desk.until(lambda: ports.out.count() == 3)
    for count in (4, 5, 6):  # the last change counts, also while an answer is on its way
        desk.names = type(desk.names)("jack", (*desk.names.outputs, f"new{count}:in"), desk.names.inputs)
        desk.band.report(PortsChanged())
    desk.until(lambda: ports.out.count() == 6)
    desk.list_trouble = GroovebridgeError("No JACK server answers.")  # it is going, as its ports are
    desk.names = type(desk.names)("jack", (), ())
    desk.band.report(PortsChanged())
    desk.list_trouble = None
    desk.band.report(PortsChanged())
    desk.until(lambda: ports.out.count() == 1)
    assert desk.window.status.text.text().startswith("Ready")


def test_a_choice_that_was_refused_is_shown_no_more(desk: Desk) -> None:
    ports = desk.window.transport.ports
    desk.until(lambda: ports.out.count() == 3)
    desk.session.ports.choose_output("synth:in")
    desk.until(lambda: ports.out.currentText() == "synth:in")
    desk.band.report(Fault("It has just gone."))
    desk.band.report(PortsOpened("jack", "Groovebridge:out", "Groovebridge:in"))
    desk.until(lambda: ports.out.currentText() == "Virtual port")
    assert desk.window.status.text.text() == "It has just gone."


def test_a_chosen_port_that_went_away_is_shown_as_gone(desk: Desk) -> None:
    ports = desk.window.transport.ports
    desk.until(lambda: ports.out.count() == 3)
    desk.session.ports.choose_output("synth:in")
    desk.names = type(desk.names)("jack", (), ())
    click(ports.refresh_button)
    desk.until(lambda: ports.out.currentText() == "synth:in (gone)")


def test_a_lost_port_is_said_in_words_and_looked_for_again_at_a_click(desk: Desk) -> None:
    text = "The JACK server has gone away. Start it again and look again."
    desk.band.report(Fault(text, ports_lost=True))
    line = desk.window.status
    desk.until(lambda: line.text.text() == text)
    assert line.remedy.text() == "Look again"
    assert not desk.window.transport.play.isEnabled()
    assert "No MIDI port is open" in desk.window.transport.play.toolTip()
    key(desk.window, Key.Key_Space)
    assert not desk.asked(Start(0))
    click(line.remedy)
    desk.until(lambda: desk.asked(OpenPorts("auto")))
    desk.until(lambda: line.text.text().startswith("Ready"))


def test_without_midi_the_ports_say_why_they_are_off(desk: Desk) -> None:
    desk.names = type(desk.names)("none", (), ())
    desk.band.report(PortsOpened("none", "nowhere", None))
    ports = desk.window.transport.ports
    desk.until(lambda: not ports.out.isEnabled())
    assert "No MIDI system" in ports.out.toolTip()


def test_ports_that_cannot_be_listed_are_said_in_words(desk: Desk) -> None:
    desk.list_trouble = GroovebridgeError("JACK is not installed. Install jackd2.")
    click(desk.window.transport.ports.refresh_button)
    desk.until(lambda: desk.window.status.text.text() == "JACK is not installed. Install jackd2.")
    desk.list_trouble = None
    click(desk.window.transport.ports.refresh_button)
    click(desk.window.status.remedy)
    assert desk.window.status.text.text().startswith("Ready")


def test_when_the_clock_is_lost_one_press_plays_on_by_our_own(desk: Desk) -> None:
    desk.session.ask(Studio.set_sync, Sync.CLOCK)
    desk.band.report(Anchor(7680, 0, 120.0, Motion.STOPPED, Sync.CLOCK, ClockState.LOST))
    line = desk.window.status
    desk.until(lambda: "No MIDI clock at Groovebridge:in for 1 s." in line.text.text())
    desk.until(lambda: "for 2 s." in line.text.text())
    assert line.remedy.text() == "Play on alone"
    click(line.remedy)
    assert desk.asked(SetSync(Sync.INTERNAL))
    assert desk.asked(Start(None, 0))


def test_playing_on_alone_keeps_the_tempo_of_the_clock_that_was_lost(desk: Desk) -> None:
    desk.session.ask(Studio.set_tempo, 133.0)
    desk.session.ask(Studio.set_sync, Sync.CLOCK)
    desk.band.report(Anchor(7680, 0, 99.998, Motion.STOPPED, Sync.CLOCK, ClockState.LOST))
    desk.until(lambda: desk.window.status.remedy.text() == "Play on alone")
    click(desk.window.status.remedy)
    asked = desk.band.asked
    assert asked[-3:] == [SetSync(Sync.INTERNAL), SetTempo(100.0), Start(None, 0)]
    assert desk.window.transport.tempo.value() == 100.0


# --- the loop ---


def test_a_new_idea_is_outlined_until_it_takes_over(desk: Desk) -> None:
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.playhead.rolling)
    before = desk.session.loop
    key(desk.window, Key.Key_N)
    desk.until(lambda: desk.session.next_loop is not None)
    coming = desk.session.next_loop
    desk.until(lambda: "takes over at the next bar" in desk.window.status.text.text())
    assert desk.session.loop == before
    desk.band.turn_over()
    desk.until(lambda: desk.session.loop == coming)
    assert desk.session.next_loop is None


def test_the_picture_changes_with_the_loop_and_with_the_one_that_waits(desk: Desk) -> None:
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.playhead.rolling)
    desk.window.loop.resize(1100, 400)
    pictures = [desk.window.loop.picture().toImage()]
    click(desk.window.sliders.new_idea)
    desk.until(lambda: desk.session.next_loop is not None)
    pictures.append(desk.window.loop.picture().toImage())
    desk.band.turn_over()
    desk.until(lambda: desk.session.next_loop is None)
    pictures.append(desk.window.loop.picture().toImage())
    assert pictures[0] != pictures[1] != pictures[2] != pictures[0]


def test_a_moving_playhead_repaints_only_strips(desk: Desk) -> None:
    painted: list[int] = []
    desk.window.loop.painted.connect(lambda rect: painted.append(rect.width()))
    desk.session.ask(Studio.play)
    desk.until(lambda: len(painted) >= 20)
    assert sorted(painted)[len(painted) // 2] <= 40


def test_a_hit_tells_its_velocity_and_its_timing(desk: Desk) -> None:
    loop = desk.session.loop
    assert loop is not None
    step, voice = next((int(s), Voice(int(v))) for s, v in zip(*loop.hits.nonzero(), strict=True))
    words = desk.window.loop.hand.describe((step, voice))
    assert words.startswith(f"{voice.title}, {step // 16 + 1}.{step % 16 // 4 + 1}.{step % 4 + 1}: velocity ")
    empty = next(s for s in range(64) if not loop.hits[s, voice])
    assert desk.window.loop.hand.describe((empty, voice)).endswith(": rest")


# --- sliders ---


def test_a_dragged_slider_moves_that_slider_and_changes_the_loop(desk: Desk) -> None:
    row = desk.window.sliders.named.rows["density"]
    assert row.slider.accessibleName() == "Density"
    assert (row.slider.shown, row.slider.held) == (0.0, False)
    before = desk.session.loop
    drag(row.slider, row.slider.rect().center(), 60)
    assert desk.settings.sliders == {"density": pytest.approx(row.slider.shown)}
    assert row.slider.shown > 0.2
    assert row.slider.held
    assert row.figure.text() == signed(row.slider.shown)
    desk.until(lambda: desk.session.loop != before)


def test_a_slider_is_kept_when_another_idea_is_drawn(desk: Desk) -> None:
    desk.session.ask(Studio.set_slider, "swing", 0.4)
    key(desk.window, Key.Key_N)
    assert desk.settings.index == 1
    assert desk.settings.sliders == {"swing": 0.4}
    assert desk.window.sliders.named.rows["swing"].figure.text() == "+0.40"


@pytest.mark.parametrize("gesture", ["double click", "home", "delete"])
def test_a_slider_goes_back_to_rest(desk: Desk, gesture: str) -> None:
    row = desk.window.sliders.named.rows["ghosts"]
    desk.session.ask(Studio.set_slider, "ghosts", 0.7)
    assert row.slider.held
    if gesture == "double click":
        double_click(row.slider)
    else:
        key(row.slider, Key.Key_Home if gesture == "home" else Key.Key_Delete)
    assert dict(desk.settings.sliders) == {}
    assert row.slider.shown == 0.0
    assert not row.slider.held


def test_the_sliders_are_those_of_the_model_in_its_order(closed_desk: Desk) -> None:
    closed_desk.sliders = ("ride", "density", "wildness")
    closed_desk.open()
    panel = closed_desk.window.sliders
    rows = list(panel.named.rows.values())
    assert [row.title.text() for row in rows] == ["Hats to ride", "Density", "Wildness"]
    panel.reset.setFocus()
    panel.raw.setFocus()
    for row in rows:  # the reset button is disabled while all rest
        key(closed_desk.window.focusWidget() or panel, Key.Key_Tab)
        assert closed_desk.window.focusWidget() is row.slider
    drag(rows[2].slider, rows[2].slider.rect().center(), 40)
    assert list(closed_desk.settings.sliders) == ["wildness"]


def test_a_chosen_style_is_asked_for_and_changes_the_loop(desk: Desk) -> None:
    box = desk.window.sliders.style_box
    names = [box.itemText(row) for row in range(box.count())]
    assert names == ["Any style", "Rock", "New Orleans", "Jazz"]
    assert box.currentText() == "Any style"
    before = desk.session.loop
    for _ in range(2):
        key(box, Key.Key_Down)
    assert desk.settings.style == "neworleans"
    assert box.currentText() == "New Orleans"
    desk.until(lambda: desk.session.loop != before)
    for _ in range(2):
        key(box, Key.Key_Up)
    assert desk.settings.style is None


def test_a_model_without_styles_says_why_none_can_be_chosen(closed_desk: Desk) -> None:
    closed_desk.styles = ()
    closed_desk.open()
    box = closed_desk.window.sliders.style_box
    assert not box.isEnabled()
    assert box.toolTip() == "This model was trained without styles."


def test_reset_lets_every_slider_rest_and_every_axis_go(desk: Desk) -> None:
    button = desk.window.sliders.reset
    assert not button.isEnabled()
    desk.session.ask(Studio.set_slider, "fill", 1.0)
    desk.session.ask(Studio.set_slider, "z8", -2.0)
    desk.session.ask(Studio.set_style, "jazz")
    click(button)
    assert (dict(desk.settings.axes), dict(desk.settings.sliders)) == ({}, {})
    assert desk.settings.style == "jazz"
    assert not button.isEnabled()


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_the_raw_axes_are_folded_away_until_asked_for(desk: Desk, by: str) -> None:
    panel = desk.window.sliders
    assert not panel.axes.isVisible()
    for shown in (True, False):
        if by == "mouse":
            click(panel.raw)
        else:
            key(panel.raw, Key.Key_Return)
        assert panel.axes.isVisible() is shown
        assert panel.note.isVisible() is shown
        assert panel.raw.isChecked() is shown
        assert panel.named.isVisible()


def test_at_rest_the_raw_axes_show_where_the_draw_lies(desk: Desk) -> None:
    for name, row in desk.window.sliders.axes.rows.items():
        assert row.slider.shown == pytest.approx(AXES[name])
        assert not row.slider.held


def test_a_dragged_axis_is_held_and_changes_the_loop(desk: Desk) -> None:
    click(desk.window.sliders.raw)
    row = desk.window.sliders.axes.rows["z4"]
    before = desk.session.loop
    drag(row.slider, row.slider.rect().center(), 60)
    assert desk.settings.axes == {"z4": pytest.approx(row.slider.shown)}
    assert row.slider.held
    desk.until(lambda: desk.session.loop != before)
    double_click(row.slider)
    assert row.slider.shown == pytest.approx(AXES["z4"])
    assert not row.slider.held


def test_a_model_without_named_sliders_shows_its_raw_axes_and_says_how_to_add_them(closed_desk: Desk) -> None:
    closed_desk.sliders = ()
    closed_desk.open()
    panel = closed_desk.window.sliders
    assert panel.axes.isVisible()
    assert not panel.named.isVisible()
    assert not panel.raw.isVisible()
    assert "python -m model_export calibrate" in panel.note.text()
    row = panel.axes.rows["z1"]
    drag(row.slider, row.slider.rect().center(), 60)
    assert list(closed_desk.settings.axes) == ["z1"]


def test_freedom_is_the_temperature_in_percent(desk: Desk) -> None:
    row = desk.window.sliders.freedom
    key(row.slider, Key.Key_End)
    state = desk.session.state
    assert state is not None
    assert state.settings.temperature == 2.0
    assert row.figure.text() == "200 %"


def test_a_typed_seed_begins_with_its_first_idea(desk: Desk) -> None:
    desk.session.ask(Studio.new_idea)
    box = desk.window.sliders.seed
    write(box, "42")
    key(box, Key.Key_Return)
    state = desk.session.state
    assert state is not None
    assert (state.settings.seed, state.settings.index) == (42, 0)


def test_n_brings_a_new_idea_even_while_a_number_box_has_the_focus(desk: Desk) -> None:
    key(desk.window.transport.tempo, Key.Key_N)
    state = desk.session.state
    assert state is not None
    assert state.settings.index == 1


@pytest.mark.parametrize(("button", "swap_at"), [(0, SwapAt.NOW), (1, SwapAt.STEP), (3, SwapAt.LOOP)])
def test_the_moment_of_a_swap_is_chosen(desk: Desk, button: int, swap_at: SwapAt) -> None:
    click(desk.window.sliders.swap.buttons[button])
    state = desk.session.state
    assert state is not None
    assert state.swap_at is swap_at


def test_a_value_the_studio_refuses_becomes_a_sentence_that_can_be_dismissed(desk: Desk) -> None:
    desk.session.ask(Studio.set_temperature, 9.0)
    line = desk.window.status
    assert "goes from 0 to 2" in line.text.text()
    click(line.remedy)
    assert line.text.text().startswith("Ready")


def test_what_was_refused_is_told_until_a_hand_has_done_something(desk: Desk) -> None:
    line = desk.window.status.text
    desk.session.morph(Morpher.move, 0.5)
    assert "both its ends" in line.text()
    desk.session.report("The disk is full.")
    assert "both its ends" in line.text(), "what a hand did last comes first"
    desk.session.journey.follow(True)
    assert "no path" in line.text()
    desk.session.journey.add((0.0, 0.0))
    assert line.text() == "The disk is full."
    click(desk.window.status.remedy)
    assert line.text().startswith("Ready")


# --- life ---


def test_the_window_is_there_before_the_model_and_nothing_in_it_is_dead_without_a_reason(
    closed_desk: Desk,
) -> None:
    closed_desk.window.show()
    assert "Loading" in closed_desk.window.status.text.text()
    disabled = [
        control
        for kind in (QPushButton, QAbstractSpinBox, QComboBox, QSlider)
        for control in closed_desk.window.findChildren(kind)
        if not control.isEnabled()
    ]
    assert len(disabled) >= 15
    assert all("loading" in control.toolTip() for control in disabled)


def reasons(desk: Desk) -> set[str]:
    """What all that cannot be worked now says of it."""
    return {each.toolTip() for each in desk.window.findChildren(QWidget) if not each.isEnabledTo(None)}


def test_what_cannot_be_worked_says_loading_only_while_it_loads(closed_desk: Desk) -> None:
    loading, failed = unready(Phase.LOADING), unready(Phase.FAILED)
    pages = [page.name for page in PAGES]
    closed_desk.trouble = GroovebridgeError("The bundle has no decoder.onnx. Install Groovebridge again.")
    closed_desk.window.show()
    for page in pages:
        closed_desk.window.show_page(page)
        assert loading in reasons(closed_desk)
        assert failed not in reasons(closed_desk)
    closed_desk.session.open()
    closed_desk.until(lambda: closed_desk.session.phase is Phase.FAILED)
    for page in pages:
        closed_desk.window.show_page(page)
        assert failed in reasons(closed_desk)
        assert loading not in reasons(closed_desk)
    closed_desk.trouble = None
    closed_desk.session.open()
    closed_desk.until(lambda: closed_desk.session.phase is Phase.READY)
    for page in pages:
        closed_desk.window.show_page(page)
        assert not {loading, failed} & reasons(closed_desk)


def test_a_broken_model_is_said_in_the_window_and_can_be_tried_again(closed_desk: Desk) -> None:
    closed_desk.trouble = GroovebridgeError("The bundle has no decoder.onnx. Install Groovebridge again.")
    closed_desk.window.show()
    closed_desk.session.open()
    closed_desk.until(lambda: closed_desk.session.phase is Phase.FAILED)
    line = closed_desk.window.status
    assert line.text.text() == "The bundle has no decoder.onnx. Install Groovebridge again."
    closed_desk.trouble = None
    click(line.remedy)
    closed_desk.until(lambda: closed_desk.session.phase is Phase.READY)
    assert closed_desk.window.transport.play.isEnabled()


def test_a_bug_while_loading_is_said_too(closed_desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    closed_desk.trouble = ZeroDivisionError("oh")
    closed_desk.window.show()
    closed_desk.session.open()
    closed_desk.until(lambda: closed_desk.session.phase is Phase.FAILED)
    assert "ZeroDivisionError" in closed_desk.window.status.text.text()
    assert "could not start" in caplog.text


def test_a_bug_is_said_in_the_window_and_in_full_on_the_terminal(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    bug = ZeroDivisionError("oh")
    with app.bugs_told(desk.session):
        sys.excepthook(type(bug), bug, None)
    assert "ZeroDivisionError" in desk.window.status.text.text()
    assert "ZeroDivisionError: oh" in capsys.readouterr().err


def test_closing_the_window_ends_the_player_and_every_thread(desk: Desk) -> None:
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.playhead.ticking)
    desk.window.close()
    assert desk.session.phase is Phase.CLOSED
    assert not desk.session.playhead.ticking
    assert not desk.band.alive


def test_closing_while_loading_leaves_no_player_behind(closed_desk: Desk) -> None:
    closed_desk.window.show()
    closed_desk.session.open()
    closed_desk.window.close()
    assert all(not band.alive for band in closed_desk.bands)


def test_a_hidden_window_draws_no_frames(desk: Desk) -> None:
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.playhead.ticking)
    desk.window.hide()
    assert not desk.session.playhead.ticking
    desk.window.show()
    assert desk.session.playhead.ticking


# --- for everyone ---


def test_every_control_has_a_name_for_those_who_do_not_see_it(desk: Desk) -> None:
    kinds = (QPushButton, QAbstractSpinBox, QComboBox, QSlider)
    controls = [control for kind in kinds for control in desk.window.findChildren(kind)]
    assert len(controls) >= 24
    assert all(control.accessibleName() and control.toolTip() for control in controls if control.isVisible())


def test_tab_walks_through_the_controls_as_one_reads(desk: Desk) -> None:
    bar = desk.window.transport
    bar.play.setFocus()
    walked: list[QWidget | None] = []
    for _ in range(4):
        key(desk.window.focusWidget() or desk.window, Key.Key_Tab)
        walked.append(desk.window.focusWidget())
    assert walked == [bar.stop, bar.tempo, bar.tap, bar.sync]


@pytest.mark.parametrize(("raw", "loop_height"), [(False, 270), (True, 190)])
def test_it_fits_the_smallest_size(desk: Desk, raw: bool, loop_height: int) -> None:
    desk.window.sliders.raw.setChecked(raw)
    desk.window.resize(1100, 700)
    desk.until(lambda: desk.window.sliders.geometry().bottom() < desk.window.status.geometry().top())
    assert (desk.window.width(), desk.window.height()) == (1100, 700)
    assert desk.window.loop.height() >= loop_height
    inside = desk.window.rect()
    for kind in (QPushButton, QLabel, QSlider, QComboBox):
        for part in desk.window.findChildren(kind):
            if part.isVisible():
                assert inside.contains(part.mapTo(desk.window, part.rect().bottomRight()))
                worded = isinstance(part, QPushButton | QLabel) and part.text()
                assert part.width() >= part.minimumSizeHint().width() or not worded
