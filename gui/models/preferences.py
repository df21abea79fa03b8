"""What a person prefers, kept from one start to the next: looks, MIDI system, whether it was shown around."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import platformdirs
from PyQt6.QtCore import QObject, pyqtSignal

from bridge.errors import GroovebridgeError
from bridge.files import make_folder, write_atomically
from bridge.ports import APIS
from bridge.studio.saved import set_aside


class Appearance(StrEnum):
    """Which palette the window wears; SYSTEM is the one that the desktop prefers."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The preferences as a value.

    guided   the first-run guide was shown
    midi     the MIDI system to use: an API of `bridge.ports.APIS`, or "auto", the best that answers
    """

    appearance: Appearance = Appearance.DARK
    guided: bool = False
    midi: str = AUTO


def preferences_path() -> Path:
    """The file that keeps them."""
    return platformdirs.user_config_path("groovebridge", appauthor=False) / "preferences.json"


class Preferences(QObject):
    """The preferences, observable. Qt thread only.

    Several windows share the file: each writes what it was asked for, and leaves the rest as it is there. A
    file that is missing gives the defaults; a damaged one too, which is set aside, with a sentence for
    `say`. One that cannot be written is said: the wish then holds until the window closes.
    """

    changed = pyqtSignal()

    def __init__(self, say: Callable[[str], None], path: Path | None = None) -> None:
        super().__init__()
        self.path = path or preferences_path()
        self._say = say
        self._wishes = Wishes()
        self._read = False

    @property
    def wishes(self) -> Wishes:
        """What is preferred now; read from the file when first asked."""
        if not self._read:
            self._read = True
            try:
                self._wishes = read_wishes(self.path)
            except GroovebridgeError as error:
                self._say(f"{error} {set_aside(self.path)}")
        return self._wishes

    def set_appearance(self, appearance: Appearance) -> None:
        """Wear another palette from now on."""
        self._keep(appearance=appearance)

    def set_guided(self) -> None:
        """Remember that the guide was shown."""
        self._keep(guided=True)

    def set_midi(self, api: str) -> None:
        """Use this MIDI system from the next start on."""
        self._keep(midi=api)

    def _keep(self, **wish: object) -> None:
        wishes = replace(self.wishes, **wish)  # type: ignore[arg-type]
        if wishes == self._wishes:
            return
        self._wishes = wishes
        self.changed.emit()
        try:
            make_folder(self.path.parent)
            write_atomically(self.path, as_text(self._with_others(**wish)).encode())
        except GroovebridgeError as error:
            self._say(f"Your preferences hold until the window closes: {error}")

    def _with_others(self, **wish: object) -> Wishes:
        """The wish beside all that the file holds by now."""
        try:
            return replace(read_wishes(self.path), **wish)  # type: ignore[arg-type]
        except GroovebridgeError:
            return self._wishes


def as_text(wishes: Wishes) -> str:
    """The wishes as the file has them; `read_wishes` is the inverse."""
    kept = {"appearance": wishes.appearance.value, "guided": wishes.guided, "midi": wishes.midi}
    return json.dumps(kept, indent=1) + "\n"


def read_wishes(path: Path) -> Wishes:
    """The wishes in a file; the defaults where there is none, and for what a file of another version lacks.

    Raises GroovebridgeError for a file that is damaged or cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        appearance = Appearance(found.get("appearance", Wishes().appearance))
        guided = found.get("guided", Wishes().guided)
        if not isinstance(guided, bool):
            raise TypeError("guided is no truth value")
        midi = found.get("midi", Wishes().midi)
        if midi not in (AUTO, *APIS):
            raise ValueError("there is no such MIDI system")
    except FileNotFoundError:
        return Wishes()
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise GroovebridgeError(
            f"Your preferences in {path} cannot be read, so the window looks as it did at first."
        ) from error
    return Wishes(appearance, guided, midi)
