"""All that passes between the studio and the player process: small frozen values, pickled over one pipe.

Commands go studio -> player, reports come player -> studio. Times in reports are `time.perf_counter_ns` of
this machine (one monotonic clock for all processes on Linux, macOS and Windows), so the studio can
interpolate. Positions are song ticks (960 a quarter note, 0 is bar 1 beat 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from bridge.groove import DrumLoop
from bridge.player.voicing import Voicing


class SwapAt(Enum):
    """When a new loop takes over: now, or at the next step (sixteenth), bar, or loop (four bars).

    It joins in where the song is, never at its own beginning. NOW ends what the old loop left sounding; at a
    boundary, that rings out (for half a step at most).
    """

    NOW = "now"
    STEP = "step"
    BAR = "bar"
    LOOP = "loop"


class Sync(Enum):
    """Where tempo and position come from: ourselves, MIDI clock at our input, or an Ableton Link session."""

    INTERNAL = "internal"
    CLOCK = "clock"
    LINK = "link"

    @property
    def leads(self) -> bool:
        """Whether play, stop and tempo are ours to set, alone or with others."""
        return self is not Sync.CLOCK


class SoundWhen(Enum):
    """When the built-in drums sound: never, while no other program is connected to our output (where that can
    be told: on JACK, and without a MIDI system), or always.
    """

    OFF = "off"
    AUTO = "auto"
    ON = "on"


class Motion(Enum):
    """What the transport is doing. ARMED: Start came, and the next clock is the downbeat, or the song is
    counted in.
    """

    STOPPED = "stopped"
    ARMED = "armed"
    ROLLING = "rolling"


class ClockState(Enum):
    """How well the follower holds the foreign clock. OFF when we lead; LOST after half a second without
    ticks. On Link: LOCKING while we look for others, WAITING while there are none, then LOCKED.
    """

    OFF = "off"
    WAITING = "waiting"
    LOCKING = "locking"
    LOCKED = "locked"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class PlayerConfig:
    """What a player process starts with. It opens these ports first, then reads commands.

    api        "auto", "jack", "alsa", "coremidi", "winmm", "rtmidi-jack" or "none"
    bars       stop after so many bars of rolling (None: play on)
    record     write all that went out to this .mid when the player ends (None: do not record)
    realtime   ask the system for real-time priority
    latency_ms how much earlier than their time notes go out; see `SetLatency`
    sound      when the built-in drums sound
    count_in   how many bars a studio has counted before a song that it starts; see `Start`
    """

    api: str = "auto"
    out: str | None = None
    inp: str | None = None
    sync: Sync = Sync.INTERNAL
    bpm: float = 120.0
    send_clock: bool = False
    clock_while_stopped: bool = False
    voicing: Voicing = field(default_factory=Voicing)
    bars: int | None = None
    record: str | None = None
    client_name: str = "Groovebridge"
    realtime: bool = True
    latency_ms: float = 0.0
    sound: SoundWhen = SoundWhen.OFF
    count_in: int = 0


# --- commands ---


@dataclass(frozen=True, slots=True)
class OpenPorts:
    """Open these ports in place of those that are open. None: a virtual port of our own.

    Where there is no such port, the old ones stay open and play on, and a `Fault` says so.
    """

    api: str
    out: str | None = None
    inp: str | None = None


@dataclass(frozen=True, slots=True)
class SetLoop:
    """Play this loop now or from the next boundary of the kind `at`: the first one that is still a few
    milliseconds beyond the port's lead. A later SetLoop replaces one that still waits.

    `block` None: the loop for every four bars of the song. A number n: only for the n-th four bars
    (--evolve).
    """

    loop: DrumLoop
    loop_id: int
    at: SwapAt = SwapAt.BAR
    block: int | None = None


@dataclass(frozen=True, slots=True)
class SetTempo:
    """Tempo of our clock or of the Link session, 20..400 quarter notes a minute. Position is kept."""

    bpm: float


@dataclass(frozen=True, slots=True)
class SetSync:
    """Lead (INTERNAL), follow (CLOCK), or share the lead (LINK). Changing it stops and closes all notes."""

    sync: Sync


@dataclass(frozen=True, slots=True)
class SetVoicing:
    """Mute, solo, notes, velocity trims and channel, for all that is not out yet: heard a few milliseconds
    beyond the port's lead. A loop that waits goes on waiting.

    What sounds is closed on the note on which it was struck: a voice that is silenced at once, others when
    they end.
    """

    voicing: Voicing


@dataclass(frozen=True, slots=True)
class SetLatency:
    """Send notes that much earlier than their time, -200..200 ms; negative: later.

    For an instrument that sounds late. It moves notes only: not the clock that we send, the anchor or the
    recording. While the song rolls, the notes lean towards it within two seconds.
    """

    latency_ms: float


@dataclass(frozen=True, slots=True)
class MeasureLoopback:
    """Send `count` (1..64) notes and listen for them coming back, while the song stands. Takes 0.08 s a note,
    and a second more if one is lost. Exactly one `Loopback` answers.
    """

    count: int = 32
    note: int = 37
    channel: int = 9


@dataclass(frozen=True, slots=True)
class SetSendClock:
    """Send MIDI clock with Start, Stop, Continue and SPP on the output; `while_stopped`: also while the song
    stands, where our own clock leads.
    """

    on: bool
    while_stopped: bool = False


@dataclass(frozen=True, slots=True)
class SetSound:
    """When the built-in drums sound. Asked again, it tries again what failed. `Sound` reports answer."""

    when: SoundWhen


@dataclass(frozen=True, slots=True)
class Start:
    """Roll from a song position (ticks, a multiple of 240). None: from where we are.

    On Link the session starts, and the song begins at that bar on the next bar line. Nothing on MIDI clock.

    count_in   so many bars, 0..2, are counted first, where our own clock leads and there is a port; the song
               is armed meanwhile
    """

    at_ticks: int | None = 0
    count_in: int = 0


@dataclass(frozen=True, slots=True)
class FallIn:
    """The song rolls, and was where this anchor says: roll with it. For a player that takes another's place.

    When we lead, the song goes on along the anchor's line. When we follow, the next clock is the position
    that is nearest to it.
    """

    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop, take back what is not out, close all notes; on Link all stop. Nothing on MIDI clock."""


