"""A map of made-up loops: which are laid out, where they come to lie, and that it is the same each time."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the map is fitted with the [training] extra")

from bridge.model import Bundle, Model
from model_export.errors import ExportError
from model_export.map import FEWEST, MOST_PER_FILE, fit_map, layout, map_loops
from training.corpus import FileRecord, Split

pytestmark = pytest.mark.training

FILES, BARS = 16, 32


@pytest.fixture(scope="module")
def split() -> Split:
    """Sixteen files of eight loops; each file has one pattern of its own, hit now and then otherwise."""
    random = np.random.default_rng(4)
    hits = np.concatenate(
        [
            np.tile(random.random((16, 9)) < 0.2, (BARS, 1)) ^ (random.random((BARS * 16, 9)) < 0.02)
            for _ in range(FILES)
        ]
    )
    velocities = np.where(hits, random.uniform(0.2, 1, hits.shape), 0).astype(np.float32)
    offsets = np.where(hits, random.uniform(-0.1, 0.1, hits.shape), 0).astype(np.float32)
    names = ("rock/fast", "jazz", "")
    records = tuple(
        FileRecord(f"{n}.mid", "train", 90.0 + n, BARS, 100, style=names[n % 3]) for n in range(FILES)
    )
    return Split(hits, velocities, offsets, np.arange(FILES) * BARS * 16, records)


def test_no_file_takes_more_room_than_another(split: Split) -> None:
    loops = map_loops(split)
    assert np.bincount(loops.files).tolist() == [MOST_PER_FILE] * FILES


def test_loops_that_sound_alike_lie_together(split: Split) -> None:
    loops = map_loops(split)
    points = layout(loops)
    assert points.shape == (len(loops), 2)
    assert np.abs(points).max() < 1
    # The square is filled evenly, both ways.
    for column in points.T:
        np.testing.assert_allclose(
            np.sort(column), (2 * np.arange(len(loops)) + 1) / len(loops) - 1, atol=1e-6
        )
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    kin = loops.files[np.argsort(apart, axis=1)[:, :3]] == loops.files[:, None]
    assert kin.mean() > 0.8  # by chance 0.05
    np.testing.assert_array_equal(points, layout(loops))


def test_too_few_loops_are_told_with_the_number_that_a_map_needs(split: Split) -> None:
    few = Split(
        split.hits[: BARS * 16], split.velocities, split.offsets, split.first_step[:1], split.records[:1]
    )
    with pytest.raises(ExportError, match=f"{MOST_PER_FILE} training loops to lay out; a map needs {FEWEST}"):
        map_loops(few)
    with pytest.raises(ExportError, match="0 training loops"):
        map_loops(Split(split.hits, split.velocities, split.offsets, split.first_step[:0], ()))


def test_a_model_that_plays_too_few_loops_back_gets_no_map(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_export.map.PLAYED_BACK", 1.01)
    with pytest.raises(ExportError, match=r"plays 0 of 96 training loops back.*Train it further"):
        fit_map(Model(Bundle.load(), "cpu"), split)


def test_a_map_holds_its_loops_with_their_styles_and_figures(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PLAYED_BACK", 0.0), ("SIDE", 8), ("LINES", 2)):
        monkeypatch.setattr(f"model_export.map.{name}", value)
    model = Model(Bundle.load(), "cpu")
    plane, figures = fit_map(model, split)
    assert plane.styles == ("jazz", "rock")
    files = map_loops(split).files
    assert plane.style.tolist() == [(1, 0, -1)[file % 3] for file in files]
    np.testing.assert_array_equal(plane.bpm, 90.0 + files)
    near = figures["neighbours"]
    assert near["map"] < near["random"] / 2
    assert near["map"] < near["map_elsewhere"]
    assert figures["travel"]["mean"] >= 0
    assert figures["grid"]["real"]["empty"] == 0
    assert set(figures["grid"]["map"]) == set(figures["grid"]["own"]) == set(figures["grid"]["real"])
