"""Starts the window: first the window itself, then, behind it, the model and the player."""

from __future__ import annotations

import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import platformdirs
from PyQt6.QtCore import QSocketNotifier, QTimer
from PyQt6.QtWidgets import QApplication
from PyQt6.sip import voidptr

from bridge import ports
from bridge.errors import GroovebridgeError
from bridge.model import Bundle, Model, Settings
from bridge.model.map import Map
from bridge.player.meeting import take_up
from bridge.player.messages import PlayerConfig, SoundWhen
from bridge.ports.base import PortNames
from bridge.studio import Studio
from bridge.studio.history import History
from bridge.studio.journal import Journal, Kept, read_journal
from bridge.studio.last_time import LastTime, load_last
from bridge.studio.saved import set_aside
from bridge.studio.seat import Seat
from bridge.studio.session_file import Session, playable
from bridge.studio.sketch import Maker
from gui.models import Opened, Phase, SessionModel
from gui.models.garbage import Garbage
from gui.views import MainWindow, theme
from gui.views.appearance import palette_for


def run(argv: Sequence[str], bundle: Path | None = None, fresh: bool = False) -> int:
    """Open the window and stay until it is closed; return the exit status.

    bundle: the model to play (None: the shipped one). A model that cannot be loaded is said in the window.
    fresh: begin anew, not with what was at the desk last time.
    Needs a display, and the main thread. Ctrl-C and a polite kill close the window in order.
    """
    app = QApplication(list(argv))
    app.setApplicationName("Groovebridge")
    app.setDesktopFileName("groovebridge")
    seat = Seat.take(data_folder())
    session = SessionModel(
        lambda: open_as_left(bundle, seat.desk, fresh, session.preferences.wishes.midi), list_ports, seat
    )
    theme.apply(app, palette_for(session.preferences.wishes.appearance))
    window = MainWindow(session)
    with collecting_here(session):
        with _closing_on_signals(window), bugs_told(session):
            window.show()
            window.greet()
            session.open()
            status = app.exec()
        session.close()
    return status


def open_as_left(bundle: Path | None, desk: Path, fresh: bool = False, api: str = "auto") -> Opened:
    """`open_studio` with what was at the desk last time, if that is wanted; what is not is set aside. `api`:
    the MIDI system to use.
    """
    if fresh and desk.exists():
        set_aside(desk)
    last, trouble = (None, "") if fresh else load_last(desk)
    opened = open_studio(bundle, last=last, api=api)
    if trouble:
        opened.studio.report_fault(trouble)
    return opened


def open_studio(
    bundle: Path | None,
    config: PlayerConfig | None = None,
    last: LastTime | None = None,
    api: str = "auto",
) -> Opened:
    """Load the model, start a studio with its player (None: as it comes). Slow. Raises GroovebridgeError.

    Where no config is asked for, a player that plays on since its window died is taken up as it is. Else it
    begins with what was at the desk `last` time, as far as this machine and model have it, through the MIDI
    system `api`. Flags are those of `last` in either case: the player knows of none.
    """
    model = Model(Bundle.load(bundle))
    orphan = take_up(None) if config is None else None
    chart = map_of(model)
    kept, trouble = _history()
    maker = Maker(model, model, chart)
    session = Session(config=config or PlayerConfig(sound=SoundWhen.AUTO))
    if last is not None and orphan is None:
        session, missing = playable(last.session, maker.loop)
        trouble = trouble or missing
    studio: Studio | None = None
    unkept: list[str] = []

    def tell(error: GroovebridgeError) -> None:
        unkept.append(f"What is played is not kept for the next time: {error}")
        if studio is not None:
            studio.report_fault(unkept[-1])

    journal = Journal(journal_path(), tell, kept.takes if kept.outworn else None)
    try:
        studio = Studio(
            model,
            config=config or replace(session.config, api=api),
            swap_at=session.swap_at,
            evolve=session.evolve,
            orphan=orphan,
            make=maker.loop,
            history=History(kept.takes, journal.add),
            sketch=session.sketch,
            flags=(last and last.session.flags) or (),
        )
    except BaseException:
        journal.close()
        raise
    for sentence in (trouble, *unkept):  # of a journal that failed before the studio was there
        if sentence:
            studio.report_fault(sentence)
    return replace(opened(model, studio, chart), ended=journal.close, last=last)


