"""Write the figures of an evaluation into README, between its two marks.

    .venv/bin/python -m training evaluate --baselines --json > FIGURES.json
    .venv/bin/python scripts/readme_figures.py FIGURES.json

The figures in README come from here alone, so that each can be made again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- figures: written by scripts/readme_figures.py -->"
END = "<!-- end of figures -->"
NAMES = {
    "all loops": "**this model**",
    "eval_session": "this model, one drummer's eval_session",
    "without eval_session": "this model, all the rest",
}
HEAD = ("", "loops", "F1", "macro-F1", "exact step", "velocity MAE", "offset MAE")


def table(evaluation: Mapping[str, Any]) -> str:
    """The rows of `training.evaluate.Evaluation.to_json` as a Markdown table under a title line."""
    rows = [HEAD, ("---",) * len(HEAD), *map(cells, evaluation["rows"])]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    about = f"{evaluation['loops']} loops of {evaluation['files']} files of the {evaluation['split']} split."
    return "\n".join([about, "", *lines])


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """One row: shares with their interval, errors with those at matched hits in brackets, - if none."""
    measures, interval = row["measures"], row["interval"]

    def share(name: str) -> str:
        if name not in measures:
            return "-"
        low, high = interval[name]
        return f"{measures[name]:.3f} [{low:.3f}, {high:.3f}]"

    def error(name: str, digits: int, unit: str = "") -> str:
        if name not in measures:
            return "-"
        matched = measures.get(f"{name}_matched")
        brackets = "" if matched is None else f" ({matched:.{digits}f})"
        return f"{measures[name]:.{digits}f}{unit}{brackets}"

    shares = (share("f1"), share("macro_f1"), share("exact_step"))
    name = NAMES.get(row["name"], row["name"])
    return (name, str(row["loops"]), *shares, error("velocity_mae", 3), error("offset_ms", 1, " ms"))


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
