"""The ground floor: the drum loop as a value, the voices and note maps, MIDI file <-> loop, attributes."""

from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR, DrumLoop
from bridge.groove.voices import VOICES, Voice

__all__ = ["BARS", "STEPS", "STEPS_PER_BAR", "VOICES", "DrumLoop", "Voice"]
