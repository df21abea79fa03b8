"""The ground floor: the drum loop as a value, the voices and note maps, MIDI file <-> loop, attributes."""

from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR, DrumLoop
from bridge.groove.notemaps import GENERAL_MIDI, NOTE_MAPS, NoteMap
from bridge.groove.notes import LoopNote, chokes, loop_hits, loop_notes
from bridge.groove.voices import VOICES, Voice

__all__ = [
    "BARS",
    "GENERAL_MIDI",
    "NOTE_MAPS",
    "STEPS",
    "STEPS_PER_BAR",
    "VOICES",
    "DrumLoop",
    "LoopNote",
    "NoteMap",
    "Voice",
    "chokes",
    "loop_hits",
    "loop_notes",
]
