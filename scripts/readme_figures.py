"""Write the figures of an evaluation into README, between its two marks.

    .venv/bin/python -m training evaluate --baselines --json > FIGURES.json
    .venv/bin/python scripts/readme_figures.py FIGURES.json

The figures in README come from here alone, so that each can be made again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model_export.card import HEAD, cells

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- figures: written by scripts/readme_figures.py -->"
END = "<!-- end of figures -->"
NAMES = {
    "all loops": "**this model**",
    "eval_session": "this model, one drummer's eval_session",
    "without eval_session": "this model, all the rest",
}
DRAWN = {
    "real": "the drummers' own loops",
    "training": "other loops of theirs, from training",
    "prior": "**drawn by this model**",
    "around": "drawn around a loop of theirs",
}
DRAWN_HEAD = ("", "told apart", "by hits alone", "cells from a training loop", "empty or saturated")


def table(evaluation: Mapping[str, Any]) -> str:
    """`training.evaluate.Evaluation.to_json` as Markdown tables, each under a title line."""
    about = f"{evaluation['loops']} loops of {evaluation['files']} files of the {evaluation['split']} split."
    rows = [(NAMES.get(row["name"], row["name"]), *cells(row)) for row in evaluation["rows"]]
    parts = [about, "", *_lines([HEAD, *rows])]
    if sampling := evaluation.get("sampling"):
        about = (
            f"{sampling['loops']} drawn loops at temperature {sampling['temperature']:g} beside as many real "
            "ones: how often the best classifier tells them apart (.5 is chance)."
        )
        drawn = [drawn_cells(name, sampling) for name in DRAWN]
        parts += ["", about, "", *_lines([DRAWN_HEAD, *drawn])]
    return "\n".join(parts)


def drawn_cells(name: str, sampling: Mapping[str, Any]) -> tuple[str, ...]:
    """One row of the drawn loops: - where a measure has no meaning."""
    tests = {test["drawn"]: test for test in sampling["two_sample"] if test["real"] == "real"}
    told, alone, near = "-", "-", "-"
    if test := tests.get(name):
        low, high = test["interval"]
        told = f"{test['accuracy']:.3f} [{low:.3f}, {high:.3f}]"
        alone = f"{test['hits_alone']:.3f}"
    if found := sampling["nearest"].get(name):
        near = f"{found['median']:.0f}"
    marks = sampling["validity"][name]
    return (DRAWN[name], told, alone, near, f"{marks['empty'] + marks['saturated']:.1%}")


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table; the first row is its head."""
    head, *body = rows
    return ["| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *body)]


def filled(readme: str, evaluation: Mapping[str, Any]) -> str:
    """README's text with the table in place of what stands between the marks. ValueError if a mark lacks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md must hold the lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{table(evaluation)}\n\n{END}{after}"


def main() -> None:
    """Read the JSON file named on the command line and write README."""
    evaluation = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    README.write_text(filled(README.read_text(encoding="utf-8"), evaluation), encoding="utf-8")


if __name__ == "__main__":
    main()
