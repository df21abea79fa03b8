"""Which of the other programs' ports that ours are to be connected to are there, and what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from bridge.ports.base import Inbox, OthersChanged, PeerBack, PeerGone

_BLIND = "Ports that come and go are not seen at present ({error}). They are looked for again."
_SEEING = "Ports that come and go are seen again."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Wire:
    """One such port, by its exact name. `connect` makes the connection and says whether it stands."""

    far: str
    connect: Callable[[], bool]
    there: bool = False
    missed: bool = False
    """It is not there, and that was told."""


class Patch:
    """The wanted connections. A port that goes is told (`PeerGone`); one that comes back is connected again,
    and told (`PeerBack`). One thread at a time.

    A connection that a person takes away while both ports are there stays away.
    """

    def __init__(self, wires: Iterable[Wire], inbox: Inbox) -> None:
        self._wires = tuple(wires)
        self._inbox = inbox
        self._here: Collection[str] | None = None
        self._blind = 0

    def try_to(self, look: Callable[[], None]) -> bool:
        """Look by way of `look`, for a thread that shall outlive whatever a MIDI library raises; whether it
        went well.

        Two failures in a row are told (`PeerGone`), once, and so is the first look that goes well again
        (`PeerBack`); a single one may be a device or a server that is just going, which is told elsewhere.
        """
        try:
            look()
        except Exception as error:
            self._blind += 1
            if self._blind == 2:
                log.exception("a look at the MIDI ports failed twice")
                self._inbox.put(PeerGone(_BLIND.format(error=f"{type(error).__name__}: {error}")))
            return False
        if self._blind >= 2:
            self._inbox.put(PeerBack(_SEEING))
        self._blind = 0
        return True

    def look(self, here: Collection[str]) -> None:
        """These are the other programs' ports now. That there are others is told, too (`OthersChanged`)."""
        if self._here is not None and set(here) != set(self._here):
            self._inbox.put(OthersChanged())
        self._here = here
        gone, back = [], []
        for wire in self._wires:
            if wire.far not in here:
                if not wire.missed:
                    gone.append(wire.far)
                wire.there, wire.missed = False, True
            elif not wire.there and wire.connect():
                if wire.missed:
                    back.append(wire.far)
                wire.there, wire.missed = True, False
        if gone:
            self._inbox.put(PeerGone(f"Gone: {_listed(gone)}. Once back, it is connected again."))
        if back:
            self._inbox.put(PeerBack(f"Back, and connected again: {_listed(back)}."))


def _listed(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names))
