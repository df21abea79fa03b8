"""The page of the controllers: the ports they are heard on, and what each of their knobs and pads moves."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from bridge.studio.controls import FINE_BELOW, Kind, Source
from gui.models import SessionModel
from gui.views import theme, words
from gui.views.controls import Button, ChoiceBox, explain

KINDS = {
    Kind.ABSOLUTE: "Knob or fader",
    Kind.FINE: "Fine, 14 bit",
    Kind.TWOS: "Encoder (127)",
    Kind.OFFSET: "Encoder (63)",
    Kind.SIGN: "Encoder (65)",
    Kind.NOTE: "Pad",
    Kind.PROGRAM: "Program change",
}
EMPTY = "Nothing yet. Right-click a control in the window, choose “Learn MIDI”, and move a knob or hit a pad."
NO_PORTS = "No MIDI input is there. Plug your controller in."
PORTS_NOTE = "Choose where your controllers are heard. They may be others than the input of the clock."
TAKE_OVER = (
    "A knob takes hold when it passes the value, so nothing jumps; a mark above the slider shows where it is."
)
PROGRAMS_TIP = "Program change 1 plays the first preset of the list, and so on"
KIND_TIP = (
    "How this control speaks, if learning took it for another.\n"
    "Encoders turn without end; the number is what one step back sends."
)
NO_CHOICE = "A pad or a program is pressed: there is no choice."
_KIND_WIDTH = 148


class ControllersPage(QWidget):
    """Shows `SessionModel.controllers`."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session, self._model = session, session.controllers
        self.ports: dict[str, Button] = {}
        self.rows: dict[Source, tuple[QLabel, ChoiceBox[Kind], Button]] = {}
        self._ports_box = QVBoxLayout()
        self._ports_box.setSpacing(theme.GAP // 2)
        self.programs = Button("Program changes recall presets", "", "Program changes recall presets")
        self.programs.setCheckable(True)
        self.empty = _caption("")
        self._list = QGridLayout()
        self._list.setHorizontalSpacing(theme.GAP)
        self._list.setColumnStretch(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, theme.MARGIN, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(_heading("Heard on"))
        column.addWidget(_caption(PORTS_NOTE))
        column.addLayout(self._ports_box)
        column.addSpacing(theme.GAP)
        column.addWidget(_heading("What they move"))
        column.addWidget(self.empty)
        column.addLayout(self._list)
        column.addSpacing(theme.GAP)
        column.addWidget(self.programs)
        column.addStretch(1)
        self.programs.clicked.connect(self._model.set_programs)
        self._model.changed.connect(self.refresh)
        session.ports.changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the ports that there are and those that were chosen, and the mappings."""
        setup, ready, why_not = self._model.setup, self._model.ready, words.unready(self._session.phase)
        self._show_ports(ready, why_not)
        if list(self.rows) != list(setup.mappings):
            self._build_rows(list(setup.mappings))
        for source, target in setup.mappings.items():
            title, kind, _ = self.rows[source]
            title.setText(f"{words.target_title(target)}\n{source.title}")
            kind.show_choices(_kinds(source), source.kind)
        waits = self._model.learning
        told = TAKE_OVER if setup.mappings else EMPTY
        self.empty.setText(
            told
            if waits is None
            else words.waiting(waits, self._model.presses(waits), bool(self._model.setup.inputs))
        )
        self.programs.setChecked(setup.programs)
        explain(self.programs, ready, PROGRAMS_TIP, why_not)

    def _show_ports(self, ready: bool, why_not: str) -> None:
        listed, chosen = self._session.ports.names, self._model.setup.inputs
        here = [] if listed is None else [name for name in listed.inputs if not _is_ours(name)]
        names = [*here, *(name for name in chosen if name not in here)]
        if list(self.ports) != names or not self._ports_box.count():
            _empty(self._ports_box)
            self.ports = {name: self._port(name) for name in names}
            if not names:
                self._ports_box.addWidget(_caption(NO_PORTS))
        for name, button in self.ports.items():
            gone = "" if name in here else " (gone)"
            room = theme.SHEET_WIDTH - 6 * theme.MARGIN
            text = button.fontMetrics().elidedText(f"{name}{gone}", Qt.TextElideMode.ElideMiddle, room)
            button.setText(text.replace("&", "&&"))
            button.setChecked(name in chosen)
            verb = "Controllers are heard on" if name in chosen else "Hear controllers on"
            explain(button, ready, f"{verb} {name}", why_not)

    def _port(self, name: str) -> Button:
        button = Button(f"Hear controllers on {name}", "")
        button.setCheckable(True)
        button.clicked.connect(partial(self._model.listen, name))
        self._ports_box.addWidget(button)
        return button

    def _build_rows(self, sources: list[Source]) -> None:
        _empty(self._list)
        self.rows = {}
        for row, source in enumerate(sources):
            title = QLabel()
            title.setTextFormat(Qt.TextFormat.PlainText)
            title.setWordWrap(True)  # a long name takes a line more, and leaves “Forget” its room
            kind: ChoiceBox[Kind] = ChoiceBox(f"How {source.title} speaks", KIND_TIP, _KIND_WIDTH)
            explain(kind, not source.kind.presses, KIND_TIP, NO_CHOICE)
            kind.chosen.connect(partial(self._model.set_kind, source))
            forget = Button(f"Forget {source.title}", f"Have {source.title} move nothing any more", "Forget")
            forget.clicked.connect(partial(self._forget, source))
            for place, widget in enumerate((title, kind, forget)):
                self._list.addWidget(widget, row, place)
            self.rows[source] = title, kind, forget

    def _forget(self, source: Source, _checked: bool) -> None:
        self._model.forget(source)


def _kinds(source: Source) -> list[tuple[str, Kind]]:
    """What a control could be: a pad is a pad, a knob may speak in several ways."""
    if source.kind.presses:
        return [(KINDS[source.kind], source.kind)]
    fine = source.number < FINE_BELOW
    return [
        (title, kind) for kind, title in KINDS.items() if not kind.presses and (fine or kind is not Kind.FINE)
    ]


def _is_ours(name: str) -> bool:
    return name.startswith("Groovebridge")


def _empty(layout: QVBoxLayout | QGridLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.font(theme.CAPTION_PX))
    label.setProperty("role", "caption")
    label.setWordWrap(True)
    return label


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.font(theme.BODY_PX, bold=True))
    return label
