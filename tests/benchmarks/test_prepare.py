"""The made-up folder is what the benchmark says, and preparing it comes out even."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.prepare import drum_file, make_folder, measure, table
from bridge.groove.notemaps import GENERAL_MIDI
from bridge.groove.performance import quantise, read_performance
from training.prepare import COPY


def test_made_up_files_are_drumming_of_varied_length() -> None:
    chance = np.random.default_rng(0)
    performances = [read_performance(drum_file(chance), GENERAL_MIDI) for _ in range(30)]
    assert all(performance.off_kit == 0 for performance in performances)
    bars = {quantise(performance).bars for performance in performances}
    assert min(bars) < 8
    assert max(bars) > 32


def test_the_folder_is_as_large_as_it_says(tmp_path: Path) -> None:
    size = make_folder(tmp_path, 40)
    files = sorted(tmp_path.rglob("*.mid"))
    assert len(files) == 40
    assert sum(path.stat().st_size for path in files) == size
    assert files[10].read_bytes() == files[9].read_bytes()


@pytest.mark.training
def test_every_file_is_used_or_left_out_for_a_reason() -> None:
    report = measure(200, workers=1)
    assert report.used == 180
    assert report.left_out[COPY] == 10
    assert sum(report.left_out.values()) == 20
    assert 0 < report.corpus_mb < 5
    assert report.peaks[1].command_mb > 20
    assert report.loader_loops_a_second > 100
    assert "a million such" in table(report)
