"""The about page tells what runs here, whose it is, and what the model is."""

from __future__ import annotations

from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest

from bridge import __version__
from bridge.errors import GroovebridgeError
from bridge.model.bundle import SHIPPED
from gui.models.about import about, licence_of, model_card, needs, parts, section
from gui.views.about_page import AboutPage
from tests.gui.desk import Desk
from tests.gui.hands import click


def page_of(desk: Desk) -> AboutPage:
    desk.window.show_page("about")
    page = desk.window.sheet.page
    assert isinstance(page, AboutPage)
    return page


def test_every_part_that_is_installed_is_named_with_its_version_and_licence() -> None:
    found = {part.name: part for part in parts()}
    for name in ("PyQt6", "PyQt6-Qt6", "JACK-Client", "numpy", "python-rtmidi", "pydantic"):
        assert found[name].version == metadata.version(name)
        assert found[name].licence != "see its own files"
    assert found["PyQt6"].licence.startswith("GPL")
    assert any(name.startswith("onnxruntime") for name in found)


def test_what_only_makers_need_is_no_part() -> None:
    assert not {"torch", "pytest", "mypy", "groovebridge"} & {part.name for part in parts()}


def test_requirements_are_read_by_name_and_extras_only_where_the_app_plays_with_them() -> None:
    lines = ["mido>=1.3", "jeepney; sys_platform == 'linux'", 'Link>=1; extra == "link"']
    lines += ["torch; extra == 'training'", "ruff; extra == 'dev'"]
    assert needs(lines, with_extras=True) == ["mido", "jeepney", "Link"]
    assert needs(lines, with_extras=False) == ["mido", "jeepney"]


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License-Expression": "MIT", "License": "other"}, "MIT"),
        ({"License": "BSD-2-Clause"}, "BSD-2-Clause"),
        (
            {"License": "many\nlines", "Classifier": "License :: OSI Approved :: MIT License"},
            "MIT License",
        ),
        ({"License": "x" * 500}, "see its own files"),
        ({}, "see its own files"),
    ],
)
def test_a_licence_is_told_in_a_few_words(fields: dict[str, str], licence: str) -> None:
    package = Message()
    for name, value in fields.items():
        package[name] = value
    assert licence_of(package) == licence  # type: ignore[arg-type]


def test_a_section_of_a_card_ends_where_the_next_begins() -> None:
    card = "# Card\n\n## One\n\nfirst\n\n## Two\n\nsecond\n"
    assert section(card, "One") == "first"
    assert section(card, "Two") == "second"
    assert section(card, "Three") == ""


def test_the_data_and_its_authors_are_named() -> None:
    for words in ("Groove MIDI Dataset", "CC BY 4.0", "Gillick", f"Groovebridge {__version__}"):
        assert words in about()


def test_the_page_shows_the_card_of_the_model_that_is_shipped(desk: Desk) -> None:
    page = page_of(desk)
    assert f"Groovebridge {__version__}" in page.paper.toPlainText()
    click(page.choice.buttons[1])
    assert "What it is for" in page.paper.toPlainText()
    assert model_card() == (SHIPPED / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_card_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(GroovebridgeError, match="install Groovebridge again"):
        model_card(tmp_path)
