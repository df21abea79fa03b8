"""Who leads the song: our own clock, or a MIDI clock at our input."""

from bridge.player.conductors.base import Conductor, Move, Roll, Stand, Status
from bridge.player.conductors.clock import ClockConductor
from bridge.player.conductors.internal import InternalConductor

__all__ = ["ClockConductor", "Conductor", "InternalConductor", "Move", "Roll", "Stand", "Status"]
