"""MIDI learn: which knob, fader or pad moves what, and what its messages mean. Pure; no MIDI is opened here.

What a controller sends, and how it is told apart:

    kind        messages                                 means
    absolute    CC n v                                   a place: 0 is 0, 64 the very middle, 127 is 1
    fine        CC n v, CC n+32 w   (n < 32)             v * 128 + w likewise; either half may come alone
    twos        CC n v, v 1..63 up, 127..65 down         steps (two's complement, "relative 1" in manuals)
    offset      CC n v, v 65..127 up, 63..1 down         steps from 64 ("bin offset", "relative 2")
    sign        CC n v, v 1..63 up, 65..127 down         steps, bit 6 is the sign ("signed bit", "relative 3")
    note        note-on n                                a press; note-off is ignored
    program     program change n                         a press

Controllers 120..127 are channel mode messages, and no knobs. Learning looks at what moves: two halves of one
movement are `fine`; an encoder cannot be told from a fader by a single message, so a few of them are watched
(`Learner`). Sources: MIDI 1.0 Detailed Specification, Control Change; the encoder formats as Ableton Live's
reference manual, "Mapping to Relative MIDI Controllers", names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

FINE_BELOW = 32
"""Controllers 0..31 have a second half, 32 higher (MIDI 1.0, Control Change)."""

MODES_FROM = 120
"""Controllers from here on are channel mode messages, such as "all notes off"."""

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
    source: Source


@dataclass(frozen=True, slots=True)
class Turned:
    """An encoder went some steps, up or down."""

    target: str
    steps: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """A pad was hit or a program chosen."""

    target: str


@dataclass(frozen=True, slots=True)
class Programmed:
    """A program (0..127) was chosen that moves nothing else: it recalls a preset."""

    number: int


Gesture = Moved | Turned | Pressed | Programmed


class Controls:
    """The mappings, and what messages mean through them. One source moves one target; a target may have
    several sources. Not thread-safe.

    A target is a name that the studio knows, such as `density`, `temperature` or `play`.
    """

    def __init__(self, mappings: Mapping[Source, str] | None = None) -> None:
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
        """Have a source move a target; what the same control, or a half of it, moved before, it moves no
        more.
        """
        for other in list(self._mappings):
            if _hands(other) & _hands(source):
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
        number = message[1] & 0x7F
        if status == 0xC0:
            target = self._mappings.get(Source(Kind.PROGRAM, channel, number))
            return Programmed(number) if target is None else Pressed(target)
        if status == 0x90 and len(message) == 3 and message[2] > 0:
            target = self._mappings.get(Source(Kind.NOTE, channel, number))
            return None if target is None else Pressed(target)
        return None

    def _control(self, channel: int, number: int, value: int) -> Gesture | None:
        coarse = number - FINE_BELOW if FINE_BELOW <= number < 2 * FINE_BELOW else number
        source = Source(Kind.FINE, channel, coarse)
        fine = self._mappings.get(source)
        if fine is not None:
            before = self._coarse.get((channel, coarse))
            (self._coarse if coarse == number else self._fine)[channel, coarse] = value
            if (
                coarse == number and value != before
            ):  # a new coarse half sets the fine one to 0 (specification)
                self._fine[channel, coarse] = 0
            whole = self._coarse.get((channel, coarse), 0) * 128 + self._fine.get((channel, coarse), 0)
            return Moved(fine, place_of(whole, 14), source)
        for kind in (Kind.ABSOLUTE, Kind.TWOS, Kind.OFFSET, Kind.SIGN):
            source = Source(kind, channel, number)
            target = self._mappings.get(source)
            if target is not None:
                if kind is Kind.ABSOLUTE:
                    return Moved(target, place_of(value, 7), source)
                steps = steps_of(kind, value)
                return Turned(target, steps) if steps else None
        return None


def place_of(value: int, bits: int) -> float:
    """The place 0..1 of a fader that sends so many bits: the ends are exact, and so is the middle (64 of
    127), where knobs have their dent.
    """
    middle, top = 1 << (bits - 1), (1 << bits) - 1
    return value / (2 * middle) if value <= middle else 0.5 + (value - middle) / (2 * (top - middle))


def steps_of(kind: Kind, value: int) -> int:
    """How many steps, up (positive) or down, a value 0..127 of an encoder means."""
    if kind is Kind.TWOS:
        return value if value < 64 else value - 128
    if kind is Kind.OFFSET:
        return value - 64
    return -(value & 0x3F) if value & 0x40 else value


class Learner:
    """Finds out which control is being moved, and how it speaks.

    presses   what is to be moved is a button: a pad, a program, or any controller that goes up is meant, and
              known at once. Else a knob is meant, which is watched for `WATCHED` messages: one whose two
              halves come is fine; one whose values keep close around 0 and 127, or around 64, and do not just
              climb or fall, is an encoder; all else is absolute.
    """

    def __init__(self, presses: bool = False) -> None:
        self._presses = presses
        self._seen: dict[tuple[int, int], list[int]] = {}

    def receive(self, message: bytes) -> Source | None:
        """Watch a message; the source, once it is known."""
        if len(message) < 2:
            return None
        status, channel, number = message[0] & 0xF0, message[0] & 0x0F, message[1] & 0x7F
        if status == 0xC0:
            return Source(Kind.PROGRAM, channel, number) if self._presses else None
        if len(message) != 3:
            return None
        value = message[2] & 0x7F
        if status == 0x90 and value and self._presses:
            return Source(Kind.NOTE, channel, number)
        if status != 0xB0 or number >= MODES_FROM:
            return None
        if self._presses:
            return Source(Kind.ABSOLUTE, channel, number) if value else None
        return self._watch(channel, number, value)

    def _watch(self, channel: int, number: int, value: int) -> Source | None:
        values = self._seen.setdefault((channel, number), [])
        values.append(value)
        coarse = number - FINE_BELOW
        if 0 <= coarse < FINE_BELOW and (channel, coarse) in self._seen:
            return Source(Kind.FINE, channel, coarse)
        return Source(_kind_of(values), channel, number) if len(values) >= WATCHED else None


def _kind_of(values: list[int]) -> Kind:
    """How a controller speaks that sent these values in a row, by what its steps would be."""
    near = 8  # steps in one message: more is a fader that was moved fast
    rises = [b - a for a, b in pairwise(values)]
    if all(rise > 0 for rise in rises) or all(rise < 0 for rise in rises):  # an encoder repeats itself
        return Kind.ABSOLUTE
    if all(0 < abs(value - 64) <= near for value in values):
        return Kind.OFFSET
    if all(0 < value <= near or value >= 128 - near for value in values):
        return Kind.TWOS
    if all(0 < value <= near or 64 < value <= 64 + near for value in values):
        return Kind.SIGN
    return Kind.ABSOLUTE


def _hands(source: Source) -> frozenset[tuple[str, int, int]]:
    """What a hand would call the same control, however it speaks; a fine one is two."""
    kind = source.kind.value if source.kind.presses else "control"
    numbers = {source.number, source.number + FINE_BELOW} if source.kind is Kind.FINE else {source.number}
    return frozenset((kind, source.channel, number) for number in numbers)
