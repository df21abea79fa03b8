"""A named slider moves what it names and leaves the rest; at rest it changes nothing at all."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.model import Bundle, BundleError, Model, Settings, SliderError
from bridge.model.sliders import Link, Sliders

if TYPE_CHECKING:
    from tests.model.conftest import BundleCopy

NAMES = ("density", "fill", "swing")
ATTRIBUTES = len(NAMES) + 1


def made_up(size: int, hidden: int = 12) -> Sliders:
    """Sliders of a network with random weights: three that have names, and one attribute that stays."""
    random = np.random.default_rng(1)
    mixed = random.standard_normal((size, size)) / np.sqrt(size)
    return Sliders(
        NAMES,
        np.array([Link.POSITIVE, Link.SHARE, Link.LINEAR, Link.SHARE]),
        units=np.array([0.4, 1.0, 0.1, 1.0]),
        low=np.array([0.2, 0.05, -0.2, 0.0]),
        high=np.array([1.2, 0.6, 0.2, 0.5]),
        linear=random.standard_normal((ATTRIBUTES, size)) / np.sqrt(size),
        bias=np.zeros(ATTRIBUTES),
        inner=random.standard_normal((hidden, size)) / np.sqrt(size),
        inner_bias=random.standard_normal(hidden),
        outer=random.standard_normal((ATTRIBUTES, hidden)) / 10,
        spread=mixed @ mixed.T + np.eye(size),
    )


@pytest.fixture(scope="module")
def sliders() -> Sliders:
    return made_up(32)


@pytest.fixture(scope="module")
def points() -> Any:
    return np.random.default_rng(2).standard_normal((20, 32)).astype(np.float32)


def calibrated(copy: BundleCopy, fitted: Sliders) -> Bundle:
    copy.put("sliders.npz", fitted.to_bytes())
    copy.edit(lambda manifest: manifest.update(sliders=list(NAMES)))
    return Bundle.load(copy.path)


@pytest.fixture
def model_with_sliders(copy: BundleCopy, shipped: Bundle) -> Model:
    return Model(calibrated(copy, made_up(shipped.manifest.latent_size)), "cpu")


def test_at_rest_a_point_stays_bit_by_bit(sliders: Sliders, points: Any) -> None:
    assert sliders.move(points, np.zeros((20, 3))).tobytes() == points.tobytes()
    # Also beside others that move.
    values = np.zeros((20, 3))
    values[::2, 1] = 0.5
    moved = sliders.move(points, values)
    assert moved[1::2].tobytes() == points[1::2].tobytes()
    assert not np.any(np.all(moved[::2] == points[::2], axis=1))


@pytest.mark.parametrize("own", range(3))
def test_a_slider_moves_its_own_attribute_and_no_other(sliders: Sliders, points: Any, own: int) -> None:
    positions = np.linspace(-1, 1, 9)
    expected = []
    for position in positions:
        values = np.zeros((20, 3))
        values[:, own] = position
        expected.append(sliders.expect(sliders.move(points, values)))
    journey = np.stack(expected)
    assert np.all(np.diff(journey[..., own], axis=0) > 0)
    ranges = np.ptp(journey, axis=0) / (sliders.high - sliders.low)
    others = np.delete(ranges, own, axis=1)
    assert np.all(ranges[:, own] > 0.4)
    assert np.all(others < 0.05)


def test_the_ends_of_a_slider_are_what_is_little_and_much(sliders: Sliders, points: Any) -> None:
    rest = sliders.expect(points)[:, 1]
    inside = (rest > 0.2) & (rest < 0.4)
    assert inside.any()
    for position, end in ((1.0, sliders.high[1]), (-1.0, sliders.low[1])):
        values = np.tile([0.0, position, 0.0], (20, 1))
        found = sliders.expect(sliders.move(points, values))[inside, 1]
        reached = rest[inside] + np.sign(position) * np.maximum(np.abs(end - rest[inside]), 0.275)
        np.testing.assert_allclose(found, np.clip(reached, 0.02, 0.98), atol=0.03)


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3))
@settings(max_examples=30, deadline=None)
def test_any_position_leads_somewhere(sliders: Sliders, points: Any, position: list[float]) -> None:
    moved = sliders.move(points, np.tile(position, (20, 1)))
    assert np.isfinite(moved).all()
    assert moved.dtype == np.float32


def test_a_slider_never_jumps(sliders: Sliders, points: Any) -> None:
    def largest_step(positions: int) -> float:
        few = np.repeat(points[:4], positions, axis=0)
        values = np.zeros((len(few), 3))
        values[:, 0] = np.tile(np.linspace(-1, 1, positions), 4)
        ways = sliders.move(few, values).reshape(4, positions, -1)
        return float(np.linalg.norm(np.diff(ways, axis=1), axis=2).max())

    assert largest_step(801) < 0.4 * largest_step(201)  # a jump would not shrink with the step


def test_what_is_stored_moves_alike(sliders: Sliders, points: Any) -> None:
    with np.load(io.BytesIO(sliders.to_bytes())) as stored:
        again = Sliders.of_arrays(dict(stored))
    assert again.names == NAMES
    values = np.tile([0.5, -0.5, 1], (20, 1))
    np.testing.assert_allclose(again.move(points, values), sliders.move(points, values), atol=1e-4)
    assert again.to_bytes() == sliders.to_bytes()


# --- in a model ---------------------------------------------------------------------------------------------


def test_at_rest_the_loop_is_the_same(model_with_sliders: Model, model: Model) -> None:
    resting = Settings(seed=3, sliders=dict.fromkeys(NAMES, 0.0))
    assert resting == Settings(seed=3)
    assert model_with_sliders.loop(resting) == model.loop(Settings(seed=3))
    assert model_with_sliders.sliders == NAMES
    assert model.sliders == model.bundle.manifest.sliders


def test_sliders_move_the_point_together_in_any_order(model_with_sliders: Model) -> None:
    one = model_with_sliders.latent(Settings(sliders={"density": 0.5, "swing": -1.0}))
    other = model_with_sliders.latent(Settings(sliders={"swing": -1.0, "density": 0.5}))
    assert one.tobytes() == other.tobytes()
    assert one.tobytes() != model_with_sliders.latent(Settings(sliders={"density": 0.5})).tobytes()


def test_sliders_start_where_the_axes_hold_the_point(model_with_sliders: Model) -> None:
    held = Settings(axes={"z1": 2.0})
    moved = model_with_sliders.latent(replace(held, sliders={"fill": 1.0}))
    start = model_with_sliders.latent(held)
    assert moved.tobytes() == model_with_sliders.steer(start, {"fill": 1.0}).tobytes()


def test_an_unknown_slider_is_answered_with_the_names_there_are(model_with_sliders: Model) -> None:
    with pytest.raises(
        SliderError, match=r"no slider 'groove'.*has density, fill, swing and z1 to z[0-9]+\."
    ):
        model_with_sliders.loop(Settings(sliders={"groove": 1.0}))


def test_a_bundle_without_calibration_says_how_to_get_sliders(copy: BundleCopy) -> None:
    def forget(manifest: dict[str, Any]) -> None:
        manifest.pop("sliders", None)
        manifest["files"].pop("sliders.npz", None)

    copy.edit(forget)
    bare = Model(Bundle.load(copy.path), "cpu")
    assert bare.sliders == ()
    with pytest.raises(SliderError, match=r"no named sliders, so 'density' .* model_export calibrate`"):
        bare.loop(Settings(sliders={"density": 0.5}))


@pytest.mark.parametrize("value", [1.01, -1.01, float("nan"), float("inf")])
def test_a_slider_out_of_range_is_answered_with_the_range(value: float) -> None:
    with pytest.raises(SliderError, match=r"slider density cannot be set to .* from -1 to 1"):
        Settings(sliders={"density": value})


def test_holding_sorts_axes_from_sliders_and_lets_go() -> None:
    held = Settings().holding("z3", 2.0).holding("density", 0.5)
    assert (held.axes, held.sliders) == ({"z3": 2.0}, {"density": 0.5})
    assert held.holding("z3", None).holding("density", None) == Settings()
    assert held.holding("density", 0.0).sliders == {}
    assert len({held, Settings(axes={"z3": 2.0}), Settings(sliders={"density": 0.5})}) == 3
    with pytest.raises(SliderError, match="from -1 to 1"):
        held.holding("density", 2.0)


# --- damaged ------------------------------------------------------------------------------------------------


def refusal(bundle: Bundle) -> str:
    with pytest.raises(BundleError) as caught:
        Model(bundle, "cpu")
    text = str(caught.value)
    assert "model_export calibrate" in text
    return text


def test_sliders_of_another_model_are_refused(copy: BundleCopy, shipped: Bundle) -> None:
    size = shipped.manifest.latent_size
    assert "another model" in refusal(calibrated(copy, made_up(size + 1)))
    fitted = replace(made_up(size), names=("density", "fill", "ride"))
    assert "another model" in refusal(calibrated(copy, fitted))


@pytest.mark.parametrize("broken", ["linear", "spread", "outer", "names"])
def test_damaged_sliders_are_refused(copy: BundleCopy, shipped: Bundle, broken: str) -> None:
    with np.load(io.BytesIO(made_up(shipped.manifest.latent_size).to_bytes())) as stored:
        arrays = dict(stored)
    for damage in (None, arrays[broken][:0], arrays[broken].astype(np.str_) + "?"):
        kept = {name: array for name, array in arrays.items() if name != broken or damage is not None}
        if damage is not None:
            kept[broken] = damage
        buffer = io.BytesIO()
        np.savez(buffer, **kept)
        copy.put("sliders.npz", buffer.getvalue())
        copy.edit(lambda manifest: manifest.update(sliders=list(NAMES)))
        refusal(Bundle.load(copy.path))
