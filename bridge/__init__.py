"""Groovebridge: a drum companion that plays a MusicVAE's loops in time with a DAW.

From the ground up: `groove` (the loop as a value), `timing` (pure time), `ports` (MIDI that carries time),
`player` (the real-time process), `model` (the exported network), `studio` (the session), `cli`.
"""

__version__ = "0.1.0"
