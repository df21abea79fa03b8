"""A whole session as a value, and as a file: what plays, how all is set, and the takes that were heard in it.

    {"groovebridge": "session", "version": 1, "sketch": {...}, "tempo": 124.0, "ports": {...}, "takes": [...]}

Like a preset it is checked when read, and opened whole or not at all. Ports are kept by name.
How a studio goes on with one is in `opening.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, FiniteFloat, ValidationError

from bridge.errors import GroovebridgeError
from bridge.files import write_atomically
from bridge.groove import DrumLoop
from bridge.groove.edit import of_rows, to_rows
from bridge.player.ableton import require_link
from bridge.player.limits import check_bpm, check_count_in, check_latency
from bridge.player.messages import PlayerConfig, SoundWhen, SwapAt, Sync
from bridge.player.voicing import Voicing
from bridge.ports import check_ports
from bridge.studio.flags import LONGEST_NAME, Flag, Flags, check_count
from bridge.studio.history import Take
from bridge.studio.morphing import BARS
from bridge.studio.movers import Movers
from bridge.studio.path import Path as MapPath
from bridge.studio.path import Place
from bridge.studio.saved import (
    VERSION,
    Rows,
    SavedFileError,
    SketchData,
    StrictData,
    first_reason,
    read_saved,
)
from bridge.studio.sketch import Sketch
from bridge.studio.studio import Studio
from bridge.studio.sway import Manner
from bridge.studio.wander import Wandering

SESSION: Literal["session"] = "session"
SUFFIX = ".groovebridge"
NEWEST_TAKES = 200
"""So many of a session's takes are saved with it, and all that are pinned or named."""


@dataclass(frozen=True, slots=True)
class Session:
    """All that a session is.

    config   tempo, sync, ports, mix, latency, clock and sound, as the player is set; the rest of it is not
             saved
    a, b     the ends of the morph, if they were taken; `bars`: how long it takes by itself
    takes    what was heard, oldest first
    flags    the places of the map that were marked; None: it is from before there were any
    path     over the map; `following`: whether the song follows it. ValueError if there is none to follow
    wandering  how the sliders wander, which do not, and whether they do now
    """

    sketch: Sketch = field(default_factory=Sketch)
    config: PlayerConfig = field(default_factory=PlayerConfig)
    swap_at: SwapAt = SwapAt.BAR
    evolve: bool = False
    a: DrumLoop | None = None
    b: DrumLoop | None = None
    bars: int = 4
    takes: tuple[Take, ...] = ()
    flags: Flags | None = ()
    path: MapPath = field(default_factory=MapPath)
    following: bool = False
    wandering: Wandering = field(default_factory=Wandering)

    def __post_init__(self) -> None:
        if self.following and not self.path.places:
            raise ValueError("there is no path to follow")

    def anew(self) -> Session:
        """A session that begins: another loop and an even mix at the same instruments, on the same map."""
        voicing = Voicing(self.config.voicing.notes, self.config.voicing.channel)
        return Session(config=replace(self.config, voicing=voicing), flags=self.flags)


def session_of(studio: Studio, movers: Movers, takes: tuple[Take, ...] = ()) -> Session:
    """The session as it stands. Quick: values are shared, not copied."""
    state, morphing, journeying = studio.state, movers.morpher.morphing, movers.journey.journeying
    return Session(
        state.sketch,
        studio.config,
        state.swap_at,
        state.evolve,
        morphing.a,
        morphing.b,
        morphing.bars,
        takes,
        state.flags,
        journeying.path,
        journeying.following,
        movers.wander.wandering,
    )


def playable(session: Session, make: Callable[[Sketch], DrumLoop]) -> tuple[Session, str]:
    """As much of a session as this machine can begin with, and a sentence where that is not all. Where no
    port of another program was chosen, ours is opened through the best MIDI system that runs now. Asks that
    for its ports, which may take some milliseconds.
    """
    config, missing = session.config, []
    if config.out is None and config.inp is None:
        config = replace(config, api="auto")
    try:
        check_ports(config.api, config.out, config.inp)
    except GroovebridgeError as error:
        config = replace(config, api="auto", out=None, inp=None)
        missing.append(f"The ports are not as last time: {error}")
    if config.sync is Sync.LINK:
        try:
            require_link()
        except GroovebridgeError as error:
            config = replace(config, sync=Sync.INTERNAL)
            missing.append(str(error))
    sketch = session.sketch
    try:
        make(sketch)
    except GroovebridgeError as error:
        sketch = Sketch()
        missing.append(f"The loop is not that of last time: {error}")
    return replace(session, config=config, sketch=sketch), " ".join(missing)


# --- as text ---


class _Ports(StrictData):
    api: str = "auto"
    out: str | None = None
    inp: str | None = None


class _Voices(StrictData):
    notes: tuple[int, ...]
    channel: int
    trims: tuple[float, ...]
    muted: tuple[bool, ...]
    soloed: tuple[bool, ...]


class _Morph(StrictData):
    a: Rows | None = None
    b: Rows | None = None
    bars: int = 4


class _Take(StrictData):
    at: FiniteFloat
    loop: Rows
    sketch: SketchData
    name: str = ""
    pinned: bool = False


class _Flag(StrictData):
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    x: float
    y: float


