"""Write the tables of docs/ablation.md from what `python -m training ablate` measured.

.venv/bin/python -m scripts.ablation_tables runs/ablation/results.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.regions import fill, table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ablation.md"
Run = Mapping[str, Any]


def contents(runs: Sequence[Run]) -> dict[str, str]:
    """The page's regions by name, from the `runs` of results.json."""
    return {
        "ablation.test": figures(runs, "test"),
        "ablation.validation": figures(runs, "validation"),
        "ablation.cost": cost(runs),
    }


def figures(runs: Sequence[Run], split: str) -> str:
    """What was measured on a split, under a line that says on how much."""
    counts = {run["bars"]: run["splits"][split] for run in runs}
    about = " and ".join(
        f"{count['windows']} windows of {bars} bars from {count['files']} files"
        for bars, count in counts.items()
    )
    head = ("arm", "bars", "told, exact step", "alone, exact step", "gap, points", "told, F1", "alone, F1")
    rows = []
    for run in runs:
        here = run["splits"][split]
        rows.append(
            (
                run["arm"],
                str(run["bars"]),
                interval(here, "forced_exact_step"),
                interval(here, "sampled_exact_step"),
                interval(here, "gap", scale=100, digits=1),
                interval(here, "forced_f1"),
                interval(here, "sampled_f1"),
            )
        )
    return f"{about}.\n\n{table(head, rows)}"


def cost(runs: Sequence[Run]) -> str:
    """Sizes, nats and times."""
    head = ("arm", "bars", "parameters", "steps", "minutes", "nats a bar: train", "validation", "test", "KL")
    rows = []
    for run in runs:
        nats = (f"{run['splits'][split]['nats_a_bar']:.1f}" for split in ("train", "validation", "test"))
        kl = f"{run['splits']['validation']['kl']:.0f}"
        size = (f"{run['parameters']:,}", f"{run['steps']:,}", f"{run['seconds'] / 60:.1f}")
        rows.append((run["arm"], str(run["bars"]), *size, *nats, kl))
    return table(head, rows)


def interval(figures: Mapping[str, Any], name: str, scale: float = 1, digits: int = 3) -> str:
    """A measure with its 95 % interval."""
    low, high = figures["interval"][name]
    value, low, high = (f"{scale * each:.{digits}f}" for each in (figures["measures"][name], low, high))
    return f"{value} [{low}, {high}]"


def main() -> None:
    """Fill the page from the file that is named."""
    if len(sys.argv) != 2:
        sys.exit("Give the results: python -m scripts.ablation_tables runs/ablation/results.json")
    runs = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["runs"]
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), contents(runs)), encoding="utf-8")


if __name__ == "__main__":
    main()
