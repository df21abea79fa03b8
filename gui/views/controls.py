"""The standard controls in the window's manner: buttons, number boxes, choices, segments.

Space and the letter keys are the window's (play, new idea) wherever the focus is, so these controls leave
them alone; Return presses the button that has the focus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from PyQt6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QValidator,
    QWheelEvent,
)
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from gui.views import theme
from gui.views.icons import SIZE, icon

V = TypeVar("V")

A_PIXEL, FINE_A_PIXEL = 0.25, 0.01
"""What a drag changes a number by."""


class Button(QPushButton):
    """A push button with an accessible name and a tooltip; Return presses it."""

    def __init__(self, name: str, tip: str, text: str = "", role: str = "") -> None:
        super().__init__(text)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setProperty("role", role)
        self.setFixedHeight(theme.CONTROL_HEIGHT)
        self._drawn: tuple[str, theme.Ink] | None = None

    def show_icon(self, name: str, ink: theme.Ink) -> None:
        """Show an icon of `gui.views.icons` instead of a text."""
        self.put_icon(name, ink)
        self.setIconSize(QSize(SIZE, SIZE))
        self.setFixedWidth(theme.CONTROL_HEIGHT + 6)

    def put_icon(self, name: str, ink: theme.Ink) -> None:
        """Show an icon of `gui.views.icons` before the text; it keeps to its ink in every palette."""
        self._drawn = name, ink
        self.setIcon(icon(name, ink.colour))

    def changeEvent(self, e: QEvent | None) -> None:  # noqa: N802
        """Other colours, another icon."""
        if self._drawn is not None and theme.dressed_anew(e):
            self.put_icon(*self._drawn)
        super().changeEvent(e)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802
        """Return presses the button."""
        if a0 is not None and a0.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(a0)


def _prepare(box: QAbstractSpinBox, name: str, tip: str) -> None:
    box.setAccessibleName(name)
    box.setToolTip(tip)
    box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    box.setKeyboardTracking(False)
    box.setFixedHeight(theme.CONTROL_HEIGHT)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    _Selecting(box)


class _Selecting(QObject):
    """The click that brings the focus to a number box selects the number, so that what is typed replaces it;
    so does a double click, where a line of text would select the part before the point.
    """

    def __init__(self, box: QAbstractSpinBox) -> None:
        super().__init__(box)
        self._box = box
        self._comes = False  # whether the press that is under way brought the focus
        box.installEventFilter(self)
        line = box.lineEdit()
        if line is not None:
            line.installEventFilter(self)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802
        """Select after Qt has set the cursor."""
        if isinstance(a1, QFocusEvent) and a1.type() == QEvent.Type.FocusIn:
            self._comes = a1.reason() == Qt.FocusReason.MouseFocusReason
        elif a0 is not self._box and isinstance(a1, QMouseEvent):
            double = a1.type() == QEvent.Type.MouseButtonDblClick
            if double or (a1.type() == QEvent.Type.MouseButtonRelease and self._comes):
                self._comes = False
                self._box.selectAll()
                return double
        return super().eventFilter(a0, a1)


def _is_the_windows(event: QEvent | None) -> bool:
    """Whether a number box must leave this to the window's shortcuts: Space, and letters."""
    if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
        return False
    plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
    return plain and (event.text().isalpha() or event.key() == Qt.Key.Key_Space)


