"""Every loop that was played, as thumbnails in a row: to play again, pin, name, and drag into a DAW."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QContextMenuEvent, QFocusEvent, QKeyEvent, QPainter, QPen
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from bridge.groove import STEPS, DrumLoop
from bridge.studio.history import Take
from gui.models.history import TAKE_ROLE, HistoryModel, file_name, title_of
from gui.views import theme
from gui.views.file_dialogs import ask_saving
from gui.views.loop_geometry import LANES

_CTRL = Qt.KeyboardModifier.ControlModifier
THUMB = QSize(108, 62)
_CAPTION = 16
_EDITOR = 24
_PAD = 5


class Thumbnails(QStyledItemDelegate):
    """Paints a take: its hits in the colours of their voices, its name, a star where it is pinned."""

    playing: int | None = None
    """The number of the take that sounds now."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex) -> QSize:  # noqa: N802
        """All thumbnails are of one size."""
        return THUMB

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """One thumbnail."""
        take = index.data(TAKE_ROLE)
        if painter is None or not isinstance(take, Take):
            return
        box = QRectF(option.rect).adjusted(3, 3, -3, -3)
        state = option.state
        now = take.number == self.playing
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setBrush(QColor(theme.CONTROL_HOVER if hovered else theme.CONTROL))
        edge = theme.NOW if now else theme.EDGE
        if state & QStyle.StateFlag.State_Selected:
            there = option.widget is not None and option.widget.hasFocus()
            edge = theme.FOCUS if there else edge if now else theme.DIM
        painter.setPen(QPen(QColor(edge), 2 if edge != theme.EDGE else 1))
        painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
        paint_thumbnail(painter, box.adjusted(_PAD, _PAD, -_PAD, -_PAD - _CAPTION + 4), take.loop)
        self._paint_caption(painter, box, take, now)
        painter.restore()

    def updateEditorGeometry(  # noqa: N802
        self, editor: QWidget | None, option: QStyleOptionViewItem, _index: QModelIndex
    ) -> None:
        """A name is typed where it stands, under the hits."""
        if editor is not None:
            box = option.rect.adjusted(3, 3, -3, -3)
            editor.setGeometry(box.left(), box.bottom() - _EDITOR, box.width(), _EDITOR)

    def _paint_caption(self, painter: QPainter, box: QRectF, take: Take, now: bool) -> None:
        caption = QRectF(box.left() + _PAD, box.bottom() - _CAPTION, box.width() - 2 * _PAD, _CAPTION - 2)
        painter.setFont(theme.font(theme.CAPTION_PX))
        painter.setPen(QColor(theme.NOW if now else theme.DIM))
        star = "★ " if take.pinned else ""
        text = painter.fontMetrics().elidedText(
            star + title_of(take), Qt.TextElideMode.ElideRight, int(caption.width())
        )
        painter.drawText(caption, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


class HistoryStrip(QListView):
    """A row of takes, the newest first. Double click or Enter asks to `recall` one; the context menu to pin
    (P), name (F2) or save (Ctrl+E) it; dragging gives a .mid file.
    """

    recall = pyqtSignal(int)
    pin = pyqtSignal(int, bool)
    rename = pyqtSignal(int, str)

    def __init__(self, history: HistoryModel) -> None:
        super().__init__()
        self._history = history
        self.setModel(history)
        self._thumbnails = Thumbnails(self)
        self.setItemDelegate(self._thumbnails)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFixedHeight(THUMB.height() + 14)
        self.setObjectName("history")
        self.setAccessibleName("History: every loop that was played, the newest first")
        history.renamed.connect(self.rename)
        self.activated.connect(lambda index: self.recall.emit(index.data(TAKE_ROLE).number))

    def show_playing(self, number: int | None) -> None:
        """Mark the take that sounds."""
        if self._thumbnails.playing != number:
            self._thumbnails.playing = number
            self._repaint()

    def chosen(self) -> list[Take]:
        """The takes that are selected."""
        return [index.data(TAKE_ROLE) for index in self.selectedIndexes()]

    def ask_name(self, take: Take) -> None:
        """Have the user type a take's name where it stands. Return keeps it, Escape does not."""
        numbers = [each.number for each in self._history.takes]
        if take.number in numbers:
            index = self._history.index(numbers.index(take.number))
            self.scrollTo(index)
            self.edit(index)

    def ask_file(self, take: Take) -> None:
        """Have the user choose where to save a take as a MIDI file."""
        title = f"Save {title_of(take)} as a MIDI file"
        ask_saving(self, title, file_name(take), "MIDI files (*.mid)", ".mid")(
            lambda path: self._history.save(take, path)
        )

    def menu_for(self, take: Take) -> QMenu:
        """What one can do with a take."""
        menu = QMenu(self)
        actions = (
            ("Play it again", lambda: self.recall.emit(take.number)),
            (
                "Take the pin off" if take.pinned else "Pin it",
                lambda: self.pin.emit(take.number, not take.pinned),
            ),
            ("Name it …", lambda: self.ask_name(take)),
            ("Save as MIDI file …", lambda: self.ask_file(take)),
        )
        for text, act in actions:
            action = menu.addAction(text)
            if action is not None:
                action.triggered.connect(act)
        return menu

    def focusInEvent(self, e: QFocusEvent | None) -> None:  # noqa: N802
        """Keys that come here find a take that is chosen."""
        super().focusInEvent(e)
        by_mouse = e is not None and e.reason() == Qt.FocusReason.MouseFocusReason
        if not by_mouse and not self.selectedIndexes():
            self.setCurrentIndex(self.currentIndex())
        self._repaint()

    def focusOutEvent(self, e: QFocusEvent | None) -> None:  # noqa: N802
        """What is chosen is marked less when keys go elsewhere."""
        super().focusOutEvent(e)
        self._repaint()

    def keyPressEvent(self, e: QKeyEvent | None) -> None:  # noqa: N802
        """P pins, F2 names, Ctrl+E saves what is selected."""
        takes = self.chosen()
        if e is not None and takes and e.key() == Qt.Key.Key_P:
            for take in takes:
                self.pin.emit(take.number, not take.pinned)
        elif e is not None and takes and e.key() == Qt.Key.Key_F2:
            self.ask_name(takes[0])
        elif e is not None and takes and e.key() == Qt.Key.Key_E and e.modifiers() == _CTRL:
            self.ask_file(takes[0])
        else:
            super().keyPressEvent(e)

    def contextMenuEvent(self, a0: QContextMenuEvent | None) -> None:  # noqa: N802
        """The menu of the take under the pointer."""
        if a0 is None:
            return
        take = self.indexAt(a0.pos()).data(TAKE_ROLE)
        if isinstance(take, Take):
            self.menu_for(take).popup(a0.globalPos())

    def _repaint(self) -> None:
        port = self.viewport()
        if port is not None:
            port.update()


def paint_thumbnail(painter: QPainter, box: QRectF, loop: DrumLoop) -> None:
    """A loop in a few pixels: each hit a mark in the colour of its voice, louder ones brighter."""
    width, height = box.width() / STEPS, box.height() / len(LANES)
    painter.setPen(Qt.PenStyle.NoPen)
    for row, voice in enumerate(LANES):
        for step in range(STEPS):
            if loop.hits[step, voice]:
                strength = 0.45 + 0.55 * float(loop.velocities[step, voice])
                painter.setBrush(theme.shade(theme.VOICE_COLOURS[voice], strength, theme.CONTROL))
                x, y = box.left() + step * width, box.top() + row * height
                painter.drawRect(QRectF(x, y, max(1.0, width - 0.2), max(1.0, height - 0.8)))
