"""What can be taken out as MIDI files: the loop, the last bars as they were played, and a recording."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

import platformdirs
from PyQt6.QtCore import QMimeData, QObject, QTimer, QUrl, pyqtSignal

from bridge.errors import GroovebridgeError
from bridge.files import make_folder, write_atomically
from bridge.groove.midifile import save_loop
from bridge.studio import Studio
from bridge.studio.tape import Cut
from gui.models.worker import Worker, sentence

BARS = (1, 2, 4, 8, 16, 32)
"""So many of the last bars can be taken."""
KEPT_MS = 30_000
"""So often a recording that runs is written, so that a crash takes no more than that."""


def recordings_folder() -> Path:
    """The folder of the recordings: in the user's music."""
    return platformdirs.user_music_path() / "Groovebridge"


class Takeout(QObject):
    """Qt thread only, where nothing else is said; recordings are written in the background.

    A recording runs from the beginning of the bar in which it was asked for to the end of the one in which
    that was taken back. `say` gets a sentence for what cannot be written: it is kept, to be saved elsewhere,
    beside what else was kept.
    `changed` tells of all of it.
    """

    changed = pyqtSignal()

    def __init__(self, worker: Worker, say: Callable[[str], None]) -> None:
        super().__init__()
        self.folder = recordings_folder()
        self._worker = worker
        self._say = say
        self._studio: Studio | None = None
        self._bars = 4
        self._there = 0
        self._file: Path | None = None  # of the recording that runs
        self._given: set[Path] = set()  # the files of all recordings so far
        self._ending_at: int | None = None  # the bar line at which the recording is to end
        self._unwritten: list[tuple[Path, Cut]] = []  # what could not be written, and where; the oldest first
        self._dragged: tempfile.TemporaryDirectory[str] | None = None
        self._numbers = count(1)
        self._timer = QTimer(self)
        self._timer.setInterval(KEPT_MS)
        self._timer.timeout.connect(self._keep)

    # --- what there is to see ---

    @property
    def bars(self) -> int:
        """How many of the last bars are wanted, one of `BARS`."""
        return self._bars

    @property
    def there(self) -> int:
        """How many there are."""
        return self._there

    @property
    def recording(self) -> bool:
        """Whether a recording runs, or waits for its last bar."""
        return self._file is not None

    @property
    def ending(self) -> bool:
        """Whether the recording waits for the end of its last bar."""
        return self._ending_at is not None

    @property
    def unwritten(self) -> bool:
        """Whether there is a recording that could not be written, and can be saved elsewhere."""
        return bool(self._unwritten)

    # --- what one can do ---

    def set_bars(self, bars: int) -> None:
        """Want so many bars, one of `BARS`. From any thread."""
        self._bars = bars
        self.changed.emit()

    def loop_file(self) -> QMimeData | None:
        """The loop that plays as a file to drag out; None, after a sentence, if it cannot be written."""
        return self._to_drag("loop", self.save_loop)

    def bars_file(self) -> QMimeData | None:
        """The last bars, likewise."""
        return self._to_drag(f"{min(self._bars, self._there)}-bars", self.save_bars)

    def save_loop(self, path: Path) -> bool:
        """Write the loop that plays as a MIDI file; False, after a sentence, if it cannot be."""
        if self._studio is None:
            return False
        state = self._studio.state
        return self._try(
            lambda: save_loop(path, state.loop, state.bpm, state.voicing.notes, state.voicing.channel)
        )

    def save_bars(self, path: Path) -> bool:
        """Write the last bars as they were played."""
        cut = None if self._studio is None else self._studio.tape.last(self._bars)
        return cut is not None and self._try(lambda: write_atomically(path, cut.content()))

    def save_unwritten(self, path: Path) -> bool:
        """Write the oldest recording that could not be written where it should have been."""
        if not self._unwritten:
            return False
        kept = self._unwritten[0]
        if not self._try(lambda: write_atomically(path, kept[1].content())):
            return False
        self._unwritten.remove(kept)
        self.changed.emit()
        return True

    def record(self, on: bool) -> None:
        """Begin a recording, or end it with this bar; ended once more, it ends at once."""
        if self._studio is None:
            return
        tape = self._studio.tape
        if on and not self.recording:
            tape.record()
            self._file = self._new_file()
            self._timer.start()
        elif not on and self.recording and tape.rolling and not self.ending:
            self._ending_at = tape.next_line
        elif not on and self.recording:
            self._end()
        self.changed.emit()

    def toggle(self) -> None:
        """Begin a recording, or end the one that runs, as `record` says."""
        self.record(not self.recording)

    # --- life ---

    def begin(self, studio: Studio) -> None:
        """The studio is there."""
        self._studio = studio
        self.look()

    def look(self) -> None:
        """Something may have been played."""
        if self._studio is None:
            return
        tape, there = self._studio.tape, self._studio.state.tape_bars
        if self._ending_at is not None and (not tape.rolling or tape.next_line > self._ending_at):
            self._end()
        if there != self._there:
            self._there = there
            self.changed.emit()

    def close(self) -> None:
        """Write the recording that runs, and try once more what could not be written. When the worker is
        closed. Idempotent.
        """
        self._timer.stop()
        for kept in self._unwritten:
            self._try(partial(_write, *kept))
        self._unwritten = []
        if self._studio is not None and self._file is not None and (cut := self._studio.tape.recorded()):
            path = self._file
            self._try(lambda: _write(path, cut))
        self._file = self._studio = None
        if self._dragged is not None:
            self._dragged.cleanup()  # whoever took the files has copied them
            self._dragged = None

    # --- inside ---

    def _new_file(self) -> Path:
        """A file that no other recording has, written yet or not."""
        now = f"{datetime.now():%Y-%m-%d %H-%M-%S}"
        names = (f"{now}{'' if number == 1 else f' ({number})'}.mid" for number in count(1))
        free = (path for path in map(self.folder.joinpath, names) if path not in self._given)
        path = next(path for path in free if not path.exists())
        self._given.add(path)
        return path

    def _end(self) -> None:
        """Write the recording and let go of it."""
        path, self._file, self._ending_at = self._file, None, None
        self._timer.stop()
        if self._studio is not None and path is not None:
            cut = self._studio.tape.recorded()
            self._studio.tape.stop_recording()
            if cut is None:
                self._say("Nothing was played while it was recording, so there is no file.")
            else:
                self._worker.run(partial(_write, path, cut), partial(self._on_ended, path, cut), must=True)
        self.changed.emit()

    def _on_ended(self, path: Path, cut: Cut, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._unwritten.append((path, cut))
            self._say(
                f"{sentence(error, 'The recording could not be written')} It is kept: save it elsewhere."
            )
        elif self._studio is not None:
            bars = "1 bar" if cut.bars == 1 else f"{cut.bars} bars"
            self._studio.report_notice(f"Recorded {bars} to {path}.")
        self.changed.emit()

    def _keep(self) -> None:
        """Write what has been recorded so far."""
        path, cut = self._file, None if self._studio is None else self._studio.tape.recorded()
        if path is not None and cut is not None:
            self._worker.run(partial(_write, path, cut), self._on_kept)

    def _on_kept(self, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._timer.stop()  # said once; it is tried again when the recording ends
            self._say(sentence(error, "The recording could not be written"))

    def _to_drag(self, what: str, write: Callable[[Path], bool]) -> QMimeData | None:
        if self._dragged is None:
            self._dragged = tempfile.TemporaryDirectory(prefix="groovebridge-")
        path = Path(self._dragged.name) / f"groovebridge-{what}-{next(self._numbers):02d}.mid"
        if not write(path):
            return None
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        return data

    def _try(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except GroovebridgeError as error:
            self._say(str(error))
            return False
        return True


def _write(path: Path, cut: Cut) -> None:
    make_folder(path.parent)
    write_atomically(path, cut.content())
