"""The help in the window is the text of docs/daw, complete, with links that lead somewhere, and installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices, QTextCursor

from gui.models.guides import FOLDER, GUIDES, Guide, anchor_of
from gui.views.help_page import HelpPage
from gui.views.paper import Paper
from tests.gui.desk import Desk

ROOT = Path(__file__).parents[2]
DAWS = {
    "Ableton Live": "Live",
    "Logic": "Logic",
    "Bitwig": "Bitwig",
    "Reaper": "Reaper",
    "FL Studio": "FL Studio",
    "Ardour": "Ardour",
}
EACH = pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
OF_A_DAW = pytest.mark.parametrize(
    "guide", [guide for guide in GUIDES if guide.title in DAWS], ids=lambda guide: guide.name
)


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", text)


def page_of(desk: Desk) -> HelpPage:
    desk.window.show_page("help")
    page = desk.window.sheet.page
    assert isinstance(page, HelpPage)
    return page


def top(paper: Paper) -> str:
    """The text at the top of what is seen."""
    block = paper.cursorForPosition(paper.viewport().rect().topLeft()).block()  # type: ignore[union-attr]
    return block.text()


def test_every_daw_has_a_guide_in_the_help_and_in_docs() -> None:
    assert {guide.title for guide in GUIDES} >= set(DAWS)
    assert {guide.name for guide in GUIDES} == {path.stem for path in (ROOT / "docs" / "daw").glob("*.md")}


@OF_A_DAW
def test_a_guide_tells_all_that_one_needs(guide: Guide) -> None:
    short = DAWS[guide.title]
    assert headings(guide.text) == [
        guide.title,
        "Hear the drums",
        f"Groovebridge follows {short}",
        f"{short} follows Groovebridge",
        "Latency",
        "When something is wrong",
        "Where this comes from",
    ]
    assert "ried by us" in guide.text.split("##", 1)[0], "it says whether we tried it"
    assert any(link.startswith("https://") for link in links(guide.text)), "it names its source"


@EACH
def test_links_between_guides_lead_to_a_heading(guide: Guide) -> None:
    for link in links(guide.text):
        if not link.startswith("https://"):
            file, _, anchor = link.partition("#")
            text = (FOLDER / file).read_text(encoding="utf-8") if file else guide.text
            assert not anchor or anchor in map(anchor_of, headings(text)), link


@EACH
def test_the_page_shows_the_guide_that_is_chosen(guide: Guide, desk: Desk) -> None:
    page = page_of(desk)
    page.daw.chosen.emit(guide)
    assert page.daw.currentText() == guide.title
    shown = page.paper.toPlainText()
    for heading in headings(guide.text):
        assert heading in shown


def test_a_link_to_another_guide_opens_it_at_its_heading(desk: Desk) -> None:
    page = page_of(desk)
    page.paper.anchorClicked.emit(QUrl("ports.md#windows"))
    assert page.daw.currentText() == "Any DAW: ports, notes, latency"
    desk.until(lambda: top(page.paper) == "Windows")


def test_a_link_to_the_web_opens_in_the_browser(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    page_of(desk).paper.anchorClicked.emit(QUrl("https://manual.ardour.org/"))
    assert opened == ["https://manual.ardour.org/"]


def test_a_heading_that_is_not_there_moves_nothing(desk: Desk) -> None:
    paper = page_of(desk).paper
    paper.moveCursor(QTextCursor.MoveOperation.Start)
    assert not paper.go_to("no-such-heading")
    assert paper.textCursor().position() == 0


def test_pictures_are_for_readers_of_the_files_and_made_by_the_script(desk: Desk) -> None:
    made = (ROOT / "scripts" / "screenshots").read_text(encoding="utf-8")
    for guide in GUIDES:
        file = (FOLDER / f"{guide.name}.md").read_text(encoding="utf-8")
        pictures = re.findall(r"!\[[^\]]+\]\(\.\./images/([\w-]+)\.png\)", file)
        assert pictures
        assert all(f'"{picture}": ' in made for picture in pictures)
        assert "![" not in guide.text


def test_a_guide_that_is_missing_is_a_sentence_on_the_page(desk: Desk) -> None:
    page = page_of(desk)
    page.show_guide(Guide("cubase", "Cubase"))
    assert "install Groovebridge again" in page.paper.toPlainText()


def test_an_installed_package_has_the_guides(tmp_path: Path) -> None:
    build = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path)]
    subprocess.run(
        [*build, "build_py", "--build-lib", str(tmp_path / "lib")],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    for guide in GUIDES:
        built = tmp_path / "lib" / "gui" / "daw" / f"{guide.name}.md"
        assert built.read_bytes() == (ROOT / "docs" / "daw" / built.name).read_bytes()
