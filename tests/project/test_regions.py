"""Scripts write between the marks of a document and nowhere else."""

from __future__ import annotations

import pytest

from scripts.regions import fill, names, table

TEXT = "Of <!-- figure: data.files -->0<!-- end --> files.\n\n<!-- figure: rows --><!-- end -->\nBelow.\n"


def test_a_number_stays_in_its_sentence_and_a_table_stands_alone() -> None:
    text = fill(TEXT, {"data.files": "491", "rows": table(("a", "b"), [("1", "2")])})
    assert text == (
        "Of <!-- figure: data.files -->491<!-- end --> files.\n\n"
        "<!-- figure: rows -->\n\n| a | b |\n| --- | ---: |\n| 1 | 2 |\n\n<!-- end -->\nBelow.\n"
    )


def test_filling_twice_is_filling_once() -> None:
    contents = {"data.files": "491", "rows": "one\ntwo"}
    assert fill(fill(TEXT, contents), contents) == fill(TEXT, contents)


def test_what_is_not_measured_stays_as_it_was() -> None:
    assert fill(TEXT, {}) == TEXT
    assert names(TEXT) == ("data.files", "rows")


def test_a_ragged_table_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells"):
        table(("a", "b"), [("1",)])
