"""The map: the loops that the model learned from, alike ones side by side; drag to travel among them."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from bridge.model.map import UNLABELLED, Map
from bridge.studio import Studio, gestures
from bridge.studio.flags import Flag
from gui.models import Phase, SessionModel
from gui.models.pins import Pin
from gui.views import theme, words
from gui.views.flag_button import FlagButton
from gui.views.flag_hand import FlagHand
from gui.views.flag_painter import paint_flag
from gui.views.learn import Offer
from gui.views.map_geometry import MapGeometry
from gui.views.path_hand import PathHand
from gui.views.path_painter import paint_heading, paint_path
from gui.views.pin_painter import paint_pin

DOT = 1.7
HERE = 7.0
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
    P pins what plays, or takes the pin off. A flag is a place: a press travels there, a double click or F2
    names it, PageDown and PageUp go from flag to flag, and the menu has the rest. The dots are painted once
    into a picture.
    """

    def __init__(self, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self._picture: QPixmap | None = None
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
        session.pins.changed.connect(self.update)
        self.flags = FlagHand(self, session.flags, lambda: self.geometry_now)
        self.flag = FlagButton(session, self)
        session.flags.changed.connect(self._moved)
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
        self._picture = None
        ready = self._session.chart is not None
        self.setEnabled(ready)
        self.setCursor(Qt.CursorShape.CrossCursor if ready else Qt.CursorShape.ArrowCursor)
        self._moved()

    def _moved(self) -> None:
        place = self._session.place
        here = "" if place is None else self.describe(*place)
        said = (here, self._path_words(), self._flag_words())
        self.setAccessibleDescription(". ".join(filter(None, said)))
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
                    self.flags.visit(flag)
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
        """What the menu has for the flag at a point, or without one; None: where we are."""
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
        """Travel along, or take the place of the path along."""
        if a0 is None or not a0.buttons() & Qt.MouseButton.LeftButton:
            return
        if self._drawing:
            self._hand.drag(self.geometry_now, a0.position())
        elif self._pressed is None or self._mark_at(a0.position()) != self._pressed:
            self._pressed = None
            self._travel(*self.geometry_now.point(a0.position()))

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802
        """Let a place of the path go."""
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton:
            self._hand.release()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802
        """Step with the arrow keys; go on with the path, or take its last place back."""
        if a0 is None:
            return
        place, journey = self._session.place, self._session.journey
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
            self._pin()
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

    def _pin(self) -> None:
        """Pin the take that plays, or take the pin off."""
        state = self._session.state
        take = (
            None if state is None else next((each for each in state.takes if each.number == state.take), None)
        )
        if take is None:
            self._session.report("What has not been heard yet cannot be pinned. Play it, then press P again.")
        else:
            self._session.ask(Studio.pin_take, take.number, not take.pinned)

    def _travel(self, x: float, y: float) -> None:
        self._session.ask(gestures.travel, x, y)

    # --- painting ---

    def changeEvent(self, a0: QEvent | None) -> None:  # noqa: N802
        """Other colours need a new picture."""
        if theme.dressed_anew(a0):
            self._picture = None
        super().changeEvent(a0)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802
        """A new size needs a new picture."""
        self._picture = None
        self.flag.settle()
        super().resizeEvent(a0)

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        """The dots, and on top of them the path and where we are."""
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self.picture())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place, journey = self._session.place, self._session.journey
        if self._session.chart is not None:
            paint_path(painter, self.geometry_now, journey.path, self._drawing or journey.following)
        for pin in self._session.pins.pins:
            paint_pin(painter, self.geometry_now, pin)
        for flag in self._session.flags.flags:
            paint_flag(painter, self.geometry_now, flag)
        if journey.heading is not None:
            paint_heading(painter, self.geometry_now, journey.heading)
        if place is not None:
            self._paint_here(painter, place, self._session.travelled)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.FOCUS), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)
        painter.end()

    def picture(self) -> QPixmap:
        """All but our own place, at the present size and scale."""
        scale = self.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatio() != scale:
            self._picture = self._paint_picture(scale)
        return self._picture

    def _paint_picture(self, scale: float) -> QPixmap:
        picture = QPixmap(self.size() * scale)
        picture.setDevicePixelRatio(scale)
        painter = QPainter(picture)
        painter.fillRect(self.rect(), QColor(theme.WELL))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chart = self._session.chart
        if chart is None:
            painter.setPen(QColor(theme.DIM))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._absence())
        else:
            self._paint_loops(painter, chart)
        painter.end()
        return picture

    def _paint_loops(self, painter: QPainter, chart: Map) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        layout = self.geometry_now
        for (x, y), style in zip(chart.points.tolist(), chart.style.tolist(), strict=True):
            painter.setBrush(QColor(style_colour(style)))
            painter.drawEllipse(layout.pixel(x, y), DOT, DOT)
        painter.setFont(theme.font(theme.CAPTION_PX))
        named: list[QRectF] = []
        counts = np.bincount(chart.style[chart.style >= 0], minlength=len(chart.styles))
        for style in np.argsort(
            -counts, kind="stable"
        ).tolist():  # the large ones first; no two names overlap
            if counts[style]:
                name = words.style_word(chart.styles[style])
                x, y = np.median(chart.points[chart.style == style], axis=0).tolist()
                box = self._name_box(painter, layout.pixel(x, y), name)
                if not any(box.intersects(other) for other in named):
                    named.append(box)
                    self._paint_name(painter, box, name, style)

    def _name_box(self, painter: QPainter, centre: QPointF, name: str) -> QRectF:
        metrics = painter.fontMetrics()
        box = QRectF(0, 0, metrics.horizontalAdvance(name) + 8, metrics.height() + 2)
        box.moveCenter(centre)
        box.moveLeft(min(max(2.0, box.left()), self.width() - box.width() - 2))
        return box

    def _paint_name(self, painter: QPainter, box: QRectF, name: str, style: int) -> None:
        painter.fillRect(box, theme.translucent(theme.WELL, 0.72))
        painter.setPen(QColor(style_colour(style)))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
        painter.setPen(Qt.PenStyle.NoPen)

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


def style_colour(style: int) -> str:
    """The colour of a style's loops on the map; grey for those without one."""
    return theme.DIM if style == UNLABELLED else theme.STYLE_COLOURS[style % len(theme.STYLE_COLOURS)]
