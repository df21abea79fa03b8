"""The strips at the left of the loop: each voice's name with its menu, and its mute, solo and lock."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import QPoint, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QMenu, QWidget, QWidgetAction

from bridge.groove import NOTE_MAPS, Voice
from bridge.studio import Studio, gestures
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, WholeBox, explain
from gui.views.learn import learnable
from gui.views.loop_geometry import LABELS_WIDTH, LANES, NAME_WIDTH, LoopGeometry
from gui.views.words import unready

CHANNELS = 16
MOST_TRIM = 200
PITCHES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


class VoiceName(Button):
    """A voice's name in its colour; a click opens its menu."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(f"{voice.title}: note and level", "", voice.title, role="strip")
        self._voice = voice

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        """The name on the ground of the loop, framed when it has the focus or the pointer."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus() or self.underMouse():
            painter.setPen(QPen(QColor(theme.FOCUS if self.hasFocus() else theme.EDGE), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.setPen(QColor(theme.VOICE_COLOURS[self._voice] if self.isEnabled() else theme.FAINT))
        painter.setFont(theme.font(theme.BODY_PX))
        room = self.rect().adjusted(4, 0, 0, 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())


class VoiceStrip:
    """The controls of one voice."""

    def __init__(self, voice: Voice, parent: QWidget) -> None:
        self.name = learnable(VoiceName(voice), f"level {voice.title}")
        self.mute = learnable(Button(f"Mute {voice.title}", "", "M", role="strip"), f"mute {voice.title}")
        self.solo = learnable(Button(f"Solo {voice.title}", "", "S", role="strip"), f"solo {voice.title}")
        self.lock = learnable(Button(f"Lock {voice.title}", "", "L", role="strip"), f"lock {voice.title}")
        for button in (self.mute, self.solo, self.lock):
            button.setCheckable(True)
            button.setFixedWidth(theme.STRIP_BUTTON)
        for button in self.all:
            button.setParent(parent)

    @property
    def all(self) -> tuple[Button, ...]:
        """From left to right."""
        return (self.name, self.mute, self.solo, self.lock)

    def place(self, lane: QRectF) -> None:
        """Stand in a lane of the loop, on its left, no higher than it is."""
        height = min(theme.STRIP_BUTTON, int(lane.height()) - 1)
        top = round(lane.center().y() - height / 2)
        left = theme.MARGIN - 6
        for button, width in zip(self.all, (NAME_WIDTH + 2, *(theme.STRIP_BUTTON,) * 3), strict=True):
            button.setFixedHeight(height)
            button.setGeometry(left, top, width, height)
            left += width + 2


class VoiceStrips(QWidget):
    """Nine strips in the lanes of the loop, over whose left side it lies."""

    def __init__(self, session: SessionModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._menu: QMenu | None = None
        self.strips = {voice: VoiceStrip(voice, self) for voice in LANES}
        for voice, strip in self.strips.items():
            strip.mute.clicked.connect(partial(self._ask, Studio.set_mute, voice))
            strip.solo.clicked.connect(partial(self._ask, Studio.set_solo, voice))
            strip.lock.clicked.connect(partial(self._ask, gestures.lock, voice))
            strip.name.clicked.connect(partial(self.show_menu, voice))
        self.give_back = learnable(
            Button("Give back what was changed by hand", "", role="strip"), "give back"
        )
        self.give_back.setParent(self)
        self.give_back.setFixedHeight(theme.STRIP_BUTTON)
        self.give_back.clicked.connect(lambda: session.ask(gestures.give_back))
        session.mix_changed.connect(self.refresh)
        session.settings_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    @property
    def buttons(self) -> list[QWidget]:
        """All buttons, left to right and top to bottom."""
        return [self.give_back, *(button for strip in self.strips.values() for button in strip.all)]

    def fit(self, layout: LoopGeometry) -> None:
        """Lie in these lanes."""
        self.setGeometry(0, 0, LABELS_WIDTH, layout.height)
        left = theme.MARGIN - 4
        self.give_back.setGeometry(left, 2, LABELS_WIDTH - left - 4, theme.STRIP_BUTTON)
        for voice, strip in self.strips.items():
            strip.place(layout.lane(voice))

    def refresh(self) -> None:
        """Show the mix, the locks, and how much was changed by hand."""
        state = self._session.state
        changes = 0 if state is None else len(state.sketch.touches)
        self.give_back.setVisible(bool(changes))
        self.give_back.setText(f"Give back {changes} change{'' if changes == 1 else 's'}")
        self.give_back.setToolTip("Give every cell that was changed by hand back to the drummer")
        ready = self._session.phase is Phase.READY and state is not None
        for voice, strip in self.strips.items():
            muted, soloed, locked = (
                (False, False, False)
                if state is None
                else (state.voicing.muted[voice], state.voicing.soloed[voice], voice in state.sketch.locks)
            )
            title, why_not = voice.title, unready(self._session.phase)
            for button, on, on_tip, off_tip in (
                (strip.mute, muted, f"The {title} is muted: click to hear it", f"Mute the {title}"),
                (strip.solo, soloed, f"The {title} is soloed: click to end that", f"Hear the {title} alone"),
                (
                    strip.lock,
                    locked,
                    f"The {title} keeps its part while all else changes: click to let it go (L)",
                    f"Have the {title} keep its part while all else changes (L)",
                ),
            ):
                button.setChecked(on)
                explain(button, ready, on_tip if on else off_tip, why_not)
            explain(strip.name, ready, self._tip(voice), why_not)

    def _tip(self, voice: Voice) -> str:
        state = self._session.state
        if state is None:
            return ""
        mix = state.voicing
        return (
            f"{voice.title}: note {mix.notes[voice]}, level {100 * mix.trims[voice]:.0f} %. Click to change."
        )

    def _ask(self, act: object, voice: Voice, on: bool) -> None:
        self._session.ask(act, voice, on)  # type: ignore[arg-type]
        self.refresh()  # the button checks itself on a click; only the session says what is so

    # --- the menu of a voice ---

    def show_menu(self, voice: Voice) -> None:
        """Open the menu under the voice's name."""
        if self._menu is not None:
            self._menu.deleteLater()
        self._menu = self.voice_menu(voice)
        name = self.strips[voice].name
        self._menu.popup(name.mapToGlobal(QPoint(0, name.height())))

    def voice_menu(self, voice: Voice) -> QMenu:
        """The voice's note and level, and what is said of all voices: the note map and the channel."""
        menu, session = QMenu(self), self._session
        state = session.state
        if state is None:
            return menu
        mix = state.voicing
        note = WholeBox(
            f"MIDI note of the {voice.title}", "The MIDI note that it plays, 0 to 127 (60 is C3)", (0, 127)
        )
        note.show_value(mix.notes[voice])
        note.setSuffix(_pitch(note.value()))
        note.valueChanged.connect(lambda number: session.ask(Studio.set_note, voice, number))
        note.valueChanged.connect(lambda number: note.setSuffix(_pitch(number)))
        level = WholeBox(f"Level of the {voice.title}", "How hard it strikes, 0 to 200 %", (0, MOST_TRIM))
        level.setSuffix(" %")
        level.setSingleStep(5)
        level.show_value(round(100 * mix.trims[voice]))
        level.valueChanged.connect(lambda share: session.ask(Studio.set_trim, voice, share / 100))
        _add_row(menu, f"{voice.title}: note", note)
        _add_row(menu, "Level", level)
        menu.addSeparator()
        maps = QMenu("Notes of all voices", menu)
        titles: dict[tuple[int, ...], list[str]] = {}
        for note_map in NOTE_MAPS.values():
            titles.setdefault(note_map.out_notes, []).append(note_map.title)
        for notes, alike in titles.items():
            action = maps.addAction(", ".join(alike))
            if action is not None:
                action.setCheckable(True)
                action.setChecked(mix.notes == notes)
                action.triggered.connect(partial(self._set_notes, notes))
        menu.addMenu(maps)
        channels = QMenu("MIDI channel", menu)
        for channel in range(CHANNELS):
            action = channels.addAction(f"{channel + 1}")
            if action is not None:
                action.setCheckable(True)
                action.setChecked(mix.channel == channel)
                action.triggered.connect(partial(self._set_channel, channel))
        menu.addMenu(channels)
        return menu

    def _set_notes(self, notes: tuple[int, ...], _checked: bool) -> None:
        self._session.ask(gestures.tune, notes)

    def _set_channel(self, channel: int, _checked: bool) -> None:
        self._session.ask(Studio.set_channel, channel)


def _pitch(note: int) -> str:
    """A MIDI note's name after its number; as most DAWs have it, 60 is C3."""
    return f"   {PITCHES[note % 12]}{note // 12 - 2}"


def _add_row(menu: QMenu, caption: str, box: WholeBox) -> None:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(theme.MARGIN, 4, theme.MARGIN, 4)
    line.addWidget(QLabel(caption), 1)
    box.setFixedWidth(96)
    line.addWidget(box)
    action = QWidgetAction(menu)
    action.setDefaultWidget(row)
    menu.addAction(action)
