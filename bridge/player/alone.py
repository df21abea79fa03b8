"""How long a player goes on without a studio."""

from __future__ import annotations

PLAY_ON_NS = 60_000_000_000
"""A minute: time to see that the window has gone, and to start it again."""

STAND_NS = 1_000_000_000
"""A song that stands for so long has been stopped. A DAW that loops may say Stop and Start in one breath."""


class Alone:
    """Whether it is time to end. Pure; times are ns of any steady clock. Owned by the player's loop."""

    def __init__(self, now_ns: int) -> None:
        self._until_ns = now_ns + PLAY_ON_NS
        self._stands_since_ns: int | None = None

    def is_over(self, rolling: bool, now_ns: int) -> bool:
        """True after a minute, and where the song stands: finish the four bars that roll, and end."""
        if rolling:
            self._stands_since_ns = None
        elif self._stands_since_ns is None:
            self._stands_since_ns = now_ns
        stands_ns = 0 if self._stands_since_ns is None else now_ns - self._stands_since_ns
        return now_ns >= self._until_ns or stands_ns >= STAND_NS