@dataclass(frozen=True, slots=True)
class Panic:
    """Silence now: note-off for every open note and every mapped note, then All Notes Off. Rolls on if
    rolling.
    """


@dataclass(frozen=True, slots=True)
class Remember:
    """Keep these bytes for the studio that comes after this one, should it die; see `Legacy`."""

    memo: bytes


@dataclass(frozen=True, slots=True)
class Quit:
    """Stop, close all notes, close the ports, report `Ended`."""


Command = (
    OpenPorts
    | SetLoop
    | SetTempo
    | SetSync
    | SetVoicing
    | SetLatency
    | MeasureLoopback
    | SetSendClock
    | SetSound
    | Start
    | FallIn
    | Stop
    | Panic
    | Remember
    | Quit
)

# --- reports ---


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the song is: at `at_ns` it was (or will be) at `ticks`, running at `bpm` if rolling. While a song
    of ours is counted in (ARMED, INTERNAL), it will begin there and then, and the count runs at `bpm`.

    Sent when something changed (start, stop, relocation, tempo, clock state), never on a timer. `peers` is
    how many others share the Link session.
    """

    ticks: float
    at_ns: int
    bpm: float
    motion: Motion
    sync: Sync
    clock: ClockState = ClockState.OFF
    phase_ms: float = 0.0
    peers: int = 0


@dataclass(frozen=True, slots=True)
class LoopPlaying:
    """The loop `loop_id` took over at song position `at_ticks`."""

    loop_id: int
    at_ticks: int


@dataclass(frozen=True, slots=True)
class Played:
    """What went out since the last of these, told once a bar, and when the song stops or jumps.

    events      (tick, note-on or note-off), in the order in which they went out; ticks are those of a
                recording since the player began, see `Recorder`
    tempi       (tick, bpm) where the tempo changed
    end_ticks   as far as that goes: what is before it has been told
    rolling     the song goes on; False: it has stopped there
    """

    events: tuple[tuple[int, bytes], ...]
    tempi: tuple[tuple[int, float], ...]
    end_ticks: int
    rolling: bool = False


@dataclass(frozen=True, slots=True)
class PortsOpened:
    """The ports that are now open, by name; inp is None where there is no input.

    destination, source: the other programs' ports that they are connected to, by a name under which they can
    be opened again; None: a virtual port of our own, for others to connect to.
    """

    api: str
    out: str
    inp: str | None
    destination: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class PortsChanged:
    """Ports of other programs or devices have come or gone: a list of them is out of date."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Whether nothing is connected to our own virtual output, so that nobody hears us: on JACK, which alone
    can tell; False elsewhere. Told when it changes, and to a studio that takes the player up.
    """

    alone: bool


@dataclass(frozen=True, slots=True)
class Priority:
    """How real-time priority was granted to the player, such as "SCHED_FIFO"; "" if it was not. Told at its
    start, and to a studio that takes it up.
    """

    granted: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that the user must know: a sentence with what happened and what to do.

    fatal        the player ends
    ports_lost   there are no open ports any more. A song that we lead rolls on unheard; the same ports are
                 tried again every second, and `OpenPorts` opens others
    crashed      the player ends (or has ended) though nothing that was asked of it was wrong: another one may
                 do better
    """

    text: str
    fatal: bool = False
    ports_lost: bool = False
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Good news: what a Fault told of is over. A sentence for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Loopback:
    """How long notes took out of our output and back in at our input, from due to arrival.

    sent, heard     how many went out, and how many of these came back
    latency_ms      the median; 0 where none came back
    jitter_ms       standard deviation
    jitter_max_ms   the largest distance from the median
    trouble         why it was not measured, or not to the end: a sentence; "" if it was
    """

    sent: int = 0
    heard: int = 0
    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    jitter_max_ms: float = 0.0
    trouble: str = ""


