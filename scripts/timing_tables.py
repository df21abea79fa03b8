"""Put what `benchmarks.timing` measured between the marks of docs/timing.md.

    .venv/bin/python -m scripts.timing_tables

Reads docs/figures/timing.json, which the benchmark prints with `--json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.timing import HEAD, JACK_HEAD, JackRow, Row, cells, jack_cells
from scripts.regions import fill, table

DOCS = Path(__file__).resolve().parents[1] / "docs"


def of_timing(report: Mapping[str, Any]) -> dict[str, str]:
    """The regions that one report fills."""
    machine = f"{report['machine']}; load average {report['load']:.1f} before."
    return {
        "lateness.sender": table(HEAD, [cells(Row(**row)) for row in report["rows"]]),
        "lateness.jack": table(JACK_HEAD, [jack_cells(JackRow(**row)) for row in report["jack"]]),
        "lateness.machine": " ".join((machine, *report["said"])),
    }


def main() -> None:
    """Fill the page."""
    page = DOCS / "timing.md"
    report = json.loads((DOCS / "figures" / "timing.json").read_text(encoding="utf-8"))
    page.write_text(fill(page.read_text(encoding="utf-8"), of_timing(report)), encoding="utf-8")


if __name__ == "__main__":
    main()
