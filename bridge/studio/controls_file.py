"""The controllers' set-up as a file in the user's folder of settings: ports, mappings, program changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, ValidationError

from bridge.errors import GroovebridgeError
from bridge.files import make_folder, write_atomically
from bridge.studio.controls import Kind, Source
from bridge.studio.merge import merged, merged_map
from bridge.studio.saved import VERSION, StrictData, read_saved, set_aside

_KIND: Literal["controllers"] = "controllers"
_BEGINS_ANEW = "What your controllers were set to cannot be read, so they move nothing yet. {where}"


@dataclass(frozen=True, slots=True)
class ControlSetup:
    """The controllers as a value.

    inputs     the ports to listen to, by their exact names
    mappings   which control moves what, in the order in which they were made
    programs   program change n recalls the n-th preset
    """

    inputs: tuple[str, ...] = ()
    mappings: Mapping[Source, str] = field(default_factory=dict)
    programs: bool = True

    def with_change(self, old: ControlSetup, new: ControlSetup) -> ControlSetup:
        """It with what became of `old` in `new`: port by port and control by control."""
        gone, come = (set(a) - set(b) for a, b in ((old.inputs, new.inputs), (new.inputs, old.inputs)))
        inputs = [port for port in (*self.inputs, *new.inputs) if port in come or port in self.inputs]
        return ControlSetup(
            tuple(dict.fromkeys(port for port in inputs if port not in gone)),
            merged_map(self.mappings, old.mappings, new.mappings),
            merged(self.programs, old.programs, new.programs),
        )


class _Mapping(StrictData):
    kind: Kind
    channel: int = Field(ge=0, le=15)
    number: int = Field(ge=0, le=127)
    target: str


class _Setup(StrictData):
    groovebridge: Literal["controllers"] = _KIND
    version: int = VERSION
    inputs: tuple[str, ...] = ()
    programs: bool = True
    mappings: tuple[_Mapping, ...] = ()


def controls_path() -> Path:
    """The file that keeps it."""
    return platformdirs.user_config_path("groovebridge", appauthor=False) / "controllers.json"


def save_change(path: Path, old: ControlSetup, new: ControlSetup) -> None:
    """Write what became of `old` in `new`, and leave the rest as another window has written it since; where
    there is no file that can be read, write all of `new`. Raises FileWriteError.
    """
    if path.is_file():
        there, trouble = load_controls(path)
        new = new if trouble else there.with_change(old, new)
    save_controls(path, new)


def save_controls(path: Path, setup: ControlSetup) -> None:
    """Write it, whole or not at all. Raises FileWriteError."""
    data = _Setup(
        inputs=setup.inputs,
        programs=setup.programs,
        mappings=tuple(
            _Mapping(kind=source.kind, channel=source.channel, number=source.number, target=target)
            for source, target in setup.mappings.items()
        ),
    )
    make_folder(path.parent)
    write_atomically(path, (data.model_dump_json(indent=1) + "\n").encode())


def load_controls(path: Path) -> tuple[ControlSetup, str]:
    """What was kept, or the defaults; and a sentence where it cannot be read (it is damaged, or of a later
    version): the file is then set aside, so that nothing in it is lost.
    """
    if not path.exists():
        return ControlSetup(), ""
    try:
        data = _Setup.model_validate(read_saved(path, _KIND))
    except (ValidationError, GroovebridgeError):
        return ControlSetup(), _BEGINS_ANEW.format(where=set_aside(path))
    mappings = {Source(each.kind, each.channel, each.number): each.target for each in data.mappings}
    return ControlSetup(data.inputs, mappings, data.programs), ""
