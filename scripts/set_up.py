"""Set up `.venv` for `scripts/run` (the app) or `scripts/test` (the app, training and the tools).

    python -m scripts.set_up run|test

Standard library only, for it runs before anything is installed. All but Debian's packages goes into `.venv`:

- `groovebridge-run` and `groovebridge-test` there are stamps: the repository's folder, then a digest of all
  that a set-up depends on. A stamp is written last; one that matches means that nothing is left to do.
- `groovebridge-unfinished` stands there while a set-up changes `.venv`. Found at the start of another, it
  means that the former was cut short: nothing in `.venv` can be trusted, and it is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import system_packages

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "groovebridge-unfinished"
CONSTRAINTS = ROOT / "scripts" / "constraints.txt"
REQUIREMENT = {"run": ".[alsa]", "test": ".[alsa,training,dev,link]"}


class SetUpError(Exception):
    """What a person must know or do before the set-up can go on."""


def main() -> int:
    """Set up for the purpose named on the command line. Returns the exit status: 0 when `.venv` is ready."""
    purpose = sys.argv[1]
    try:
        with only_one_set_up():
            if not is_ready(purpose):
                say(f"installing into {VENV}. This is done once and takes some minutes.")
                install(purpose)
            asked = VENV / "groovebridge-asked-apt-for"
            for sentence in system_packages.provide(system_packages.needs_of(purpose), asked):
                say(sentence)
    except SetUpError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"{error.strerror}: {error.filename or VENV}. Is there room, are you its owner? Then try again.")
        return 1
    except KeyboardInterrupt:
        say("stopped. The next run starts it over.")
        return 130
    return 0


def say(text: str) -> None:
    """Tell the person at the terminal, on stderr: what the started program prints must stay its own."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


@contextmanager
def only_one_set_up() -> Iterator[None]:
    """Let the second of two set-ups that start at once wait for the first."""
    with Path(__file__).open(encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_ready(purpose: str) -> bool:
    """Whether `.venv` is what this purpose needs. True only when run by the interpreter of `.venv`."""
    if Path(sys.prefix) != VENV or UNFINISHED.exists() or not stamp(purpose).is_file():
        return False
    return stamp(purpose).read_text(encoding="utf-8") == fingerprint(platform.python_version())


def install(purpose: str) -> None:
    """Make `.venv` if need be, install into it what the purpose needs, and stamp it."""
    if Path(sys.prefix) != VENV or UNFINISHED.exists() or was_moved():
        make_venv()
    before = packages_changed_ns()
    UNFINISHED.touch()
    command = [str(PYTHON), "-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--constraint", str(CONSTRAINTS), "--editable", REQUIREMENT[purpose]]
    if not sys.stderr.isatty():
        command.append("--quiet")
    environment = os.environ | {"PIP_USER": "0"}
    status = subprocess.run(command, cwd=ROOT, stdout=sys.stderr, env=environment, check=False).returncode
    if status != 0:
        if packages_changed_ns() == before:
            UNFINISHED.unlink()  # pip gave up before it changed anything: what was there still works
        full = shutil.disk_usage(VENV).free < 200e6
        cause = "the disk is full. Make room" if full else "see its message above. Check the network"
        raise SetUpError(f"pip could not install what Groovebridge needs: {cause}, then try again.")
    for done in ("run", "test") if purpose == "test" else ("run",):
        stamp(done).write_text(fingerprint(venv_version()), encoding="utf-8")
    UNFINISHED.unlink()


def make_venv() -> None:
    """Make an empty `.venv` in place of whatever stands there."""
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not system_packages.apt_install([[package]]):
            raise SetUpError(f"This Python lacks its venv module. Run: sudo apt-get install {package}")
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    for path in VENV.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != UNFINISHED:
            path.unlink()
    base = getattr(sys, "_base_executable", sys.executable)
    if subprocess.run([base, "-I", "-m", "venv", str(VENV)], stdout=sys.stderr, check=False).returncode != 0:
        raise SetUpError(f"{base} could not make {VENV}; see its message above.")


def stamp(purpose: str) -> Path:
    """The file that says which set-up stands."""
    return VENV / f"groovebridge-{purpose}"


def fingerprint(version: str) -> str:
    """What a stamp holds: where the repository lies, and a digest of all that a set-up depends on."""
    digest = hashlib.sha256(version.encode())
    for path in (ROOT / "pyproject.toml", CONSTRAINTS, Path(__file__)):
        digest.update(path.read_bytes())
    return f"{ROOT}\n{digest.hexdigest()}\n"


def was_moved() -> bool:
    """Whether `.venv` was set up in another folder, which the first lines of its programs still name."""
    stamps = [path.read_text(encoding="utf-8") for path in map(stamp, REQUIREMENT) if path.is_file()]
    return any(text.splitlines()[:1] != [str(ROOT)] for text in stamps)


def venv_version() -> str:
    """The full Python version of `.venv`."""
    command = [str(PYTHON), "-I", "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def packages_changed_ns() -> int:
    """When a package was last added to or removed from `.venv`."""
    return max(path.stat().st_mtime_ns for path in (VENV / "lib").glob("python3*/site-packages"))


if __name__ == "__main__":
    sys.exit(main())
