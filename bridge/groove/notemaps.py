"""Which MIDI note means which voice, for the kits that people play and the programs that they play into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bridge.groove.voices import VOICES, Voice


@dataclass(frozen=True, slots=True)
class NoteMap:
    """The notes of one kit, both ways.

    name       what the user types: "gm", "td11", "ableton", "logic"
    title      what the user reads
    out_notes  the note (0..127) to send for each of the nine voices, in voice order
    voice_of   the voice of each note that may come in; a note that is missing here is off the kit

    Sending is one note a voice; reading is generous: rims, edges, bells and second cymbals count as their
    voice. Every `out_notes[v]` reads back as voice v. Immutable.
    """

    name: str
    title: str
    out_notes: tuple[int, ...]
    voice_of: Mapping[int, Voice]

    def __post_init__(self) -> None:
        if len(self.out_notes) != VOICES:
            raise ValueError(
                f"a note map sends one note for each of {VOICES} voices, not {len(self.out_notes)}"
            )
        for voice in Voice:
            if self.voice_of.get(self.out_notes[voice]) is not voice:
                raise ValueError(
                    f"{self.name}: the {voice.title} is sent as a note that reads back as another voice"
                )
        object.__setattr__(self, "voice_of", MappingProxyType(dict(self.voice_of)))


def _voices(*notes_of_voice: tuple[int, ...]) -> dict[int, Voice]:
    return {note: voice for voice, notes in zip(Voice, notes_of_voice, strict=True) for note in notes}


GENERAL_MIDI = NoteMap(
    name="gm",
    title="General MIDI",
    out_notes=(36, 38, 42, 46, 43, 47, 50, 49, 51),
    voice_of=_voices(
        (35, 36),  # acoustic bass drum, bass drum 1
        (37, 38, 39, 40),  # side stick, acoustic snare, hand clap, electric snare
        (22, 42, 44),  # closed, pedal; 22 is no GM sound, but Roland kits send it for the closed edge
        (26, 46),  # open; 26 likewise for the open edge
        (41, 43, 58),  # low and high floor tom; 58 is Roland's third tom's rim (in GM the rare vibraslap)
        (45, 47),  # low, low-mid tom
        (48, 50),  # hi-mid, high tom
        (49, 52, 55, 57),  # crash 1, china, splash, crash 2
        (51, 53, 59),  # ride 1, bell, ride 2
    ),
)
"""General MIDI Level 1 percussion key map (MMA RP-003, "GM Percussion Key Map", channel 10).

Its six toms go to three voices in pairs, as the Groove MIDI Dataset's reduced map does.
"""

ROLAND_TD11 = NoteMap(
    name="td11",
    title="Roland TD-11",
    out_notes=(36, 38, 42, 46, 43, 47, 50, 49, 51),
    voice_of=_voices(
        (36,),
        (38, 37, 40),  # head, cross-stick, rim
        (42, 22, 44),  # closed bow, closed edge, pedal
        (46, 26),  # open bow, open edge
        (43, 58),  # tom 3 head, rim
        (47, 45),  # tom 2 rim, head
        (50, 48),  # tom 1 rim, head
        (49, 52, 55, 57),  # crash 1 bow, crash 2 edge, crash 1 edge, crash 2 bow
        (51, 53, 59),  # bow, bell, edge
    ),
)
"""Roland's default notes of the TD-11 (the kit of the Groove MIDI Dataset), reduced to nine voices.

Source: the dataset's "Drum Mapping" table (Magenta, Groove MIDI Dataset; Gillick et al. 2019), after Roland's
TD-11 default MIDI note map. Kept to exactly that table: the counts of the training data rest on it.
"""

ABLETON_DRUM_RACK = NoteMap(
    name="ableton",
    title="Ableton Drum Rack",
    out_notes=(36, 38, 42, 46, 41, 43, 45, 49, 51),
    voice_of=_voices(
        (35, 36),
        (37, 38, 39, 40),  # rim, snare, clap; 40 is the second snare of most kits, the 808's clave
        (42, 44),  # 44 is the pedal or a shaker
        (46,),
        (41,),
        (43, 47),
        (45, 48, 50),
        (49, 52, 55, 57),
        (51, 53, 59),
    ),
)
"""The sixteen pads that a Drum Rack shows first, C1 (36) to D#2 (51), as Live's core kits fill them:

    C1 kick     C#1 rim      D1 snare        D#1 clap
    E1 clave    F1 tom low   F#1 hat closed  G1 tom mid
    G#1 maracas A1 tom hi    A#1 hat open    B1 conga low
    C2 conga mid C#2 cymbal  D2 conga hi     D#2 cowbell (808) or ride (606, 707, 909)

Source: the pad names of Live's 808 and 909 Core Kits; that the pads go from C1 up: Sound on Sound, October
2015, "Hands On". The toms differ from General MIDI, the rest agrees; 47, 48 and 50 are read as there.
"""

LOGIC_DRUM_KIT_DESIGNER = NoteMap(
    name="logic",
    title="Logic Drum Kit Designer",
    out_notes=(36, 38, 42, 46, 45, 47, 48, 49, 51),
    voice_of=_voices(
        (35, 36),
        (34, 37, 38, 39, 40),  # off centre, side stick, centre, clap, rim shot or edge
        (22, 33, 42, 44),  # 33 is the foot; 22 the V-Drum closed edge
        (26, 46),
        (41, 43, 45, 58),  # floor toms, low tom
        (47,),
        (48, 50),
        (49, 55, 57),  # crash left, splash, crash right
        (51, 52, 53, 59),  # out, edge, bell, in
    ),
)
"""Logic Pro's Drum Kit Designer, Input Mapping "GM".

Source: Apple's Scripter preset "Drum Kit Designer V-Drum Compatibility", which turns a Roland kit's notes
into those of that mapping: toms 43, 45, 48 become 45, 47, 48; the ride's edge 52, its inside 59; snare off
centre 34; hi-hat foot 33. Otherwise as General MIDI (Logic Pro Instruments, "Drum Kit Designer mappings").
"""

NOTE_MAPS: Mapping[str, NoteMap] = MappingProxyType(
    {kit.name: kit for kit in (GENERAL_MIDI, ROLAND_TD11, ABLETON_DRUM_RACK, LOGIC_DRUM_KIT_DESIGNER)}
)
"""The note maps by the name that a user types."""
