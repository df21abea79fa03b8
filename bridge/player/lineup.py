"""Which loop plays and when the next one takes over: decided by the sequencer, told when it is heard."""

from __future__ import annotations

import math
from collections import deque

from bridge.groove.notes import TICKS_PER_STEP
from bridge.player.messages import LoopPlaying
from bridge.player.patterns import Deck
from bridge.timing import BeatMap, Sequencer
from bridge.timing.pattern import cell_at


class Lineup:
    """Watches the cells that were handed over for a change of loop. Owned by the player's loop."""

    def __init__(self, deck: Deck, sequencer: Sequencer) -> None:
        self._deck = deck
        self._sequencer = sequencer
        self._playing: int | None = None  # the loop that is heard
        self._seen: int | None = None  # the loop of the last cell that was looked at
        self._next_cell = 0  # the first that was not
        self._from_ticks = 0  # all before this is as it was when it was looked at
        self._waiting: deque[LoopPlaying] = deque()
        self.swaps = 0
        """How many loops took over while the song rolled."""

    @property
    def next_ticks(self) -> int | None:
        """Where the next loop takes over, as far as that is decided."""
        return self._waiting[0].at_ticks if self._waiting else None

    def roll(self, ticks: float) -> None:
        """The song rolls from here."""
        self._waiting.clear()
        self._next_cell = cell_at(ticks)
        self.reopen(ticks)

    def reopen(self, ticks: float) -> None:
        """What plays from here on is decided anew: look again."""
        while self._waiting and self._waiting[-1].at_ticks >= ticks:
            self._waiting.pop()
        self._seen = self._waiting[-1].loop_id if self._waiting else self._playing
        self._next_cell = min(self._next_cell, cell_at(ticks))
        self._from_ticks = math.ceil(ticks)

    def look(self, until_ticks: float) -> None:
        """See what plays the cells before `until_ticks`, which were just handed over."""
        while self._next_cell < until_ticks:
            loop_id = self._loop_at(self._next_cell)
            if loop_id != self._seen and loop_id is not None:
                self._seen = loop_id
                self._waiting.append(LoopPlaying(loop_id, max(self._next_cell, self._from_ticks)))
            self._next_cell += TICKS_PER_STEP

    def heard(self, song: BeatMap, now_ns: int) -> list[LoopPlaying]:
        """The take-overs that the song has come to."""
        come = []
        while self._waiting and song.to_ns(self._waiting[0].at_ticks) <= now_ns:
            come.append(self._waiting.popleft())
            self._playing = come[-1].loop_id
            self.swaps += 1
        return come

    def stand(self, position_ticks: int) -> list[LoopPlaying]:
        """While the song stands, the loop at its position counts as playing: the take-over, if it is new."""
        self._waiting.clear()
        loop_id = self._loop_at(position_ticks)
        if loop_id is None or loop_id == self._playing:
            return []
        self._playing = loop_id
        return [LoopPlaying(loop_id, position_ticks)]

    def _loop_at(self, cell: int) -> int | None:
        card = self._deck.find(self._sequencer.pattern_at(cell))
        return None if card is None else card.loop_id
