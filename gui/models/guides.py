"""The guides to the DAWs: the very files of docs/daw, which an installed package has beside this one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import GroovebridgeError

_PACKAGED = Path(__file__).parents[1] / "daw"
_PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n\n?", re.MULTILINE)
FOLDER = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[2] / "docs" / "daw"


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide: its file without suffix, and its title in the list."""

    name: str
    title: str

    @property
    def text(self) -> str:
        """Its Markdown, without pictures: they show the window, which is there.

        Raises GroovebridgeError where the file is missing.
        """
        path = FOLDER / f"{self.name}.md"
        try:
            return _PICTURE.sub("", path.read_text(encoding="utf-8"))
        except OSError as error:
            raise GroovebridgeError(
                f"The guide {path} cannot be read: install Groovebridge again to have it back."
            ) from error


GUIDES = (
    Guide("live", "Ableton Live"),
    Guide("logic", "Logic"),
    Guide("bitwig", "Bitwig"),
    Guide("reaper", "Reaper"),
    Guide("fl-studio", "FL Studio"),
    Guide("ardour", "Ardour"),
    Guide("ports", "Any DAW: ports, notes, latency"),
)


def guide_named(name: str) -> Guide:
    """The guide of this name. KeyError."""
    return {guide.name: guide for guide in GUIDES}[name]


def anchor_of(heading: str) -> str:
    """What a link writes after # to reach a heading, as GitHub makes it: "When wrong?" -> "when-wrong"."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
