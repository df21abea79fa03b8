"""Out of the window and into the DAW: the loop and the last bars to drag, and a recording."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QMimeData, QPoint, Qt
from PyQt6.QtGui import QDrag, QMouseEvent
from PyQt6.QtWidgets import QApplication, QGridLayout, QWidget

from gui.models import Phase, SessionModel
from gui.models.takeout import BARS
from gui.views import theme
from gui.views.controls import Button, ChoiceBox, explain
from gui.views.file_dialogs import ask_saving
from gui.views.learn import choosing, learnable
from gui.views.words import unready

DRAG_TIP = "Drag it into your DAW or a folder; a click saves it as a MIDI file"
_WIDTH = 104


class DragButton(Button):
    """A button that can be dragged out of the window, as the files that `data` gives (None: it cannot)."""

    def __init__(self, name: str, data: Callable[[], QMimeData | None]) -> None:
        super().__init__(name, "")
        self._data = data
        self._pressed_at: QPoint | None = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mousePressEvent(self, e: QMouseEvent | None) -> None:  # noqa: N802
        """A press may become a drag."""
        super().mousePressEvent(e)
        if e is not None and e.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = e.position().toPoint()

    def mouseMoveEvent(self, e: QMouseEvent | None) -> None:  # noqa: N802
        """Away from where it was pressed it is a drag, and no click."""
        at = self._pressed_at
        if e is None or at is None:
            return
        if (e.position().toPoint() - at).manhattanLength() >= QApplication.startDragDistance():
            self._pressed_at = None
            self.setDown(False)
            if (data := self._data()) is not None:
                drag = QDrag(self)
                drag.setMimeData(data)
                drag.exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, e: QMouseEvent | None) -> None:  # noqa: N802
        """It was a click."""
        self._pressed_at = None
        super().mouseReleaseEvent(e)


class TakeoutPanel(QWidget):
    """Shows `SessionModel.takeout`."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        takeout = session.takeout
        self.loop = DragButton("The loop as a MIDI file", takeout.loop_file)
        self.loop.setText("⠿  Loop")
        self.bars = DragButton("The last bars as they were played", takeout.bars_file)
        self.bars.setText("⠿  Last bars")
        self.choice: ChoiceBox[int] = ChoiceBox("How many of the last bars", "", _WIDTH)
        learnable(self.choice, *choosing("last bars"))
        self.record = learnable(Button("Record", "", role="record"), "record")
        self.record.setCheckable(True)
        for control in (self.loop, self.bars, self.record, self.choice):
            control.setFixedWidth(_WIDTH)
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.GAP, 0, theme.MARGIN, 0)
        grid.setSpacing(theme.GAP // 2)
        grid.addWidget(self.loop, 0, 0)
        grid.addWidget(self.record, 1, 0)
        grid.addWidget(self.bars, 0, 1)
        grid.addWidget(self.choice, 1, 1)

        self.loop.clicked.connect(lambda: self._ask("The loop", "loop", takeout.save_loop))
        self.bars.clicked.connect(self.ask_bars)
        self.choice.chosen.connect(takeout.set_bars)
        self.record.clicked.connect(self.toggle_recording)
        takeout.changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what can be had."""
        takeout, ready = self._session.takeout, self._session.phase is Phase.READY
        why = unready(self._session.phase)
        there = min(takeout.bars, takeout.there)
        explain(self.loop, ready, f"The loop that plays. {DRAG_TIP}.", why)
        few = "" if there == takeout.bars else f" There {'is' if there == 1 else 'are'} {there} so far."
        tip = f"The {_last(takeout.bars)} as played.{few}\n{DRAG_TIP} (Ctrl+Shift+E)."
        why_not = "Nothing was played yet: after the first bar it can be taken." if ready else why
        explain(self.bars, ready and there > 0, tip, why_not)
        explain(self.choice, ready, "How many of the last bars", why)
        self.choice.show_choices([(_bars(bars), bars) for bars in BARS], takeout.bars)
        self.record.setChecked(takeout.recording)
        self.record.setText("●  Last bar" if takeout.ending else "●  Record")
        tip = f"Record what is played into a MIDI file in {takeout.folder} (Ctrl+R)"
        if takeout.ending:
            tip = "The recording ends with this bar; a click ends it now"
        elif takeout.recording:
            tip = "Recording. A click, or Ctrl+R, ends it with this bar"
        elif takeout.unwritten:
            tip = "A recording could not be written: a click saves it elsewhere"
        explain(self.record, ready, tip, why)

    def ask_bars(self) -> None:
        """Have the user choose where to save the last bars."""
        takeout = self._session.takeout
        if self._session.phase is Phase.READY and takeout.there:
            self._ask(f"The {_last(takeout.bars)}", f"{takeout.bars} bars", takeout.save_bars)

    def toggle_recording(self) -> None:
        """Begin or end a recording; one that could not be written is saved elsewhere first."""
        takeout = self._session.takeout
        if takeout.unwritten and not takeout.recording:
            self._ask("The recording", "recording", takeout.save_unwritten)
        else:
            takeout.toggle()
        self.refresh()  # the button checks itself on a click; only the model says whether it records

    def _ask(self, what: str, name: str, save: Callable[[Path], object]) -> None:
        title = f"Save {what[0].lower()}{what[1:]} as a MIDI file"
        name = f"{self._session.sessions.name} {name}"
        ask_saving(self.window() or self, title, name, "MIDI files (*.mid)", ".mid")(save)


def _last(count: int) -> str:
    return "last bar" if count == 1 else f"last {count} bars"


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"
