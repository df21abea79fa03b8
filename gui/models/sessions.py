"""The session and its file: new, open, save, recent ones; and what is kept by itself for the next start."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.files import make_folder
from bridge.studio import Studio
from bridge.studio.last_time import LastTime
from bridge.studio.movers import Movers
from bridge.studio.opening import begin_with, go_on_with
from bridge.studio.seat import Seat
from bridge.studio.session_file import (
    SUFFIX,
    Session,
    load_session,
    save_session,
    session_of,
)
from bridge.studio.sketch import Drawn
from gui.models.autosave import Autosave
from gui.models.worker import Worker, sentence

RECENT = 8
"""So many files are remembered."""
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a session belongs: its file, what that has, and which takes are its own."""

    file: Path | None = None
    saved: Session | None = None
    brought: tuple[int, ...] = ()
    since: int = 0


class _Step:
    """An opening, and where the session on the other side of it belongs; None until all of it is done. Undo
    may go over it before: `crossed` is whether what was opened is what plays.
    """

    other: _Place | None = None
    crossed: bool = False


class SessionFiles(QObject):
    """Qt thread only; files are read, written and opened in the background, and the beat goes on.

    seat       where it is kept by itself, and left with the window; None: nowhere
    say        gets a sentence for what cannot be done, and for what is to be known
    withdraw   gets the sentence that said why a file could not be opened or saved, once one can be

    `changed` tells of another file, another list of recent ones, or that there is something to save.
    """

    changed = pyqtSignal()
    _turned = pyqtSignal(object)

    def __init__(
        self,
        worker: Worker,
        say: Callable[[str], None],
        withdraw: Callable[[str], None],
        seat: Seat | None,
    ) -> None:
        super().__init__()
        self._worker = worker
        self._say = say
        self._withdraw = withdraw
        self._trouble: str | None = None  # why a file could not be opened or saved, said and not yet over
        self._seat = seat
        self._desk: tuple[Studio, Movers] | None = None
        self._place = _Place()
        self._unsaved = False
        self._recent: tuple[Path, ...] = ()
        self._has_before = self.before is not None and self.before.exists()
        self._turned.connect(self._on_turned)  # queued by Qt when it comes from another thread
        self._autosave = None if seat is None else Autosave(worker, seat.desk, self._last, say)

    # --- what there is to see ---

    @property
    def file(self) -> Path | None:
        """The session's file; None where it has none yet."""
        return self._place.file

    @property
    def name(self) -> str:
        """What the session is called: as its file, or `UNTITLED`."""
        return UNTITLED if self._place.file is None else self._place.file.stem

    @property
    def unsaved(self) -> bool:
        """Whether something has changed since it was opened or saved."""
        return self._unsaved

    @property
    def recent(self) -> tuple[Path, ...]:
        """The files that were opened or saved, the last one first."""
        return self._recent

    @property
    def before(self) -> Path | None:
        """Where the changes are that were not saved when another session was opened; None: nowhere."""
        return None if self._seat is None else self._seat.before

    @property
    def has_before(self) -> bool:
        """Whether there is something there."""
        return self._has_before

    # --- what one can do ---

    def save(self) -> bool:
        """Save to the session's file; False where it has none yet, and one must be chosen."""
        if self._place.file is None:
            return False
        self.save_as(self._place.file)
        return True

    def save_as(self, path: Path) -> None:
        """Save to this file, which gets our ending, over one that is there."""
        path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        if (session := self._now()) is not None:
            self._worker.run(
                partial(save_session, path, session), partial(self._on_saved, path, session), must=True
            )

    def open(self, path: Path) -> None:
        """Go on with the session of a file. One that cannot be played becomes a sentence, and nothing
        changes.
        """
        self._take(partial(load_session, path), path)

    def new(self) -> None:
        """Begin another session at the same instruments."""
        if (session := self._now()) is not None:
            self._take(session.anew, None)

    # --- life ---

    def begin(self, studio: Studio, movers: Movers, last: LastTime | None) -> None:
        """The studio is there, with what was at the desk last time."""
        self._desk = studio, movers
        if last is None:
            self._place = _Place(saved=self._content(), since=_newest(studio))
        else:
            begin_with(movers, last.session)
            saved = None if last.unsaved else _what_counts(last.session)
            self._place = _Place(last.file, saved, last.brought, last.since)
            self._recent = last.recent
        self.look()
        self.changed.emit()

    def look(self) -> None:
        """Something may have changed at the desk."""
        if self._desk is None:
            return
        unsaved = self._place.saved != self._content()
        if unsaved != self._unsaved:
            self._unsaved = unsaved
            self.changed.emit()
        if self._autosave is not None:
            self._autosave.look()

    def close(self) -> None:
        """Keep what is at the desk. When the worker is closed and the studio is not."""
        if self._autosave is not None:
            self._autosave.close()
        if self._seat is not None:
            self._seat.leave()
        self._desk = None

    # --- inside ---

    def _now(self) -> Session | None:
        """The session as it stands, with its takes."""
        if self._desk is None:
            return None
        takes = self._desk[0].state.takes
        ours = (
            take for take in takes if take.number > self._place.since or take.number in self._place.brought
        )
        return session_of(*self._desk, tuple(ours))

    def _content(self) -> Session | None:
        return None if self._desk is None else _what_counts(session_of(*self._desk))

    def _last(self) -> LastTime | None:
        if self._desk is None:
            return None
        session = session_of(*self._desk)
        return LastTime(
            session, self._place.file, self._unsaved, self._recent, self._place.brought, self._place.since
        )

    def _take(self, read: Callable[[], Session], path: Path | None) -> None:
        """Go on with what `read` gives, and keep what there was and was not saved."""
        if self._desk is None:
            return
        (studio, movers), before = self._desk, self._now() if self._unsaved else None
        since, step = _newest(studio), _Step()

        def job() -> tuple[tuple[int, ...], str | None]:
            session = read()
            if before is not None and self.before is not None:
                make_folder(self.before.parent)
                save_session(self.before, before)
            return go_on_with(studio, movers, session, partial(self._turned.emit, step))

        self._worker.run(job, partial(self._on_taken, path, since, step))

    def _on_taken(
        self, path: Path | None, since: int, step: _Step, done: Future[tuple[tuple[int, ...], str | None]]
    ) -> None:
        error = done.exception()
        if error is not None:
            if path is not None and not path.exists():
                self._set(self._place, tuple(each for each in self._recent if each != path))
            self._complain(sentence(error, "The session could not be opened"))
            return
        self._complain(None)
        brought, remark = done.result()
        self._has_before = self.before is not None and self.before.exists()
        if path == self.before:
            path = None
            place = _Place(None, None, brought, since)
        else:
            place = _Place(path, self._content() if step.crossed else None, brought, since)
        here, step.other = (place, self._place) if step.crossed else (self._place, place)
        self._set(here, self._recent if path is None else self._used(path))
        if remark is not None:
            self._say(remark)

    def _on_turned(self, step: _Step) -> None:
        """Undo or redo has gone over an opening: what plays belongs where it did."""
        step.crossed = not step.crossed
        if step.other is not None:
            there, step.other = step.other, self._place
            self._set(there, self._recent)

    def _on_saved(self, path: Path, session: Session, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._complain(sentence(error, "The session could not be saved"))
            return
        self._complain(None)
        self._set(replace(self._place, file=path, saved=_what_counts(session)), self._used(path))

    def _complain(self, trouble: str | None) -> None:
        """Say why a file could not be opened or saved; None: one could, so that is over."""
        before, self._trouble = self._trouble, trouble
        if trouble is not None:
            self._say(trouble)
        elif before is not None:
            self._withdraw(before)

    def _used(self, path: Path) -> tuple[Path, ...]:
        return (path, *(each for each in self._recent if each != path))[:RECENT]

    def _set(self, place: _Place, recent: tuple[Path, ...]) -> None:
        self._place, self._recent = place, recent
        self.look()
        self.changed.emit()


def _what_counts(session: Session) -> Session:
    """What of a session makes it another one: not which ports are open, nor what was heard, nor where its
    path and its walk have taken it by themselves.
    """
    sketch = session.sketch
    if session.following:
        sketch = replace(sketch, origin=Drawn())
    settings = sketch.settings
    for name in session.wandering.homes:
        settings = settings.holding(name, None)
    return replace(
        session,
        sketch=replace(sketch, settings=settings),
        config=replace(session.config, api="auto", out=None, inp=None),
        takes=(),
    )


def _newest(studio: Studio) -> int:
    """The number of the take that was heard last; 0 before the first."""
    return max((take.number for take in studio.state.takes), default=0)
