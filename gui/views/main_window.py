"""The window: transport on top, the loop in the middle, the sliders below it, one sentence at the bottom."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import (
    QCloseEvent,
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QShowEvent,
)
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from bridge.studio import Studio, gestures
from gui.models import Phase, SessionModel
from gui.views import shortcuts, theme
from gui.views.appearance import dress
from gui.views.history_strip import HistoryStrip
from gui.views.learn import LearnDesk
from gui.views.loop_view import LoopView
from gui.views.menu_button import MenuButton
from gui.views.pages import PAGES, page_named
from gui.views.preset_button import PresetButton
from gui.views.side_sheet import SideSheet
from gui.views.slider_panel import SliderPanel
from gui.views.status_line import StatusLine
from gui.views.takeout_panel import TakeoutPanel
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
        self.presets: PresetButton = PresetButton(session)
        self.takeout: TakeoutPanel = TakeoutPanel(session)
        session.take_changed.connect(self._show_take)
        session.sessions.changed.connect(self._show_session)
        self.status = StatusLine(session)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.transport)
        column.addWidget(self.loop, 1)
        column.addWidget(self.sliders)
        back = QGridLayout()
        back.setSpacing(theme.GAP // 2)
        back.addWidget(self.sliders.undo, 0, 0)
        back.addWidget(self.sliders.redo, 0, 1)
        back.addWidget(self.presets, 1, 0, 1, 2)
        played = QHBoxLayout()
        played.setContentsMargins(theme.MARGIN, theme.GAP, 0, 0)
        played.setSpacing(0)
        played.addLayout(back)
        played.addWidget(self.history, 1)
        played.addWidget(self.takeout, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(played)
        column.addWidget(self.status)
        self.menu = MenuButton(PAGES)
        self.menu.wanted.connect(self.show_page)
        self.transport.add_at_end(self.menu)
        self.sheet = SideSheet(self, above=self.transport, below=self.status)
        self.sheet.wanted.connect(self.show_page)
        self.learn = LearnDesk(self, session.controllers, lambda: self.show_page("controllers"))
        self.sheet.turned.connect(self.learn.refresh)
        session.preferences.changed.connect(self._dress)
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._dress)
        self.setAcceptDrops(True)
        self._set_tab_order()
        self.sliders.rebuilt.connect(self._set_tab_order)
        self.setFocusPolicy(
            Qt.FocusPolicy.ClickFocus
        )  # a click beside the controls leaves the box one typed in
        self.setFocus()
        shortcuts.install(self, session)

    def tap_tempo(self) -> None:
        """A tap on the tempo."""
        self.transport.tap_tempo()

    def show_page(self, name: str) -> None:
        """Open the side sheet at a page of `PAGES`. KeyError."""
        page = page_named(name)
        self.sheet.show_page(page.name, page.title, lambda: page.make(self._session))

    def greet(self) -> None:
        """Show who is here for the first time around; once."""
        if not self._session.preferences.wishes.guided:
            self._session.preferences.set_guided()
            self.show_page("guide")

    def _dress(self) -> None:
        dress(self._session.preferences.wishes.appearance)

    def _show_session(self) -> None:
        files = self._session.sessions
        self.setWindowTitle(f"{files.name.replace('[*]', '')}[*] – Groovebridge")
        self.setWindowModified(files.unsaved)

    def lock_pointed(self) -> None:
        """Lock the voice under the pointer, or let it go."""
        voice, state = self.loop.voice_pointed, self._session.state
        if voice is not None and state is not None:
            self._session.ask(gestures.lock, voice, voice not in state.sketch.locks)

    def _show_take(self) -> None:
        state = self._session.state
        self.history.show_playing(None if state is None else state.take)

    def _set_tab_order(self) -> None:
        """Left to right, top to bottom, as one reads."""
        bar, panel = self.transport, self.sliders
        order: list[QWidget] = [bar.play, bar.stop, bar.tempo, bar.tap, bar.sync, bar.sound]
        order += [bar.ports.out, bar.ports.inp, bar.ports.refresh_button, bar.panic, self.menu]
        order += [*self.loop.strips.buttons, self.loop]
        order += [panel.style_box, panel.raw, panel.reset]
        order += [row.slider for grid in (panel.named, panel.axes) for row in grid.rows.values()]
        order += [
            panel.map,
            panel.map.flag,
            *panel.path.controls,
            panel.freedom.slider,
            panel.new_idea,
            panel.fill,
            panel.seed,
        ]
        order += [*panel.morph.controls, *panel.swap.buttons]
        order += [panel.undo, panel.redo, self.presets, self.history]
        order += [self.takeout.loop, self.takeout.bars, self.takeout.record, self.takeout.choice]
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

    def contextMenuEvent(self, a0: QContextMenuEvent | None) -> None:  # noqa: N802
        """MIDI learn, for the control under the pointer."""
        if a0 is not None and not self.learn.context_menu(a0):
            super().contextMenuEvent(a0)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802
        """Escape that no control wants closes the sheet."""
        if a0 is not None and a0.key() == Qt.Key.Key_Escape and self.sheet.name is not None:
            self.sheet.close_page()
        else:
            super().keyPressEvent(a0)

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:  # noqa: N802
        """Take a file of another program, once there is something that can play it."""
        if a0 is not None and self._session.phase is Phase.READY and _dropped(a0):
            a0.acceptProposedAction()

    def dropEvent(self, a0: QDropEvent | None) -> None:  # noqa: N802
        """Play the preset or MIDI file that was dropped; several are not played, and that is said."""
        paths = [] if a0 is None else _dropped(a0)
        if a0 is not None and paths:
            a0.acceptProposedAction()
            if len(paths) == 1:
                self._session.files.open(paths[0])
            else:
                self._session.refuse(
                    f"{len(paths)} files were dropped, and only one can play. Drop that one."
                )

    def closeEvent(self, a0: QCloseEvent | None) -> None:  # noqa: N802
        """Vanish at once, then end everything in order."""
        self.hide()
        self.history.setModel(None)  # a list that has chosen takes complains if they go before it
        self._session.close()
        super().closeEvent(a0)


def _dropped(event: QDropEvent) -> list[Path]:
    """The files that are dragged here from another program."""
    data = event.mimeData()
    urls = [] if data is None or event.source() is not None else data.urls()
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
