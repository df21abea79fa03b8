"""The lateness benchmark: its bare loop, its load, its ear on JACK, and what it says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks import timing
from benchmarks.listener import off_frames
from benchmarks.load import load
from benchmarks.timing import JackRow, LackError, Report, Row, bare_loop, compiled, words
from scripts.regions import fill, names
from scripts.timing_tables import DOCS, of_timing

ROW = Row(False, 60.0, "SCHED_FIFO", 1000, 0, (0.01, 0.02, 0.5), (0.0, 0.004, 0.25))
JACK = JackRow(True, 576, 0, 0.0, 0.0, 0, 3)
REPORT = Report("AMD EPYC", 0.5, 60, (ROW, replace(ROW, priority="")), (JACK,), ("Something is missing.",))


def test_the_bare_loop_waits_as_often_as_told_and_is_never_early(tmp_path: Path) -> None:
    try:
        program = compiled(tmp_path)
    except LackError as lack:
        pytest.skip(str(lack))
    with bare_loop(program, 0.2, priority=0) as process:
        figures = [int(late_ns) for late_ns in process.communicate()[0].split()]
    assert process.returncode == 0
    assert len(figures) == 3
    assert 0 <= figures[0] <= figures[1] <= figures[2]
    assert subprocess.run([program, "5"], check=False).returncode == 1


def test_without_a_compiler_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(LackError, match=r"compiler.*\.$"):
        compiled(tmp_path)


def test_without_jack_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(LackError, match="apt install jackd2"), timing.server():
        pass


def test_the_load_is_at_work_inside_the_block_and_gone_after_it() -> None:
    def at_work() -> int:
        shown = subprocess.run(
            ["ps", "--ppid", str(os.getpid()), "-o", "args="], capture_output=True, text=True
        )
        return shown.stdout.count("benchmarks.load busy")

    if not sys.platform.startswith("linux"):
        pytest.skip("asks Linux's ps")
    with load(("busy", "busy")):
        assert at_work() == 2
    assert at_work() == 0


def test_a_load_that_cannot_start_is_an_error() -> None:
    with pytest.raises(RuntimeError), load(("no such thing",)):
        pass


def test_a_clock_off_its_frame_is_told_by_how_far() -> None:
    assert off_frames([0, 480, 960, 1440], 480) == [0, 0, 0]
    assert off_frames([0, 480, 970, 1440], 480) == [0, 10, -10]
    assert off_frames([], 480) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the bare loop is for Linux")
def test_the_priority_of_the_bare_loop_is_the_players() -> None:
    from bridge.realtime import linux

    assert linux.PRIORITY == timing._PRIORITY


def test_the_words_hold_every_figure_and_every_lack() -> None:
    said = words(REPORT)
    for wanted in (
        "SCHED_FIFO",
        "0.020",
        "0.500",
        "0.004",
        "0.250",
        "576",
        "Something is missing.",
        "AMD EPYC",
    ):
        assert wanted in said


def test_the_page_has_a_place_for_every_table_of_the_report() -> None:
    contents = of_timing(asdict(REPORT))
    page = (DOCS / "timing.md").read_text(encoding="utf-8")
    assert set(contents) <= set(names(page))
    filled = fill(page, contents)
    assert (
        "| idle | 1.0 | SCHED_FIFO | p99 0.3, max 2 | 0.010 | 0.020 | 0.500 | 0.000 | 0.004 | 0.250 |"
        in filled
    )
    assert fill(filled, contents) == filled
