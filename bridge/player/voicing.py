"""The mix: where each of the nine voices sounds, how hard, and whether at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from bridge.groove import GENERAL_MIDI, VOICES
from bridge.player import midi
from bridge.player.limits import check_notes, check_trims, check_voices
from bridge.timing import NoteEvent

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Voicing:
    """How voices become notes. Five settings, those of the voices in the order of `Voice`; else SettingError.

    notes     nine MIDI notes 0..127; voices may share one, and then end each other
    channel   0..15 (9 is what people call channel 10, the drums)
    trims     nine factors 0..2 for the velocity, as the velocity scale of a drum instrument: the outcome is
              rounded and kept in 1..127, so 0 is as soft as a note can be, and `muted` is silence
    muted     nine switches: a muted voice is not heard, soloed or not
    soloed    nine switches: where any is on, only soloed voices are heard

    A voice that is not heard still chokes: the closed hat ends the open one either way.
    """

    notes: tuple[int, ...] = GENERAL_MIDI.out_notes
    channel: int = 9
    trims: tuple[float, ...] = (1.0,) * VOICES
    muted: tuple[bool, ...] = (False,) * VOICES
    soloed: tuple[bool, ...] = (False,) * VOICES

    def __post_init__(self) -> None:
        check_notes(self.notes, self.channel)
        check_trims(self.trims)
        check_voices(self.muted, self.soloed)

    def of(
        self,
        voice: int,
        *,
        note: int | None = None,
        trim: float | None = None,
        muted: bool | None = None,
        soloed: bool | None = None,
    ) -> Voicing:
        """The same mix, but for what is given here of one voice. SettingError."""
        return replace(
            self,
            notes=_put(self.notes, voice, note),
            trims=_put(self.trims, voice, trim),
            muted=_put(self.muted, voice, muted),
            soloed=_put(self.soloed, voice, soloed),
        )

    def heard(self, voice: int) -> bool:
        """Whether a voice sounds."""
        return not self.muted[voice] and (self.soloed[voice] or not any(self.soloed))

    def key(self, voice: int) -> int:
        """The key that a voice strikes."""
        return midi.key_of(self.channel, self.notes[voice])

    def velocity(self, voice: int, velocity: int) -> int:
        """How hard a voice strikes, 1..127, where the loop says `velocity`."""
        return min(127, max(1, round(velocity * self.trims[voice])))

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys of all voices, each once."""
        return tuple(dict.fromkeys(self.key(voice) for voice in range(VOICES)))

    def in_order(self, events: Iterable[NoteEvent]) -> list[NoteEvent]:
        """The events of voices by time; at one tick offs first, then the louder before the softer: where two
        voices share a note, the first one has it.
        """
        return sorted(
            events, key=lambda event: (event.ticks, event.on, -self.velocity(event.key, event.value))
        )


def _put(values: tuple[_T, ...], voice: int, value: _T | None) -> tuple[_T, ...]:
    return values if value is None else (*values[:voice], value, *values[voice + 1 :])
