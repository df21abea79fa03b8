"""The user's presets: a folder with a file for each, named after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from bridge.errors import GroovebridgeError
from bridge.files import FileWriteError, make_folder
from bridge.studio.saved import SavedFileError, load_preset, save_preset
from bridge.studio.sketch import Sketch

DELETED = "deleted"
"""Where presets go that are deleted: a folder beside them, so that none is lost by a slip."""
_LONGEST = 80
_LONGEST_FILE = 48  # letters: file systems count bytes, up to 255


@dataclass(frozen=True, slots=True)
class Preset:
    """A file in the folder. `problem`: the sentence of why it cannot be read; its name is then the file's."""

    path: Path
    name: str
    problem: str | None = None


class PresetFolder:
    """Presets in one folder, which need not be there yet. It holds no state: what others put there, counts.

    None: the folder of the user's data on this platform. Each method reads or writes files, so it may take
    some milliseconds.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or platformdirs.user_data_path("groovebridge", appauthor=False) / "presets"

    def presets(self) -> list[Preset]:
        """All presets by name, damaged ones and those of later versions with their problem. Raises
        SavedFileError where the folder itself cannot be read.
        """
        try:
            paths = [path for path in self.path.iterdir() if path.suffix == ".json"]
        except FileNotFoundError:
            return []
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SavedFileError(f"The presets in {self.path} cannot be read: {reason}.") from error
        return sorted((_look(path) for path in paths), key=lambda preset: preset.name.casefold())

    def save(self, name: str, sketch: Sketch) -> Preset:
        """Keep a sketch under a name; one that is taken gets a number, so that no preset is lost.

        Raises GroovebridgeError for a name without a letter or digit, FileWriteError.
        """
        plain = " ".join(name.split())[:_LONGEST].rstrip()
        stem = "".join(sign if sign.isalnum() or sign in " -_" else "-" for sign in plain)
        stem = stem.strip(" -")[:_LONGEST_FILE].rstrip(" -")
        if not stem:
            raise GroovebridgeError("A preset needs a name with a letter or a digit in it.")
        make_folder(self.path)
        numbered, file, number = plain, stem, 1
        while (path := self.path / f"{file}.json").exists():
            number += 1
            numbered, file = f"{plain} {number}", f"{stem} {number}"
        save_preset(path, numbered, sketch)
        return Preset(path, numbered)

    def delete(self, preset: Preset) -> Path:
        """Move a preset's file into the folder `DELETED`, and say where it is now. Raises FileWriteError."""
        folder = make_folder(self.path / DELETED)
        number = 1
        while (target := folder / f"{preset.path.stem}{f' {number}' if number > 1 else ''}.json").exists():
            number += 1
        try:
            preset.path.rename(target)
        except OSError as error:
            raise FileWriteError(preset.path, error) from error
        return target


def _look(path: Path) -> Preset:
    try:
        name, _ = load_preset(path)
    except GroovebridgeError as error:
        return Preset(path, path.stem, str(error))
    return Preset(path, name or path.stem)
