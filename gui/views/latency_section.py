"""Latency: how much earlier than the song notes go out, and finding out what to set."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bridge.player.limits import MAX_LATENCY_MS
from bridge.studio import Studio, StudioState
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, Captioned, TempoBox, explain, paragraph
from gui.views.learn import learnable
from gui.views.words import unready

MEANING = (
    "An instrument that sounds late is played early: at 12 ms, notes go out 12 ms before their time; below "
    "0, after it. Clock and song position stay where they are."
)
TO_MEASURE = (
    "To measure it, have a MIDI track of your DAW send what it gets from Groovebridge back to Groovebridge: "
    "the help tells how in each DAW, under “Latency”."
)
TIP = "Type it, turn the wheel or use the arrow keys; Shift for tenths"
NOT_WHILE_PLAYING = "Stop the song first: the notes of the measurement would mix with it."
NO_WAY_BACK = "There is no MIDI input for the notes to come back to. Choose one in the top line."
NOTHING_CAME = "No note came back. The track must hear Groovebridge, be monitored, and send to it."

MS_WIDTH = 96


class MsBox(TempoBox):
    """A time in ms with one decimal; steps as a tempo's."""

    def __init__(self, name: str, limits: tuple[float, float]) -> None:
        super().__init__(name, TIP, limits)
        self.setDecimals(1)
        self.setSuffix(" ms")
        self.setFixedWidth(MS_WIDTH)


class LatencySection(QWidget):
    """The number, the measurement, and the button that sets what was found."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.box = learnable(MsBox("Latency in ms", (-MAX_LATENCY_MS, MAX_LATENCY_MS)), "latency")
        self.measure = Button("Measure the way through the DAW", "", "Measure")
        self.take = Button("Set what was measured", "", "")
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(Captioned("Earlier by", self.box))
        row.addWidget(Captioned(" ", self.measure))
        row.addWidget(Captioned(" ", self.take))
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(paragraph(MEANING))
        column.addLayout(row)
        column.addWidget(self.outcome)
        column.addWidget(paragraph(TO_MEASURE))
        self.box.valueChanged.connect(lambda ms: session.ask(Studio.set_latency, ms))
        self.measure.clicked.connect(lambda: session.ask(Studio.measure_loopback))
        self.take.clicked.connect(self._on_take)
        session.transport_changed.connect(self.refresh)
        session.opened_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is set, and how the measurement went."""
        state = self._session.state if self._session.phase is Phase.READY else None
        absent = unready(self._session.phase)
        explain(self.box, state is not None, TIP, absent)
        why_not = absent if state is None else _hindrance(state)
        explain(self.measure, not why_not, "Sends 32 notes and listens for them: three seconds", why_not)
        offer = None if state is None else state.latency_offer_ms
        self.take.setVisible(offer is not None and state is not None and offer != state.latency_ms)
        self.take.setText("" if offer is None else f"Set {offer:.1f} ms")
        self.take.setToolTip("What makes up for the way that was measured, by who leads now")
        self.outcome.setText("" if state is None else _outcome(state))
        self.outcome.setVisible(bool(self.outcome.text()))
        if state is not None:
            self.box.show_value(state.latency_ms)

    def _on_take(self) -> None:
        state = self._session.state
        if state is not None and state.latency_offer_ms is not None:
            self._session.ask(Studio.set_latency, state.latency_offer_ms)


def _hindrance(state: StudioState) -> str:
    """Why nothing can be measured now; empty if it can."""
    if state.measuring:
        return "It is being measured."
    if state.playing:
        return NOT_WHILE_PLAYING
    return NO_WAY_BACK if state.ports is None or state.ports.inp is None else ""


def _outcome(state: StudioState) -> str:
    """What the measurement found, in a sentence; empty where there was none."""
    found = state.loopback
    if state.measuring:
        return "Sending notes and listening …"
    if found is None:
        return ""
    if found.trouble or not found.heard:
        return found.trouble or NOTHING_CAME
    if found.latency_ms > MAX_LATENCY_MS:
        much = f"Notes take {found.latency_ms:.1f} ms, more than can be made up for"
        return f"{much}: choose a smaller buffer in the DAW."
    return (
        f"Notes come back after {found.latency_ms:.1f} ms (jitter {found.jitter_ms:.2f} ms; "
        f"{found.heard} of {found.sent} were heard)."
    )
