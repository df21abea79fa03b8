"""The session and its file: new, open, save, recent ones; and what is kept by itself for the next start."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.files import make_folder
from bridge.studio import Studio
from bridge.studio.last_time import LastTime
from bridge.studio.morphing import Morpher, Morphing
from bridge.studio.seat import Seat
from bridge.studio.session_file import (
    SUFFIX,
    Session,
    go_on_with,
    load_session,
    save_session,
    session_of,
)
from gui.models.autosave import Autosave
from gui.models.worker import Worker, sentence

RECENT = 8
"""So many files are remembered."""
UNTITLED = "Untitled"


class SessionFiles(QObject):
    """Qt thread only; files are read, written and opened in the background, and the beat goes on.

    seat   where it is kept by itself, and left with the window; None: nowhere
    say    gets a sentence for what cannot be done, and for what is to be known

    `changed` tells of another file, another list of recent ones, or that there is something to save.
    """

    changed = pyqtSignal()

    def __init__(self, worker: Worker, say: Callable[[str], None], seat: Seat | None) -> None:
        super().__init__()
        self._worker = worker
        self._say = say
        self._seat = seat
        self._studio: Studio | None = None
        self._morpher: Morpher | None = None
        self._file: Path | None = None
        self._saved: Session | None = None  # what the file has
        self._unsaved = False
        self._recent: tuple[Path, ...] = ()
        self._brought: tuple[int, ...] = ()
        self._since = 0
        self._has_before = self.before is not None and self.before.exists()
        self._autosave = None if seat is None else Autosave(worker, seat.desk, self._last, say)

    # --- what there is to see ---

    @property
    def file(self) -> Path | None:
        """The session's file; None where it has none yet."""
        return self._file

    @property
    def name(self) -> str:
        """What the session is called: as its file, or `UNTITLED`."""
        return UNTITLED if self._file is None else self._file.stem

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
        if self._file is None:
            return False
        self.save_as(self._file)
        return True

    def save_as(self, path: Path) -> None:
        """Save to this file, which gets our ending, over one that is there."""
        path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        if (session := self._now()) is not None:
            self._worker.run(partial(save_session, path, session), partial(self._on_saved, path, session))

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

    def begin(self, studio: Studio, morpher: Morpher, last: LastTime | None) -> None:
        """The studio is there, with what was at the desk last time."""
        self._studio, self._morpher = studio, morpher
        if last is None:
            self._since = max((take.number for take in studio.state.takes), default=0)
        else:
            self._restore_morph(last.session)
            self._file, self._recent = last.file, last.recent
            self._brought, self._since = last.brought, last.since
        self._saved = None if last is not None and last.unsaved else self._content()
        self.look()
        self.changed.emit()

    def look(self) -> None:
        """Something may have changed at the desk."""
        if self._studio is None:
            return
        unsaved = self._saved != self._content()
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
        self._studio = self._morpher = None

    # --- inside ---

    def _now(self) -> Session | None:
        """The session as it stands, with its takes."""
        if self._studio is None:
            return None
        takes = self._studio.state.takes
        ours = (take for take in takes if take.number > self._since or take.number in self._brought)
        return session_of(self._studio, self._morphing, tuple(ours))

    @property
    def _morphing(self) -> Morphing:
        return Morphing() if self._morpher is None else self._morpher.morphing

    def _content(self) -> Session | None:
        """What counts as a change: not which ports are open, nor what was heard."""
        if self._studio is None:
            return None
        session = session_of(self._studio, self._morphing)
        return replace(session, config=replace(session.config, api="auto", out=None, inp=None))

    def _last(self) -> LastTime | None:
        if self._studio is None:
            return None
        session = session_of(self._studio, self._morphing)
        return LastTime(session, self._file, self._unsaved, self._recent, self._brought, self._since)

    def _take(self, read: Callable[[], Session], path: Path | None) -> None:
        """Go on with what `read` gives, and keep what there was and was not saved."""
        studio, before = self._studio, self._now() if self._unsaved else None
        if studio is None:
            return
        since = max((take.number for take in studio.state.takes), default=0)

        def job() -> tuple[Session, tuple[int, ...], str | None]:
            session = read()
            if before is not None and self.before is not None:
                make_folder(self.before.parent)
                save_session(self.before, before)
            return session, *go_on_with(studio, session)

        self._worker.run(job, partial(self._on_taken, path, since))

    def _on_taken(
        self, path: Path | None, since: int, done: Future[tuple[Session, tuple[int, ...], str | None]]
    ) -> None:
        error = done.exception()
        if error is not None:
            if path is not None and not path.exists():
                self._set(self._file, tuple(each for each in self._recent if each != path))
            self._say(sentence(error, "The session could not be opened"))
            return
        session, self._brought, remark = done.result()
        self._has_before = self.before is not None and self.before.exists()
        self._since = since
        self._restore_morph(session)
        self._saved = None if path == self.before else self._content()
        path = None if path == self.before else path
        self._set(path, self._recent if path is None else self._used(path))
        if remark is not None:
            self._say(remark)

    def _on_saved(self, path: Path, session: Session, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._say(sentence(error, "The session could not be saved"))
            return
        bare = replace(session.config, api="auto", out=None, inp=None)
        self._saved = replace(session, takes=(), config=bare)
        self._set(path, self._used(path))

    def _used(self, path: Path) -> tuple[Path, ...]:
        return (path, *(each for each in self._recent if each != path))[:RECENT]

    def _set(self, path: Path | None, recent: tuple[Path, ...]) -> None:
        self._file, self._recent = path, recent
        self.look()
        self.changed.emit()

    def _restore_morph(self, session: Session) -> None:
        if self._morpher is not None:
            self._morpher.set_ends(session.a, session.b)
            self._morpher.set_bars(session.bars)
