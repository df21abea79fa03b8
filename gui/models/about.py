"""What Groovebridge is made of: its version and licence, the parts it stands on and theirs, the model's card.

All of it is read from the installed packages and from the model's folder, so that it is what runs here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bridge import __version__
from bridge.errors import GroovebridgeError
from bridge.model.bundle import SHIPPED

OURS = "groovebridge"
CARD = "MODEL_CARD.md"
NOT_FOR_PLAYING = ("dev", "training")
"""The extras whose packages the app never loads."""
LONGEST = 60
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class Part:
    """A package that the app uses: its name, version and licence, as its maker writes them."""

    name: str
    version: str
    licence: str


def parts() -> tuple[Part, ...]:
    """The packages that are installed for the app, and those that they stand on, by name; not our own."""
    found: dict[str, Part] = {}
    waiting = [OURS]
    while waiting:
        name = waiting.pop()
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another system, or an extra that is not installed
            continue
        if (key := _key(package.name)) not in found:
            found[key] = Part(package.name, package.version, licence_of(package.metadata))
            waiting += needs(package.requires or (), with_extras=name == OURS)
    found.pop(OURS, None)
    return tuple(found[key] for key in sorted(found))


def needs(requirements: list[str] | tuple[str, ...], with_extras: bool) -> list[str]:
    """The names in a package's requirements; of extras, if wanted, those that the app plays with."""
    names = []
    for requirement in requirements:
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)['\"]", requirement)
        wanted = extra is None or (with_extras and extra[1] not in NOT_FOR_PLAYING)
        if name is not None and wanted:
            names.append(name[0])
    return names


def licence_of(package: metadata.PackageMetadata) -> str:
    """A package's licence in a few words: its expression, else its line, else its classifier."""
    classified = [
        line.removeprefix(_CLASSIFIER)
        for line in package.get_all("Classifier") or []
        if line.startswith(_CLASSIFIER)
    ]
    said = [*(package.get_all("License-Expression") or []), *(package.get_all("License") or []), *classified]
    fitting = [text for text in said if text and "\n" not in text and len(text) <= LONGEST]
    return fitting[0] if fitting else "see its own files"


def model_card(folder: Path = SHIPPED) -> str:
    """The model's card, Markdown. Raises GroovebridgeError where it is missing."""
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except OSError as error:
        raise GroovebridgeError(
            f"The model's card {folder / CARD} cannot be read: install Groovebridge again to have it back."
        ) from error


def section(card: str, heading: str) -> str:
    """The text below a heading of a card, up to the next; empty where there is none."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", card, re.MULTILINE | re.DOTALL)
    return "" if found is None else found[1].strip()


def about() -> str:
    """Version, licence, data and parts, Markdown. Raises GroovebridgeError without the model's card."""
    table = "\n".join(f"| {part.name} | {part.version} | {part.licence} |" for part in parts())
    return f"""# Groovebridge {__version__}

A drummer for your DAW. Free software under the [GNU General Public License](https://www.gnu.org/licenses/gpl-3.0.html),
version 3 or later, without any warranty. What you make with it is yours. Nothing leaves your machine.

## Model and data

{section(model_card(), "Licence")}

## Made of

LinkPython-extern, where it is installed, contains Ableton Link, which is under GPL-2.0-or-later.

| package | version | licence |
| --- | --- | --- |
{table}
"""


def _key(name: str) -> str:
    """One spelling for a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
