"""The method's page: what is measured of the data is right; figures and numbers are those of its files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("matplotlib", reason="the [dev] extra is not installed")
pytest.importorskip("torch", reason="the [training] extra is not installed")

from bridge.groove.performance import Performance, quantise
from scripts.method_data import between, collisions, measure
from scripts.method_figures import FIGURES, MEASURED, PAGES, ROOT, draw, read
from scripts.method_loops import examples
from scripts.method_tables import contents
from scripts.regions import fill, names
from training.prepare import prepare

pytestmark = pytest.mark.training
Json = dict[str, object]


@pytest.fixture(scope="module")
def prepared(
    groove_zip: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A zip like the dataset's and its corpus."""
    folder = tmp_path_factory.mktemp("method")
    archive = groove_zip(folder / "groove.zip")
    prepare(archive, folder / "corpus", Console(quiet=True), workers=1)
    return archive, folder / "corpus"


@pytest.fixture(scope="module")
def data(prepared: tuple[Path, Path]) -> Json:
    with ZipFile(prepared[0]) as archive:
        return measure(archive, prepared[1])


def test_what_is_counted_is_what_is_there(data: Json) -> None:
    # The zip has six beats in 4/4 (one of three bars), a fill and a beat in 3/4.
    assert data["all_files"] == {
        "files": 8,
        "hours": pytest.approx(8 / 3600, abs=1e-3),
        "beats_in_4_4": 6,
        "fills": 1,
        "beats_in_other_metres": 1,
    }
    splits = data["splits"]
    assert isinstance(splits, dict)
    assert [splits[name]["files"] for name in ("train", "validation", "test")] == [3, 1, 2]
    assert splits["train"]["too_short"] == 1
    voices = data["voices"]
    assert isinstance(voices, dict)
    assert sum(voice["share"] for voice in voices.values()) == pytest.approx(1, abs=1e-4)
    assert voices["snare"]["by_step"][4] == 1.0  # the snare is on two and four of every bar
    assert voices["crash"]["hits"] == 0


def test_the_grid_s_losses_are_those_of_the_quantiser() -> None:
    draw_ = np.random.default_rng(0)
    played = Performance(
        np.sort(draw_.uniform(0, 40, 300)),
        draw_.integers(1, 20, 300).astype(np.float32) / np.float32(127),
        draw_.integers(0, 3, 300).astype(np.int64),
    )
    lost, kept = collisions(played, 4)
    assert len(lost) == quantise(played).shadowed > 0
    assert (played.voices[lost] == played.voices[kept]).all()
    assert (played.velocities[lost] <= played.velocities[kept]).all()
    finer, _ = collisions(played, 12)
    assert len(finer) < len(lost)


def test_groups_explain_what_lies_between_them() -> None:
    groups = np.repeat([0, 1], 50)
    noise = np.tile([-1.0, 1.0], 50)
    assert between(groups * 10.0, groups) == pytest.approx(1)
    assert between(noise, groups) == pytest.approx(0)
    assert between(groups * 2.0 + noise, groups) == pytest.approx(0.5)
    assert between(noise, np.arange(100)) == 0.0  # no group is large enough to say anything


def test_figures_and_tables_can_be_made_of_any_corpus_and_are_the_same_twice(
    data: Json, prepared: tuple[Path, Path], tmp_path: Path
) -> None:
    measured = {"data": data, "loops": examples(prepared[1], None)}
    paths = draw(measured, tmp_path)
    assert {path.name for path in paths} == {
        f"method-{name}.svg" for name, (source, _) in FIGURES.items() if source in measured
    }
    drawn = (tmp_path / "method-loops.svg").read_bytes()
    (again,) = draw({"loops": measured["loops"]}, tmp_path)
    assert again.read_bytes() == drawn
    found = contents(measured)
    assert found["data.files"] == "6"
    assert "| train |" in found["data.split_table"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_s_numbers_are_those_of_its_files(page: str) -> None:
    measured = read(ROOT / "docs" / "figures")
    found = contents(measured)
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert fill(text, found) == text
    sources = {"bundle", "listening", "map", "sampling", "sliders", *MEASURED}
    assert {name.partition(".")[0] for name in names(text)} <= sources
    missing = [name for name in names(text) if name.partition(".")[0] in measured and name not in found]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_s_links_lead_somewhere(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    targets = [target.partition("#") for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert [path for path, _, _ in targets if path and not (ROOT / "docs" / path).exists()] == []
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert {anchor for path, _, anchor in targets if not path} <= anchors


def test_the_page_shows_every_figure_and_each_is_small() -> None:
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    measured = read(ROOT / "docs" / "figures")
    for name, (source, _) in FIGURES.items():
        assert f"(images/method-{name}.svg)" in text
        if source in measured:
            assert (ROOT / "docs" / "images" / f"method-{name}.svg").stat().st_size < 200_000
