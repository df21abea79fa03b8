"""The ablation's page holds what was measured, and nothing else changes in it."""

from __future__ import annotations

from typing import Any

from scripts.ablation_tables import PAGE, contents
from scripts.regions import fill, names

SHARES = ("forced_exact_step", "forced_f1", "sampled_exact_step", "sampled_f1")
FIGURES = {
    "windows": 525,
    "files": 75,
    "nats_a_bar": 21.34,
    "kl": 48.2,
    "measures": {"gap": 0.123} | dict.fromkeys(SHARES, 0.5),
    "interval": {"gap": (0.1, 0.15)} | dict.fromkeys(SHARES, (0.4, 0.6)),
}


def a_run(arm: str, bars: int) -> dict[str, Any]:
    return {
        "arm": arm,
        "bars": bars,
        "parameters": 722899,
        "steps": 1984,
        "seconds": 90.0,
        "splits": dict.fromkeys(("train", "validation", "test"), FIGURES),
    }


def test_every_region_of_the_page_is_filled_and_filling_twice_changes_nothing() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = contents([a_run("flat", 4), a_run("flat", 16)])
    assert set(found) == set(names(page))
    once = fill(page, found)
    assert fill(once, found) == once


def test_the_tables_say_what_was_measured() -> None:
    found = contents([a_run("flat", 4), a_run("multi-stream", 16)])
    rows = found["ablation.test"].splitlines()
    assert rows[0] == "525 windows of 4 bars from 75 files and 525 windows of 16 bars from 75 files."
    assert rows[-2].startswith("| flat | 4 | 0.500 [0.400, 0.600] |")
    assert "| 12.3 [10.0, 15.0] |" in rows[-1]
    assert found["ablation.cost"].splitlines()[-1] == (
        "| multi-stream | 16 | 722,899 | 1,984 | 1.5 | 21.3 | 21.3 | 21.3 | 48 |"
    )
