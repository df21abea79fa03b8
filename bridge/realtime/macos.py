"""macOS: the time-constraint policy of Mach, which audio threads have. Untested on a Mac.

From the headers `mach/thread_policy.h` and `mach/mach_time.h`: times are in units of `mach_absolute_time`.
"""

from __future__ import annotations

import ctypes
from typing import Any

from bridge.realtime.way import Way

PERIOD_NS, COMPUTATION_NS, CONSTRAINT_NS = 10_000_000, 500_000, 1_000_000
"""We wake every 10 ms or so, work for less than half a millisecond, and want that done within one."""

_TIME_CONSTRAINT_POLICY = 2
_FIELDS = 4


class _Timebase(ctypes.Structure):
    _fields_ = (("numer", ctypes.c_uint32), ("denom", ctypes.c_uint32))


class Policy(ctypes.Structure):
    """`thread_time_constraint_policy_data_t`: four natural numbers of 32 bits."""

    _fields_ = (
        ("period", ctypes.c_uint32),
        ("computation", ctypes.c_uint32),
        ("constraint", ctypes.c_uint32),
        ("preemptible", ctypes.c_int32),
    )


def take(system: Any = None) -> None:
    """The time-constraint policy for the calling thread; `system` is libSystem. OSError where refused."""
    system = ctypes.CDLL(None) if system is None else system
    base = _Timebase()
    system.mach_timebase_info(ctypes.byref(base))
    units = [ns * base.denom // max(1, base.numer) for ns in (PERIOD_NS, COMPUTATION_NS, CONSTRAINT_NS)]
    policy = Policy(*units, 1)
    system.pthread_self.restype = ctypes.c_void_p
    thread = system.pthread_mach_thread_np(ctypes.c_void_p(system.pthread_self()))
    result = system.thread_policy_set(thread, _TIME_CONSTRAINT_POLICY, ctypes.byref(policy), _FIELDS)
    if result != 0:
        raise OSError(f"thread_policy_set failed with {result}")


WAYS = (Way("time constraint", take),)
