"""From drum loops to what a sequencer plays, with the loop's number and the output's notes remembered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS, chokes, loop_notes
from bridge.player import midi
from bridge.player.limits import check_notes
from bridge.timing import Pattern, Span

_REMEMBERED = 512  # beside the loop for all blocks; the sequencer knows at most 256 blocks and what waits


@dataclass(frozen=True, slots=True)
class Voicing:
    """Where the nine voices sound: nine output notes 0..127 and a MIDI channel 0..15; else SettingError."""

    notes: tuple[int, ...]
    channel: int

    def __post_init__(self) -> None:
        check_notes(self.notes, self.channel)

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys of all voices, each once."""
        return tuple(dict.fromkeys(midi.key_of(self.channel, note) for note in self.notes))


@dataclass(frozen=True, slots=True)
class Card:
    """A loop as it was handed to the player: its number, the block it is for, and its pattern."""

    loop: DrumLoop
    loop_id: int
    block: int | None
    pattern: Pattern


def pattern_of(loop: DrumLoop, voicing: Voicing) -> Pattern:
    """The loop as a cyclic pattern of 15,360 ticks, by the keys of `voicing`. About a millisecond.

    Voices may share an output note: where two of them are struck on one step, the louder one sounds.
    """

    def key(note: int) -> int:
        return midi.key_of(voicing.channel, note)

    spans: dict[tuple[int, int], Span] = {}
    for note in loop_notes(loop, voicing.notes):
        span = Span(note.cell_ticks, note.start_ticks, note.end_ticks, key(note.note), note.velocity)
        held = spans.get((span.cell_ticks, span.key))
        if held is None or held.value < span.value:
            spans[span.cell_ticks, span.key] = span
    ends = {
        key(note): tuple(key(other) for other in others) for note, others in chokes(voicing.notes).items()
    }
    return Pattern(LOOP_TICKS, tuple(spans.values()), ends)


class Deck:
    """The cards that may still be played, found again by their patterns. Owned by the player's loop."""

    def __init__(self, voicing: Voicing) -> None:
        self.voicing = voicing
        self._cards: deque[Card] = deque(maxlen=_REMEMBERED)
        self._base: Card | None = None  # the last card for all blocks, however many were added since

    def add(self, loop: DrumLoop, loop_id: int, block: int | None) -> Card:
        """Make a card of the loop; one for all blocks makes the older ones for single blocks obsolete."""
        card = Card(loop, loop_id, block, pattern_of(loop, self.voicing))
        self._cards.append(card)
        if block is None:
            self._base = card
        return card

    def revoice(self, voicing: Voicing) -> list[Card]:
        """Make anew, for other notes, what `current` holds; return it."""
        cards = self.current()
        self.voicing = voicing
        self._cards.clear()
        return [self.add(card.loop, card.loop_id, card.block) for card in cards]

    def find(self, pattern: Pattern) -> Card | None:
        """The card that this very pattern was made for."""
        if self._base is not None and self._base.pattern is pattern:
            return self._base
        return next((card for card in reversed(self._cards) if card.pattern is pattern), None)

    def current(self) -> list[Card]:
        """What was asked for last, in order: the last card for all blocks, newer ones for single blocks."""
        blocks: dict[int, Card] = {}
        for card in reversed(self._cards):
            if card.block is None:
                break
            blocks.setdefault(card.block, card)
        return [*([self._base] if self._base else []), *reversed(blocks.values())]
