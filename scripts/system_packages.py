"""The shared libraries and programs that come from the system: look for them, ask apt for those that lack.

Looking takes milliseconds and is done at every start. apt is asked once for the same lack, as root or where
sudo wants no password. What still lacks is named with the command for it; nothing here stops a start.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Need:
    """A shared library (by soname) or a program, and the Debian packages that may hold it."""

    what: str
    packages: tuple[str, ...]
    why: str

    @property
    def is_met(self) -> bool:
        """Whether it can be loaded or is on the PATH."""
        if ".so" not in self.what:
            return shutil.which(self.what) is not None
        try:
            ctypes.CDLL(self.what)
        except OSError:
            return False
        return True


MIDI = (
    Need("libasound.so.2", ("libasound2t64", "libasound2"), "ALSA MIDI ports"),
    Need("libjack.so.0", ("libjack-jackd2-0",), "JACK MIDI ports"),
)
SOUND = (Need("libportaudio.so.2", ("libportaudio2",), "the built-in drum sound without JACK"),)
WINDOW = tuple(
    Need(what, packages, "the window")
    for what, packages in (
        ("libEGL.so.1", ("libegl1",)),
        ("libGL.so.1", ("libgl1",)),
        ("libdbus-1.so.3", ("libdbus-1-3",)),
        ("libfontconfig.so.1", ("libfontconfig1",)),
        ("libglib-2.0.so.0", ("libglib2.0-0t64", "libglib2.0-0")),
        ("libxkbcommon.so.0", ("libxkbcommon0",)),
        ("libxkbcommon-x11.so.0", ("libxkbcommon-x11-0",)),
        ("libX11-xcb.so.1", ("libx11-xcb1",)),
        ("libxcb-cursor.so.0", ("libxcb-cursor0",)),
        ("libxcb-icccm.so.4", ("libxcb-icccm4",)),
        ("libxcb-image.so.0", ("libxcb-image0",)),
        ("libxcb-keysyms.so.1", ("libxcb-keysyms1",)),
        ("libxcb-randr.so.0", ("libxcb-randr0",)),
        ("libxcb-render-util.so.0", ("libxcb-render-util0",)),
        ("libxcb-shape.so.0", ("libxcb-shape0",)),
        ("libxcb-sync.so.1", ("libxcb-sync1",)),
        ("libxcb-xfixes.so.0", ("libxcb-xfixes0",)),
        ("libxcb-xkb.so.1", ("libxcb-xkb1",)),
    )
)
JACK_SERVER = (
    Need("jackd", ("jackd2",), "the JACK tests"),
    Need("jack_wait", ("jack-example-tools", "jackd2"), "the JACK tests"),
    Need("jack_midi_clock", ("jack-midi-clock",), "the tests that follow a foreign clock"),
)


def needs_of(purpose: str) -> tuple[Need, ...]:
    """What "run" or "test" wants of this machine. Only Linux's packages are known here; elsewhere nothing."""
    if not sys.platform.startswith("linux"):
        return ()
    if purpose == "test":
        return MIDI + SOUND + WINDOW + JACK_SERVER
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return MIDI + SOUND + (WINDOW if has_display else ())


def provide(needs: Iterable[Need], record: Path) -> list[str]:
    """Install what lacks; return a sentence for each thing that will not work, with what to do about it.

    The file `record` remembers what apt was last asked for: a lack that stays costs no time at each start.
    """
    missing = [need for need in needs if not need.is_met]
    lack = " ".join(need.what for need in missing)
    if missing and not (record.is_file() and record.read_text(encoding="utf-8") == lack):
        apt_install([need.packages for need in missing])
        record.write_text(lack, encoding="utf-8")
        missing = [need for need in missing if not need.is_met]
    sentences = []
    for why in dict.fromkeys(need.why for need in missing):
        lacking = [need for need in missing if need.why == why]
        what = ", ".join(need.what for need in lacking)
        packages = " ".join(dict.fromkeys(need.packages[-1] for need in lacking))
        sentences.append(f"{why} cannot work without {what}. On Debian 12: sudo apt-get install {packages}")
    return sentences


def apt_install(wanted: Sequence[Sequence[str]]) -> bool:
    """Install Debian packages if this user may; of several names for one thing, the first that apt knows."""
    become_root = _how_to_become_root()
    if become_root is None or shutil.which("apt-get") is None:
        return False
    # jackd2 asks a question when installed by hand; here it must take the default.
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive"]
    apt += ["apt-get", "--quiet=2", "-o", "DPkg::Lock::Timeout=120"]
    subprocess.run([*apt, "update"], stdout=subprocess.DEVNULL, check=False)
    first_known = (next(filter(_apt_knows, names), None) for names in wanted)
    packages = list(dict.fromkeys(filter(None, first_known)))
    if not packages:
        return False
    print(f"set-up: installing from Debian: {' '.join(packages)}", file=sys.stderr, flush=True)
    install = [*apt, "install", "--yes", "--no-install-recommends", *packages]
    quiet = subprocess.DEVNULL  # what goes wrong comes on stderr
    done = subprocess.run(install, stdout=quiet, stdin=quiet, check=False)
    return done.returncode == 0


def _apt_knows(package: str) -> bool:
    """Whether apt has a package of this very name (not only one that provides it)."""
    found = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
    return found.returncode == 0


def _how_to_become_root() -> list[str] | None:
    """The prefix that makes a command run as root; None where that takes a password or is not allowed."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    may = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ["sudo", "-n"] if may else None
