"""Put what the benchmarks measured between the marks of docs/speed.md.

    .venv/bin/python -m scripts.speed_tables

Reads docs/figures/decode.json and training.json, which the benchmarks print with `--json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.regions import fill, table

DOCS = Path(__file__).resolve().parents[1] / "docs"
Json = Mapping[str, Any]


def of_decode(report: Json) -> dict[str, str]:
    """The regions that one report of `benchmarks.decode` fills."""
    flat = report["times"]["flat decoder"]["cpu_ms"]
    times = [
        (
            name,
            f"{spent['cpu_ms']:.2f}",
            f"{spent['best_ms']:.2f} to {spent['worst_ms']:.2f}",
            f"1/{flat / spent['cpu_ms']:.1f}" if spent["cpu_ms"] < flat else f"{spent['cpu_ms'] / flat:.1f}",
        )
        for name, spent in report["times"].items()
    ]
    floors = [
        (
            name,
            f"{floor['mebibytes']:.1f} MiB at {floor['gigabytes_a_second']:.0f} GB/s",
            f"{floor['memory_ms']:.2f} ms ({_share(floor['memory_ms'], report, name)})",
            f"{floor['megaoperations']:.0f} M at {floor['gigaoperations_a_second']:.0f} G/s",
            f"{floor['arithmetic_ms']:.2f} ms ({_share(floor['arithmetic_ms'], report, name)})",
        )
        for name, floor in report["floors"].items()
    ]
    before, after = report["load"]
    machine = f"{report['machine']}; load average {before:.1f} before and {after:.1f} after."
    return {
        "decode.times": table(
            ("one loop, one core", "ms", "best to worst round", "of the flat decoder"), times
        ),
        "decode.floors": table(
            (
                "graph",
                "weights",
                "memory floor (share of its time)",
                "operations",
                "arithmetic floor (share)",
            ),
            floors,
        ),
        "decode.machine": f"{machine} {report['cuda'] or 'CUDA starts here.'}",
    }


def of_training(report: Json) -> dict[str, str]:
    """The regions that one report of `benchmarks.training` fills."""
    rows = [
        ("loops a step", f"{report['batch']}"),
        ("a step", f"{report['step_ms']:.0f} ms"),
        ("loops a second", f"{report['loops_a_second']:.0f}"),
        ("its matrix products alone", f"{report['products_ms']:.0f} ms"),
        ("operations of the products", f"{report['operations'] / 1e9:.1f} G"),
        ("products' share of the step", f"{report['share']:.0%}"),
        ("load average before and after", "{:.1f}, {:.1f}".format(*report["load"])),
    ]
    parts = [(f"`{name}`", f"{share:.1%}") for name, share in report["parts"].items()]
    return {
        "training.summary": table(("one thread", ""), rows),
        "training.parts": table(("operator (torch.profiler)", "share"), parts),
    }


def _share(floor_ms: float, report: Json, name: str) -> str:
    return f"{floor_ms / report['times'][name]['cpu_ms']:.0%}"


def main() -> None:
    """Fill the page."""
    page = DOCS / "speed.md"
    figures = DOCS / "figures"
    contents = of_decode(json.loads((figures / "decode.json").read_text()))
    contents |= of_training(json.loads((figures / "training.json").read_text()))
    page.write_text(fill(page.read_text(), contents))


if __name__ == "__main__":
    main()