class TempoBox(QDoubleSpinBox):
    """A tempo in BPM with two decimals. Arrow keys and wheel step by 1, with Shift by 0.1; it can be dragged
    up and down, by a quarter a pixel, with Shift by a hundredth.
    """

    def __init__(self, name: str, tip: str, limits: tuple[float, float]) -> None:
        super().__init__()
        _prepare(self, name, tip)
        self._shown: float | None = None
        self._dragged: tuple[float, float] | None = None  # from this y, and from this value
        self.setDecimals(2)
        self.setRange(*limits)
        line = self.lineEdit()
        if line is not None:
            line.installEventFilter(self)
            line.setCursor(Qt.CursorShape.SizeVerCursor)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802
        """A drag over the number changes it; a click still goes into it, to type."""
        if isinstance(a1, QMouseEvent) and self.isEnabled():
            left = Qt.MouseButton.LeftButton
            if a1.type() == QEvent.Type.MouseButtonPress and a1.button() == left:
                self._dragged = a1.globalPosition().y(), self.value()
            elif a1.type() == QEvent.Type.MouseMove and a1.buttons() & left and self._dragged is not None:
                up = self._dragged[0] - a1.globalPosition().y()
                fine = bool(a1.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                if abs(up) >= QApplication.startDragDistance():
                    self.setValue(self._dragged[1] + up * (FINE_A_PIXEL if fine else A_PIXEL))
                    return True
            elif a1.type() == QEvent.Type.MouseButtonRelease:
                self._dragged = None
        return super().eventFilter(a0, a1)

    def event(self, event: QEvent | None) -> bool:
        """Leave Space and letters to the window."""
        return False if _is_the_windows(event) else super().event(event)

    def validate(self, text: str | None, pos: int) -> tuple[QValidator.State, str, int]:
        """A decimal comma is as good as a point."""
        point = self.locale().decimalPoint()
        return super().validate((text or "").replace(",", point).replace(".", point), pos)

    def show_value(self, bpm: float) -> None:
        """Show a tempo and tell nothing. One that is shown already leaves alone what is being typed."""
        if bpm != self._shown:
            self._shown = bpm
            self.blockSignals(True)
            self.setValue(bpm)
            self.blockSignals(False)

    def wheelEvent(self, e: QWheelEvent | None) -> None:  # noqa: N802
        """Fine steps with Shift."""
        if e is not None:
            self._set_step(e.modifiers())
            super().wheelEvent(e)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:  # noqa: N802
        """Fine steps with Shift."""
        if e is not None:
            if e.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                self._set_step(e.modifiers())
            super().keyPressEvent(e)

    def _set_step(self, modifiers: Qt.KeyboardModifier) -> None:
        """Not to be called while a number is typed: Qt then puts the old one back."""
        self.setSingleStep(0.1 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0)


class WholeBox(QSpinBox):
    """A whole number."""

    def __init__(self, name: str, tip: str, limits: tuple[int, int]) -> None:
        super().__init__()
        _prepare(self, name, tip)
        self._shown: int | None = None
        self.setRange(*limits)

    def show_value(self, number: int) -> None:
        """Show a number and tell nothing. One that is shown already leaves alone what is being typed."""
        if number != self._shown:
            self._shown = number
            self.blockSignals(True)
            self.setValue(min(number, self.maximum()))
            self.blockSignals(False)

    def event(self, event: QEvent | None) -> bool:
        """Leave Space and letters to the window."""
        return False if _is_the_windows(event) else super().event(event)


class ChoiceBox(QComboBox, Generic[V]):
    """One of several choices, each with a value. `chosen` tells the value that a person picked.

    Painted by itself, with the text elided in the middle: port names differ at both ends.
    """

    chosen = pyqtSignal(object)

    def __init__(self, name: str, tip: str, width: int) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setFixedHeight(theme.CONTROL_HEIGHT)
        self.setMinimumWidth(width)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setMaxVisibleItems(16)
        self.setItemDelegate(QStyledItemDelegate(self))  # the plain one ignores the theme's item heights
        self.activated.connect(lambda index: self.chosen.emit(self.itemData(index)))

    def show_choices(self, choices: Sequence[tuple[str, V]], current: V) -> None:
        """Offer these (label, value) pairs, with the current value chosen. Tells nothing."""
        if [(self.itemText(row), self.itemData(row)) for row in range(self.count())] != list(choices):
            self.clear()
            for label, value in choices:
                self.addItem(label, value)
            view = self.view()
            if view is not None:
                view.setMinimumWidth(view.sizeHintForColumn(0) + 24)
        values = [value for _, value in choices]
        self.setCurrentIndex(values.index(current) if current in values else -1)

    def paintEvent(self, e: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        """A rounded box, the text, a chevron."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        enabled, focused = self.isEnabled(), self.hasFocus()
        edge = theme.FOCUS if focused else theme.EDGE if enabled else theme.LINE
        pen_width = 2.0 if focused else 1.0
        inset = pen_width / 2
        ground = theme.PANEL if not enabled else theme.CONTROL_HOVER if self.underMouse() else theme.CONTROL
        painter.setPen(QPen(QColor(edge), pen_width))
        painter.setBrush(QColor(ground))
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
        colour = QColor(theme.TEXT if enabled else theme.FAINT)
        painter.setPen(colour)
        text_box = self.rect().adjusted(10, 0, -26, 0)
        text = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideMiddle, text_box.width()
        )
        painter.drawText(text_box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        right, middle = self.width() - 15.0, self.height() / 2
        chevron = QPen(colour, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(chevron)
        painter.drawPolyline(
            QPointF(right - 4, middle - 2), QPointF(right, middle + 2), QPointF(right + 4, middle - 2)
        )


class Segments(QWidget, Generic[V]):
    """A few exclusive choices side by side. `chosen` tells the value that a person picked."""

    chosen = pyqtSignal(object)

    def __init__(self, choices: Sequence[tuple[str, V, str]]) -> None:
        """Offer (label, value, tooltip) triples; the tooltip's first part is also the accessible name."""
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._group = QButtonGroup(self)
        self._tips = [tip for _, _, tip in choices]
        self._buttons: list[tuple[V, Button]] = []
        for label, value, tip in choices:
            button = Button(tip, tip, label)
            button.setCheckable(True)
            button.clicked.connect(self._teller(value))
            self._group.addButton(button)
            self._buttons.append((value, button))
            row.addWidget(button, 1)

    @property
    def buttons(self) -> list[Button]:
        """The buttons, left to right."""
        return [button for _, button in self._buttons]

    def show_value(self, value: V) -> None:
        """Show what is chosen. Tells nothing."""
        for candidate, button in self._buttons:
            if candidate == value and not button.isChecked():
                button.setChecked(True)

    def explain(self, enabled: bool, why_not: str) -> None:
        """Enable the choices, or disable them and let their tooltips say why."""
        for (_, button), tip in zip(self._buttons, self._tips, strict=True):
            explain(button, enabled, tip, why_not)

    def _teller(self, value: V) -> Callable[[bool], None]:
        return lambda _checked: self.chosen.emit(value)


class Captioned(QWidget):
    """A control (or several, side by side) under a small caption."""

    def __init__(self, caption: str, *widgets: QWidget) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.caption = QLabel(caption)
        self.caption.setFont(theme.font(theme.CAPTION_PX))
        self.caption.setProperty("role", "caption")
        self.caption.setBuddy(widgets[0])
        column.addWidget(self.caption)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP - 2)
        for widget in widgets:
            row.addWidget(widget)
        column.addLayout(row)


def paragraph(text: str, width: int = theme.SHEET_WIDTH - 3 * theme.MARGIN) -> QLabel:
    """Wrapped text of the height that it takes at this width: by itself a label asks for more."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setFixedWidth(width)
    label.setFixedHeight(label.heightForWidth(width))
    return label


def explain(widget: QWidget, enabled: bool, tip: str, why_not: str) -> None:
    """Enable a control, or disable it and let its tooltip say why."""
    widget.setEnabled(enabled)
    widget.setToolTip(tip if enabled else why_not)
