"""What comes in as a file: presets, which can also be kept, and MIDI files."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import GroovebridgeError
from bridge.studio import Studio, gestures
from bridge.studio.presets import Preset, PresetFolder
from bridge.studio.saved import load_preset
from bridge.studio.session_file import SUFFIX
from bridge.studio.sketch import Sketch
from bridge.studio.vary import read_loop
from gui.models.worker import Worker, sentence

PRESET_SUFFIX = ".json"
OFFERED = (f"Sessions, presets and MIDI files (*{SUFFIX} *.json *.mid *.midi)", "All files (*)")


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds: what to have the studio do, and what to say of it.

    preset   its name and sketch, if it is one
    """

    act: Callable[[Studio], object]
    preset: tuple[str, Sketch] | None = None
    remark: str | None = None


class FileModel:
    """Presets and files to play. Qt thread only; `open` reads in the background, and leaves sessions to
    `open_session`.

    What cannot be read or written becomes a sentence for `say`, and the beat goes on.
    """

    def __init__(
        self,
        worker: Worker,
        ask: Callable[[Callable[[Studio], object]], bool],
        say: Callable[[str], None],
        open_session: Callable[[Path], None],
    ) -> None:
        self.folder = PresetFolder()
        self._worker = worker
        self._ask = ask
        self._say = say
        self._open_session = open_session
        self._current: tuple[str, Sketch] | None = None

    def presets(self) -> list[Preset]:
        """The user's presets, by name; none, after a sentence, where the folder cannot be read."""
        try:
            return self.folder.presets()
        except GroovebridgeError as error:
            self._say(str(error))
            return []

    def play_preset(self, number: int) -> None:
        """Play a preset by its place in `presets`, from 1; a sentence where there is none."""
        presets = self.presets()
        if number > len(presets):
            self._say(f"There is no preset {number} yet: “Presets” keeps what plays.")
        elif (problem := presets[number - 1].problem) is not None:
            self._say(problem)
        else:
            self.open(presets[number - 1].path)

    def next_preset(self, by: int = 1) -> None:
        """Play the preset after the one that was played or kept last, round and round; -1: the one before.

        Damaged ones are passed over; a sentence where there is none.
        """
        sound = [preset for preset in self.presets() if preset.problem is None]
        names = [preset.name for preset in sound]
        here = names.index(self._current[0]) if self._current and self._current[0] in names else None
        if sound:
            start = (-1 if by > 0 else 0) if here is None else here
            self.open(sound[(start + by) % len(sound)].path)
        else:
            self._say("There is no preset yet: “Presets” keeps what plays.")

    def name_of(self, sketch: Sketch) -> str | None:
        """The preset that was saved or opened last, if this is still what it holds."""
        return self._current[0] if self._current is not None and self._current[1] == sketch else None

    def save(self, name: str) -> bool:
        """Keep what plays as a preset; a name that is taken gets a number."""

        def keep(studio: Studio) -> None:
            sketch = studio.state.sketch
            self._current = self.folder.save(name, sketch).name, sketch

        return self._ask(keep)

    def delete(self, preset: Preset) -> bool:
        """Move a preset's file aside."""
        try:
            self.folder.delete(preset)
        except GroovebridgeError as error:
            self._say(str(error))
            return False
        return True

    def open(self, path: Path) -> None:
        """Go on with a session, play a preset, or the first four bars of a MIDI file; one step of undo."""
        if path.suffix.lower() == SUFFIX:
            self._open_session(path)
            return
        self._worker.run(lambda: read(path), self._on_read)

    def _on_read(self, done: Future[Found]) -> None:
        error = done.exception()
        if error is not None:
            self._say(sentence(error, "The file could not be opened"))
            return
        found = done.result()
        before, self._current = self._current, found.preset or self._current
        if not self._ask(found.act):
            self._current = before
        elif found.remark is not None:
            self._say(found.remark)


def read(path: Path) -> Found:
    """What a file holds. Raises GroovebridgeError for one that is neither a preset nor a drum loop."""
    if not path.is_file():
        raise GroovebridgeError(f"{path} is no file. Choose a preset or a MIDI file.")
    if path.suffix.lower() == PRESET_SUFFIX:
        name, sketch = load_preset(path)
        return Found(lambda studio: studio.load(sketch), (name, sketch))
    loop, more = read_loop(path)
    remark = f"{path.name} goes on after its first four bars: these are what plays." if more else None
    return Found(lambda studio: gestures.give(studio, loop), remark=remark)
