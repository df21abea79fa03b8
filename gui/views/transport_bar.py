"""The top line: play and stop, where the song is, tempo, sync, ports, panic."""

from __future__ import annotations

import time

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QWidget

from bridge.player.messages import ClockState, Motion, SoundStage, SoundWhen, Sync
from bridge.studio import Studio
from bridge.studio.taps import Taps
from bridge.timing import MAX_BPM, MIN_BPM
from gui.models import Phase, Place, SessionModel
from gui.models.playhead import count_words
from gui.views import theme
from gui.views.controls import Button, Captioned, ChoiceBox, TempoBox, explain
from gui.views.learn import choosing, learnable
from gui.views.port_boxes import PortBoxes
from gui.views.words import unready

SYNC_CHOICES = (("Internal clock", Sync.INTERNAL), ("MIDI clock in", Sync.CLOCK), ("Ableton Link", Sync.LINK))
SOUND_CHOICES = (("Auto", SoundWhen.AUTO), ("On", SoundWhen.ON), ("Off", SoundWhen.OFF))
SOUND_WORDS = {
    SoundStage.OFF: ("Drum sound", theme.Ink.DIM),
    SoundStage.OPENING: ("Sound: opening", theme.Ink.DIM),
    SoundStage.ON: ("Sound: heard", theme.Ink.NOW),
    SoundStage.FAILED: ("Sound: failed", theme.Ink.ATTENTION),
}
SOUND_TIP = (
    "The built-in drums. Auto: they sound until a DAW or synth is connected to our output,\n"
    "where that can be seen (on JACK, and without any MIDI)"
)
CLOCK_WORDS = {
    ClockState.OFF: ("Sync", theme.Ink.DIM),
    ClockState.WAITING: ("Sync: waiting", theme.Ink.DIM),
    ClockState.LOCKING: ("Sync: locking", theme.Ink.DIM),
    ClockState.LOCKED: ("Sync: locked", theme.Ink.NOW),
    ClockState.LOST: ("Sync: lost", theme.Ink.ATTENTION),
}
NO_PORT_TIP = "No MIDI port is open: see the line at the bottom."
FOLLOWING_TIP = "Sync follows the DAW: play and stop there, or set Sync to “Internal clock”."