def _history() -> tuple[Kept, str]:
    """What was played before, and a sentence if that is not all: it is no reason not to play."""
    try:
        kept = read_journal(journal_path())
    except GroovebridgeError as error:
        return Kept(), str(error)
    if not kept.damaged:
        return kept, ""
    lines = "1 line" if kept.damaged == 1 else f"{kept.damaged} lines"
    return kept, f"{lines} of the history could not be read; the old file stays in {journal_path().parent}."


def journal_path() -> Path:
    """The file that keeps every loop that was played in the window."""
    return data_folder() / "history.jsonl"


def data_folder() -> Path:
    """The folder of what is kept for the user."""
    return platformdirs.user_data_path("groovebridge", appauthor=False)


def opened(model: Model, studio: Studio, chart: Map | None = None) -> Opened:
    """A studio that runs on a model, with what the window shows of that model."""
    place_of = place_on(chart, model)
    return Opened(studio, coordinates_of(model), model.sliders, model.styles, chart, place_of)


def map_of(model: Model) -> Map | None:
    """The model's map, if it has one."""
    try:
        return Map.load(model.bundle)
    except GroovebridgeError:
        return None


def place_on(chart: Map | None, model: Model) -> Callable[[Settings], tuple[float, float] | None]:
    """Where on the map the idea of given settings lies. Looked for once for each idea."""

    @lru_cache(maxsize=1)
    def place(idea: Settings) -> tuple[float, float] | None:
        return None if chart is None else chart.place_of(model.latent(idea))

    return lambda settings: place(_idea_of(settings))


def coordinates_of(model: Model) -> Callable[[Settings], Mapping[str, float]]:
    """Where the model's raw axes lie for given settings: what their sliders show.

    That is before the named sliders move the point, so that an axis stays where it is held. The prior is run
    once for each idea, not at every step of a drag.
    """
    index_of = {axis.name: axis.index for axis in model.bundle.manifest.axes}

    @lru_cache(maxsize=1)
    def drawn(idea: Settings) -> Mapping[str, float]:
        z = model.latent(idea)
        return {name: float(z[index]) for name, index in index_of.items()}

    def coordinates(settings: Settings) -> Mapping[str, float]:
        return {**drawn(_idea_of(settings)), **settings.axes}

    return coordinates


def _idea_of(settings: Settings) -> Settings:
    """What the prior draws from: no slider, no freedom."""
    return Settings(settings.seed, settings.index, style=settings.style)


def list_ports(api: str = "auto") -> PortNames:
    """The ports of other programs, through the best API there is. May take long: it asks the MIDI system."""
    return ports.list_ports(api)


@contextmanager
def collecting_here(session: SessionModel) -> Iterator[None]:
    """Collect cycles in this thread alone, and do not look through what is there once the studio is."""
    garbage = Garbage()

    def settle() -> None:
        if session.phase is Phase.READY:
            garbage.settle()

    session.phase_changed.connect(settle)
    garbage.start()
    try:
        yield
    finally:
        session.phase_changed.disconnect(settle)
        garbage.stop()


@contextmanager
def _closing_on_signals(window: MainWindow) -> Iterator[None]:
    """Close the window on SIGINT and SIGTERM.

    Python runs signal handlers only between its own instructions, and Qt's loop waits outside them; so the
    interpreter writes a byte to a socket that Qt listens to. The window closes from within the loop, so
    that a signal that comes before it ends it too.
    """
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        notifier = QSocketNotifier(voidptr(reader.fileno()), QSocketNotifier.Type.Read)
        notifier.activated.connect(lambda: reader.recv(64))
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        handlers = {
            number: signal.signal(number, lambda _number, _frame: QTimer.singleShot(0, window.close))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)
            notifier.setEnabled(False)


@contextmanager
def bugs_told(session: SessionModel) -> Iterator[None]:
    """Say an unexpected exception in the window and on the terminal, and keep the beat going."""

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace)
        session.report(
            f"Something went wrong inside Groovebridge ({kind.__name__}). The beat goes on; "
            "the terminal has the details, please report them."
        )

    before, sys.excepthook = sys.excepthook, tell
    try:
        yield
    finally:
        sys.excepthook = before
