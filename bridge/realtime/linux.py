"""Linux: SCHED_FIFO by the user's own right (limits.conf: rtprio), else SCHED_RR by rtkit's.

rtkit is the desktop's service for this; PipeWire and PulseAudio ask it too. It wants the process to bound
how long it may compute without a pause (RLIMIT_RTTIME), and the kernel ends a process that goes beyond. So at
three quarters of that time, of which SIGXCPU tells, we give the priority back and go on as any other process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import threading
from types import FrameType
from typing import Any

from bridge.realtime.way import Way

PRIORITY = 4
"""Above all that is not real-time, and below JACK's clients, which have 5 where jackd was not told otherwise
(`man jackd`: -P is 10, clients get 5 less): its callback must be able to interrupt us."""

RTTIME_US = (150_000, 200_000)
"""Computing without a pause: when we are warned, and when the kernel would end us. rtkit allows 200 ms."""

_RTKIT = ("/org/freedesktop/RealtimeKit1", "org.freedesktop.RealtimeKit1")
_ANSWER_S = 1.0
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4  # <sys/mman.h>

_by_rtkit: set[int] = set()


def take_fifo() -> None:
    """SCHED_FIFO for the calling thread."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def leave_fifo() -> None:
    """No more SCHED_FIFO for the calling thread; rtkit's is not inherited anyway."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def take_rtkit() -> None:
    """Have rtkit make the calling thread SCHED_RR."""
    ask_rtkit(thread := threading.get_native_id(), PRIORITY)
    _by_rtkit.add(thread)


def ask_rtkit(thread: int, priority: int) -> None:
    """Call rtkit's MakeThreadRealtime; OSError when there is no bus, no rtkit, or it refuses."""
    from jeepney import DBusAddress, DBusErrorResponse, new_method_call
    from jeepney.io.blocking import open_dbus_connection
    from jeepney.wrappers import unwrap_msg

    path, name = _RTKIT
    address = DBusAddress(path, bus_name=name, interface=name)
    call = new_method_call(address, "MakeThreadRealtime", "tu", (thread, priority))
    try:
        with open_dbus_connection(bus="SYSTEM") as bus:
            unwrap_msg(bus.send_and_get_reply(call, timeout=_ANSWER_S))
    except (DBusErrorResponse, ValueError, RuntimeError) as error:  # the last two: no bus for us
        raise OSError(f"rtkit refused: {error}") from error


def bound_computing() -> None:
    """Set RLIMIT_RTTIME, and give rtkit's priority back when its soft limit is reached. Main thread only."""
    _, most = resource.getrlimit(resource.RLIMIT_RTTIME)
    unlimited = most == resource.RLIM_INFINITY
    hard = RTTIME_US[1] if unlimited else min(most, RTTIME_US[1])
    signal.signal(signal.SIGXCPU, _give_back)
    resource.setrlimit(resource.RLIMIT_RTTIME, (min(RTTIME_US[0], hard), hard))


def _give_back(_number: int, _frame: FrameType | None) -> None:
    for thread in _by_rtkit:
        with contextlib.suppress(OSError):  # it has ended
            os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
    _by_rtkit.clear()


def stay_in_memory(libc: Any = None) -> bool:
    """Keep our pages from being swapped out, where locking is not limited; whether that was done.

    Pages are locked as they are used (MCL_ONFAULT), so nothing is read in for it. Under a limit it is left:
    memory asked for beyond it would be refused later, in the middle of a song.
    """
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY:
        return False
    libc = ctypes.CDLL(None) if libc is None else libc
    return int(libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)) == 0


WAYS = (Way("SCHED_FIFO", take_fifo, stay_in_memory, leave_fifo), Way("rtkit", take_rtkit, bound_computing))
"""The first is always tried first, so memory is seen to whichever is granted."""
