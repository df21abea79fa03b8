"""The map: the loops that the model learned from, alike ones side by side; drag to travel among them."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer
from PyQt6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from bridge.model.map import UNLABELLED
from bridge.studio import Studio, gestures
from bridge.studio.flags import Flag
from gui.models import Phase, SessionModel
from gui.models.pins import Pin
from gui.views import theme, words
from gui.views.flag_button import FlagButton
from gui.views.flag_hand import FlagHand
from gui.views.learn import Offer
from gui.views.map_geometry import MapGeometry
from gui.views.map_picture import HERE, MapPicture, Names, Shown
from gui.views.path_hand import PathHand
from gui.views.path_painter import paint_heading

SETTLE_MS = 250
"""What has not moved for so long is at rest: names make room for it."""
NEAR = 9.0
"""How near, in pixels, a loop must be to the pointer for its name to be shown."""

STEP = 0.04
FINE_STEP = 0.008
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class MapView(QWidget):
    """Shows the model's map and where the loop is on it.

    A press or a drag travels there: every point is a loop. Arrow keys step, with Shift finely. While it is
    `drawing`, a press or a drag draws the path instead; a right click takes a place of the path away, Insert
    adds where we are, Delete takes the last away, with Shift all. A star is a pinned take: a press plays it;
    P pins what plays, or takes the pin off. A flag is a place: a click travels there, a drag or Ctrl with
    arrows moves it, a double click or F2 names it, PageDown and PageUp go from flag to flag, and the menu
    has the rest. All but where we are is painted once into a picture.
    """

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self._picture: MapPicture | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(SETTLE_MS)
        self._rest.timeout.connect(self._settle)
        self._hand = PathHand(session.journey)
        self._took_away = False  # whether the right button has just taken a place of the path away
        self._drawing = False
        self._pressed: Pin | Flag | None = None  # until the hand leaves it
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of loops")
        session.phase_changed.connect(self._redraw)
        session.settings_changed.connect(self._moved)
        session.journey.changed.connect(self._moved)
        session.pins.changed.connect(self._settle)
        self.flags = FlagHand(self, session.flags, lambda: self.geometry_now)
        self.flag = FlagButton(session, self)
        session.flags.changed.connect(self._moved)
        session.flags.changed.connect(self._settle)
        self._redraw()

    @property
    def drawing(self) -> bool:
        """Whether a press draws the path, rather than travels."""
        return self._drawing

    def set_drawing(self, on: bool) -> None:
        """Have a press draw the path, or travel."""
        self._drawing = on
        self._hand.release()
        self.update()

    @property
    def geometry_now(self) -> MapGeometry:
        """The layout at the present size."""
        return MapGeometry(self.width(), self.height())

    def sizeHint(self) -> QSize:  # noqa: N802
        """Square enough to see distances."""
        return QSize(320, 140)

    # --- following the session ---

    def _redraw(self) -> None:
        chart = self._session.chart
        ready = chart is not None
        self._picture = None if chart is None else MapPicture(chart)
        self.setEnabled(ready)
        self.setCursor(Qt.CursorShape.CrossCursor if ready else Qt.CursorShape.ArrowCursor)
        self._moved()

    def _moved(self) -> None:
        place = self._session.place
        here = "" if place is None else self.describe(*place)
        said = (here, self._path_words(), self._flag_words())
        self.setAccessibleDescription(". ".join(filter(None, said)))
        self._rest.start()
        self.update()

    def _settle(self) -> None:
        """What is in the way of names is at rest."""
        if self._picture is not None:
            self._picture.settle()
        self.update()

    def _path_words(self) -> str:
        journey = self._session.journey
        count = len(journey.path.places)
        if not count:
            return ""
        places = f"{count} place{'s' if count > 1 else ''}"
        return (
            f"The path has {places}, and the song {'follows' if journey.following else 'does not follow'} it"
        )

    def _flag_words(self) -> str:
        names = [flag.name for flag in self._session.flags.flags]
        return f"Flags: {', '.join(names)}" if names else ""

    def describe(self, x: float, y: float) -> str:
        """What is near a point, in a musician's words."""
        chart = self._session.chart
        if chart is None:
            return ""
        nearest = chart.nearest(x, y)
        style = int(chart.style[nearest])
        name = "No style" if style == UNLABELLED else words.style_word(chart.styles[style])
        return f"{name}, played at {chart.bpm[nearest]:.0f} BPM"

    # --- travelling, and drawing the path ---

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Travel to where one presses, or draw there."""
        if a0 is None:
            return
        if a0.button() == Qt.MouseButton.RightButton:
            self._took_away = self._hand.take_away(self.geometry_now, a0.position())
        elif a0.button() == Qt.MouseButton.LeftButton and self._drawing:
            self._hand.press(self.geometry_now, a0.position())
        elif a0.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._mark_at(a0.position())
            match self._pressed:
                case Pin(number):
                    self._session.ask(Studio.replay, number)
                case Flag() as flag:
                    self.flags.press(flag, a0.position())
                case None:
                    self._travel(*self.geometry_now.point(a0.position()))

    def mouseDoubleClickEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Name the flag that is under the pointer; elsewhere it is a press like the first."""
        flag = None if a0 is None or self._drawing else self._mark_at(a0.position())
        if isinstance(flag, Flag):
            self.flags.ask_name(flag)
        else:
            self.mousePressEvent(a0)

    def offers(self, at: QPoint | None) -> list[Offer]:
        """What the menu has for the flag at a point, or without one; None: where we are. Without a map,
        nothing.
        """
        if self._session.chart is None:
            return []
        flags = self._session.flags
        if at is None:
            place = self._session.place
            number = flags.at(place)
            return self.flags.offers(None if number is None else flags.flags[number], place)
        mark = self._mark_at(QPointF(at))
        return self.flags.offers(
            mark if isinstance(mark, Flag) else None, self.geometry_now.point(QPointF(at))
        )

    def contextMenuEvent(self, a0: QContextMenuEvent | None) -> None:  # noqa: N802
        """The window's menu, unless the click took away a place of the path."""
        if a0 is not None:
            a0.setAccepted(self._took_away)
            self._took_away = False

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Travel along, or take the place of the path along, or the flag."""
        if a0 is None or not a0.buttons() & Qt.MouseButton.LeftButton:
            return
        if self._drawing:
            self._hand.drag(self.geometry_now, a0.position())
        elif isinstance(self._pressed, Flag):
            self.flags.drag(a0.position())
        elif self._pressed is None or self._mark_at(a0.position()) != self._pressed:
            self._pressed = None
            self._travel(*self.geometry_now.point(a0.position()))

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Let a place of the path go, or a flag."""
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton:
            self._hand.release()
            self.flags.release()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802
        """Step with the arrow keys; go on with the path, or take its last place back."""
        if a0 is None:
            return
        place, journey = self._session.place, self._session.journey
        if a0.key() == Qt.Key.Key_Escape and self.flags.give_up():
            return
        if a0.key() == Qt.Key.Key_Insert and place is not None:
            journey.add(place)
            return
        if a0.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and journey.path.places:
            if a0.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                journey.clear()
            else:
                journey.remove(len(journey.path.places) - 1)
            return
        if a0.key() == Qt.Key.Key_P and not a0.modifiers():
            self._session.ask(gestures.pin)
            return
        if a0.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._session.flags.step(1 if a0.key() == Qt.Key.Key_PageDown else -1)
            return
        if a0.key() == Qt.Key.Key_F2 and (number := self._session.flags.at(place)) is not None:
            self.flags.ask_name(self._session.flags.flags[number])
            return
        way = _ARROWS.get(Qt.Key(a0.key()))
        if way is None or place is None:
            super().keyPressEvent(a0)
            return
        step = FINE_STEP if a0.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        if a0.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.flags.push(place, *(step * to for to in way))
            return
        x, y = (min(1.0, max(-1.0, at + step * to)) for at, to in zip(place, way, strict=True))
        self._travel(x, y)

    def _mark_at(self, pixel: QPointF) -> Pin | Flag | None:
        """The pin or flag that a hand takes hold of here: the nearer one."""
        pins, layout = self._session.pins.pins, self.geometry_now
        pin = layout.reached([layout.pixel(*each.place) for each in pins], pixel)
        flag = self.flags.reach(pixel)
        if flag is not None and (pin is None or flag[0] <= pin[0]):
            return flag[1]
        return None if pin is None else pins[pin[1]]

    def _travel(self, x: float, y: float) -> None:
        self._session.ask(gestures.travel, x, y)

    # --- painting ---

    def changeEvent(self, a0: QEvent | None) -> None:  # noqa: N802
        """Other colours need a new picture."""
        if theme.dressed_anew(a0) and self._picture is not None:
            self._picture.forget()
        super().changeEvent(a0)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802
        """A new size needs a new picture."""
        if self._picture is not None:
            self._picture.forget()
        self.flag.settle()
        super().resizeEvent(a0)

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        """The picture, and on top of it where we are and where the song goes."""
        painter = QPainter(self)
        if self._picture is None:
            painter.fillRect(self.rect(), QColor(theme.WELL))
            painter.setPen(QColor(theme.DIM))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._absence())
        else:
            scale = self.devicePixelRatioF()
            painter.drawPixmap(
                0, 0, self._picture.at(self.geometry_now, self._shown, self._names(self._picture), scale)
            )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place, heading = self._session.place, self._session.journey.heading
        if heading is not None:
            paint_heading(painter, self.geometry_now, heading)
        if place is not None:
            self._paint_here(painter, place, self._session.travelled)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.FOCUS), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)
        painter.end()

    @property
    def names(self) -> Names | None:
        """Where names stand now; None without a map."""
        return None if self._picture is None else self._names(self._picture)

    def _names(self, picture: MapPicture) -> Names:
        here = None if self._session.journey.following else self._session.place
        return picture.names(self.geometry_now, self._shown, here, QRectF(self.flag.geometry()))

    @property
    def _shown(self) -> Shown:
        journey = self._session.journey
        strong = self._drawing or journey.following
        return Shown(journey.path, strong, self._session.pins.pins, self._session.flags.flags)

    def _paint_here(self, painter: QPainter, place: tuple[float, float], travelled: bool) -> None:
        """Where we are: solid where we travelled to, hollow where the draw lies near."""
        at = self.geometry_now.pixel(*place)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.WELL), 4))
        painter.drawEllipse(at, HERE, HERE)
        painter.setPen(QPen(QColor(theme.NOW), 2))
        painter.drawEllipse(at, HERE, HERE)
        if travelled:
            painter.setBrush(QColor(theme.NOW))
            painter.drawEllipse(at, HERE / 3, HERE / 3)

    def _absence(self) -> str:
        if self._session.phase is Phase.READY:
            return "This model has no map."
        return "There is no drummer." if self._session.phase is Phase.FAILED else "The map is on its way …"

    # --- hovering ---

    def event(self, a0: QEvent | None) -> bool:
        """A tooltip for the loop under the pointer."""
        if isinstance(a0, QHelpEvent) and a0.type() == QEvent.Type.ToolTip:
            QToolTip.showText(a0.globalPos(), self._tip(QPointF(a0.pos())), self)
            return True
        return super().event(a0)

    def _tip(self, pixel: QPointF) -> str:
        chart, layout = self._session.chart, self.geometry_now
        if chart is None:
            return ""
        journey = self._session.journey
        number = layout.grasped(journey.path.places, pixel)
        if number is not None:
            return (
                f"The path is here at bar {1 + number * journey.path.leg_bars}. A right click takes it away."
            )
        match None if self._drawing else self._mark_at(pixel):
            case Pin(title=title):
                return f"{title}, pinned. A press plays it."
            case Flag() as flag:
                return self.flags.tip(flag)
        x, y = layout.point(pixel)
        found = layout.pixel(*chart.points[chart.nearest(x, y)].tolist())
        away = found - pixel
        return self.describe(x, y) if np.hypot(away.x(), away.y()) < NEAR else self._offer()

    def _offer(self) -> str:
        if self._drawing:
            return "Click to have the path go on to here, or drag one of its places"
        return "Press or drag to travel here"
