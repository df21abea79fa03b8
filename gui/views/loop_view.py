"""The loop: nine voices by 64 steps, with the playhead in time with the sound and the next loop as ghosts."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from bridge.groove import Voice
from bridge.groove.loop import STEPS_PER_BAR, STEPS_PER_BEAT
from gui.models import Phase, SessionModel, loop_steps
from gui.views import loop_painter as draw
from gui.views import theme
from gui.views.loop_geometry import LoopGeometry

MS_PER_MINUTE = 60_000.0


class LoopView(QWidget):
    """Shows the session's loop.

    All but the playhead is painted once into a picture; a frame repaints only the strips that the playhead
    leaves and enters, from that picture. `painted` tells what a repaint covered, for those who measure.
    """

    painted = pyqtSignal(QRect)

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self._picture: QPixmap | None = None
        self._playhead = loop_steps(session.playhead.ticks)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Drum loop, four bars")
        session.loops_changed.connect(self._redraw)
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

    def describe(self, step: int, voice: Voice) -> str:
        """The hit in a cell in a musician's words; empty where there is none."""
        loop, state = self._session.loop, self._session.state
        if loop is None or state is None or not loop.hits[step, voice]:
            return ""
        bar, in_bar = divmod(step, STEPS_PER_BAR)
        beat, sixteenth = divmod(in_bar, STEPS_PER_BEAT)
        velocity = max(1, round(127 * float(loop.velocities[step, voice])))
        late_ms = float(loop.offsets[step, voice]) * MS_PER_MINUTE / (state.bpm * STEPS_PER_BEAT)
        timing = "on the grid" if abs(late_ms) < 0.5 else f"{abs(late_ms):.0f} ms {_side(late_ms)}"
        return f"{voice.title}, {bar + 1}.{beat + 1}.{sixteenth + 1}: velocity {velocity}, {timing}"

    # --- following the session ---

    def _redraw(self) -> None:
        self._picture = None
        loop = self._session.loop
        self.setAccessibleDescription("No loop yet" if loop is None else f"{loop.hit_count} hits")
        self.update()

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
        painter.end()
        self.painted.emit(a0.rect())

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
        if loop is not None:
            draw.paint_hits(painter, layout, loop)
        else:
            draw.paint_message(painter, layout, self._absence())
        if following is not None:
            draw.paint_ghosts(painter, layout, following)
        painter.end()
        return picture

    def _absence(self) -> str:
        failed = self._session.phase is Phase.FAILED
        return "There is no drummer to play." if failed else "The first loop is on its way …"

    # --- hovering ---

    def event(self, a0: QEvent | None) -> bool:
        """A tooltip for the hit under the pointer."""
        if isinstance(a0, QHelpEvent) and a0.type() == QEvent.Type.ToolTip:
            cell = self.geometry_now.cell_at(QPointF(a0.pos()))
            QToolTip.showText(a0.globalPos(), self.describe(*cell) if cell else "", self)
            return True
        return super().event(a0)


def _side(late_ms: float) -> str:
    return "late" if late_ms > 0 else "early"
