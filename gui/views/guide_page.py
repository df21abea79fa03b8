"""The first-run guide: three steps, each with a button that does it, beside the music."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout

from bridge.studio import Studio
from gui.models import Phase, SessionModel
from gui.models.first_steps import Step
from gui.views import theme, words
from gui.views.controls import Button, explain, paragraph
from gui.views.side_sheet import LeadingPage

WORDS = {
    Step.HEAR: (
        "Hear it",
        "Press play, here or with the space bar. The built-in drums sound until a DAW is connected, "
        "where that can be seen; “Sound” in the top line has them on or off.",
    ),
    Step.CONNECT: (
        "Connect your DAW",
        "Groovebridge is a MIDI port: choose it as the input of a drum track. The help has the steps for "
        "Live, Logic, Bitwig, Reaper, FL Studio and Ardour. Without a DAW you can leave this for later.",
    ),
    Step.SHAPE: (
        "Shape it",
        "Move a slider and the groove changes at the next bar. A double click puts it back, Ctrl+Z undoes, "
        "and N brings other drums.",
    ),
}
PUSHED = ("ghosts", "density")
"""The slider that the third step moves: the first of these that the model has, else its first."""
PUSH = 0.6
ALL_DONE = (
    "That is all it takes. Every loop that you heard is in the row at the bottom: drag one into your DAW."
)
MARK_WIDTH = 22
TEXT_WIDTH = theme.SHEET_WIDTH - 4 * theme.MARGIN - MARK_WIDTH


class GuidePage(LeadingPage):
    """Shows `SessionModel.first_steps`; what has happened is ticked, whoever did it."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.play = Button("Play", "", "Play")
        self.show_me = Button("Show me how", "The guide to your DAW", "Show me how")
        self.push = Button("Move a slider", "", "")
        self.marks: dict[Step, QLabel] = {}
        self.end = paragraph(ALL_DONE, TEXT_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP, theme.MARGIN, theme.MARGIN)
        column.setSpacing(theme.MARGIN * 2)
        buttons = {Step.HEAR: self.play, Step.CONNECT: self.show_me, Step.SHAPE: self.push}
        for number, (step, button) in enumerate(buttons.items(), start=1):
            column.addLayout(self._row(step, number, button))
        column.addWidget(self.end)
        column.addStretch(1)
        self.play.clicked.connect(lambda: session.ask(Studio.play))
        self.show_me.clicked.connect(lambda: self.wanted.emit("help"))
        self.push.clicked.connect(self._on_push)
        session.first_steps.changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        session.transport_changed.connect(self.refresh)
        session.opened_changed.connect(self.refresh)
        self.refresh()

    def _row(self, step: Step, number: int, button: Button) -> QGridLayout:
        title, text = WORDS[step]
        mark = self.marks[step] = QLabel(str(number))
        mark.setFont(theme.font(theme.TITLE_PX, bold=True))
        mark.setFixedWidth(MARK_WIDTH)
        head, body = QLabel(title), paragraph(text, TEXT_WIDTH)
        head.setFont(theme.font(theme.TITLE_PX, bold=True))
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GAP)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        for row, widget in enumerate((head, body)):
            grid.addWidget(widget, row, 1)
        grid.addWidget(mark, 0, 0)
        grid.addWidget(button, 2, 1, Qt.AlignmentFlag.AlignLeft)
        return grid

    def refresh(self) -> None:
        """Tick what has happened, and offer what can be done now."""
        done = self._session.first_steps.done
        for number, (step, mark) in enumerate(self.marks.items(), start=1):
            taken = step in done
            mark.setText("✓" if taken else str(number))
            mark.setAccessibleName(f"Step {number}: {'done' if taken else 'to do'}")
            theme.write_in(mark, theme.Ink.NOW if taken else theme.Ink.DIM)
        self.end.setVisible(done == set(Step))
        state, ready = self._session.state, self._session.phase is Phase.READY
        playing = state is not None and state.playing
        unready = words.unready(self._session.phase)
        silent = "Nothing can play yet: see the line at the bottom." if ready else unready
        why_not = "It plays." if playing else silent
        explain(self.play, self._session.can_toggle and not playing, "Play from the top (Space)", why_not)
        title = words.slider_words(self._pushed)[0] if self._pushed else ""
        self.push.setText(f"More {title.lower()}" if title else "Move a slider")
        no_sliders = "This model has no named sliders: the raw axes are below the loop."
        lacking = no_sliders if ready else unready
        explain(self.push, ready and bool(title), f"Moves the slider “{title}” up", lacking)

    @property
    def _pushed(self) -> str | None:
        sliders = self._session.sliders
        return next((name for name in PUSHED if name in sliders), sliders[0] if sliders else None)

    def _on_push(self) -> None:
        if self._pushed is not None:
            self._session.ask(Studio.set_slider, self._pushed, PUSH)
