"""A small drum synthesiser for those who have no DAW open yet.

`SoundLink` starts it as a process of its own and sends it blows; `kit` makes the sounds, `mixer` and `stream`
play them on their frames, `device` finds the speakers.
"""

from bridge.sound.kit import Kit
from bridge.sound.link import SoundFailed, SoundLink, SoundNews, SoundOpened
from bridge.sound.mixer import Mixer

__all__ = ["Kit", "Mixer", "SoundFailed", "SoundLink", "SoundNews", "SoundOpened"]
