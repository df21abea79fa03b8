"""MIDI learn: which knob, fader or pad moves what, and what its messages mean. Pure; no MIDI is opened here.

What a controller sends, and how it is told apart:

    kind        messages                                 means
    absolute    CC n v                                   v / 127
    fine        CC n v, CC n+32 w   (n < 32)             (v * 128 + w) / 16383; either half may come alone
    twos        CC n v, v 1..63 up, 127..65 down         steps (two's complement, "relative 1" in manuals)
    offset      CC n v, v 65..127 up, 63..1 down         steps from 64 ("bin offset", "relative 2")
    sign        CC n v, v 1..63 up, 65..127 down         steps, bit 6 is the sign ("signed bit", "relative 3")
    note        note-on n                                a press; note-off is ignored
    program     program change n                         a press

Learning looks at what moves: two halves of one movement are `fine`; an encoder cannot be told from a fader by
a single message, so a few of them are watched (`Learner`). Sources: MIDI 1.0 Detailed Specification, Control
Change; the encoder formats as Ableton Live's reference manual, "Mapping to Relative MIDI Controllers", names
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FINE_BELOW = 32
"""Controllers 0..31 have a second half, 32 higher (MIDI 1.0, Control Change)."""

WATCHED = 6
"""How many messages of one controller are watched before it is called an encoder or a fader."""


class Kind(Enum):
    """How a controller speaks."""

    ABSOLUTE = "absolute"
    FINE = "fine"
    TWOS = "twos"
    OFFSET = "offset"
    SIGN = "sign"
    NOTE = "note"
    PROGRAM = "program"

    @property
    def relative(self) -> bool:
        """Whether it sends steps, not places."""
        return self in (Kind.TWOS, Kind.OFFSET, Kind.SIGN)

    @property
    def presses(self) -> bool:
        """Whether it is pressed, not turned."""
        return self in (Kind.NOTE, Kind.PROGRAM)


@dataclass(frozen=True, slots=True)
class Source:
    """A control on a controller: how it speaks, its MIDI channel 0..15 and its number 0..127."""

    kind: Kind
    channel: int
    number: int

    @property
    def title(self) -> str:
        """What a musician reads: `CC 74, channel 1`."""
        what = {Kind.NOTE: "note", Kind.PROGRAM: "program"}.get(self.kind, "CC")
        return f"{what} {self.number}, channel {self.channel + 1}"


@dataclass(frozen=True, slots=True)
class Moved:
    """A knob or fader went to a place, 0..1."""

    target: str
    place: float


@dataclass(frozen=True, slots=True)
class Turned:
    """An encoder went some steps, up or down."""

    target: str
    steps: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """A pad was hit or a program chosen."""

    target: str


Gesture = Moved | Turned | Pressed


class Controls:
    """The mappings, and what messages mean through them. One source moves one target; a target may have
    several sources. Not thread-safe.

    A target is a name that the studio knows, such as `density`, `temperature` or `play`.
    """

    def __init__(self, mappings: dict[Source, str] | None = None) -> None:
        self._mappings: dict[Source, str] = {}
        self._coarse: dict[tuple[int, int], int] = {}  # channel, number -> the last coarse half
        self._fine: dict[tuple[int, int], int] = {}
        for source, target in (mappings or {}).items():
            self.assign(source, target)

    @property
    def mappings(self) -> dict[Source, str]:
        """Source -> target, in the order in which they were made."""
        return dict(self._mappings)

    def assign(self, source: Source, target: str) -> None:
        """Have a source move a target; what the same control moved before it moves no more."""
        for other in list(self._mappings):
            if _hand(other) == _hand(source):
                del self._mappings[other]
        self._mappings[source] = target

    def forget(self, source: Source) -> None:
        """Have a source move nothing."""
        self._mappings.pop(source, None)

    def receive(self, message: bytes) -> Gesture | None:
        """What a MIDI message asks for; None where it asks for nothing."""
        if len(message) < 2:
            return None
        status, channel = message[0] & 0xF0, message[0] & 0x0F
        if status == 0xB0 and len(message) == 3:
            return self._control(channel, message[1] & 0x7F, message[2] & 0x7F)
        kind = Kind.NOTE if status == 0x90 else Kind.PROGRAM
        pressed = (status == 0x90 and len(message) == 3 and message[2] > 0) or status == 0xC0
        target = self._mappings.get(Source(kind, channel, message[1] & 0x7F)) if pressed else None
        return None if target is None else Pressed(target)

    def _control(self, channel: int, number: int, value: int) -> Gesture | None:
        coarse = number - FINE_BELOW if FINE_BELOW <= number < 2 * FINE_BELOW else number
        fine = self._mappings.get(Source(Kind.FINE, channel, coarse))
        if fine is not None:
            (self._coarse if coarse == number else self._fine)[channel, coarse] = value
            if coarse == number:  # a new coarse half sets the fine one to 0, by the specification
                self._fine[channel, coarse] = 0
            whole = self._coarse.get((channel, coarse), 0) * 128 + self._fine.get((channel, coarse), 0)
            return Moved(fine, whole / 16383)
        for kind in (Kind.ABSOLUTE, Kind.TWOS, Kind.OFFSET, Kind.SIGN):
            target = self._mappings.get(Source(kind, channel, number))
            if target is not None:
                if kind is Kind.ABSOLUTE:
                    return Moved(target, value / 127)
                steps = steps_of(kind, value)
                return Turned(target, steps) if steps else None
        return None


def steps_of(kind: Kind, value: int) -> int:
    """How many steps, up (positive) or down, a value 0..127 of an encoder means."""
    if kind is Kind.TWOS:
        return value if value < 64 else value - 128
    if kind is Kind.OFFSET:
        return value - 64
    return -(value & 0x3F) if value & 0x40 else value


class Learner:
    """Finds out which control is being moved, and how it speaks.

    A pad is known at its first message. A knob is watched for `WATCHED` messages: one whose two halves come
    is fine; one whose values keep close around 0 and 127, or around 64, is an encoder; all else is absolute.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], list[int]] = {}

    def receive(self, message: bytes) -> Source | None:
        """Watch a message; the source, once it is known."""
        if len(message) < 2:
            return None
        status, channel, number = message[0] & 0xF0, message[0] & 0x0F, message[1] & 0x7F
        if status == 0xC0:
            return Source(Kind.PROGRAM, channel, number)
        if len(message) != 3:
            return None
        if status == 0x90 and message[2]:
            return Source(Kind.NOTE, channel, number)
        if status != 0xB0:
            return None
        values = self._seen.setdefault((channel, number), [])
        values.append(message[2] & 0x7F)
        coarse = number - FINE_BELOW
        if 0 <= coarse < FINE_BELOW and (channel, coarse) in self._seen:
            return Source(Kind.FINE, channel, coarse)
        if len(values) < WATCHED:
            return None
        return Source(_kind_of(values), channel, number)


def _kind_of(values: list[int]) -> Kind:
    """How a controller speaks that sent these values in a row, by what its steps would be."""
    places = set(values)
    near = 8  # steps in one message: more is a fader that was moved fast
    if all(0 < abs(value - 64) <= near for value in places):
        return Kind.OFFSET
    if all(value <= near or value >= 128 - near for value in places) and 0 not in places:
        climbs = all(value < 64 for value in places) and values == sorted(values) and len(places) > 2
        return Kind.ABSOLUTE if climbs else Kind.TWOS
    if all(0 < value <= near or 64 < value <= 64 + near for value in places) and max(places) > 64:
        return Kind.SIGN
    return Kind.ABSOLUTE


def _hand(source: Source) -> tuple[str, int, int]:
    """What a hand would call the same control, however it speaks."""
    kind = source.kind.value if source.kind.presses else "control"
    return kind, source.channel, source.number
