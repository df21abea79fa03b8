"""The window's benchmark: the app that it watches, and the page that its report fills."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from benchmarks import desk
from benchmarks.desk import Report, Spread, spread, words
from scripts.desk_tables import DOCS, of_desk, report_of
from scripts.regions import fill, names

TIMES = {"alone": Spread(1.0, 2.0, 100), "with all": Spread(2.5, 4.0, 100)}
REPORT = Report(
    "AMD EPYC",
    0.5,
    "jack",
    TIMES,
    {"1x": TIMES, "2x": TIMES},
    {"window": 0.04, "player": 0.03},
    {"window": 150.0, "player": 80.0},
    {"window": 900.0, "sound": 1700.0},
    ("Something is missing.",),
)


def test_the_spread_is_the_median_and_the_99th_of_a_hundred() -> None:
    assert spread([n * 1_000_000 for n in range(100)]) == Spread(49.5, 99.0, 100)


def test_the_report_survives_its_json_and_fills_every_region_of_the_page() -> None:
    assert report_of(json.loads(json.dumps(asdict(REPORT)))) == REPORT
    page = (DOCS / "desk.md").read_text(encoding="utf-8")
    regions = of_desk(REPORT)
    assert set(names(page)) == set(regions)
    filled = fill(page, regions)
    assert "| with all | 2.50 | 4.00 | 2.5 x |" in filled
    assert "| processor, of one core | 4.0 % | 3.0 % | 7.0 % | 10 % |" in filled
    assert "| first window | 0.90 | 2 |" in filled


def test_a_person_reads_the_same() -> None:
    said = words(REPORT)
    assert "230 MiB" in said
    assert "Something is missing." in said


def test_the_app_is_watched_from_its_first_window_to_its_first_beat() -> None:
    times = desk._app("start", f"{time.perf_counter_ns()}")
    assert 0 < times["window"] < times["sound"]
