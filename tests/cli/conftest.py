"""The command line, called in this process or as a user would call it."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from bridge.cli import main


class Answer(NamedTuple):
    """What a command gave back."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in this process."""

    def call(*arguments: object) -> Answer:
        code = main([str(argument) for argument in arguments])
        return Answer(code, *capsys.readouterr())

    return call


@pytest.fixture
def start() -> Start:
    """Start `groovebridge` as a process of its own, in a session of its own as a terminal's commands are."""

    def begin(
        *arguments: object, out: IO[str] | int = subprocess.PIPE, **variables: str
    ) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **variables}
        command: Sequence[str] = [sys.executable, "-m", "gui.launch", *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            env=environment,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return begin
