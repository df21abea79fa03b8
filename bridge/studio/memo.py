"""What a studio has its player remember, so that a studio that comes after a crash goes on where it was."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

from bridge.player.messages import SwapAt
from bridge.studio.sketch import Sketch

_UNREADABLE = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Memo:
    """All that makes the loops; the player itself knows the rest.

    sketch    what the loop is made of
    decoded   the sketch of the newest loop that was sent; None if that is to be decoded anew
    """

    sketch: Sketch
    decoded: Sketch | None
    swap_at: SwapAt
    evolve: bool

    def to_bytes(self) -> bytes:
        """For the player, which knows no settings. The inverse of `of`."""
        return pickle.dumps(self)

    @staticmethod
    def of(data: bytes) -> Memo | None:
        """What a studio wrote; None where it wrote nothing, or with other code than ours."""
        try:
            memo = pickle.loads(data) if data else None
        except _UNREADABLE:
            return None
        return memo if isinstance(memo, Memo) else None
