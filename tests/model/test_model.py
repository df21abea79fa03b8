"""From sliders to a loop: the same settings give the same bytes, and each setting does what it says."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.model import Bundle, Model, Settings, SliderError
from bridge.model.noise import prior_noise
from bridge.model.providers import open_session

FREE = Settings(seed=7, temperature=1.0)


def test_the_same_settings_give_the_same_bytes(shipped: Bundle, model: Model) -> None:
    again = Model(shipped, "cpu")
    for index in range(4):
        chosen = Settings(seed=7, index=index, temperature=0.8, axes={"z1": 1.5})
        assert model.loop(chosen).to_bytes() == again.loop(chosen).to_bytes()


def test_another_process_gives_the_same_bytes(model: Model) -> None:
    code = (
        "import sys; from bridge.model import *\n"
        "loop = Model(Bundle.load(), 'cpu').loop(Settings(seed=7, index=3, temperature=0.9))\n"
        "sys.stdout.buffer.write(loop.to_bytes())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert found.stdout == model.loop(Settings(seed=7, index=3, temperature=0.9)).to_bytes()
    assert found.stderr == b""


def test_threads_do_not_disturb_each_other(model: Model) -> None:
    chosen = [Settings(seed=seed, temperature=1.0) for seed in range(16)]
    alone = [model.loop(each) for each in chosen]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(model.loop, chosen)) == alone


def test_seed_and_index_give_different_ideas(model: Model) -> None:
    loops = {model.loop(Settings(seed=seed, index=index)) for seed in (0, 1, 7) for index in (0, 1, 2)}
    assert len(loops) == 9


def test_without_axes_the_point_is_where_the_prior_takes_its_noise(model: Model, shipped: Bundle) -> None:
    noise = prior_noise(5, 6, shipped.manifest.latent_size)[np.newaxis]
    session = open_session(shipped.prior)
    for number, style in enumerate((None, *shipped.manifest.styles)):
        (drawn,) = session.run(["z"], {"noise": noise, "style": np.array([number])})
        assert model.latent(Settings(seed=5, index=6, style=style)).tobytes() == drawn[0].tobytes()


@given(value=st.floats(-3, 3), seed=st.integers(0, 2**63 - 1), which=st.integers(0, 7))
@settings(max_examples=30, deadline=None)
def test_an_axis_replaces_its_coordinate_and_no_other(
    model: Model, value: float, seed: int, which: int
) -> None:
    axis = model.bundle.manifest.axes[which]
    free, held = model.latent(Settings(seed)), model.latent(Settings(seed, axes={axis.name: value}))
    assert held[axis.index] == np.float32(value)
    free[axis.index] = held[axis.index]
    assert held.tobytes() == free.tobytes()


def test_an_axis_changes_the_loop(model: Model) -> None:
    loops = {model.loop(replace(FREE, temperature=0, axes={"z1": value})) for value in (-3, -1.5, 0, 1.5, 3)}
    assert len(loops) > 1


def test_at_temperature_0_the_noise_has_no_effect(model: Model) -> None:
    z = model.latent(FREE)
    assert model.decode(z, Settings(seed=1, temperature=0)) == model.decode(
        z, Settings(seed=2, temperature=0)
    )


def test_at_temperature_1_the_noise_decides(model: Model) -> None:
    z = model.latent(FREE)
    assert model.decode(z, Settings(seed=1, temperature=1)) != model.decode(
        z, Settings(seed=2, temperature=1)
    )


def test_a_batch_gives_each_loop_its_own_settings(model: Model) -> None:
    chosen = [Settings(seed=7, index=index, temperature=index / 4) for index in range(7)]
    batch = model.decode_batch(np.stack([model.latent(each) for each in chosen]), chosen)
    alone = [model.loop(each) for each in chosen]
    # Sums round otherwise in a batch, so that a near tie may fall to the other side.
    same = [np.array_equal(one.hits, other.hits) for one, other in zip(batch, alone, strict=True)]
    assert sum(same) >= 6


def test_an_empty_batch_is_an_empty_answer(model: Model, shipped: Bundle) -> None:
    size = shipped.manifest.latent_size
    assert model.decode_batch(np.zeros((0, size), dtype=np.float32), []) == []
    assert [part.shape for part in model.encode_batch([])] == [(0, size), (0, size)]


def test_a_point_of_another_size_is_a_bug(model: Model) -> None:
    with pytest.raises(ValueError, match="z must have the shape"):
        model.decode(np.zeros(3, dtype=np.float32), FREE)


def test_a_loop_has_a_place_and_an_uncertainty(model: Model, shipped: Bundle) -> None:
    loops = [DrumLoop.empty(), *(model.loop(Settings(seed=seed)) for seed in range(3))]
    mu, sigma = model.encode_batch(loops)
    assert mu.shape == sigma.shape == (4, shipped.manifest.latent_size)
    assert np.all(sigma > 0)
    for row, loop in enumerate(loops):
        one_mu, one_sigma = model.encode(loop)
        np.testing.assert_allclose(one_mu, mu[row], atol=1e-4)
        np.testing.assert_allclose(one_sigma, sigma[row], atol=1e-4)


def test_the_stored_pair_comes_back(model: Model) -> None:
    assert model.replay() < 1e-4


# --- settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["z0", "z999", "Z1", "density", ""])
def test_an_unknown_slider_is_answered_with_the_names_there_are(model: Model, name: str) -> None:
    with pytest.raises(SliderError, match=rf"no slider '{name}'.*z1 to z{len(model.axes)}\."):
        model.loop(Settings(axes={name: 0.5}))


@pytest.mark.parametrize("value", [3.01, -3.01, 1e9, float("nan"), float("inf")])
def test_an_axis_out_of_range_is_answered_with_the_range(value: float) -> None:
    with pytest.raises(SliderError, match=r"slider z1 cannot be set to .* from -3 to 3"):
        Settings(axes={"z1": value})


@pytest.mark.parametrize("value", [-0.01, 2.01, float("nan"), float("-inf")])
def test_a_temperature_out_of_range_is_answered_with_the_range(value: float) -> None:
    with pytest.raises(SliderError, match=r"temperature cannot be set to .* from 0 to 2"):
        Settings(temperature=value)


@pytest.mark.parametrize("name", ["seed", "index"])
@pytest.mark.parametrize("value", [-1, 2**63])
def test_a_seed_or_index_out_of_range_is_answered_with_the_range(name: str, value: int) -> None:
    with pytest.raises(SliderError, match=f"{name} {value} is out of range"):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_a_model_without_styles_says_so(model: Model) -> None:
    assert model.styles == model.bundle.manifest.styles
    with pytest.raises(SliderError, match=r"There is no style 'polka'"):
        model.loop(Settings(style="polka"))


def test_a_slider_error_is_one_that_the_user_reads() -> None:
    assert issubclass(SliderError, GroovebridgeError)


def test_settings_are_values() -> None:
    axes = {"z1": 1.0, "z2": -1.0}
    one, other = Settings(axes=axes), Settings(axes={"z2": -1, "z1": 1})
    assert one == other
    assert hash(one) == hash(other)
    axes["z1"] = 2.0
    assert one.axes["z1"] == 1.0
    assert one != replace(one, axes=axes)
