"""The loop: nine voices by 64 steps, with the playhead in time with the sound and the next loop as ghosts."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QContextMenuEvent,
    QCursor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QApplication, QSizePolicy, QToolTip, QWidget

from bridge.groove import Voice
from gui.models import Phase, SessionModel, loop_steps
from gui.views import loop_painter as draw
from gui.views import theme
from gui.views.cell_menu import cell_menu
from gui.views.loop_geometry import LoopGeometry
from gui.views.loop_hand import LoopHand
from gui.views.voice_strips import VoiceStrips

NOTCH = 120
"""How far Qt says that the wheel went when it went one notch."""


class LoopView(QWidget):
    """Shows the session's loop, and lets a hand change it: `LoopHand` says how.

    All but the playhead and the hand's cursor is painted once into a picture; a frame repaints only the
    strips that the playhead leaves and enters, from that picture. `painted` tells what a repaint covered, for
    those who measure.
    """

    painted = pyqtSignal(QRect)

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self._picture: QPixmap | None = None
        self._playhead = loop_steps(session.playhead.ticks)
        self.hand = LoopHand(session)
        self._marked = self.hand.touches
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Drum loop, four bars")
        self.strips = VoiceStrips(session, self)
        session.loops_changed.connect(self._redraw)
        session.settings_changed.connect(self._on_settings)
        session.mix_changed.connect(self._redraw)
        session.phase_changed.connect(self._redraw)
        session.transport_changed.connect(self._on_transport)
        session.playhead.moved.connect(self._on_moved)
        self._redraw()

    @property
    def geometry_now(self) -> LoopGeometry:
        """The layout at the present size."""
        return LoopGeometry(self.width(), self.height())

    @property
    def playhead_steps(self) -> float:
        """Where the playhead is drawn, in steps 0..64."""
        return self._playhead

    def sizeHint(self) -> QSize:  # noqa: N802
        """As large as the window allows."""
        return QSize(1100, 400)

    @property
    def voice_pointed(self) -> Voice | None:
        """The voice whose lane is under the pointer, or else under the keyboard's cursor; None elsewhere."""
        pointer = self.mapFromGlobal(QCursor.pos())
        if self.rect().contains(pointer):
            return self.geometry_now.voice_at(pointer.y())
        return self.hand.cursor[1] if self.hasFocus() else None

    # --- following the session ---

    def _redraw(self) -> None:
        self._picture = None
        self._marked = self.hand.touches
        loop = self._session.loop
        self._describe_cursor()
        self.setCursor(Qt.CursorShape.ArrowCursor if loop is None else Qt.CursorShape.CrossCursor)
        self.update()

    def _describe_cursor(self) -> None:
        """For those who do not see it: how many hits, and the cell under the cursor."""
        loop = self._session.loop
        words = (
            "No loop yet"
            if loop is None
            else f"{loop.hit_count} hits. {self.hand.describe(self.hand.cursor)}"
        )
        self.setAccessibleDescription(words)

    def _on_settings(self) -> None:
        if self._marked != self.hand.touches:
            self._redraw()

    def _on_transport(self) -> None:
        self.update(self.geometry_now.playhead(self._playhead))

    def _on_moved(self, ticks: float) -> None:
        layout = self.geometry_now
        before, self._playhead = self._playhead, loop_steps(ticks)
        self.update(layout.playhead(before))
        self.update(layout.playhead(self._playhead))

    # --- painting ---

    def changeEvent(self, a0: QEvent | None) -> None:  # noqa: N802
        """Other colours need a new picture."""
        if theme.dressed_anew(a0):
            self._picture = None
        super().changeEvent(a0)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802
        """A new size needs a new picture."""
        self._picture = None
        self.strips.fit(self.geometry_now)
        super().resizeEvent(a0)

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802
        """Copy what is uncovered from the picture, then the playhead on top."""
        if a0 is None:
            return
        picture, scale = self.picture(), self.devicePixelRatioF()
        painter = QPainter(self)
        part = QRectF(a0.rect())
        source = QRectF(part.x() * scale, part.y() * scale, part.width() * scale, part.height() * scale)
        painter.drawPixmap(part, picture, source)
        if self._session.loop is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw.paint_playhead(painter, self.geometry_now, self._playhead, self._session.playhead.rolling)
            self._paint_hand(painter)
        painter.end()
        self.painted.emit(a0.rect())

    def _paint_hand(self, painter: QPainter) -> None:
        """The cursor of the keyboard, and in words what is being pulled or walked over."""
        cell = self.hand.pulled_cell or (self.hand.cursor if self.hasFocus() else None)
        if cell is not None:
            draw.paint_cursor(painter, self.geometry_now, cell)
            draw.paint_readout(painter, self.geometry_now, cell, self.hand.describe(cell))

    def picture(self) -> QPixmap:
        """All but the playhead, at the present size and scale."""
        scale = self.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatio() != scale:
            self._picture = self._paint_picture(scale)
        return self._picture

    def _paint_picture(self, scale: float) -> QPixmap:
        picture = QPixmap(self.size() * scale)
        picture.setDevicePixelRatio(scale)
        painter = QPainter(picture)
        layout = self.geometry_now
        draw.paint_ground(painter, layout)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        loop, following = self._session.loop, self._session.next_loop
        state = self._session.state
        if loop is not None and state is not None:
            silent = frozenset(voice for voice in Voice if not state.voicing.heard(voice))
            draw.paint_hits(painter, layout, loop, silent)
            draw.paint_touches(painter, layout, state.sketch.touches)
        else:
            draw.paint_message(painter, layout, self._absence())
        if following is not None:
            draw.paint_ghosts(painter, layout, following)
        painter.end()
        return picture

    def _absence(self) -> str:
        failed = self._session.phase is Phase.FAILED
        return "There is no drummer to play." if failed else "The first loop is on its way …"

    # --- the hand ---

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Take hold of what is seen there."""
        loop = self._session.next_loop or self._session.loop
        if a0 is not None and loop is not None and a0.button() == Qt.MouseButton.LeftButton:
            self.hand.press(self.geometry_now.hit_at(a0.position(), loop), a0.position())

    def mouseDoubleClickEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Two clicks are two clicks."""
        self.mousePressEvent(a0)

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Pull the hit: up and down its velocity, sideways its timing; Shift: fine, no snapping."""
        if a0 is not None:
            fine = bool(a0.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            far = QApplication.startDragDistance() / 2
            if self.hand.pull(a0.position(), self.geometry_now, far, fine):
                self.update()

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Strike or silence, or leave the hit where it was pulled."""
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton:
            self.hand.release()
            self._describe_cursor()
            self.update()

    def wheelEvent(self, a0: QWheelEvent | None) -> None:  # noqa: N802
        """Louder or softer, the hit that is under the pointer; Shift: fine."""
        loop = self._session.next_loop or self._session.loop
        if a0 is None or loop is None:
            return
        notches = (a0.angleDelta().y() or a0.angleDelta().x()) / NOTCH
        fine = bool(a0.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        cell = self.geometry_now.hit_at(a0.position(), loop)
        if cell is not None and self.hand.roll(cell, notches, fine):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._describe_cursor()
            self.update()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802
        """Arrows walk, Return strikes or silences, + and - and Ctrl+arrows shape, Delete gives back."""
        if a0 is not None and self._session.loop is not None and self.hand.key(a0.key(), a0.modifiers()):
            self._describe_cursor()
            self.update()
        else:
            super().keyPressEvent(a0)

    def contextMenuEvent(self, a0: QContextMenuEvent | None) -> None:  # noqa: N802
        """What can be done to the cell, by right-click or the menu key."""
        loop = self._session.next_loop or self._session.loop
        if a0 is None or loop is None:
            return
        by_keys = a0.reason() == QContextMenuEvent.Reason.Keyboard
        cell = self.hand.cursor if by_keys else self.geometry_now.hit_at(QPointF(a0.pos()), loop)
        if cell is not None:
            menu = cell_menu(self.hand, cell, self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            place = self.geometry_now.cell(*cell).bottomLeft().toPoint() if by_keys else a0.pos()
            menu.popup(self.mapToGlobal(place))

    def focusInEvent(self, a0: QFocusEvent | None) -> None:  # noqa: N802
        """Show the cursor."""
        super().focusInEvent(a0)
        self.update()

    def focusOutEvent(self, a0: QFocusEvent | None) -> None:  # noqa: N802
        """Hide the cursor."""
        super().focusOutEvent(a0)
        self.update()

    # --- hovering ---

    def event(self, a0: QEvent | None) -> bool:
        """A tooltip for the hit under the pointer."""
        if isinstance(a0, QHelpEvent) and a0.type() == QEvent.Type.ToolTip:
            loop = self._session.loop
            cell = None if loop is None else self.geometry_now.hit_at(QPointF(a0.pos()), loop)
            QToolTip.showText(a0.globalPos(), self.hand.describe(cell) if cell else "", self)
            return True
        return super().event(a0)
