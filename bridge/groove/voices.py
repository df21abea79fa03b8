"""The nine voices of the kit, in the order that every array, file and graph of this project uses."""

from enum import IntEnum


class Voice(IntEnum):
    """One instrument of the kit; its value is its column in the arrays of a `DrumLoop`."""

    KICK = 0
    SNARE = 1
    CLOSED_HAT = 2
    OPEN_HAT = 3
    LOW_TOM = 4
    MID_TOM = 5
    HIGH_TOM = 6
    CRASH = 7
    RIDE = 8

    @property
    def title(self) -> str:
        """What a musician calls it."""
        return _TITLES[self]


VOICES = len(Voice)

_TITLES = {
    Voice.KICK: "kick",
    Voice.SNARE: "snare",
    Voice.CLOSED_HAT: "closed hi-hat",
    Voice.OPEN_HAT: "open hi-hat",
    Voice.LOW_TOM: "low tom",
    Voice.MID_TOM: "mid tom",
    Voice.HIGH_TOM: "high tom",
    Voice.CRASH: "crash",
    Voice.RIDE: "ride",
}
