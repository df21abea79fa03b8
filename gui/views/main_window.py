"""The window: transport on top, the loop in the middle, the sliders below it, one sentence at the bottom."""

from __future__ import annotations

from itertools import pairwise

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QCloseEvent, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from bridge.studio import Studio
from gui.models import SessionModel
from gui.views import theme
from gui.views.history_strip import HistoryStrip
from gui.views.loop_view import LoopView
from gui.views.slider_panel import SliderPanel
from gui.views.status_line import StatusLine
from gui.views.transport_bar import TransportBar


class MainWindow(QWidget):
    """Groovebridge's window. Closing it ends the session: the studio, the player and every thread."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.setWindowTitle("Groovebridge")
        self.setMinimumSize(*theme.MINIMUM_SIZE)
        self.resize(*theme.WINDOW_SIZE)
        self.transport = TransportBar(session)
        self.loop = LoopView(session)
        self.sliders = SliderPanel(session)
        self.history = HistoryStrip(session.history)
        self.history.recall.connect(lambda number: session.ask(Studio.replay, number))
        self.history.pin.connect(lambda number, pinned: session.ask(Studio.pin_take, number, pinned))
        self.history.rename.connect(lambda number, name: session.ask(Studio.name_take, number, name))
        session.take_changed.connect(self._show_take)
        self.status = StatusLine(session)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.transport)
        column.addWidget(self.loop, 1)
        column.addWidget(self.sliders)
        back = QVBoxLayout()
        back.setSpacing(theme.GAP // 2)
        back.addWidget(self.sliders.undo)
        back.addWidget(self.sliders.redo)
        played = QHBoxLayout()
        played.setContentsMargins(theme.MARGIN, theme.GAP, 0, 0)
        played.setSpacing(0)
        played.addLayout(back)
        played.addWidget(self.history, 1)
        column.addLayout(played)
        column.addWidget(self.status)
        self._set_tab_order()
        self.sliders.rebuilt.connect(self._set_tab_order)
        self.setFocusPolicy(
            Qt.FocusPolicy.ClickFocus
        )  # a click beside the controls leaves the box one typed in
        self.setFocus()
        for keys, action in (
            (QKeySequence(Qt.Key.Key_Space), session.toggle_play),
            (QKeySequence(Qt.Key.Key_F), lambda: session.ask(Studio.fill)),
            (QKeySequence(Qt.Key.Key_N), lambda: session.ask(Studio.new_idea)),
            (QKeySequence(QKeySequence.StandardKey.Undo), lambda: session.ask(Studio.undo)),
            (QKeySequence(QKeySequence.StandardKey.Redo), lambda: session.ask(Studio.redo)),
            (QKeySequence(QKeySequence.StandardKey.Quit), self.close),
        ):
            QShortcut(keys, self).activated.connect(action)

    def _show_take(self) -> None:
        state = self._session.state
        self.history.show_playing(None if state is None else state.take)

    def _set_tab_order(self) -> None:
        """Left to right, top to bottom, as one reads."""
        bar, panel = self.transport, self.sliders
        order: list[QWidget] = [bar.play, bar.stop, bar.tempo, bar.sync, bar.send_clock]
        order += [bar.ports.out, bar.ports.inp, bar.ports.refresh_button, bar.panic]
        order += [panel.style_box, panel.raw, panel.reset]
        order += [row.slider for grid in (panel.named, panel.axes) for row in grid.rows.values()]
        order += [panel.map, panel.freedom.slider, panel.new_idea, panel.seed, *panel.swap.buttons]
        order += [panel.fill, panel.undo, panel.redo, self.history]
        order.append(self.status.remedy)
        for first, second in pairwise(order):
            self.setTabOrder(first, second)

    def showEvent(self, a0: QShowEvent | None) -> None:  # noqa: N802
        """Let the playhead move while it can be seen."""
        self._session.playhead.watch(not self.isMinimized())
        super().showEvent(a0)

    def hideEvent(self, a0: QHideEvent | None) -> None:  # noqa: N802
        """Let the playhead rest while nobody sees it."""
        self._session.playhead.watch(False)
        super().hideEvent(a0)

    def changeEvent(self, a0: QEvent | None) -> None:  # noqa: N802
        """Let the playhead rest while minimised."""
        if a0 is not None and a0.type() == QEvent.Type.WindowStateChange:
            self._session.playhead.watch(self.isVisible() and not self.isMinimized())
        super().changeEvent(a0)

    def closeEvent(self, a0: QCloseEvent | None) -> None:  # noqa: N802
        """Vanish at once, then end everything in order."""
        self.hide()
        self._session.close()
        super().closeEvent(a0)
