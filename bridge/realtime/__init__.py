"""Real-time priority for the threads of this process, where the system grants it.

    Linux     SCHED_FIFO where the user's limits allow it, else SCHED_RR from rtkit, asked over D-Bus
    macOS     the time-constraint policy, as audio threads have it       (written to its manual, untested)
    Windows   MMCSS's task "Pro Audio", and timers of one millisecond    (written to its manual, untested)

The player's process enters at its start; from then on each of its threads follows. All of them, because a
thread without priority that is put aside while it holds the interpreter lock keeps the others waiting.
"""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module

from bridge.realtime.way import Way

_MODULES = {  # each can be imported on its own system alone
    "linux": "bridge.realtime.linux",
    "darwin": "bridge.realtime.macos",
    "win32": "bridge.realtime.windows",
}
_ADVICE = {
    "linux": "To have it, install rtkit (on Debian and Ubuntu: sudo apt install rtkit); or write these lines "
    "into /etc/security/limits.d/audio.conf,\n"
    "    @audio - rtprio 95\n"
    "    @audio - memlock unlimited\n"
    "join that group (sudo usermod -aG audio $USER) and log in again."
}
_way: Way | None = None


def enter() -> str:
    """Make the calling thread real-time, and those that `follow`. Main thread only, once a process.

    Returns how: "SCHED_FIFO", "rtkit", "time constraint" or "Pro Audio"; empty where the system refuses,
    which is no error. rtkit is asked for at most a second.
    """
    global _way
    for way in _ways():
        try:
            way.prepare()
            way.take()
        except OSError:
            continue
        _way = way
        return way.name
    return ""


def follow() -> None:
    """Make the calling thread real-time if its process has entered; else nothing. Call it first."""
    if _way is not None:
        with contextlib.suppress(OSError):
            _way.take()


def leave() -> None:
    """Make the calling thread ordinary again: a program that it starts next is then ordinary too."""
    if _way is not None:
        with contextlib.suppress(OSError):
            _way.leave()


def advice() -> str:
    """What a user may do where real-time priority is refused: sentences, with lines of a file in between."""
    return _ADVICE.get(
        sys.platform, "This system grants it to every program, so please report that it did not."
    )


def _ways() -> tuple[Way, ...]:
    module = _MODULES.get(sys.platform)
    ways: tuple[Way, ...] = import_module(module).WAYS if module else ()
    return ways
