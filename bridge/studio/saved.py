"""Sketches and presets as text: JSON that a later version can still read, and that is checked when read.

A file says what it is and of which version: `{"groovebridge": "preset", "version": 1, ...}`. Loops are rows
of step, voice, velocity and offset (`bridge.groove.edit.to_rows`).
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.errors import GroovebridgeError
from bridge.files import write_atomically
from bridge.groove.edit import Touch, of_rows, to_rows
from bridge.model import Settings
from bridge.studio.sketch import Drawn, Given, Origin, Sketch, Spot, Way

VERSION = 1
PRESET: Literal["preset"] = "preset"

Row = tuple[int, int, float, float]
Rows = list[Row]


class SavedFileError(GroovebridgeError):
    """A preset or session that cannot be read: which file, why, and what to do."""


class StrictData(BaseModel):
    """A part of a file of ours: nothing in it that we do not know."""

    model_config = ConfigDict(extra="forbid")


class _Drawn(StrictData):
    kind: Literal["drawn"] = "drawn"


class _Spot(StrictData):
    kind: Literal["spot"] = "spot"
    x: float = Field(ge=-1, le=1)
    y: float = Field(ge=-1, le=1)


class _Way(StrictData):
    kind: Literal["way"] = "way"
    start: Rows
    end: Rows
    share: float


class _Given(StrictData):
    kind: Literal["given"] = "given"
    loop: Rows


class SettingsData(StrictData):
    """`Settings` as they are saved."""

    seed: int = 0
    index: int = 0
    temperature: float = 0.75
    style: str | None = None
    sliders: dict[str, float] = {}
    axes: dict[str, float] = {}


class SketchData(StrictData):
    """A `Sketch` as it is saved. `build` raises ValueError or GroovebridgeError for values out of range."""

    settings: SettingsData = SettingsData()
    origin: Annotated[_Drawn | _Spot | _Way | _Given, Field(discriminator="kind")] = _Drawn()
    locks: dict[int, Rows] = {}
    touches: Rows = []

    @classmethod
    def of(cls, sketch: Sketch) -> SketchData:
        """What to save of a sketch."""
        settings = sketch.settings
        return cls(
            settings=SettingsData(
                seed=settings.seed,
                index=settings.index,
                temperature=settings.temperature,
                style=settings.style,
                sliders=dict(settings.sliders),
                axes=dict(settings.axes),
            ),
            origin=_saved(sketch.origin),
            locks={voice: to_rows(loop) for voice, loop in sketch.locks.items()},
            touches=[(*cell, touch.velocity, touch.offset) for cell, touch in sketch.touches.items()],
        )

    def build(self) -> Sketch:
        """The sketch that was saved."""
        sketch = Sketch(Settings(**self.settings.model_dump()), _origin(self.origin))
        for voice, rows in self.locks.items():
            sketch = sketch.locking(voice, of_rows(rows))
        return sketch.touching(
            {(step, voice): Touch(velocity, offset) for step, voice, velocity, offset in self.touches}
        )


def _saved(origin: Origin) -> _Drawn | _Spot | _Way | _Given:
    match origin:
        case Drawn():
            return _Drawn()
        case Spot(x, y):
            return _Spot(x=x, y=y)
        case Way(start, end, share):
            return _Way(start=to_rows(start), end=to_rows(end), share=share)
        case Given(loop):
            return _Given(loop=to_rows(loop))


def _origin(data: _Drawn | _Spot | _Way | _Given) -> Origin:
    match data:
        case _Drawn():
            return Drawn()
        case _Spot():
            return Spot(data.x, data.y)
        case _Way():
            return Way(of_rows(data.start), of_rows(data.end), data.share)
        case _Given():
            return Given(of_rows(data.loop))


# --- presets ---


class _Preset(StrictData):
    groovebridge: Literal["preset"] = PRESET
    version: int = VERSION
    name: str
    sketch: SketchData


def save_preset(path: Path, name: str, sketch: Sketch) -> None:
    """Write a preset, whole or not at all. Raises FileWriteError."""
    preset = _Preset(name=name, sketch=SketchData.of(sketch))
    write_atomically(path, (preset.model_dump_json(indent=1) + "\n").encode())


def load_preset(path: Path) -> tuple[str, Sketch]:
    """A preset's name and sketch. Raises SavedFileError for a file that is none, damaged, or of a later
    version.
    """
    content = read_saved(path, PRESET)
    try:
        preset = _Preset.model_validate(content)
        return preset.name, preset.sketch.build()
    except (ValidationError, ValueError, GroovebridgeError) as error:
        raise SavedFileError(f"{path} is a damaged preset: {first_reason(error)}. Choose another.") from error


def read_saved(path: Path, kind: str) -> dict[str, Any]:
    """The content of a file of ours, if it is of this kind and of a version that we know; SavedFileError."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SavedFileError(f"{path} cannot be read: {reason}. Choose another.") from error
    except (ValueError, RecursionError) as error:
        raise SavedFileError(f"{path} is no {kind} of Groovebridge. Choose another.") from error
    if not isinstance(content, dict) or content.get("groovebridge") != kind:
        raise SavedFileError(f"{path} is no {kind} of Groovebridge. Choose another.")
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise SavedFileError(
            f"{path} was saved by a later version of Groovebridge (format {version}, this one reads "
            f"{VERSION}). Update Groovebridge to open it."
        )
    return content


def set_aside(path: Path) -> str:
    """Give a file of ours that cannot be read another name, so that what is in it is not written over:
    desk.json becomes desk.old.json, or desk.old-2.json where that is taken. A sentence that says where it is.
    """
    names = (f"{path.stem}.old{'' if number == 1 else f'-{number}'}{path.suffix}" for number in count(1))
    aside = next(each for each in map(path.with_name, names) if not each.exists())
    try:
        path.replace(aside)
    except OSError:
        return f"{path} cannot be given another name, so it will be written over."
    return f"The old file is now {aside}."


def first_reason(error: Exception) -> str:
    """Why something that was saved is not valid, in some words."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{first['msg'].lower()} at {where}" if where else first["msg"].lower()
    return str(error).rstrip(".")
