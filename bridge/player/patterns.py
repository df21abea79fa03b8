"""From drum loops to what a sequencer plays, with the loop's number remembered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bridge.groove import DrumLoop, Voice, chokes, loop_hits
from bridge.groove.notes import LOOP_TICKS, NOTE_TICKS
from bridge.timing import Pattern, Span

_REMEMBERED = 512  # beside the loop for all blocks; the sequencer knows at most 256 blocks and what waits

_CHOKES = chokes(tuple(Voice))


@dataclass(frozen=True, slots=True)
class Card:
    """A loop as it was handed to the player: its number, the block it is for, and its pattern."""

    loop_id: int
    block: int | None
    pattern: Pattern


def pattern_of(loop: DrumLoop) -> Pattern:
    """The loop as a cyclic pattern of 15,360 ticks; its keys are voices (`Voice`).

    Which notes they are is decided when they go out (`Voicing`), so a pattern outlives every change of the
    mix. Its spans are all half a step long: the sequencer ends a note where its voice is struck again, or
    choked. About 0.3 ms for a loop of 120 hits (`python -m benchmarks.swaps`).
    """
    spans = tuple(
        Span(cell, start, start + NOTE_TICKS, voice, velocity)
        for cell, voice, start, velocity in loop_hits(loop)
    )
    return Pattern(LOOP_TICKS, spans, _CHOKES)


class Deck:
    """The cards that may still be played, found again by their patterns. Owned by the player's loop."""

    def __init__(self) -> None:
        self._cards: deque[Card] = deque(maxlen=_REMEMBERED)
        self._base: Card | None = None  # the last card for all blocks, however many were added since

    def add(self, loop: DrumLoop, loop_id: int, block: int | None) -> Card:
        """Make a card of the loop, for all blocks (None) or for one."""
        card = Card(loop_id, block, pattern_of(loop))
        self._cards.append(card)
        if block is None:
            self._base = card
        return card

    def find(self, pattern: Pattern) -> Card | None:
        """The card that this very pattern was made for."""
        if self._base is not None and self._base.pattern is pattern:
            return self._base
        return next((card for card in reversed(self._cards) if card.pattern is pattern), None)