class TransportBar(QWidget):
    """Shows and drives the transport of the session."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.setObjectName("transport")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

        self.play = learnable(Button("Play", "", role="icon"), "play")
        self.play.setCheckable(True)
        self.play.setObjectName("play")
        self.play.show_icon("play", theme.Ink.NOW)
        self.stop = learnable(Button("Stop", "", role="icon"), "stop")
        self.stop.show_icon("stop", theme.Ink.TEXT)
        self.place = QLabel(str(Place(1, 1, 1)))
        self.place.setFont(theme.font(theme.READOUT_PX, bold=True))
        self.place.setFixedHeight(theme.CONTROL_HEIGHT)
        self.place.setMinimumWidth(112)
        self.place.setAccessibleName("Position: bar, beat, step")
        self.place.setToolTip("Where the song is: bar . beat . step (sixteenth)")
        self.tempo = learnable(TempoBox("Tempo in BPM", "", (MIN_BPM, MAX_BPM)), "tempo")
        self.tempo.setFixedWidth(88)
        self.tap = learnable(Button("Tap the tempo", "", "Tap"), "tap")
        self._taps = Taps()
        self.sync: ChoiceBox[Sync] = ChoiceBox(
            "Sync", "Who leads: Groovebridge, a MIDI clock, or all on Ableton Link", 140
        )
        self.sound: ChoiceBox[SoundWhen] = ChoiceBox(
            "Drum sound: when the built-in drums sound", SOUND_TIP, 76
        )
        learnable(self.sync, *choosing("sync"))
        learnable(self.sound, *choosing("drum sound"))
        self.ports = PortBoxes(session)
        self.panic = learnable(Button("Panic", "", "Panic", role="panic"), "panic")
        self._sync_field = Captioned("Sync", self.sync)
        self._sound_field = Captioned("Drum sound", self.sound)

        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 10, theme.MARGIN, 12)
        row.setSpacing(theme.MARGIN)
        row.addWidget(Captioned("Transport", self.play, self.stop))
        row.addWidget(Captioned("Bar . beat . step", self.place))
        row.addWidget(Captioned("Tempo, BPM", self.tempo, self.tap))
        row.addWidget(self._sync_field)
        row.addWidget(self._sound_field)
        row.addWidget(self.ports, 1)
        row.addWidget(Captioned(" ", self.panic))

        self.play.clicked.connect(self._on_play)
        self.stop.clicked.connect(lambda: session.ask(Studio.stop))
        self.panic.clicked.connect(lambda: session.ask(Studio.panic))
        self.tap.pressed.connect(self.tap_tempo)
        self.tempo.valueChanged.connect(lambda bpm: session.ask(Studio.set_tempo, bpm))
        self.sync.chosen.connect(lambda sync: session.ask(Studio.set_sync, sync))
        self.sound.chosen.connect(lambda when: session.ask(Studio.set_sound, when))
        session.transport_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        session.opened_changed.connect(self.refresh)
        session.playhead.moved.connect(self._on_moved)
        self.refresh()

    def tap_tempo(self) -> None:
        """A tap of somebody who taps quarter notes; nothing while another clock has the tempo."""
        bpm = self._taps.tap(time.monotonic())
        if bpm is not None and self.tap.isEnabled():
            self._session.ask(Studio.set_tempo, bpm)

    def add_at_end(self, widget: QWidget) -> None:
        """Put a control of the window's own at the right end."""
        layout = self.layout()
        assert layout is not None
        layout.addWidget(Captioned(" ", widget))

    @property
    def sync_words(self) -> str:
        """What the bar says of the clock."""
        return self._sync_field.caption.text()

    @property
    def sound_words(self) -> str:
        """What the bar says of the built-in drums."""
        return self._sound_field.caption.text()

    def refresh(self) -> None:
        """Show the session's transport."""
        state = self._session.state
        ready = self._session.phase is Phase.READY and state is not None
        sync = Sync.INTERNAL if state is None else state.sync
        motion = Motion.STOPPED if state is None else state.motion
        leading = ready and sync.leads
        can_toggle = self._session.can_toggle
        absent = unready(self._session.phase)
        why_not = NO_PORT_TIP if leading else FOLLOWING_TIP if ready else absent
        explain(self.play, can_toggle, "Play from the top (Space)", why_not)
        explain(self.stop, can_toggle, "Stop, and close every note (Space)", why_not)
        self.play.setChecked(motion is not Motion.STOPPED)
        tip = "Type it, drag it up or down, turn the wheel or use the arrow keys; Shift is finer"
        not_ours = "The tempo comes from the MIDI clock." if ready else absent
        explain(self.tempo, leading, tip, not_ours)
        explain(self.tap, leading, "Tap quarter notes (T)", not_ours)
        who = "Who leads: Groovebridge itself, a MIDI clock at its input, or all who are on Ableton Link"
        explain(self.sync, ready, who, absent)
        explain(self.panic, ready, "Silence every note now", absent)
        self.sync.show_choices(SYNC_CHOICES, sync)
        self.tempo.show_value(120.0 if state is None else state.bpm)
        self._show_sound(ready, absent)
        self._show_clock()

    def _show_sound(self, ready: bool, absent: str) -> None:
        state = self._session.state
        when = SoundWhen.AUTO if state is None else state.sound_when
        words, ink = SOUND_WORDS[SoundStage.OFF if state is None else state.sound.stage]
        tip = SOUND_TIP
        if state is not None and state.sounding:
            tip = f"Heard through {state.sound.text}.\n{tip}"
        elif state is not None and state.sound.text:
            tip = f"{state.sound.text}\n{tip}"
        explain(self.sound, ready, tip, absent)
        self.sound.show_choices(SOUND_CHOICES, when)
        self._sound_field.caption.setText(words)
        theme.write_in(self._sound_field.caption, ink)

    def _show_clock(self) -> None:
        state = self._session.state
        clock = ClockState.OFF if state is None else state.clock
        words, ink = CLOCK_WORDS[clock]
        if state is not None and state.sync is Sync.LINK:
            words = f"Link: {state.peers} peer" + "s" * (state.peers != 1)
        elif clock is ClockState.LOCKED and state is not None and state.anchor is not None:
            words = f"{words} · {abs(state.anchor.phase_ms):.1f} ms"
        if state is not None and state.motion is Motion.ARMED:
            words = "Counting in" if state.sync is Sync.INTERNAL else "Sync: armed"
        self._sync_field.caption.setText(words)
        theme.write_in(self._sync_field.caption, ink)

    def _on_play(self) -> None:
        self._session.ask(Studio.play)
        self.refresh()  # the button checks itself on a click; only the session says whether we roll

    def _on_moved(self, ticks: float) -> None:
        beats = self._session.playhead.count
        text = str(Place.at(ticks)) if beats is None else count_words(beats)
        if text != self.place.text():
            self.place.setText(text)