class SoundStage(Enum):
    """How far the built-in drums are."""

    OFF = "off"
    OPENING = "opening"
    ON = "on"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sound:
    """The built-in drums; told when it changes, at first they are off. `text` is the output's name while ON,
    and the sentence that says why and what to do when FAILED (a `Fault` too, if they are to sound always).
    """

    stage: SoundStage
    text: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The number of bars asked for (`--bars`) has been played and every note is closed."""


@dataclass(frozen=True, slots=True)
class Stats:
    """The player's figures so far (the contents of --stats).

    messages        all that went out: notes, clock and the rest
    lateness_ms     of these: p50, p99 and max; see `OutCounters`
    late_handover   messages that the player gave to the port too late to go out when they were due
    dropped_input   messages that came in faster than they can be heard, and were left out
    priority        how real-time priority was granted, such as "SCHED_FIFO"; "" if not, or not ended yet
    """

    notes_sent: int = 0
    messages: int = 0
    lateness_ms: dict[str, float] = field(default_factory=lambda: {"p50": 0.0, "p99": 0.0, "max": 0.0})
    clock: dict[str, object] = field(default_factory=lambda: {"state": "off", "phase_ms": 0.0})
    swaps: int = 0
    xruns: int = 0
    late_handover: int = 0
    open_notes: int = 0
    dropped_reports: int = 0
    dropped_input: int = 0
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The last report: the player has closed its notes and ports."""

    stats: Stats


@dataclass(frozen=True, slots=True)
class Legacy:
    """The first report to a studio that takes up a player whose own studio has died: what that one left.

    Ports, loop, position and sound follow as `PortsOpened` (or the `Fault` by which they were lost),
    `LoopPlaying`, `Anchor` and `Sound`.

    config   how the player is set: what one that takes its place would have to start with
    loops    the loop that plays, the last one for all blocks and the newest ones, by number
    memo     what the studio had the player remember
    """

    config: PlayerConfig
    loops: tuple[SetLoop, ...]
    memo: bytes


Report = (
    Anchor
    | LoopPlaying
    | Played
    | PortsOpened
    | PortsChanged
    | Alone
    | Priority
    | Loopback
    | Sound
    | Fault
    | Notice
    | Finished
    | Stats
    | Ended
    | Legacy
)
