"""Silence is part of the contract: what a test leaves behind or lets be logged fails it.

After each test, and once more after the last one:

- every thread that it started has ended,
- every process that it started has ended and been waited for,
- nothing was logged at WARNING or above, unless the test takes `caplog` and so looks at the log itself.

Under CI (the variable CI is set) a JACK or Link test that is skipped fails: there a server, and a network of
our own, must be had.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

# What a test starts can be interrupted, though whoever runs the tests in the background had Ctrl-C ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before anything imports Qt: no test opens a window on the desktop of whoever runs the tests.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# No test meets a player of whoever runs the tests: those that wait for a studio do so in this folder.
_RUNTIME = tempfile.TemporaryDirectory(prefix="gb-")
os.environ["XDG_RUNTIME_DIR"] = _RUNTIME.name
os.environ["XDG_CONFIG_HOME"] = _RUNTIME.name
os.environ["XDG_DATA_HOME"] = _RUNTIME.name  # the history of whoever runs the tests is no business of theirs

UNDER_CI = os.environ.get("CI", "") not in ("", "0", "false")
MUST_RUN = {"jack": "JACK", "link": "Link"}
"""Marks of tests that may not be skipped under CI, and what a person calls them."""

ENDING_S = 2.0
"""How long a thread or process that was told to end may take for it."""


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that leaves a thread or a child process, or that lets a warning be logged."""
    threads, children = set(threading.enumerate()), child_processes()
    expects_logs = "caplog" in request.fixturenames
    with collected_log() as log:
        yield
    faults = leftovers(threads, children)
    if log and not expects_logs:
        faults.append("logged: " + "; ".join(f"{line.name}: {line.getMessage()}" for line in log))
    if faults:
        pytest.fail("the test left something behind: " + " | ".join(faults), pytrace=False)


@pytest.fixture(autouse=True, scope="session")
def nothing_is_left_at_the_end() -> Iterator[None]:
    """The same for what fixtures of wider scope leave behind."""
    threads, children = set(threading.enumerate()), child_processes()
    yield
    if faults := leftovers(threads, children):
        pytest.fail("a fixture left something behind: " + " | ".join(faults), pytrace=False)


# --- threads and processes ----------------------------------------------------------------------------------


def leftovers(threads_before: set[threading.Thread], children_before: dict[int, str]) -> list[str]:
    """What is there now and was not before, in words. Processes among it are killed."""
    deadline = time.monotonic() + ENDING_S
    new_threads = [t for t in threading.enumerate() if t not in threads_before and not is_a_library_s(t)]
    for thread in new_threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    faults = [f"thread {thread.name}" for thread in new_threads if thread.is_alive()]
    while (new := child_processes().keys() - children_before.keys()) and time.monotonic() < deadline:
        time.sleep(0.01)  # no event tells of the end of a process that somebody else started
    commands = child_processes()
    for pid in new & commands.keys():
        faults.append(f"process {pid} ({commands[pid]})")
        os.kill(pid, signal.SIGKILL)
    return faults


def is_a_library_s(thread: threading.Thread) -> bool:
    """Whether a library keeps this thread for the life of the process, by design.

    - `_DummyThread` stands for a thread of C code (JACK, ALSA, Qt) that once called into Python; the
      interpreter keeps it after that thread has ended.
    - tqdm's monitor redraws stuck progress bars; one for all bars, a daemon.
    """
    return isinstance(thread, threading._DummyThread) or type(thread).__name__ == "TMonitor"


def child_processes() -> dict[int, str]:
    """The living children of this process with their command lines, without multiprocessing's own helpers."""
    multiprocessing.active_children()  # waits for those that have ended
    if not sys.platform.startswith("linux"):
        return {child.pid: child.name for child in multiprocessing.active_children() if child.pid}
    children = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # it ended while we looked
        # The tracker of shared memory and semaphores lives as long as the process that first needed it.
        if parent == os.getpid() and "multiprocessing.resource_tracker" not in command:
            children[int(path.name)] = command or "ended, but nobody waited for it"
    return children


# --- the log ------------------------------------------------------------------------------------------------


class collected_log(logging.Handler):  # noqa: N801 - a context manager reads as a verb
    """Collects what reaches the root logger at WARNING or above, as a context manager."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def __enter__(self) -> list[logging.LogRecord]:
        logging.getLogger().addHandler(self)
        return self.records

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)


# --- skips under CI -----------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI, turn the skip of a JACK or Link test into a failure."""
    report = yield
    must = [name for mark, name in MUST_RUN.items() if item.get_closest_marker(mark)]
    if UNDER_CI and report.skipped and must and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"A {must[0]} test must run under CI, but it was skipped: {reason_of(report.longrepr)}"
        )
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Under CI, fail a module that skips itself whole: its marks cannot be known."""
    report = yield
    if UNDER_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = (
            f"Under CI no module may skip itself; mark its tests. Its reason: {reason_of(report.longrepr)}"
        )
    return report


def reason_of(longrepr: object) -> str:
    """The reason in pytest's account of a skip, which is (file, line, reason)."""
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
