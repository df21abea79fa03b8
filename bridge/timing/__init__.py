"""Pure time: song position <-> nanoseconds, patterns along the song, a foreign MIDI clock followed.

Standard library only, no I/O, no clock of its own: time is an argument. Positions are song ticks (960 a
quarter note).
"""

from bridge.timing.beatmap import (
    MAX_BPM,
    MIN_BPM,
    TICKS_PER_BEAT,
    TICKS_PER_CLOCK,
    TICKS_PER_SIXTEENTH,
    BeatMap,
)
from bridge.timing.follower import ClockFollower, FollowerState, Lock
from bridge.timing.pattern import Pattern, Span, next_boundary
from bridge.timing.sequencer import NoteEvent, Sequencer
from bridge.timing.transport import (
    Armed,
    ClockLost,
    ClockTransport,
    Located,
    Motion,
    Rolling,
    Stopped,
    TransportEvent,
)

__all__ = [
    "MAX_BPM",
    "MIN_BPM",
    "TICKS_PER_BEAT",
    "TICKS_PER_CLOCK",
    "TICKS_PER_SIXTEENTH",
    "Armed",
    "BeatMap",
    "ClockFollower",
    "ClockLost",
    "ClockTransport",
    "FollowerState",
    "Located",
    "Lock",
    "Motion",
    "NoteEvent",
    "Pattern",
    "Rolling",
    "Sequencer",
    "Span",
    "Stopped",
    "TransportEvent",
    "next_boundary",
]
