"""The player's tie to its studio: whichever studio that is, and for a while to none.

    studio --pipe--> reader thread --> inbox --> the player's loop --> report --> outbox --pipe--> studio
                          |                          ^
                    StudioGone, and then: offer --> StudioCame

A studio that is closed says `Quit`. One that vanishes (end of file on the pipe) is dead: the player plays on,
keeps what the next studio needs, and offers itself to it, for a minute or until the song stops.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue

from bridge import realtime
from bridge.player.alone import Alone
from bridge.player.keepsake import Keepsake
from bridge.player.meeting import Offer
from bridge.player.messages import Command, PlayerConfig, Report
from bridge.player.outbox import Outbox


class StudioGone:
    """In the inbox: nobody is at the other end of the pipe any more."""


@dataclass(frozen=True, slots=True)
class StudioCame:
    """In the inbox: another studio has taken up this player, and this is the pipe to it."""

    pipe: Connection


class Lifeline:
    """Owned by the player's loop; nothing blocks but `close`.

    What comes from the studio is put into `inbox` by a thread: commands, `StudioGone`, `StudioCame`. The loop
    hands the last two to `gone` and `came`, and tells of each command that it has carried out (`obeyed`).
    """

    def __init__(
        self,
        config: PlayerConfig,
        pipe: Connection,
        inbox: SimpleQueue[object],
        on_alone: Callable[[], None] = lambda: None,
    ) -> None:
        self._inbox = inbox
        self._on_alone = on_alone
        self._keepsake = Keepsake(config)
        self._dropped = 0
        self._alone: Alone | None = None
        self._offer: Offer | None = None
        self._tie(pipe)

    def report(self, report: Report) -> None:
        """Tell the studio; while there is none, keep what the next one must know."""
        self._keepsake.report(report)
        if self._alone is None:
            self._outbox.put(report)

    def obeyed(self, command: Command) -> None:
        """A command has been carried out."""
        self._keepsake.command(command)

    def gone(self) -> None:
        """The studio has died."""
        self._on_alone()
        self._outbox.close(0)
        self._pipe.close()
        self._alone = Alone(time.perf_counter_ns())
        self._offer = Offer(self._fits, lambda pipe: self._inbox.put(StudioCame(pipe)))

    def came(self, pipe: Connection) -> None:
        """Another studio has taken us up."""
        self._alone = self._offer = None
        self._dropped += self._outbox.dropped
        self._tie(pipe)
        self._outbox.put(self._keepsake.legacy())
        for report in self._keepsake.reports():
            self._outbox.put(report)

    def is_over(self, rolling: bool) -> bool:
        """Whether the player should wind down, because it has been alone for too long, or with a song that
        stands.
        """
        return self._alone is not None and self._alone.is_over(rolling, time.perf_counter_ns())

    @property
    def dropped(self) -> int:
        """How many reports were not waited for by the studios that there have been."""
        return self._dropped + self._outbox.dropped

    def close(self, timeout_s: float) -> None:
        """Hand over what is to be reported, but wait no longer than that. Idempotent."""
        if self._offer is not None:
            self._offer.close()
            self._offer = None
        self._outbox.close(timeout_s)

    def _tie(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._outbox = Outbox(pipe.send)
        threading.Thread(target=_read, args=(pipe, self._inbox), name="player-commands", daemon=True).start()

    def _fits(self, wanted: PlayerConfig | None) -> bool:
        """Whether a studio that wants this would have started a player like us. In the offer's thread."""
        if wanted is None:
            return True
        ours = self._keepsake.config
        return (self._keepsake.api, ours.out, ours.inp, ours.sync, ours.bars, ours.record) == (
            wanted.api,
            wanted.out,
            wanted.inp,
            wanted.sync,
            wanted.bars,
            wanted.record,
        )


def _read(pipe: Connection, inbox: SimpleQueue[object]) -> None:
    """Pass commands on until the studio closes its end."""
    realtime.follow()
    while True:
        try:
            inbox.put(pipe.recv())
        except (EOFError, OSError):
            inbox.put(StudioGone())
            return
