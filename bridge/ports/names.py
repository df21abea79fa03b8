"""Finding the port that a user means by a name."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.ports.base import PortError


def match_port(wanted: str, names: Sequence[str], direction: str) -> str:
    """The one of `names` that `wanted` means: the exact name, else the only name that contains it in any
    case.

    `direction` is "output" or "input", for the sentence. Raises PortError, listing the ports, when nothing
    or more than one thing matches.
    """
    if wanted in names:
        return wanted
    part = wanted.casefold().strip()
    found = [name for name in names if part in name.casefold()] if part else []
    if len(found) == 1:
        return found[0]
    if found:
        raise PortError(
            f"{wanted!r} fits several MIDI {direction} ports: {_listed(found)}. Give more of the name."
        )
    if not names:
        raise PortError(
            f"There is no MIDI {direction} port {wanted!r}, nor any other of another program. Start that "
            f"program first, or leave the port out for a virtual port that it can connect to."
        )
    raise PortError(
        f"There is no MIDI {direction} port {wanted!r}. The {direction} ports here are {_listed(names)}."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
