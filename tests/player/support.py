"""What the player's tests share: a port in memory under a simulated clock, loops, and a running player
process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import mido
import numpy as np
import pytest
from hypothesis import strategies as st

from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_STEP, loop_notes
from bridge.player import PlayerConfig, PlayerLink
from bridge.player.conductors import LinkSession
from bridge.player.engine import Engine
from bridge.player.messages import Command, Fault, LoopPlaying, Report, Stats
from bridge.player.output import Drums
from bridge.player.voicing import Voicing
from bridge.ports.base import Incoming, OutCounters, PortLost
from tests.player.simulated_link import SimulatedSession

MS = 1_000_000
_R = TypeVar("_R")


@st.composite
def voicings(draw: st.DrawFn) -> Voicing:
    """Any mix; voices often share a note."""
    return Voicing(
        draw(st.tuples(*[st.integers(40, 49)] * 9)),
        draw(st.sampled_from((9, 9, 2))),
        draw(st.tuples(*[st.sampled_from((1.0, 1.0, 0.0, 0.5, 2.0))] * 9)),
        draw(st.tuples(*[st.sampled_from((False, False, True))] * 9)),
        draw(st.just((False,) * 9) | st.tuples(*[st.booleans()] * 9)),
    )


def random_loop(seed: int, density: float = 0.2, feel: float = 1.0) -> DrumLoop:
    """A loop with early and late hits on all voices; `feel` 0 puts every hit on the grid."""
    numbers = np.random.default_rng(seed)
    hits = numbers.random((64, 9)) < density
    offsets = feel * numbers.uniform(-0.5, 0.5, (64, 9))
    return DrumLoop.of(hits, numbers.uniform(0.1, 1, (64, 9)), offsets)


@dataclass
class SimulatedClock:
    """Stands still unless moved."""

    ns: int = 1_000_000_000

    def now_ns(self) -> int:
        return self.ns

    def to_host_ns(self, at_ns: int) -> int:
        return at_ns


@dataclass
class MemoryPort:
    """A `MidiOut` that remembers what went out and when: a message is out once the clock has passed its due
    time, or `grip_ns` before."""

    clock: SimulatedClock
    lead_ns: int = 5 * MS
    name: str = "memory:out"
    sent: list[tuple[int, bytes]] = field(
        default_factory=list
    )  # what is out, and is to be out: (due, message)
    late: list[tuple[int, bytes]] = field(default_factory=list)  # handed over after its due time
    dead: bool = False
    xruns: int = 0
    grip_ns: int = 0  # how long before its due time nothing gives a message back any more

    def send(self, message: bytes, due_ns: int) -> None:
        if self.dead:
            return
        if due_ns < self.clock.ns:
            self.late.append((due_ns, message))
            due_ns = self.clock.ns
        self.sent.append((due_ns, message))

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        out_ns = self.clock.ns + self.grip_ns
        gone = [entry for entry in self.sent if entry[0] >= at_ns and entry[0] > out_ns]
        self.sent = [entry for entry in self.sent if entry not in gone]
        return [(message, due_ns) for due_ns, message in sorted(gone, key=lambda entry: entry[0])]

    def counters(self) -> OutCounters:
        return OutCounters(messages=len(self.sent), late_handover=len(self.late))

    def in_order(self) -> list[tuple[int, bytes]]:
        """What went out, by due time; messages due together in the order of the calls."""
        return sorted(self.sent, key=lambda entry: entry[0])


@dataclass
class MemoryPorts:
    """A pair of ports with nothing behind the input."""

    clock: SimulatedClock
    out: MemoryPort
    api: str = "memory"
    inp: None = None
    destination: str | None = None
    source: str | None = None

    def close(self) -> None:
        self.out.dead = True


@dataclass
class Ear:
    """An input without anything behind it."""

    name: str = "memory:in"


@dataclass
class LoopedPorts:
    """Ports in memory whose input can be heard at."""

    clock: SimulatedClock
    out: MemoryPort
    inp: Ear
    api: str = "memory"
    destination: None = None
    source: None = None

    def close(self) -> None:
        self.out.dead = True


class Rig:
    """An engine with a port in memory; `run_ms` lets time pass as the process's loop would."""

    def __init__(
        self,
        config: PlayerConfig | None = None,
        open_link: Callable[[SimulatedClock], LinkSession] = SimulatedSession,
        drums: Callable[[SimulatedClock], Drums] | None = None,
    ) -> None:
        self.clock = SimulatedClock()
        self.port = MemoryPort(self.clock)
        self.reports: list[Report] = []
        self.drums = None if drums is None else drums(self.clock)
        self.engine = Engine(
            config or PlayerConfig(), self.reports.append, lambda: open_link(self.clock), self.drums
        )
        self.engine.attach(MemoryPorts(self.clock, self.port), self.clock.ns)

    def do(self, *items: Command | Incoming | PortLost) -> None:
        """Hand items to the engine, now."""
        for item in items:
            self.engine.handle(item, self.clock.ns)
        self.engine.advance(self.clock.ns)

    def run_ms(self, ms: float) -> None:
        """Let time pass; the engine is woken when it asks to be."""
        end = self.clock.ns + round(ms * MS)
        while self.clock.ns < end:
            self.clock.ns = min(end, max(self.clock.ns + 1, self.engine.advance(self.clock.ns)))
        self.engine.advance(self.clock.ns)

    def told(self, kind: type[_R]) -> list[_R]:
        """The reports of one kind, in order."""
        return [report for report in self.reports if isinstance(report, kind)]

    def loops_played(self) -> list[tuple[int, int]]:
        """(song position, loop number) of each take-over that was told."""
        return [(report.at_ticks, report.loop_id) for report in self.told(LoopPlaying)]


