"""Windows: the Multimedia Class Scheduler's task "Pro Audio", and timers of one millisecond. Untested there.

From the manual of `AvSetMmThreadCharacteristicsW` (avrt.dll) and `timeBeginPeriod` (winmm.dll). Libraries are
loaded with CDLL: the 64-bit systems that we run on have one calling convention.
"""

from __future__ import annotations

import ctypes
from typing import Any

from bridge.realtime.way import Way

_TIMER_MS = 1


def fine_timers(winmm: Any = None) -> None:
    """Let waits end within a millisecond or two instead of 15, until the process ends. OSError if refused."""
    winmm = ctypes.CDLL("winmm") if winmm is None else winmm
    if winmm.timeBeginPeriod(_TIMER_MS) != 0:
        raise OSError(f"timeBeginPeriod({_TIMER_MS}) was refused")


def take(avrt: Any = None) -> None:
    """Put the calling thread into the task "Pro Audio" until it ends. OSError where refused."""
    avrt = ctypes.CDLL("avrt") if avrt is None else avrt
    avrt.AvSetMmThreadCharacteristicsW.restype = ctypes.c_void_p
    index = ctypes.c_uint32(0)
    if not avrt.AvSetMmThreadCharacteristicsW(ctypes.c_wchar_p("Pro Audio"), ctypes.byref(index)):
        raise OSError("AvSetMmThreadCharacteristicsW was refused")


WAYS = (Way("Pro Audio", take, fine_timers),)
