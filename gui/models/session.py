"""The session as the window sees it: the studio's state in the Qt thread, and what one can ask of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.model import Settings
from bridge.player.messages import Motion, SwapAt, Sync
from bridge.ports.base import PortNames
from bridge.studio import Studio, StudioState
from gui.models.playhead import Playhead
from gui.models.status import LOADING, Level, Remedy, Status, status_of
from gui.models.worker import Worker

log = logging.getLogger(__name__)


class Phase(Enum):
    """Where the window's life stands. FAILED: the model could not be loaded; one can try again."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Opened:
    """A studio that runs, and where the latent axes of given settings lie (name -> standard deviations)."""

    studio: Studio
    coordinates: Callable[[Settings], Mapping[str, float]]


class SessionModel(QObject):
    """Observable state without widgets; views read it and call it, and hold no truth of their own.

    All methods belong to the Qt thread. The studio's callbacks come from its own threads and are queued here;
    they carry nothing, the newest state is read on arrival, so none shows the past.
    A `GroovebridgeError` from any call becomes the status sentence.
    """

    phase_changed = pyqtSignal()
    transport_changed = pyqtSignal()
    loops_changed = pyqtSignal()
    settings_changed = pyqtSignal()
    ports_changed = pyqtSignal()
    status_changed = pyqtSignal()
    _told = pyqtSignal()

    def __init__(self, open_studio: Callable[[], Opened], list_ports: Callable[[], PortNames]) -> None:
        super().__init__()
        self.playhead = Playhead()
        self._open_studio = open_studio
        self._list_ports = list_ports
        self._worker = Worker()
        self._opening: Future[Opened] | None = None
        self._opened: Opened | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._phase = Phase.LOADING
        self._state: StudioState | None = None
        self._coordinates: Mapping[str, float] = {}
        self._choices: PortNames | None = None
        self._listing = False
        self._wanted: tuple[str | None, str | None] = (None, None)
        self._refusal: str | None = None
        self._status = LOADING
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
    def choices(self) -> PortNames | None:
        """The ports of other programs when last asked."""
        return self._choices

    @property
    def wanted_ports(self) -> tuple[str | None, str | None]:
        """The output and input chosen here; None is our own virtual port."""
        return self._wanted

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
        self._set_phase(Phase.LOADING)
        self._opening = self._worker.run(self._open_studio, self._on_opened)
        self.refresh_ports()

    def close(self) -> None:
        """End the studio with its player and the background thread, and wait for them. Idempotent."""
        if self._phase is Phase.CLOSED:
            return
        self._phase = Phase.CLOSED
        self.playhead.follow(None)
        self._unsubscribe()
        self._worker.close()
        opened = self._opened or _result(self._opening)
        if opened is not None:
            opened.studio.close()

    def _on_opened(self, done: Future[Opened]) -> None:
        self._opening = None
        error = done.exception()
        if error is not None:
            self._refusal = _sentence(error, "Groovebridge could not start")
            self._set_phase(Phase.FAILED)
            return
        self._refusal = None
        self._opened = done.result()
        self._unsubscribe = self._opened.studio.subscribe(lambda _state: self._told.emit())
        self._set_phase(Phase.READY)
        self._refresh()

    def _set_phase(self, phase: Phase) -> None:
        self._phase = phase
        self.phase_changed.emit()
        self._say()

    # --- what one can ask ---

    def play(self) -> None:
        """Play from the top; when following a clock the DAW does that."""
        self._ask(lambda studio: studio.play())

    def stop(self) -> None:
        """Stop and close every note."""
        self._ask(lambda studio: studio.stop())

    def toggle_play(self) -> None:
        """Play, or stop if the song rolls; nothing while we follow a clock."""
        if self._state is None or self._state.sync is not Sync.INTERNAL:
            return
        if self._state.motion is Motion.STOPPED:
            self.play()
        else:
            self.stop()

    def panic(self) -> None:
        """Silence now."""
        self._ask(lambda studio: studio.panic())

    def set_tempo(self, bpm: float) -> None:
        """Tempo of the internal clock, 20..400."""
        self._ask(lambda studio: studio.set_tempo(bpm))

    def set_sync(self, sync: Sync) -> None:
        """Lead, or follow MIDI clock."""
        self._ask(lambda studio: studio.set_sync(sync))

    def set_send_clock(self, on: bool) -> None:
        """Send MIDI clock on our output, or do not."""
        self._ask(lambda studio: studio.set_send_clock(on))

    def set_swap(self, swap_at: SwapAt) -> None:
        """When a new loop takes over."""
        self._ask(lambda studio: studio.set_swap(swap_at))

    def set_axis(self, name: str, value: float | None) -> None:
        """Hold a latent axis at a value, or (None) let it go back to where the draw put it."""
        self._ask(lambda studio: studio.set_axis(name, value))

    def release_axes(self) -> None:
        """Let every held axis go."""
        for name in list(self._state.settings.axes) if self._state is not None else []:
            self.set_axis(name, None)

    def set_temperature(self, temperature: float) -> None:
        """How freely the loop is played."""
        self._ask(lambda studio: studio.set_temperature(temperature))

    def set_seed(self, seed: int) -> None:
        """Start from another seed."""
        self._ask(lambda studio: studio.set_seed(seed))

    def new_idea(self) -> None:
        """Draw the next loop of this seed."""
        self._ask(lambda studio: studio.new_idea())

    def choose_output(self, name: str | None) -> None:
        """Send to this port; None is our own virtual port."""
        self._open_ports(name, self._wanted[1], self._listed_api)

    def choose_input(self, name: str | None) -> None:
        """Listen to this port; None is our own virtual port."""
        self._open_ports(self._wanted[0], name, self._listed_api)

    def refresh_ports(self) -> None:
        """Ask again which ports there are, in the background."""
        if self._phase is not Phase.CLOSED and not self._listing:
            self._listing = True
            self._worker.run(self._list_ports, self._on_listed)

    def remedy(self, remedy: Remedy) -> None:
        """Do what the button beside the status sentence offers."""
        if remedy is Remedy.RETRY:
            self.open()
        elif remedy is Remedy.REOPEN:
            self.refresh_ports()
            self._open_ports(*self._wanted, "auto")
        elif self._refusal is not None:
            self._refusal = None
            self._say()
        else:
            self._ask(lambda studio: studio.dismiss_fault())

    def report(self, text: str) -> None:
        """Show a sentence of the window's own, until it is dismissed."""
        self._refusal = text
        self._say()

    # --- inside ---

    @property
    def _listed_api(self) -> str:
        """The API whose port names are on offer."""
        return "auto" if self._choices is None or self._choices.api == "none" else self._choices.api

    def _open_ports(self, out: str | None, inp: str | None, api: str) -> None:
        if self._ask(lambda studio: studio.open_ports(api, out, inp)):
            self._wanted = (out, inp)
        self.ports_changed.emit()

    def _ask(self, call: Callable[[Studio], None]) -> bool:
        if self._opened is None or self._phase is not Phase.READY:
            return False
        try:
            call(self._opened.studio)
        except GroovebridgeError as error:
            self.report(str(error))
            return False
        self._refresh()
        return True

    def _refresh(self) -> None:
        if self._opened is None or self._phase is Phase.CLOSED:
            return
        before, now = self._state, self._opened.studio.state
        self._state = now
        if before is None or before.settings != now.settings:
            self._coordinates = self._opened.coordinates(now.settings)
            self.settings_changed.emit()
        if before is None or before.swap_at is not now.swap_at:
            self.settings_changed.emit()
        if before is None or before.loop is not now.loop or before.next_loop is not now.next_loop:
            self.loops_changed.emit()
        if before is None or before.ports != now.ports:
            self.ports_changed.emit()
            if now.ports is not None and self._choices is not None and now.ports.api != self._choices.api:
                self.refresh_ports()
        if before is None or before.anchor != now.anchor:
            self.playhead.follow(now.anchor)
        if before is None or _transport(before) != _transport(now):
            self.transport_changed.emit()
        self._say()

    def _on_listed(self, done: Future[PortNames]) -> None:
        self._listing = False
        error = done.exception()
        if error is not None:
            self.report(_sentence(error, "The MIDI ports could not be listed"))
        else:
            self._choices = done.result()
        self.ports_changed.emit()

    def _say(self) -> None:
        status = self._current_status()
        if status != self._status:
            self._status = status
            self.status_changed.emit()

    def _current_status(self) -> Status:
        if self._phase is Phase.FAILED:
            return Status(Level.ATTENTION, self._refusal or "", Remedy.RETRY)
        if self._refusal is not None:
            return Status(Level.ATTENTION, self._refusal, Remedy.DISMISS)
        return LOADING if self._state is None else status_of(self._state, self._wanted[0])


def _transport(state: StudioState) -> tuple[object, ...]:
    return (state.anchor, state.sync, state.bpm, state.send_clock)


def _result(opening: Future[Opened] | None) -> Opened | None:
    """What an opening that ended after the window closed has made; it must be closed too."""
    if opening is None or opening.cancelled() or opening.exception() is not None:
        return None
    return opening.result()


def _sentence(error: BaseException, what: str) -> str:
    """The sentence for a failure: the user's own errors as they are, a bug with its kind, logged in full."""
    if isinstance(error, GroovebridgeError):
        return str(error)
    log.error("%s", what, exc_info=error)
    return f"{what} ({type(error).__name__}: {error}). The terminal has the details; please report this."