class _Path(StrictData):
    places: tuple[Place, ...] = ()
    leg_bars: int = MapPath().leg_bars
    around: bool = MapPath().around
    following: bool = False


class _Wander(StrictData):
    on: bool = False
    amount: float = Manner().amount
    bars: int = Manner().bars
    homes: dict[str, FiniteFloat] = Field(default_factory=dict)
    still: tuple[str, ...] = ()


class SessionData(StrictData):
    """A `Session` as it is saved. `build` raises ValueError or GroovebridgeError for values out of range."""

    groovebridge: Literal["session"] = SESSION
    version: int = VERSION
    sketch: SketchData
    tempo: float
    sync: Sync
    ports: _Ports
    voices: _Voices
    latency_ms: float
    count_in: int = 0
    send_clock: bool
    clock_while_stopped: bool
    sound: SoundWhen
    swap_at: SwapAt
    evolve: bool
    morph: _Morph
    takes: list[_Take]
    flags: tuple[_Flag, ...] | None = None
    path: _Path = _Path()
    wander: _Wander = _Wander()

    @classmethod
    def of(cls, session: Session) -> SessionData:
        """What to save of a session."""
        config, voicing = session.config, session.config.voicing
        return cls(
            sketch=SketchData.of(session.sketch),
            tempo=config.bpm,
            sync=config.sync,
            ports=_Ports(api=config.api, out=config.out, inp=config.inp),
            voices=_Voices(
                notes=voicing.notes,
                channel=voicing.channel,
                trims=voicing.trims,
                muted=voicing.muted,
                soloed=voicing.soloed,
            ),
            latency_ms=config.latency_ms,
            count_in=config.count_in,
            send_clock=config.send_clock,
            clock_while_stopped=config.clock_while_stopped,
            sound=config.sound,
            swap_at=session.swap_at,
            evolve=session.evolve,
            morph=_Morph(a=_rows(session.a), b=_rows(session.b), bars=session.bars),
            takes=[
                _Take(
                    at=take.at,
                    loop=to_rows(take.loop),
                    sketch=SketchData.of(take.sketch),
                    name=take.name,
                    pinned=take.pinned,
                )
                for take in worth_keeping(session.takes)
            ],
            flags=None
            if session.flags is None
            else tuple(_Flag(name=flag.name, x=flag.place[0], y=flag.place[1]) for flag in session.flags),
            path=_Path(
                places=session.path.places,
                leg_bars=session.path.leg_bars,
                around=session.path.around,
                following=session.following,
            ),
            wander=_Wander(
                on=session.wandering.on,
                amount=session.wandering.manner.amount,
                bars=session.wandering.manner.bars,
                homes=dict(session.wandering.homes),
                still=tuple(sorted(session.wandering.still)),
            ),
        )

    def build(self) -> Session:
        """The session that was saved."""
        if self.morph.bars not in BARS:
            raise ValueError(f"a morph cannot take {self.morph.bars} bars")
        return Session(
            self.sketch.build(),
            PlayerConfig(
                api=self.ports.api,
                out=self.ports.out,
                inp=self.ports.inp,
                sync=self.sync,
                bpm=check_bpm(self.tempo),
                send_clock=self.send_clock,
                clock_while_stopped=self.clock_while_stopped,
                voicing=Voicing(**self.voices.model_dump()),
                latency_ms=check_latency(self.latency_ms),
                count_in=check_count_in(self.count_in),
                sound=self.sound,
            ),
            self.swap_at,
            self.evolve,
            _loop(self.morph.a),
            _loop(self.morph.b),
            self.morph.bars,
            tuple(
                Take(number, take.at, of_rows(take.loop), take.sketch.build(), take.name, take.pinned)
                for number, take in enumerate(self.takes, start=1)
            ),
            None
            if self.flags is None
            else check_count(tuple(Flag(flag.name, (flag.x, flag.y)) for flag in self.flags)),
            MapPath(self.path.places, self.path.leg_bars, self.path.around),
            self.path.following,
            Wandering(
                self.wander.on,
                Manner(self.wander.amount, self.wander.bars),
                self.wander.homes,
                frozenset(self.wander.still),
            ),
        )


def worth_keeping(takes: tuple[Take, ...]) -> tuple[Take, ...]:
    """Those that are saved with a session: the newest, and all that are pinned or named."""
    old, new = takes[:-NEWEST_TAKES], takes[-NEWEST_TAKES:]
    return (*(take for take in old if take.pinned or take.name), *new)


def save_session(path: Path, session: Session) -> None:
    """Write a session, whole or not at all. Raises FileWriteError."""
    write_atomically(path, (SessionData.of(session).model_dump_json(indent=1) + "\n").encode())


def load_session(path: Path) -> Session:
    """Read a session. Raises SavedFileError for a file that is none, damaged, or of a later version."""
    content = read_saved(path, SESSION)
    try:
        return SessionData.model_validate(content).build()
    except (ValidationError, ValueError, GroovebridgeError) as error:
        raise SavedFileError(
            f"{path} is a damaged session: {first_reason(error)}. Choose another."
        ) from error


def _rows(loop: DrumLoop | None) -> Rows | None:
    return None if loop is None else to_rows(loop)


def _loop(rows: Rows | None) -> DrumLoop | None:
    return None if rows is None else of_rows(rows)
