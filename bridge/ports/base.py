"""What a MIDI port is here: something that takes messages with the time at which they are due.

Times are nanoseconds of the *port's* clock (`Ports.clock`). For ports that send at once that clock is
`time.perf_counter_ns`. On JACK it is the server's frame counter (64 bits, unwrapped) in nanoseconds, because
an exact frame cannot be hit through a second clock; `Clock.to_host_ns` translates for those who draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bridge.errors import GroovebridgeError

OTHER_API = "choose another MIDI system (--api, or in the settings)"
"""What to do where one is not to be had: a sentence's last part, for the command line and the window."""


class PortError(GroovebridgeError):
    """A port, an API or a server is not to be had; the sentence says which, and what to do instead."""


class Clock(Protocol):
    """A monotonic clock. Thread-safe and real-time-safe."""

    def now_ns(self) -> int:
        """The present, in this clock's nanoseconds."""

    def to_host_ns(self, at_ns: int) -> int:
        """The same moment on `time.perf_counter_ns`."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A MIDI message that arrived: its bytes (no running status) and when, on the port's clock.

    On JACK `at_ns` may lie up to a period ahead of `now_ns()`: the server hands over whole periods.
    """

    message: bytes
    at_ns: int


@dataclass(frozen=True, slots=True)
class PortLost:
    """A port or its server went away while open; `reason` is a sentence that says so and what to do."""

    reason: str


@dataclass(frozen=True, slots=True)
class PeerGone:
    """The other program's port that ours is connected to has gone; ours is open. `text` is a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class PeerBack:
    """It is there again, and connected. `text` is a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class OthersChanged:
    """Ports of other programs or devices have come or gone: a list of them is out of date."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Whether anything is connected to our own virtual output, told when that changes; at first nothing is.
    JACK alone can tell.
    """

    connected: bool


class Inbox(Protocol):
    """Where a port puts what arrives (`Incoming`), its loss (`PortLost`), and what becomes of others
    (`PeerGone`, `PeerBack`, `OthersChanged`, `Heard`); such as `queue.SimpleQueue`.
    """

    def put(self, item: object, /) -> None:
        """Append the item. Called from MIDI callbacks: must not block."""


@dataclass(frozen=True, slots=True)
class OutCounters:
    """What an output has done so far.

    Lateness is in ms and never negative: where the port sends at once, the return of the system's send minus
    the due time; on JACK, the frame that the message got minus the frame that was due.
    `late_handover` counts messages that were given to the port too late to go out when they were due,
    `dropped` those that never went out because the port had gone or refused them. Percentiles are exact to
    0.01 ms, upwards.
    """

    messages: int = 0
    lateness_p50_ms: float = 0.0
    lateness_p99_ms: float = 0.0
    lateness_max_ms: float = 0.0
    late_handover: int = 0
    xruns: int = 0
    dropped: int = 0


class MidiOut(Protocol):
    """An output that carries time. Called from the player's loop only."""

    @property
    def name(self) -> str:
        """The port's name as other programs see it."""

    @property
    def lead_ns(self) -> int:
        """How far ahead of its due time the port wants a message: two JACK periods, or 2 ms elsewhere."""

    def send(self, message: bytes, due_ns: int) -> None:
        """Have the message go out at `due_ns` (at once if that has passed, and then it counts as late).

        Never blocks. Messages go out by due time; those with equal due times in the order of the calls.
        """

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        """Take back what is due at or after `at_ns` and not yet out; return it as (message, due_ns)."""

    @property
    def xruns(self) -> int:
        """How often the server has been late so far, and so may have lost messages; 0 where none can be."""

    def counters(self) -> OutCounters:
        """What the port has done since it was opened."""


class MidiIn(Protocol):
    """An input; it puts `Incoming` into the inbox that it was opened with."""

    @property
    def name(self) -> str:
        """The port's name as other programs see it."""


@dataclass(frozen=True, slots=True)
class PortNames:
    """The ports of other programs that one API offers: where we can send to, and listen to."""

    api: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]


class Ports(Protocol):
    """An opened pair of ports with their clock."""

    @property
    def api(self) -> str:
        """The API's name: jack, alsa, coremidi, winmm, rtmidi-jack or none."""

    @property
    def clock(self) -> Clock:
        """The clock that all times of these ports are in."""

    @property
    def out(self) -> MidiOut:
        """Where notes and clock go."""

    @property
    def inp(self) -> MidiIn | None:
        """Where clock and performed notes come from."""

    @property
    def destination(self) -> str | None:
        """The other program's port that we send to, by a name that finds it again; None: others connect."""

    @property
    def source(self) -> str | None:
        """The other program's port that we listen to, likewise."""

    def close(self) -> None:
        """Send what is due now, drop the rest, close both. Idempotent; the notes were closed before."""
