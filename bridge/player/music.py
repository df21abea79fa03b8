"""What there is to play: loops, the mix, and how early it goes out."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.groove import DrumLoop
from bridge.player.latency import Latency
from bridge.player.lineup import Lineup
from bridge.player.messages import LoopPlaying
from bridge.player.patterns import Card, Deck, pattern_of
from bridge.player.voicing import Voicing
from bridge.timing import Sequencer


class Music:
    """The loops in their sequencer, and how they become notes. Owned by the player's loop."""

    def __init__(self, voicing: Voicing, latency_ms: float) -> None:
        self.voicing = voicing
        self.latency = Latency(latency_ms)
        self.deck = Deck()
        self.sequencer = Sequencer(pattern_of(DrumLoop.empty()))
        self.lineup = Lineup(self.deck, self.sequencer)

    def line_up(self, card: Card, boundary_ticks: float | None) -> None:
        """Play this loop, in its block or in all, from the boundary on (None: now)."""
        if card.block is None:
            self.sequencer.swap(card.pattern, boundary_ticks)
        else:
            self.sequencer.set_block(card.block, card.pattern, boundary_ticks)

    def roll(self, ticks: float) -> None:
        """The song rolls from here."""
        self.latency.arrive()
        self.sequencer.locate(ticks)
        self.lineup.roll(ticks)

    def stand(self, position_ticks: int) -> Sequence[LoopPlaying]:
        """The song stands here: what waits takes over at once, which is to be told."""
        self.sequencer.locate(position_ticks)
        return self.lineup.stand(position_ticks)
