"""`groovebridge play --control`: a pad that was learned in the window works without it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.studio.controls import Kind, Source
from bridge.studio.controls_file import ControlSetup, save_controls
from tests.support.jackd import JackServer
from tests.support.peer import Peer

PAD = b"\x90\x24\x5a"


@pytest.mark.jack
def test_a_pad_stops_the_song(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    setup = ControlSetup((), {Source(Kind.NOTE, 0, 36): "stop"})
    save_controls(tmp_path / "groovebridge" / "controllers.json", setup)
    with JackServer(), Peer("pads") as pads:
        process = start("play", "--control", "pads", "--bpm", "300", XDG_CONFIG_HOME=str(tmp_path))
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Playing")
        pads.connect("Groovebridge:out", pads.inp)
        pads.wait_for(lambda heard: len(heard) > 20)
        for _ in range(50):  # the process that listens needs its time to be there
            pads.play([(0, PAD)])
            time.sleep(0.2)
            pads.forget()
            time.sleep(0.6)  # three beats
            if not pads.heard():
                break
        assert not pads.heard()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")


def test_a_controller_s_port_that_is_not_there_is_said_before_anything_opens(run: Callable[..., Any]) -> None:
    answer = run("play", "--api", "none", "--control", "pads")
    assert (answer.code, answer.out) == (1, "")
    assert "no MIDI input port 'pads'" in answer.err
