"""A horizontal slider for a musical value: it shows whether it is held, and lets go on a double click."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PyQt6.QtWidgets import QSlider

from gui.views import theme

UNIT = 100
"""Slider positions in one unit of the value: the value moves in hundredths."""

HANDLE_RADIUS = 7.0
MARK = 4.0
"""Half the width of the mark below the groove, and its height."""
FINE = 10.0


class ValueSlider(QSlider):
    """A value in a range, in hundredths.

    `edited` tells the value that a person set (drag, click, wheel, arrow keys, or an assistive program),
    `released` that they let it go (double click, Home, Delete). Shift makes drag, wheel and arrows ten times
    finer. `show_value` shows without telling. The bar grows from `rest`; the handle is solid when held, else
    hollow, and square where the slider stays put while others move by themselves.
    """

    edited = pyqtSignal(float)
    released = pyqtSignal()

    def __init__(self, name: str, tip: str, low: float, high: float, rest: float, step: float) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setRange(round(low * UNIT), round(high * UNIT))
        self.setSingleStep(round(step * UNIT))
        self.setPageStep(round(step * UNIT) * 5)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._rest = round(rest * UNIT)
        self._held = False
        self._mark: float | None = None
        self._knob: float | None = None
        self._square = False
        self._showing = False
        self._grabbed_at: float | None = None
        self._grabbed_value = 0.0
        self.valueChanged.connect(self._on_value)

    @property
    def held(self) -> bool:
        """Whether the value is shown as held."""
        return self._held

    @property
    def shown(self) -> float:
        """The value shown."""
        return self.value() / UNIT

    def show_value(self, value: float, held: bool) -> None:
        """Show a value; one beyond the range shows at its end. Tells nothing."""
        self._showing = True
        self.setValue(round(value * UNIT))
        self._showing = False
        if held is not self._held:
            self._held = held
            self.update()

    def show_home(self, home: float | None, stays: bool) -> None:
        """Mark the value that the slider moves about by itself, at its end where that lies beyond (None: it
        does not move), and whether it stays while others do.
        """
        mark = None if home is None else min(max(home * UNIT, self.minimum()), self.maximum())
        if (mark, stays) != (self._mark, self._square):
            self._mark, self._square = mark, stays
            self.update()

    def show_knob(self, share: float | None) -> None:
        """Mark, above the groove, where on its way (0..1) a knob is that does not move this slider before it
        has passed the value; None: there is none.
        """
        if share != self._knob:
            self._knob = share
            self.update()

    @property
    def knob(self) -> float | None:
        """Where on its way a knob is marked."""
        return self._knob

    @property
    def home(self) -> float | None:
        """The value that is marked."""
        return None if self._mark is None else self._mark / UNIT

    @property
    def stays(self) -> bool:
        """Whether the slider is shown as one that stays."""
        return self._square

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for the handle and its focus ring."""
        return QSize(160, 24)

    def _on_value(self, value: int) -> None:
        if not self._showing:
            self.edited.emit(value / UNIT)

    # --- hands ---

    def mousePressEvent(self, ev: QMouseEvent | None) -> None:  # noqa: N802
        """Take the handle, or bring it here."""
        if ev is None or ev.button() != Qt.MouseButton.LeftButton:
            return
        x = ev.position().x()
        self.setSliderDown(True)
        if abs(x - self._x_of(self.value())) > HANDLE_RADIUS + 2:
            self.setValue(round(self._value_at(x)))
        self._grabbed_at, self._grabbed_value = x, float(self.value())

    def mouseMoveEvent(self, ev: QMouseEvent | None) -> None:  # noqa: N802
        """Drag by the distance moved, finer with Shift."""
        if ev is None or self._grabbed_at is None:
            return
        x = ev.position().x()
        per_pixel = (self.maximum() - self.minimum()) / max(1.0, self._right - self._left)
        fine = FINE if ev.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        moved = self._grabbed_value + (x - self._grabbed_at) * per_pixel / fine
        self._grabbed_value = min(max(moved, self.minimum()), self.maximum())
        self._grabbed_at = x
        self.setValue(round(self._grabbed_value))

    def mouseReleaseEvent(self, ev: QMouseEvent | None) -> None:  # noqa: N802
        """Let the handle be."""
        if ev is not None and ev.button() == Qt.MouseButton.LeftButton:
            self._grabbed_at = None
            self.setSliderDown(False)

    def mouseDoubleClickEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Let the value go."""
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton:
            self.released.emit()

    def wheelEvent(self, e: QWheelEvent | None) -> None:  # noqa: N802
        """A step a notch; some systems turn the wheel sideways with Shift."""
        if e is not None:
            delta = e.angleDelta().y() or e.angleDelta().x()
            self._nudge(delta / 120, e.modifiers())
            e.accept()

    def keyPressEvent(self, ev: QKeyEvent | None) -> None:  # noqa: N802
        """Arrow keys step, Home, Delete and Backspace let go; the rest is a slider's own (End, pages)."""
        if ev is None:
            return
        if ev.key() in (Qt.Key.Key_Right, Qt.Key.Key_Up):
            self._nudge(1, ev.modifiers())
        elif ev.key() in (Qt.Key.Key_Left, Qt.Key.Key_Down):
            self._nudge(-1, ev.modifiers())
        elif ev.key() in (Qt.Key.Key_Home, Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.released.emit()
        else:
            super().keyPressEvent(ev)

    def _nudge(self, steps: float, modifiers: Qt.KeyboardModifier) -> None:
        fine = FINE if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0
        distance = steps * self.singleStep() / fine
        self.setValue(self.value() + (round(distance) or (1 if distance > 0 else -1 if distance < 0 else 0)))

    # --- looks ---

    @property
    def _left(self) -> float:
        return HANDLE_RADIUS + 3

    @property
    def _right(self) -> float:
        return self.width() - HANDLE_RADIUS - 3

    def _x_of(self, value: float) -> float:
        share = (value - self.minimum()) / (self.maximum() - self.minimum())
        return self._left + share * (self._right - self._left)

    def _value_at(self, x: float) -> float:
        share = (x - self._left) / max(1.0, self._right - self._left)
        return self.minimum() + min(max(share, 0.0), 1.0) * (self.maximum() - self.minimum())

    def paintEvent(self, ev: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        """A groove with a line at rest, the bar from there, the marks below and above, the handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        enabled = self.isEnabled()
        middle = round(self.height() / 2)
        bright = theme.TEXT if enabled else theme.FAINT
        x, rest = self._x_of(self.value()), self._x_of(self._rest)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.GROOVE))
        painter.drawRoundedRect(QRectF(self._left - 3, middle - 2, self._right - self._left + 6, 4), 2, 2)
        painter.fillRect(QRectF(round(rest), middle - 6, 1, 12), QColor(theme.EDGE))
        if enabled:
            bar = QColor(theme.TEXT if self._held else theme.FAINT)
            painter.fillRect(QRectF(min(x, rest), middle - 1, abs(x - rest), 2), bar)
        painter.setPen(Qt.PenStyle.NoPen)
        if enabled and self._mark is not None:
            painter.setBrush(QColor(theme.DIM))
            _point(painter, self._x_of(self._mark), self.height() - MARK, self.height())
        if enabled and self._knob is not None:
            painter.setBrush(QColor(theme.TEXT))
            _point(painter, self._left + self._knob * (self._right - self._left), MARK + 1, 0.0)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.FOCUS), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            self._draw_handle(painter, QPointF(x, middle), HANDLE_RADIUS + 2)
        painter.setPen(QPen(QColor(bright if self._held else theme.DIM if enabled else theme.FAINT), 2))
        painter.setBrush(QColor(bright if self._held and enabled else theme.PANEL))
        self._draw_handle(painter, QPointF(x, middle), HANDLE_RADIUS - 1)

    def _draw_handle(self, painter: QPainter, at: QPointF, radius: float) -> None:
        if self._square:
            painter.drawRect(QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius))
        else:
            painter.drawEllipse(at, radius, radius)


def _point(painter: QPainter, x: float, tip: float, base: float) -> None:
    """A triangle at x, from its tip to its base."""
    painter.drawPolygon(QPolygonF([QPointF(x, tip), QPointF(x + MARK, base), QPointF(x - MARK, base)]))
