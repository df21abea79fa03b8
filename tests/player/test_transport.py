"""The song in all of its states, in any order: nothing hangs, and every question has its answer."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.player import midi
from bridge.player.messages import (
    Anchor,
    Command,
    FallIn,
    Loopback,
    MeasureLoopback,
    Motion,
    Panic,
    PlayerConfig,
    SetLatency,
    SetLoop,
    SetSync,
    SetTempo,
    SetVoicing,
    Start,
    Stop,
    SwapAt,
    Sync,
)
from bridge.ports.base import PortLost
from tests.player.support import MS, Ear, LoopedPorts, MemoryPort, Rig, random_loop, voicings

LOOPS = [random_loop(seed, density=0.4) for seed in range(3)]


@dataclass(frozen=True)
class Close:
    """The ports are closed in order."""


@dataclass(frozen=True)
class Open:
    """Other ports are opened."""


@dataclass(frozen=True)
class WindDown:
    """Finish the running four bars."""


Step = Command | PortLost | Close | Open | WindDown

STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(Start, st.none() | st.integers(0, 40_000), st.integers(0, 2)),
    st.builds(Start, st.none(), st.integers(0, 2)),
    st.just(Stop()),
    st.just(Panic()),
    st.builds(MeasureLoopback, st.integers(1, 8), st.integers(40, 49)),
    st.builds(SetLoop, st.sampled_from(LOOPS), st.just(1), st.sampled_from(SwapAt)),
    st.builds(SetVoicing, voicings()),
    st.builds(SetTempo, st.floats(20, 400)),
    st.builds(SetLatency, st.floats(-200, 200)),
    st.builds(SetSync, st.sampled_from(Sync)),
    st.sampled_from([Close(), Open(), PortLost("It is gone."), WindDown()]),
    st.just(FallIn(Anchor(5000.0, 900 * MS, 120.0, Motion.ROLLING, Sync.INTERNAL))),
)
WAITS_MS = st.sampled_from([0.0, 1.0, 30.0, 400.0, 1900.0])


def still_sounding(port: MemoryPort) -> set[int]:
    """The keys that were struck and not closed."""
    sounding: set[int] = set()
    for _, message in port.in_order():
        if (struck := midi.key_struck(message)) is not None:
            (sounding.add if struck[1] else sounding.discard)(struck[0])
    return sounding


def open_ports(rig: Rig) -> None:
    rig.port = MemoryPort(rig.clock, grip_ns=2 * MS)
    rig.engine.attach(LoopedPorts(rig.clock, rig.port, Ear()), rig.clock.ns)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(STEPS, WAITS_MS), max_size=14), st.sampled_from([None, 1, 3]))
def test_whatever_happens_in_whatever_state_no_note_stays_open_and_each_measurement_has_one_outcome(
    story: list[tuple[Step, float]], bars: int | None
) -> None:
    rig = Rig(PlayerConfig(bars=bars, send_clock=True, clock_while_stopped=True))
    rig.engine.detach(rig.clock.ns)
    open_ports(rig)
    asked = 0
    for step, wait_ms in story:
        match step:
            case Close() | Open():
                rig.engine.detach(rig.clock.ns)
                assert not still_sounding(rig.port)
                if isinstance(step, Open):
                    open_ports(rig)
            case WindDown():
                rig.engine.wind_down()
            case PortLost():
                rig.port.sent.clear()
                rig.do(step)
            case _:
                asked += isinstance(step, MeasureLoopback)
                rig.do(step)
        rig.run_ms(wait_ms)
    rig.engine.detach(rig.clock.ns)
    assert not still_sounding(rig.port)
    assert len(rig.told(Loopback)) == asked
    assert rig.engine.stats().open_notes == 0