@dataclass(frozen=True, slots=True)
class Note:
    """A note that was heard: when its note-on and its note-off came."""

    on: int
    off: int
    key: int
    velocity: int


def notes_of(messages: list[tuple[int, bytes]], cut: bool = False) -> list[Note]:
    """Pair note-ons with their note-offs. Fails on a note that is struck twice, closed unopened, or left
    open."""
    sounding: dict[int, tuple[int, int]] = {}
    notes = []
    for at, message in messages:
        kind, key = message[0] & 0xF0, (message[0] & 15) << 7 | message[1]
        if kind == 0x90 and message[2] > 0:
            assert key not in sounding, f"key {key} struck at {at} while it sounds"
            sounding[key] = (at, message[2])
        elif kind in (0x80, 0x90):
            if cut and key not in sounding:
                continue
            assert key in sounding, f"key {key} closed at {at} while it does not sound"
            on, velocity = sounding.pop(key)
            notes.append(Note(on, at, key, velocity))
    assert not sounding, f"left open: {sounding}"
    return sorted(notes, key=lambda note: (note.on, note.key))


def assert_played(
    notes: Iterable[Note],
    loop: DrumLoop,
    *,
    zero: float,
    per_tick: float,
    at_ticks: int,
    until_ticks: int,
    within: float,
    first_within: float,
    begins: bool = True,
) -> None:
    """Every step of the song in this range was played once, as written and in time.

    The song was at `at_ticks` at the time `zero`, and runs at `per_tick`, in the unit of the notes. A note
    may be off by `within`; those of the first step may be late by `first_within`, and where the song `begins`
    there, its early hits are on the step. The loop's feel must leave no doubt about which step a note belongs
    to.
    """
    played: dict[tuple[int, int], tuple[int, float]] = {}
    for note in notes:
        ticks = at_ticks + (note.on - zero) / per_tick
        step = round(ticks / TICKS_PER_STEP) * TICKS_PER_STEP
        if at_ticks <= step < until_ticks:
            assert (step, note.key) not in played, f"key {note.key} twice in step {step // TICKS_PER_STEP}"
            played[step, note.key] = note.velocity, ticks
    wanted: dict[tuple[int, int], tuple[int, float]] = {}
    for turn in range(at_ticks - at_ticks % LOOP_TICKS, until_ticks, LOOP_TICKS):
        for each in loop_notes(loop):
            if at_ticks <= turn + each.cell_ticks < until_ticks:
                start = max(at_ticks if begins else 0, turn + each.start_ticks)
                wanted[turn + each.cell_ticks, 9 << 7 | each.note] = each.velocity, start
    assert {place: velocity for place, (velocity, _) in played.items()} == {
        place: velocity for place, (velocity, _) in wanted.items()
    }
    assert played
    for place, (_, ticks) in played.items():
        error = (ticks - wanted[place][1]) * per_tick
        assert -within <= error <= (first_within if place[0] == at_ticks else within), (place, error)


def recorded(file: mido.MidiFile) -> list[tuple[int, bytes]]:
    """The channel messages of a recording with their ticks."""
    now, messages = 0, []
    for message in file.tracks[0]:
        now += message.time
        if not message.is_meta:
            messages.append((now, bytes(message.bytes())))
    return messages


class Running:
    """A player process, with its reports collected."""

    def __init__(self, config: PlayerConfig) -> None:
        self.reports: list[Report] = []
        self._told = threading.Condition()
        self.link = PlayerLink(config, self._on_report)

    def _on_report(self, report: Report) -> None:
        with self._told:
            self.reports.append(report)
            self._told.notify_all()

    def send(self, *commands: Command) -> None:
        for command in commands:
            self.link.send(command)

    def wait_for(
        self, kind: type[_R], where: Callable[[_R], bool] = lambda _: True, timeout_s: float = 15
    ) -> _R:
        """The first report of a kind that fits; fails when a fault or nothing comes instead."""

        def found() -> _R | None:
            return next((each for each in self.reports if isinstance(each, kind) and where(each)), None)

        deadline = time.monotonic() + timeout_s
        with self._told:
            while (report := found()) is None:
                left = deadline - time.monotonic()
                if left <= 0 or (kind is not Fault and any(isinstance(each, Fault) for each in self.reports)):
                    pytest.fail(f"waited for {kind.__name__} in vain: {self.reports}")
                self._told.wait(left)
        return report

    def forget(self) -> None:
        """Drop the reports so far."""
        with self._told:
            self.reports.clear()

    def close(self) -> Stats | None:
        return self.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
