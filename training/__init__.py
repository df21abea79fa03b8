"""From the Groove MIDI Dataset to a trained MusicVAE."""
