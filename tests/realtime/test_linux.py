"""Linux: the kernel's own grant in a process of its own, and rtkit's as far as its messages go."""

from __future__ import annotations

import resource
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

import pytest

if sys.platform != "linux":
    pytest.skip("Linux has these ways alone", allow_module_level=True)

from jeepney import Header, HeaderFields, Message, MessageType, new_error

from bridge import realtime
from bridge.realtime import linux


def run(code: str) -> str:
    """What a Python process of its own prints: priorities are for the whole process, and stay."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip()


def fifo_is_granted() -> bool:
    return run("from bridge import realtime\nprint(realtime.enter())") == "SCHED_FIFO"


def test_each_thread_that_follows_has_the_priority_and_no_other_process_does() -> None:
    if not fifo_is_granted():
        pytest.skip("this user may not have SCHED_FIFO (limits.conf: rtprio)")
    said = run(
        "import os, threading\n"
        "from bridge import realtime\n"
        "def tell(): realtime.follow(); print(os.sched_getscheduler(0) == os.SCHED_FIFO, end=' ')\n"
        "tell()\n"
        "realtime.enter()\n"
        "for _ in range(2):\n"
        "    thread = threading.Thread(target=tell); thread.start(); thread.join()\n"
        "tell()\n"
        "print(os.sched_getparam(0).sched_priority)"
    )
    assert said == f"False True True True {linux.PRIORITY}"


def test_following_does_nothing_in_a_process_that_did_not_enter() -> None:
    realtime.follow()
    assert realtime._way is None


def test_a_loop_that_computes_without_pause_gives_rtkits_priority_back_and_lives() -> None:
    if not fifo_is_granted():
        pytest.skip("this user may not have SCHED_FIFO (limits.conf: rtprio)")
    said = run(
        "import os, time\n"
        "from bridge.realtime import linux\n"
        "linux.ask_rtkit = lambda thread, priority: os.sched_setscheduler(\n"
        "    thread, os.SCHED_RR, os.sched_param(priority))\n"
        "linux.bound_computing()\n"
        "linux.take_rtkit()\n"
        "print(os.sched_getscheduler(0) == os.SCHED_RR, end=' ')\n"
        "end = time.process_time() + 0.4\n"
        "while time.process_time() < end: pass\n"
        "print(os.sched_getscheduler(0) == os.SCHED_OTHER)"
    )
    assert said == "True True"


def test_the_bound_that_rtkit_wants_is_set() -> None:
    said = run(
        "import resource\n"
        "from bridge.realtime import linux\n"
        "linux.bound_computing()\n"
        "print(*resource.getrlimit(resource.RLIMIT_RTTIME))"
    )
    soft, hard = (int(limit) for limit in said.split())
    assert 0 < soft < hard <= 200_000


# --- what is said to rtkit ----------------------------------------------------------------------------------


class Bus:
    """A system bus with an rtkit that answers as it is told to."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses
        self.calls: list[Message] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def send_and_get_reply(self, message: Message, *, timeout: float) -> Message:
        self.calls.append(message)
        message.header.serial = 1
        message.header.fields[HeaderFields.sender] = ":1.1"
        if self.refuses:
            return new_error(message, "org.freedesktop.DBus.Error.AccessDenied", "s", ("not you",))
        answer = Header(message.header.endianness, MessageType.method_return, 0, 1, 0, 2, {})
        return Message(answer, ())


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()

    def open_bus(bus_name: str = "", **options: Any) -> Bus:
        assert options == {"bus": "SYSTEM"}
        return bus

    monkeypatch.setattr("jeepney.io.blocking.open_dbus_connection", open_bus)
    return bus


def test_rtkit_is_asked_for_one_thread_and_our_priority(bus: Bus) -> None:
    linux.ask_rtkit(4711, 4)
    (call,) = bus.calls
    assert call.body == (4711, 4)
    fields = call.header.fields
    assert fields[HeaderFields.path] == "/org/freedesktop/RealtimeKit1"
    assert fields[HeaderFields.destination] == "org.freedesktop.RealtimeKit1"
    assert fields[HeaderFields.interface] == "org.freedesktop.RealtimeKit1"
    assert fields[HeaderFields.member] == "MakeThreadRealtime"
    assert fields[HeaderFields.signature] == "tu"


def test_a_refusal_is_an_os_error(bus: Bus) -> None:
    bus.refuses = True
    with pytest.raises(OSError, match="not you"):
        linux.ask_rtkit(4711, 4)


@pytest.mark.parametrize("address", ["unix:path=/nowhere/at/all", "tcp:host=localhost,port=1"])
def test_without_a_system_bus_rtkit_is_an_os_error(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
    with pytest.raises(OSError):
        linux.ask_rtkit(4711, 4)


# --- memory -------------------------------------------------------------------------------------------------


class Libc:
    def __init__(self) -> None:
        self.flags: list[int] = []

    def mlockall(self, flags: int) -> int:
        self.flags.append(flags)
        return 0


@pytest.mark.parametrize(("limit", "locks"), [(resource.RLIM_INFINITY, True), (8 << 20, False)])
def test_memory_is_locked_only_where_no_limit_could_refuse_some_of_it_later(
    monkeypatch: pytest.MonkeyPatch, limit: int, locks: bool
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (limit, limit))
    libc = Libc()
    assert linux.stay_in_memory(libc) is locks
    assert libc.flags == ([1 | 2 | 4] if locks else [])
