"""What a studio has its player remember, so that a studio that comes after a crash goes on where it was."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

from bridge.model import Settings
from bridge.player.messages import SwapAt


@dataclass(frozen=True, slots=True)
class Memo:
    """All that makes the loops; the player itself knows the rest.

    settings   what the sliders are set to
    decoded    the settings of the newest loop that was sent; None if that is to be decoded anew
    """

    settings: Settings
    decoded: Settings | None
    swap_at: SwapAt
    evolve: bool

    def to_bytes(self) -> bytes:
        """For the player, which knows no settings. The inverse of `of`."""
        return pickle.dumps(self)

    @staticmethod
    def of(data: bytes) -> Memo | None:
        """What a studio of this version wrote; None where it wrote nothing."""
        memo = pickle.loads(data) if data else None
        return memo if isinstance(memo, Memo) else None
