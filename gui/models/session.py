"""The session as the window sees it: the studio's state in the Qt thread, and what one can ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Concatenate, ParamSpec

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.errors import GroovebridgeError
from bridge.files import FileWriteError
from bridge.groove import DrumLoop
from bridge.model.map import Map
from bridge.player.messages import ClockState, PlayerConfig
from bridge.ports.base import PortNames
from bridge.studio import Studio, StudioState, gestures
from bridge.studio.journey import Journey
from bridge.studio.morphing import Morpher, Morphing
from bridge.studio.movers import Movers
from bridge.studio.seat import Seat
from bridge.studio.sketch import Drawn, Sketch, Spot
from bridge.studio.wander import Wander
from gui.models.controllers import ControllerModel
from gui.models.files import FileModel
from gui.models.first_steps import FirstSteps
from gui.models.flags import FlagModel
from gui.models.history import HistoryModel
from gui.models.journey import JourneyModel
from gui.models.opened import Opened, Phase
from gui.models.pins import PinModel
from gui.models.playhead import Playhead
from gui.models.ports import PortModel
from gui.models.preferences import Preferences
from gui.models.sessions import SessionFiles
from gui.models.silence import Silence
from gui.models.status import LOADING, Level, Remedy, Status, status_of
from gui.models.takeout import Takeout
from gui.models.wander import WanderModel
from gui.models.window_targets import WindowTargets
from gui.models.worker import Worker, sentence

P = ParamSpec("P")


class SessionModel(QObject):
    """Observable state without widgets; views read it and call it, and hold no truth of their own.

    All methods belong to the Qt thread. The studio's callbacks come from its own threads and are queued here;
    they carry nothing, the newest state is read on arrival, so none shows the past.
    A `GroovebridgeError` from any call becomes the status sentence, until a later one is done.
    """

    phase_changed = pyqtSignal()
    transport_changed = pyqtSignal()
    loops_changed = pyqtSignal()
    mix_changed = pyqtSignal()
    settings_changed = pyqtSignal()
    opened_changed = pyqtSignal()
    take_changed = pyqtSignal()
    status_changed = pyqtSignal()
    _told = pyqtSignal()

    def __init__(
        self,
        open_studio: Callable[[], Opened],
        list_ports: Callable[[str], PortNames],
        seat: Seat | None = None,
    ) -> None:
        """`seat`: where what is at the desk is kept for the next start; None: it is not."""
        super().__init__()
        self.playhead = Playhead()
        self._open_studio = open_studio
        self._worker = Worker()
        self.preferences = Preferences(self.report)
        self.ports = PortModel(
            self._worker,
            list_ports,
            lambda *what: self.ask(Studio.open_ports, *what),
            lambda: self.preferences.wishes.midi,
        )
        self.ports.failed.connect(self.report)
        self.first_steps = FirstSteps()
        self.silence = Silence()
        self.silence.changed.connect(self._say)
        self.sessions = SessionFiles(self._worker, self.report, self.withdraw, seat)
        self.takeout = Takeout(self._worker, self.report)
        self.journey = JourneyModel(self.attempt)
        self.wander = WanderModel(self.attempt)
        self.pins = PinModel(self._place_of)
        self.flags = FlagModel(lambda act: self.ask(act))
        self.files = FileModel(self._worker, lambda act: self.ask(act), self.refuse, self.sessions.open)
        self.controllers = ControllerModel(self.report, self.files.play_preset)
        self._window_targets = WindowTargets(self.takeout, self.files)
        self._opening: Future[Opened] | None = None
        self._opened: Opened | None = None
        self.history = HistoryModel(self._file_tempo, self._file_notes, self.report)
        self._movers: Movers | None = None
        self._morphing = Morphing()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._phase = Phase.LOADING
        self._state: StudioState | None = None
        self._coordinates: Mapping[str, float] = {}
        self._trouble: str | None = None
        self._status = LOADING
        self.journey.changed.connect(self.sessions.look)
        self.wander.changed.connect(self.sessions.look)
        self._told.connect(self._refresh)  # queued by Qt when it comes from another thread

    # --- what there is to see ---

    @property
    def phase(self) -> Phase:
        """Where the window's life stands."""
        return self._phase

    @property
    def state(self) -> StudioState | None:
        """The newest picture of the studio; None until it is there."""
        return self._state

    @property
    def status(self) -> Status:
        """The sentence to show."""
        return self._status

    @property
    def loop(self) -> DrumLoop | None:
        """The loop that sounds (or would, on play)."""
        return None if self._state is None else self._state.loop

    @property
    def next_loop(self) -> DrumLoop | None:
        """The loop that waits to take over."""
        return None if self._state is None else self._state.next_loop

    @property
    def sliders(self) -> tuple[str, ...]:
        """The model's named sliders, in the order in which they are shown; none until it is there."""
        return () if self._opened is None else self._opened.sliders

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that the model can be asked for; none until it is there."""
        return () if self._opened is None else self._opened.styles

    @property
    def chart(self) -> Map | None:
        """The model's map; None until it is there, or where it has none."""
        return None if self._opened is None else self._opened.chart

    @property
    def travelled(self) -> bool:
        """Whether the loop is one of a place on the map, not of a draw."""
        return self._state is not None and isinstance(self._state.sketch.origin, Spot)

    @property
    def place(self) -> tuple[float, float] | None:
        """Where on the map the idea lies: the place that was travelled to, or the nearest to the draw."""
        return None if self._state is None else self._place_of(self._state.sketch)

    @property
    def morphing(self) -> Morphing:
        """The morph: its ends, its fader, its ride."""
        return self._morphing

    def slider(self, name: str) -> float:
        """What a named slider is set to, -1..1; 0 is its rest."""
        return 0.0 if self._state is None else self._state.settings.sliders.get(name, 0.0)

    def axis(self, name: str) -> tuple[float, bool] | None:
        """Where an axis lies (standard deviations), and whether it is held there rather than drawn.

        None where the model has no such axis, or is not there yet.
        """
        if self._state is None or name not in self._coordinates:
            return None
        return self._coordinates[name], name in self._state.settings.axes

    # --- life ---

    def open(self) -> None:
        """Load the model and start the studio in the background; `phase_changed` tells how it went."""
        if self._phase is Phase.CLOSED or self._opening is not None:
            return
        if self._phase is Phase.FAILED:
            self._trouble = None
        self._set_phase(Phase.LOADING)
        self._opening = self._worker.run(self._open_studio, self._on_opened)
        self.ports.look(quiet=True)

    def close(self) -> None:
        """End the studio with its player and the background thread, and wait for them. Idempotent."""
        if self._phase is Phase.CLOSED:
            return
        self._phase = Phase.CLOSED
        self.playhead.follow(None)
        self.silence.show(False)
        self._unsubscribe()
        self._worker.close()
        self.controllers.close()
        self.sessions.close()
        self.takeout.close()
        self.history.close()
        if self._movers is not None:
            self._movers.close()
        opened = self._opened or _result(self._opening)
        if opened is not None:
            opened.studio.close()
            opened.ended()

    def _on_opened(self, done: Future[Opened]) -> None:
        self._opening = None
        error = done.exception()
        if error is not None:
            self._trouble = sentence(error, "Groovebridge could not start")
            self._set_phase(Phase.FAILED)
            return
        self._opened = done.result()
        self._unsubscribe = self._opened.studio.subscribe(lambda _state: self._told.emit())
        self._movers = movers = Movers(
            Morpher(self._opened.studio, self._told.emit),
            Journey(self._opened.studio, self.journey.tell),
            Wander(self._opened.studio, self._opened.sliders, self.wander.tell),
        )
        self.takeout.begin(self._opened.studio)
        self.controllers.begin(
            self._opened.studio,
            movers,
            self._opened.sliders,
            self._opened.styles,
            self._opened.coordinates,
            None if self._opened.chart is None else self._place_of,
            self._window_targets.targets,
        )
        self.sessions.begin(self._opened.studio, movers, self._opened.last)
        self.journey.begin(movers.journey)
        self.wander.begin(movers.wander)
        self._set_phase(Phase.READY)
        self._refresh()

    def _set_phase(self, phase: Phase) -> None:
        self._phase = phase
        self.phase_changed.emit()
        self._say()

    # --- what one can ask ---

    def ask(self, act: Callable[Concatenate[Studio, P], object], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Have the studio do something: `ask(Studio.set_tempo, 120.0)`; True if it did.

        Before the studio is there nothing happens. What it refuses becomes the status sentence.
        """
        if self._opened is None or self._phase is not Phase.READY:
            return False
        studio = self._opened.studio
        done = self.attempt(lambda: act(studio, *args, **kwargs))
        self._refresh()
        return done

    def attempt(self, act: Callable[[], object]) -> bool:
        """Do something; what was refused before is over then. True if it was done.

        Why it was not is said until something is, and what could not be written until that is dismissed.
        """
        try:
            act()
        except FileWriteError as error:
            self.report(str(error))
        except GroovebridgeError as error:
            self.refuse(str(error))
        else:
            self.refuse(None)
            return True
        return False

    def morph(
        self, act: Callable[Concatenate[Morpher, P], object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Do something to the morph, as `ask` has the studio do it: `morph(Morpher.move, 0.5)`."""
        if self._movers is not None:
            morpher = self._movers.morpher
            self.ask(lambda _: act(morpher, *args, **kwargs))

    def use_midi(self, api: str) -> None:
        """Use this MIDI system from now on ("auto": the best that answers)."""
        if api != self.preferences.wishes.midi:
            self.preferences.set_midi(api)
            self.ports.change_api()

    @property
    def can_toggle(self) -> bool:
        """Whether play and stop are ours: we lead, and there is a port to play to or something to stop."""
        state = self._state
        if self._phase is not Phase.READY or state is None or not state.sync.leads:
            return False
        return state.playing or state.ports is not None

    def toggle_play(self) -> None:
        """Play from the top, or stop if the song rolls; nothing while we follow a clock: the DAW leads."""
        if self._state is not None and self.can_toggle:
            self.ask(Studio.stop if self._state.playing else Studio.play)

    @property
    def moved(self) -> tuple[str, ...]:
        """The named sliders that are not at rest, and the raw axes that are held."""
        settings = None if self._state is None else self._state.settings
        return () if settings is None else (*settings.sliders, *settings.axes)

    def release_all(self) -> None:
        """Let every named slider rest and every raw axis go, in one step of undo."""
        self.ask(gestures.rest)

    def remedy(self, remedy: Remedy) -> None:
        """Do what the button beside the status sentence offers."""
        if remedy is Remedy.RETRY:
            self.open()
        elif remedy is Remedy.REOPEN:
            self.ports.reopen()
        elif remedy is Remedy.PLAY_ALONE:
            self.ask(gestures.play_on_alone)
        elif self._state is not None and self._state.refusal is not None:
            self.refuse(None)
        elif self._trouble is not None:
            self._trouble = None
            self._say()
        else:
            self.ask(Studio.dismiss_fault)

    def report(self, text: str) -> None:
        """Show a sentence of the window's own, until it is dismissed."""
        self._trouble = text
        self._say()

    def withdraw(self, text: str) -> None:
        """What this sentence says is over: show it no more. Nothing if another is shown."""
        if self._trouble == text:
            self._trouble = None
            self._say()

    def refuse(self, text: str | None) -> None:
        """Say why a gesture was not done, until one is done or it is dismissed; None: one was done."""
        if self._opened is not None:
            self._opened.studio.report_refusal(text)

    # --- inside ---

    def _refresh(self) -> None:
        if self._opened is None or self._phase is Phase.CLOSED:
            return
        before, now = self._state, self._opened.studio.state
        self._state = now
        self.first_steps.see(now)
        self.wander.look()
        if before is None or before.sketch != now.sketch:
            self._coordinates = self._opened.coordinates(now.settings)
            self.settings_changed.emit()
        if before is None or _back_and_forth(before) != _back_and_forth(now):
            self.settings_changed.emit()
        if self._movers is not None and self._movers.morpher.morphing != self._morphing:
            self._morphing = self._movers.morpher.morphing
            self.settings_changed.emit()
        if before is None or before.swap_at is not now.swap_at:
            self.settings_changed.emit()
        if before is None or before.takes is not now.takes:
            self.history.show(now.takes)
            self.pins.show(now.takes)
        self.flags.show(now.flags)
        if before is None or before.take != now.take:
            self.take_changed.emit()
        if before is None or before.voicing != now.voicing:
            self.mix_changed.emit()
        if before is None or before.loop is not now.loop or before.next_loop is not now.next_loop:
            self.loops_changed.emit()
        if before is not None and before.ports_seen != now.ports_seen:
            self.ports.look(quiet=True)
        if before is None or before.ports != now.ports:
            if now.ports is not None:
                self.ports.show_opened(now.ports.destination, now.ports.source)
            self.opened_changed.emit()
            listed = self.ports.names
            if now.ports is not None and listed is not None and now.ports.api != listed.api:
                self.ports.look()
        if before is None or before.anchor != now.anchor:
            self.playhead.follow(now.anchor)
            self.silence.show(now.clock is ClockState.LOST)
        if before is None or _transport(before) != _transport(now):
            self.transport_changed.emit()
        self.sessions.look()
        self.takeout.look()
        self._say()

    def _place_of(self, sketch: Sketch) -> tuple[float, float] | None:
        if self._opened is None or self._opened.chart is None:
            return None
        match sketch.origin:
            case Spot(x, y):
                return x, y
            case Drawn():
                return self._opened.place_of(sketch.settings)
        return None

    def _file_tempo(self) -> float:
        return PlayerConfig().bpm if self._state is None else self._state.bpm

    def _file_notes(self) -> tuple[tuple[int, ...], int]:
        voicing = PlayerConfig().voicing if self._state is None else self._state.voicing
        return voicing.notes, voicing.channel

    def _say(self) -> None:
        status = self._current_status()
        if status != self._status:
            self._status = status
            self.status_changed.emit()

    def _current_status(self) -> Status:
        if self._phase is Phase.FAILED:
            return Status(Level.ATTENTION, self._trouble or "", Remedy.RETRY)
        if self._state is not None and self._state.refusal is not None:
            return Status(Level.ATTENTION, self._state.refusal, Remedy.DISMISS)
        if self._trouble is not None:
            return Status(Level.ATTENTION, self._trouble, Remedy.DISMISS)
        return (
            LOADING if self._state is None else status_of(self._state, self.ports.out, self.silence.seconds)
        )


def _back_and_forth(state: StudioState) -> tuple[bool, bool]:
    return state.can_undo, state.can_redo


def _transport(state: StudioState) -> tuple[object, ...]:
    return (
        *(state.anchor, state.sync, state.bpm, state.send_clock, state.clock_while_stopped, state.priority),
        *(state.sound, state.sound_when, state.latency_ms, state.count_in, state.measuring, state.loopback),
    )


def _result(opening: Future[Opened] | None) -> Opened | None:
    """What an opening that ended after the window closed has made; it must be closed too."""
    if opening is None or opening.cancelled() or opening.exception() is not None:
        return None
    return opening.result()
