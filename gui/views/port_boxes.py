"""The choice of MIDI output and input: a virtual port of our own, or a port of another program."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtWidgets import QHBoxLayout, QWidget

from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, Captioned, ChoiceBox, explain
from gui.views.words import unready

VIRTUAL = "Virtual port"
NARROWEST = 130
WIDEST = 300
OUT_TIP = "Where the drums go. The virtual port shows up in your DAW as a MIDI input called Groovebridge."
IN_TIP = (
    "Where MIDI clock comes from. The virtual port shows up in your DAW as a MIDI output called Groovebridge."
)


class PortBoxes(QWidget):
    """Output, input, and a button that looks for ports again."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.out: ChoiceBox[str | None] = ChoiceBox("MIDI output", OUT_TIP, NARROWEST)
        self.inp: ChoiceBox[str | None] = ChoiceBox("MIDI input", IN_TIP, NARROWEST)
        self.refresh_button = Button("Look for MIDI ports again", "Look for MIDI ports again", role="icon")
        self.refresh_button.show_icon("refresh", theme.Ink.DIM)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addStretch(1)
        for field in (Captioned("Output", self.out), Captioned("Input", self.inp)):
            field.setMaximumWidth(WIDEST)
            row.addWidget(field, 20)
        row.addWidget(Captioned(" ", self.refresh_button))
        self.out.chosen.connect(session.ports.choose_output)
        self.inp.chosen.connect(session.ports.choose_input)
        self.refresh_button.clicked.connect(session.ports.look)
        session.ports.changed.connect(self.refresh)
        session.opened_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is, and what is chosen."""
        state, names = self._session.state, self._session.ports.names
        out, inp = self._session.ports.out, self._session.ports.inp
        self.out.show_choices(_choices(names.outputs if names else (), out), out)
        self.inp.show_choices(_choices(names.inputs if names else (), inp), inp)
        ready = self._session.phase is Phase.READY
        nowhere = state is not None and state.ports is not None and state.ports.api == "none"
        usable = ready and not (nowhere and names is not None and names.api == "none")
        nothing = "No MIDI system is running on this computer."
        why_not = nothing if ready else unready(self._session.phase)
        explain(self.out, usable, _tip(out, OUT_TIP), why_not)
        explain(self.inp, usable, _tip(inp, IN_TIP), why_not)


def _tip(chosen: str | None, tip: str) -> str:
    """The tip, under the port's whole name, which may not fit the box."""
    return tip if chosen is None else f"{chosen}\n{tip}"


def _choices(names: Sequence[str], wanted: str | None) -> list[tuple[str, str | None]]:
    """The virtual port, those that are there, and the one that was chosen even if it is gone."""
    choices: list[tuple[str, str | None]] = [(VIRTUAL, None), *((name, name) for name in names)]
    if wanted is not None and wanted not in names:
        choices.append((f"{wanted} (gone)", wanted))
    return choices
