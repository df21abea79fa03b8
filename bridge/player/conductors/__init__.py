"""Who leads the song: our own clock, a MIDI clock at our input, or an Ableton Link session."""

from bridge.player.conductors.base import Conductor, Move, Roll, Stand, Status
from bridge.player.conductors.clock import ClockConductor
from bridge.player.conductors.internal import InternalConductor
from bridge.player.conductors.link import LinkConductor, LinkSession

__all__ = [
    "ClockConductor",
    "Conductor",
    "InternalConductor",
    "LinkConductor",
    "LinkSession",
    "Move",
    "Roll",
    "Stand",
    "Status",
]
