"""The map: a point of the plane to a place and back, without jumps; and bundles whose map is not right."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.model import Bundle, BundleError, Map, SliderError
from bridge.model.map import NEIGHBOURS, blend

if TYPE_CHECKING:
    from tests.model.conftest import BundleCopy

SIZE = Bundle.load().manifest.latent_size
COORDINATE = st.floats(-1, 1)


def made(count: int = 200, size: int = SIZE, seed: int = 1) -> Map:
    random = np.random.default_rng(seed)
    return Map(
        random.uniform(-1, 1, (count, 2)).astype(np.float32),
        random.normal(0, 1, (count, size)).astype(np.float16).astype(np.float32),
        random.integers(-1, 3, count),
        ("funk", "jazz", "rock"),
        random.uniform(60, 200, count).astype(np.float32),
    )


PLANE = made()


def stored(**changes: NDArray[Any] | None) -> bytes:
    """A map.npz; None leaves an array out."""
    with np.load(io.BytesIO(PLANE.to_bytes())) as arrays:
        content = {name: arrays[name] for name in arrays.files} | changes
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **{name: each for name, each in content.items() if each is not None})
    return buffer.getvalue()


def test_a_map_comes_back_from_its_bundle_as_it_was(copy: BundleCopy) -> None:
    copy.put("map.npz", PLANE.to_bytes())
    found = Map.load(Bundle.load(copy.path))
    for name in ("points", "z", "style", "bpm"):
        np.testing.assert_array_equal(getattr(found, name), getattr(PLANE, name))
    assert found.styles == PLANE.styles
    assert found.to_bytes() == PLANE.to_bytes()


@given(COORDINATE, COORDINATE, st.floats(0, 2 * np.pi))
def test_a_small_step_on_the_plane_is_a_small_step_in_latent_space(x: float, y: float, way: float) -> None:
    step = 1e-6
    beside = (np.clip(x + step * np.cos(way), -1, 1), np.clip(y + step * np.sin(way), -1, 1))
    change = np.linalg.norm(PLANE.z_at(x, y) - PLANE.z_at(*map(float, beside)))
    assert change < 0.01  # two loops lie 16 apart


@given(COORDINATE, COORDINATE)
def test_places_between_loops_are_as_far_from_the_middle_as_loops_are(x: float, y: float) -> None:
    z = PLANE.z_at(x, y)
    lengths = np.linalg.norm(PLANE.z, axis=1)
    assert z.dtype == np.float32
    assert z.shape == (SIZE,)
    assert lengths.min() - 1e-3 <= np.linalg.norm(z) <= lengths.max() + 1e-3


def test_at_a_loops_own_point_the_place_is_nearly_its_own() -> None:
    off, back = [], []
    for number, (x, y) in enumerate(PLANE.points.tolist()):
        z = PLANE.z_at(x, y)
        off.append(np.linalg.norm(z - PLANE.z[number]) / np.linalg.norm(PLANE.z[number]))
        assert PLANE.nearest(x, y) == number
        back.append(PLANE.place_of(z) == (x, y))
    assert np.median(off) < 0.25  # any two lie 1.4 apart
    assert np.mean(back) > 0.95  # some loops lie so close together on the plane that they blend


def test_loops_at_one_point_are_no_division_by_zero() -> None:
    crowd = made(NEIGHBOURS + 5)
    crowd.points[:] = 0.25
    for x, y in ((0.25, 0.25), (-1.0, 0.3)):
        assert (np.linalg.norm(crowd.z - crowd.z_at(x, y), axis=1) < 1e-4).sum() == 1


def test_a_blend_of_opposites_is_the_middle() -> None:
    places = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    np.testing.assert_array_equal(blend(places, np.array([0.5, 0.5])), [0, 0])


@pytest.mark.parametrize("point", [(float("nan"), 0.0), (0.0, float("inf")), (1.01, 0.0), (0.0, -2.0)])
def test_a_point_that_is_not_on_the_map_is_answered_with_the_range(point: tuple[float, float]) -> None:
    for ask in (PLANE.z_at, PLANE.nearest):
        with pytest.raises(SliderError, match=r"There is no point .* on the map: both go from -1 to 1"):
            ask(*point)


def test_a_place_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        PLANE.place_of(np.zeros(3, dtype=np.float32))


def test_a_bundle_without_a_map_says_how_to_make_one(copy: BundleCopy) -> None:
    def without(manifest: dict[str, Any]) -> None:
        manifest["files"].pop("map.npz", None)

    copy.edit(without)
    with pytest.raises(BundleError, match=r"no map yet. Calibrate .* `python -m model_export calibrate`"):
        Map.load(Bundle.load(copy.path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no arrays", "cannot be read as stored arrays"),
        (PLANE.to_bytes()[:-200], "cannot be read as stored arrays"),
        (stored(styles=np.array([{}], dtype=object)), "cannot be read as stored arrays"),
        (stored(points=None), "no map of loops"),
        (stored(points=PLANE.points * 2), "no map of loops .*-1..1"),
        (stored(points=np.full_like(PLANE.points, np.nan)), "no map of loops .*-1..1"),
        (stored(points=PLANE.points[:5]), "no map of loops .*one point"),
        (stored(z=np.full_like(PLANE.z, np.inf)), "no map of loops .*finite"),
        (stored(style=np.full(200, 3)), "no map of loops .*numbers of names"),
        (stored(bpm=PLANE.bpm[:5]), "no map of loops .*tempo"),
        (stored(z=np.ones((), dtype=np.float32)), "no map of loops"),
        (stored(z=PLANE.z[:NEIGHBOURS]), "more than 16 loops"),
        (made(size=SIZE - 1).to_bytes(), f"map of another model: .* {SIZE - 1} coordinates, not {SIZE}"),
    ],
)
def test_a_map_that_is_not_right_is_refused_in_a_sentence(
    copy: BundleCopy, content: bytes, words: str
) -> None:
    copy.put("map.npz", content)
    bundle = Bundle.load(copy.path)
    with pytest.raises(BundleError, match=words):
        Map.load(bundle)
