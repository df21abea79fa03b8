"""What was at the desk when it was last seen: kept while one works, also for after a crash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from bridge.errors import GroovebridgeError
from bridge.files import write_atomically
from bridge.studio.saved import VERSION, StrictData, read_saved, set_aside
from bridge.studio.session_file import Session, SessionData

_KIND: Literal["desk"] = "desk"
_BEGINS_ANEW = "What was at the desk last time cannot be read, so it begins anew. {where}"


@dataclass(frozen=True, slots=True)
class LastTime:
    """The session, without its takes: those are in the history.

    file      where it was opened or saved; None: nowhere yet
    unsaved   whether there is something in it that this file has not
    recent    the session files that were used, the last one first
    brought   the takes that came with it, and `since`: those after that number were heard in it
    """

    session: Session
    file: Path | None = None
    unsaved: bool = False
    recent: tuple[Path, ...] = ()
    brought: tuple[int, ...] = ()
    since: int = 0


class _Desk(StrictData):
    groovebridge: Literal["desk"] = _KIND
    version: int = VERSION
    file: Path | None
    unsaved: bool
    recent: tuple[Path, ...]
    brought: tuple[int, ...]
    since: int
    session: SessionData


def save_last(path: Path, last: LastTime) -> None:
    """Write it, whole or not at all. Raises FileWriteError."""
    desk = _Desk(
        file=last.file,
        unsaved=last.unsaved,
        recent=last.recent,
        brought=last.brought,
        since=last.since,
        session=SessionData.of(last.session),
    )
    write_atomically(path, (desk.model_dump_json() + "\n").encode())


def load_last(path: Path) -> tuple[LastTime | None, str]:
    """What was kept, if anything was; and a sentence where it cannot be read: it is then set aside, and no
    reason not to play.
    """
    if not path.exists():
        return None, ""
    try:
        desk = _Desk.model_validate(read_saved(path, _KIND))
        session = desk.session.build()
    except (ValidationError, ValueError, GroovebridgeError):
        return None, _BEGINS_ANEW.format(where=set_aside(path))
    return LastTime(session, desk.file, desk.unsaved, desk.recent, desk.brought, desk.since), ""
