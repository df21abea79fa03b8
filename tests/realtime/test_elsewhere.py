"""macOS and Windows, as far as a made-up library can tell: the calls made, and what refusals become."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import pytest

from bridge import realtime
from bridge.realtime import macos, windows
from bridge.realtime.way import Way


class Function:
    """A C function that notes its arguments and answers as told."""

    restype: Any = ctypes.c_int

    def __init__(self, answer: int = 0, fill: tuple[int, ...] = ()) -> None:
        self.answer = answer
        self.fill = fill
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> int:
        self.calls.append(arguments)
        for field, value in zip(("numer", "denom"), self.fill, strict=False):
            setattr(arguments[0]._obj, field, value)
        return self.answer


class System:
    """libSystem on an Apple processor, where a unit of time is 125/3 ns."""

    def __init__(self, result: int = 0) -> None:
        self.mach_timebase_info = Function(fill=(125, 3))
        self.pthread_self = Function(answer=0x7000_1234_5678)
        self.pthread_mach_thread_np = Function(answer=771)
        self.thread_policy_set = Function(answer=result)


def test_macos_gets_the_policy_for_this_thread_in_units_of_its_clock() -> None:
    system = System()
    macos.take(system)
    ((thread, flavor, policy, count),) = system.thread_policy_set.calls
    assert (thread, flavor, count) == (771, 2, 4)
    policy = policy._obj
    assert policy.period == macos.PERIOD_NS * 3 // 125
    assert policy.computation == macos.COMPUTATION_NS * 3 // 125
    assert policy.constraint == macos.CONSTRAINT_NS * 3 // 125
    assert policy.computation < policy.constraint < policy.period
    ((pthread,),) = system.pthread_mach_thread_np.calls
    assert pthread.value == 0x7000_1234_5678  # 64 bits of it


def test_a_refusal_of_macos_is_an_os_error() -> None:
    with pytest.raises(OSError, match="46"):
        macos.take(System(result=46))


class Avrt:
    def __init__(self, handle: int) -> None:
        self.AvSetMmThreadCharacteristicsW = Function(answer=handle)


class Winmm:
    def __init__(self, result: int) -> None:
        self.timeBeginPeriod = Function(answer=result)


def test_windows_gets_the_task_pro_audio_and_timers_of_a_millisecond() -> None:
    avrt, winmm = Avrt(handle=0x1234), Winmm(result=0)
    windows.fine_timers(winmm)
    windows.take(avrt)
    assert winmm.timeBeginPeriod.calls == [(1,)]
    ((task, _index),) = avrt.AvSetMmThreadCharacteristicsW.calls
    assert task.value == "Pro Audio"


def test_a_refusal_of_windows_is_an_os_error() -> None:
    with pytest.raises(OSError, match="timeBeginPeriod"):
        windows.fine_timers(Winmm(result=97))
    with pytest.raises(OSError, match="AvSet"):
        windows.take(Avrt(handle=0))


# --- whichever system it is ---------------------------------------------------------------------------------


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "_way", None)


def refuse() -> None:
    raise OSError("no")


@pytest.mark.usefixtures("outside")
def test_the_first_way_that_is_granted_is_taken_and_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    ways = (
        Way("refused", refuse),
        Way("unprepared", lambda: taken.append("unprepared"), refuse),
        Way("granted", lambda: taken.append("granted")),
        Way("never asked", lambda: taken.append("never asked")),
    )
    monkeypatch.setattr(realtime, "_ways", lambda: ways)
    assert realtime.enter() == "granted"
    realtime.follow()
    assert taken == ["granted", "granted"]


@pytest.mark.usefixtures("outside")
def test_where_every_way_is_refused_the_program_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "_ways", lambda: (Way("refused", refuse),))
    assert realtime.enter() == ""
    realtime.follow()


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "plan9"])
def test_the_advice_is_whole_sentences(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert realtime.advice().endswith(".")
