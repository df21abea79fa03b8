"""A small repository with our scripts, whose package needs nothing: its set-up is real, quick and offline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "groovebridge"
version = "1"

[project.optional-dependencies]
training = []
dev = []
"""

# A build backend in 20 lines. It waits or fails where a test wants that.
BACKEND = """
import os, zipfile

METADATA = "Metadata-Version: 2.1\\nName: groovebridge\\nVersion: 1\\n"
METADATA += "Provides-Extra: training\\nProvides-Extra: dev\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: backend\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
FILES = {
    "METADATA": METADATA, "WHEEL": WHEEL, "RECORD": "",
    "entry_points.txt": "[console_scripts]\\ngroovebridge = played:main\\n",
}
MODULE = "import sys\\ndef main():\\n    print('played', *sys.argv[1:])\\n"

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    if fails := os.environ.get("TEST_FAILS"):
        raise SystemExit(fails)
    if gate := os.environ.get("TEST_GATE"):
        open(gate, "w").close()  # a named pipe: tells the test that we are here
        open(gate + "-never").read()
    name = "groovebridge-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("played.py", MODULE)
        for file, text in FILES.items():
            wheel.writestr("groovebridge-1.dist-info/" + file, text)
    return name
"""


class SmallRepository:
    """A folder that `scripts/run` can set up. It finds the programs in `bin`; apt is not one."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        self.bin = folder / "bin"
        self.root.mkdir()
        self.bin.mkdir()
        shutil.copytree(ROOT / "scripts", self.root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        (self.root / "scripts" / "constraints.txt").write_text("", encoding="utf-8")
        (self.root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
        (self.root / "backend.py").write_text(BACKEND, encoding="utf-8")
        for program in ("bash", "dirname", "uname", "grep", "timeout"):
            self.offer(program, shutil.which(program) or program)
        self.offer("python3.11", getattr(sys, "_base_executable", sys.executable))

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def offer(self, name: str, target: str) -> None:
        """Put a program on the PATH."""
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).symlink_to(target)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start scripts/run in an empty environment, in a process group of its own."""
        return subprocess.Popen(
            [self.bin / "bash", self.root / "scripts" / "run", *arguments],
            env={"PATH": str(self.bin), "PIP_NO_INDEX": "1", **environment},
            cwd=self.root.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run scripts/run to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def find_python(self) -> str:
        """The Python that the scripts choose, as they print it."""
        command = [str(self.bin / "bash"), "-c", f". {self.root}/scripts/lib.sh; find_python"]
        environment = {"PATH": str(self.bin)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def gate(self) -> Path:
        """A named pipe that the set-up opens in its middle, where it then waits for ever."""
        path = self.root.parent / "gate"
        os.mkfifo(path)
        os.mkfifo(f"{path}-never")
        return path


@pytest.fixture
def small_repository(tmp_path: Path) -> SmallRepository:
    return SmallRepository(tmp_path)
