"""Where a player whose studio has died and the next studio meet: a socket in a folder of this user's own.

    player, alone:  Offer         listens on player-<pid>.sock (a named pipe on Windows),
                                  writes player-<pid>.json: version, process id, address, key
    studio, new:    take_up       reads the notes, connects, proves the key, says which ports it wants
    player:         fits          answers with `Legacy` and lives on for this studio; else it hangs up and
                                  waits on

Nothing listens while a studio lives, so no studio can take away another's player. Nothing is on the network;
the folder is the user's alone (0700), and the key is in it. What is pickled passes only between two who have
the key and are of the same version. What a crash leaves in the folder is cleared by the next who looks.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from pickle import UnpicklingError
from queue import Empty, SimpleQueue

import platformdirs

from bridge import __version__, realtime
from bridge.player.messages import Legacy, PlayerConfig

ANSWER_S = 2.0
"""How long a studio waits for a player to answer before it starts its own."""

_NO_PARTNER = (
    *(OSError, EOFError, AuthenticationError),  # it hung up, or is somebody else
    *(AttributeError, ImportError, LookupError, TypeError, ValueError, UnpicklingError),  # of other code
)
_BREATH_S = 0.05  # between two who come: whatever is wrong with the socket, this thread takes no time


@dataclass(frozen=True, slots=True)
class Orphan:
    """A player that has been taken up: its end of the pipe, its process, and what it kept."""

    pipe: Connection
    pid: int
    legacy: Legacy


class Offer:
    """A player's offer to the next studio, good until it is taken or closed. All waiting is its own thread's.

    fits    whether it suits a studio that wants this (None: that takes any); called in that thread
    taken   gets the pipe to the studio that has come, in that thread; the offer has ended then

    Where there is no place to meet, nobody comes.
    """

    def __init__(
        self, fits: Callable[[PlayerConfig | None], bool], taken: Callable[[Connection], None]
    ) -> None:
        self._fits = fits
        self._taken = taken
        self._address: str | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="player-offer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Withdraw the offer. Idempotent; not from its own thread."""
        self._closing.set()
        if self._address is not None and self._thread.is_alive():
            with contextlib.suppress(OSError):  # nothing else wakes one that waits for a visitor everywhere
                Client(self._address).close()
        self._thread.join(ANSWER_S)

    def _run(self) -> None:
        realtime.follow()
        key = secrets.token_bytes(32)
        try:
            note = _folder() / f"player-{os.getpid()}.json"
            _socket(note).unlink(missing_ok=True)  # of one that crashed and had our number
            address = _address(note)
            with Listener(address, authkey=key) as listener:
                self._address = address
                _write(note, {"pid": os.getpid(), "address": address, "key": key.hex()})
                pipe = self._wait(listener)
                note.unlink(missing_ok=True)
        except OSError:
            return
        if pipe is not None:
            self._taken(pipe)

    def _wait(self, listener: Listener) -> Connection | None:
        """The pipe to a studio that wants us."""
        while not self._closing.is_set():
            if (pipe := self._meet(listener)) is not None:
                return pipe
            self._closing.wait(_BREATH_S)
        return None

    def _meet(self, listener: Listener) -> Connection | None:
        """The pipe to whoever came, if it wants us."""
        try:
            pipe = listener.accept()
        except (OSError, EOFError, AuthenticationError):
            return None
        with contextlib.suppress(OSError, EOFError):
            if pipe.poll(ANSWER_S) and self._fits(pipe.recv()):
                return pipe
        pipe.close()
        return None


def take_up(wanted: PlayerConfig | None) -> Orphan | None:
    """Take up the newest player that plays on without a studio, if there is one.

    wanted   only one with these ports, this sync, this number of bars and this recording; None: any

    Blocks for milliseconds; for `ANSWER_S` at most with each player that stands still. Never raises.
    """
    try:
        notes = sorted(
            _folder().glob("player-*.json"), key=lambda note: note.stat().st_mtime_ns, reverse=True
        )
    except OSError:
        return None
    for note in notes:
        with contextlib.suppress(*_NO_PARTNER):
            if (orphan := _ask(note, wanted)) is not None:
                return orphan
    return None


def _ask(note: Path, wanted: PlayerConfig | None) -> Orphan | None:
    told = json.loads(note.read_text())
    if told["version"] != __version__:
        return None
    try:
        pipe = _connect(told["address"], bytes.fromhex(told["key"]))
    except (ConnectionRefusedError, FileNotFoundError):  # it has crashed
        note.unlink(missing_ok=True)
        _socket(note).unlink(missing_ok=True)
        return None
    if pipe is None:
        return None
    try:
        pipe.send(wanted)
        if pipe.poll(ANSWER_S) and isinstance(legacy := pipe.recv(), Legacy):
            return Orphan(pipe, told["pid"], legacy)
    except (OSError, EOFError):
        pass  # it hung up: not what we want
    pipe.close()
    return None


def _connect(address: str, key: bytes) -> Connection | None:
    """A pipe to a player; None where it does not answer, as one that stands still. Raises what `Client`
    does.
    """
    answers: SimpleQueue[Connection | Exception] = SimpleQueue()
    given_up = threading.Event()

    def connect() -> None:
        try:
            pipe = Client(address, authkey=key)
        except Exception as error:
            answers.put(error)
            return
        answers.put(pipe)
        if given_up.is_set():
            pipe.close()

    threading.Thread(target=connect, name="player-connect", daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_S)
    except Empty:
        given_up.set()
        return None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _folder() -> Path:
    """The folder, made if need be. OSError where there is none that is this user's alone."""
    with warnings.catch_warnings():  # of an environment that names a folder that is not to be used
        warnings.simplefilter("ignore")
        folder = platformdirs.user_runtime_path("groovebridge", appauthor=False)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid"):
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise PermissionError(f"{folder} is not ours")
        folder.chmod(0o700)
    return folder


def _socket(note: Path) -> Path:
    return note.with_suffix(".sock")


def _address(note: Path) -> str:
    if sys.platform == "win32":
        return rf"\\.\pipe\groovebridge-{os.getpid()}-{secrets.token_hex(8)}"
    return str(_socket(note))


def _write(note: Path, content: dict[str, object]) -> None:
    """Write a note that nobody else can read, and that appears whole."""
    draft = note.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"version": __version__, **content}, file)
    draft.replace(note)
