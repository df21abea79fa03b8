"""Put what `benchmarks.desk` measured between the marks of docs/desk.md.

    .venv/bin/python -m scripts.desk_tables

Reads docs/figures/desk.json, which the benchmark prints with `--json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.desk import (
    COST_HEAD,
    START_HEAD,
    TIMES_HEAD,
    Report,
    Spread,
    cost_rows,
    start_rows,
    time_rows,
)
from scripts.regions import fill, table

DOCS = Path(__file__).resolve().parents[1] / "docs"


def report_of(figures: Mapping[str, Any]) -> Report:
    """The report that was printed as JSON."""
    hand = {name: Spread(**each) for name, each in figures["hand"].items()}
    frames = {
        scale: {name: Spread(**each) for name, each in times.items()}
        for scale, times in figures["frames"].items()
    }
    return Report(**{**figures, "hand": hand, "frames": frames, "said": tuple(figures["said"])})


def of_desk(report: Report) -> dict[str, str]:
    """The regions that one report fills."""
    regions = {
        "desk.hand": table(TIMES_HEAD, time_rows(report.hand)),
        "desk.cost": table(COST_HEAD, cost_rows(report)),
        "desk.start": table(START_HEAD, start_rows(report)),
        "desk.machine": " ".join((f"{report.machine}; load average {report.load:.1f} before.", *report.said)),
    }
    for scale, times in report.frames.items():
        regions[f"desk.frames.{scale}"] = table(TIMES_HEAD, time_rows(times))
    return regions


def main() -> None:
    """Fill the page."""
    page = DOCS / "desk.md"
    report = report_of(json.loads((DOCS / "figures" / "desk.json").read_text(encoding="utf-8")))
    page.write_text(fill(page.read_text(encoding="utf-8"), of_desk(report)), encoding="utf-8")


if __name__ == "__main__":
    main()
