"""The console script `groovebridge`: without arguments the window, with arguments the command line.

`groovebridge --fresh` is the window, too, but with nothing of what was at the desk last time.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Sequence

FRESH = "--fresh"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status: 0 all well, 1 what the user is told, 2 a wrong command line,
    130 interrupted.

    argv: the arguments without the program's name (None: those of this process). The command line is served
    without importing Qt, the window without importing Typer.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments not in ([], [FRESH]):
            from bridge.cli import main as command_line

            return command_line(arguments)
        return _window(fresh=FRESH in arguments)
    except KeyboardInterrupt:  # while the program was still being read
        return 130


def _window(fresh: bool) -> int:
    if reason := _missing_display():
        return _no_window(reason)
    try:
        from gui.app import run
    except ImportError as error:  # Qt's own libraries, or a system library that they need, are missing
        return _no_window(f"The window cannot open: {error}.")
    return run(sys.argv[:1], fresh=fresh)


def _missing_display() -> str:
    """Why no window can open here, or "". Qt would abort the process instead of saying so."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    if os.environ.get("WAYLAND_DISPLAY"):
        return ""
    display = os.environ.get("DISPLAY", "")
    if not display:
        return "There is no display here to open a window on."
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", display)
    if local and not any(_answers(f"{kind}/tmp/.X11-unix/X{local[1]}") for kind in ("", "\0")):
        return f"The display {display} does not answer, so no window can open."
    return ""


def _answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
    return True


def _no_window(reason: str) -> int:
    sys.stderr.write(f"{reason} To play without a window, run: groovebridge play\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
