"""Flags: places on the map that a musician has marked, each with a name.

A flag keeps a place and nothing else. What keeps a whole loop is a preset, and what was heard is a take.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.errors import GroovebridgeError
from bridge.studio.path import Place

MOST_FLAGS = 64
LONGEST_NAME = 40
"""In letters; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A place of the map, x and y in -1..1, with its name. GroovebridgeError for a place beside the map."""

    name: str
    place: Place

    def __post_init__(self) -> None:
        x, y = self.place
        if not (-1 <= x <= 1 and -1 <= y <= 1):
            raise GroovebridgeError(f"There is no point {x:g}, {y:g} on the map: both go from -1 to 1.")


Flags = tuple[Flag, ...]
"""In the order in which they were put there."""


def check_count(flags: Flags) -> Flags:
    """The flags, if they are not too many; else GroovebridgeError."""
    if len(flags) > MOST_FLAGS:
        raise GroovebridgeError(
            f"The map has {MOST_FLAGS} flags, and no more fit. Take one away to put another."
        )
    return flags


def at(flags: Flags, place: Place | None) -> int | None:
    """The number (from 0) of the flag at this very place; None where there is none."""
    return next((number for number, flag in enumerate(flags) if flag.place == place), None)


def put(flags: Flags, place: Place) -> Flags:
    """With one more flag, which is called by the first number that is free. GroovebridgeError for one beside
    the map, or too many.
    """
    return check_count((*flags, Flag(_numbered(flags), place)))


def rename(flags: Flags, number: int, name: str) -> Flags:
    """With a flag called otherwise; no name at all gives it a number. IndexError."""
    plain = " ".join(name.split())[:LONGEST_NAME].rstrip()
    renamed = replace(flags[number], name=plain or _numbered(take_away(flags, number)))
    return (*flags[:number], renamed, *flags[number + 1 :])


def move(flags: Flags, number: int, place: Place) -> Flags:
    """With a flag somewhere else; as it is where another stands. IndexError; GroovebridgeError for a place
    beside the map.
    """
    moved = replace(flags[number], place=place)
    return flags if at(flags, place) is not None else (*flags[:number], moved, *flags[number + 1 :])


def take_away(flags: Flags, number: int) -> Flags:
    """Without a flag, if there is one of this number."""
    return (*flags[:number], *flags[number + 1 :])


def _numbered(flags: Flags) -> str:
    taken = {flag.name for flag in flags}
    return next(
        name for name in (f"Flag {number}" for number in range(1, MOST_FLAGS + 2)) if name not in taken
    )
