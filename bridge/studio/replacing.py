"""When a player that crashed is replaced, and what happens to commands meanwhile."""

from __future__ import annotations

from bridge.player.messages import Command, Stats

QUICK_S = 10.0
"""A player that crashes so soon after its start did not crash by chance."""

QUICK_CRASHES = 3
"""So many of these in a row, and there is no other."""


class Crashes:
    """Counts them. Times are seconds of any steady clock. Not thread-safe: the studio's lock guards it."""

    def __init__(self) -> None:
        self._started_s = 0.0
        self._quick = 0

    def started(self, now_s: float) -> None:
        """A player was started."""
        self._started_s = now_s

    def forgive(self) -> None:
        """The user wants to try again."""
        self._quick = 0

    def is_enough(self, now_s: float) -> bool:
        """It has crashed; whether that is one time too many to start another."""
        self._quick = self._quick + 1 if now_s - self._started_s < QUICK_S else 1
        return self._quick >= QUICK_CRASHES


class Held:
    """Stands in for the link while there is no player: keeps the commands for the one that comes."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def send(self, command: Command) -> None:
        """Keep a command. With the studio's lock held, as all that the studio sends while it changes."""
        self.commands.append(command)

    def close(self) -> Stats | None:
        """Nothing has been played."""
        return None
