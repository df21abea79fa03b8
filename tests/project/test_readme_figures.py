"""README's figures are those of the evaluation, and nothing else in README changes."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.readme_figures import BEGIN, END, README, filled

MEASURES = {"f1": 0.7051, "macro_f1": 0.5, "exact_step": 0.546, "velocity_mae": 0.2553, "offset_ms": 17.14}
MATCHED = {"velocity_mae_matched": 0.131, "offset_ms_matched": 15.0}
INTERVAL = dict.fromkeys(MEASURES, (0.67, 0.743))
EVALUATION: dict[str, Any] = {
    "split": "test",
    "loops": 525,
    "files": 77,
    "rows": [
        {"name": "the shipped bundle", "loops": 525, "measures": MEASURES | MATCHED, "interval": INTERVAL},
        {
            "name": "no timing",
            "loops": 525,
            "measures": {"offset_ms": 22.5},
            "interval": {"offset_ms": (20, 25)},
        },
    ],
}


def test_the_table_stands_between_the_marks_and_the_rest_stays() -> None:
    text = filled(f"above\n{BEGIN}\nold\n{END}\nbelow\n", EVALUATION)
    assert text.startswith("above\n")
    assert text.endswith("\nbelow\n")
    assert "old" not in text
    assert "525 loops of 77 files of the test split." in text
    assert (
        "| the shipped bundle | 525 | 0.705 [0.670, 0.743] | 0.500 [0.670, 0.743] | 0.546 [0.670, 0.743] "
        "| 0.255 (0.131) | 17.1 (15.0) |" in text
    )
    assert "| no timing | 525 | - | - | - | - | 22.5 |" in text


def test_drawn_loops_stand_below_where_they_were_measured() -> None:
    told = {"real": "real", "accuracy": 0.64, "interval": (0.6, 0.68), "hits_alone": 0.57}
    sound = {"empty": 0.001, "saturated": 0.001}
    sampling = {
        "loops": 500,
        "temperature": 0.5,
        "two_sample": [told | {"drawn": name} for name in ("prior", "around", "training")],
        "nearest": {name: {"median": 34.0} for name in ("real", "prior", "around")},
        "validity": dict.fromkeys(("real", "training", "prior", "around"), sound),
    }
    text = filled(f"{BEGIN}\n{END}", EVALUATION | {"sampling": sampling})
    assert "500 drawn loops at temperature 0.5" in text
    assert "| **drawn by this model** | 0.640 [0.600, 0.680] | 0.570 | 34 | 0.2% |" in text
    assert "| the drummers' own loops | - | - | 34 | 0.2% |" in text
    assert "| other loops of theirs, from training | 0.640 [0.600, 0.680] | 0.570 | - | 0.2% |" in text
    assert "drawn loops" not in filled(f"{BEGIN}\n{END}", EVALUATION)


def test_filling_twice_changes_nothing() -> None:
    once = filled(README.read_text(encoding="utf-8"), EVALUATION)
    assert filled(once, EVALUATION) == once


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"README\.md must hold the lines"):
        filled("nothing", EVALUATION)
