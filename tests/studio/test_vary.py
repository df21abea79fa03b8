"""Variations keep what the model leaves alone; a morph begins and ends with its two loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from bridge.groove import STEPS, VOICES, DrumLoop
from bridge.groove.midifile import loop_to_midi, save_loop
from bridge.groove.performance import MidiFileError
from bridge.model import Settings
from bridge.studio.vary import changed, morph, read_loop, vary

CELLS = STEPS * VOICES


def made(seed: int, share: float = 0.15) -> DrumLoop:
    random = np.random.default_rng(seed)
    shape = (STEPS, VOICES)
    return DrumLoop.of(random.random(shape) < share, random.random(shape), random.uniform(-0.4, 0.4, shape))


class FakeCoder:
    """One coordinate a cell: it hits where z is above a half, a little off the loop that it has heard."""

    def __init__(self) -> None:
        self.heard: list[NDArray[np.float32]] = []
        self.asked: list[Settings] = []

    def encode(self, loop: DrumLoop) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        mu = loop.hits.reshape(-1).astype(np.float32)
        mu[::5] = 0.4  # it cannot hear these cells
        return mu, np.full(CELLS, 0.4, dtype=np.float32)

    def decode(self, z: NDArray[np.float32], settings: Settings) -> DrumLoop:
        self.heard.append(z)
        self.asked.append(settings)
        cells = z.reshape(STEPS, VOICES)
        return DrumLoop.of(cells > 0.5, np.clip(cells / 3, 0.1, 1), np.clip(cells / 30, -0.4, 0.4))


def test_a_variation_by_nothing_is_the_loop_itself() -> None:
    loop = made(1)
    assert vary(FakeCoder(), loop, 0.0, 3) == [loop] * 3


def test_a_variation_is_the_farther_the_larger_the_amount() -> None:
    loop = made(1)
    far = [
        float(np.mean([(each.hits != loop.hits).sum() for each in vary(FakeCoder(), loop, amount, 5)]))
        for amount in (0.1, 0.3, 0.6, 1.0)
    ]
    assert far == sorted(far)
    assert far[0] < far[-1] / 2


def test_variations_depend_on_seed_and_number_alone() -> None:
    loop = made(1)
    many, few = vary(FakeCoder(), loop, 0.5, 6, seed=3), vary(FakeCoder(), loop, 0.5, 2, seed=3)
    assert many[:2] == few
    assert len(set(many)) == 6
    assert set(vary(FakeCoder(), loop, 0.5, 6, seed=4)).isdisjoint(many)


def test_the_model_is_asked_for_its_most_likely_loops() -> None:
    coder = FakeCoder()
    vary(coder, made(1), 0.5, 3)
    morph(coder, made(1), made(2), 4)
    assert {settings.temperature for settings in coder.asked} == {0.0}


def test_a_change_comes_over_the_loops_own_touch() -> None:
    def loop(**cells: tuple[float, float]) -> DrumLoop:
        velocities, offsets = np.zeros((STEPS, VOICES)), np.zeros((STEPS, VOICES))
        for name, (velocity, offset) in cells.items():
            velocities[int(name[1:]), 0], offsets[int(name[1:]), 0] = velocity, offset
        return DrumLoop.of(velocities > 0, velocities, offsets)

    own = loop(s0=(0.9, 0.1), s4=(0.5, 0.0), s8=(0.7, -0.2))  # the copy misses step 8
    before = loop(s0=(0.6, 0.0), s4=(0.4, 0.0))
    after = loop(s0=(0.7, -0.1), s12=(0.3, 0.2))
    found = changed(own, before, after)
    assert np.flatnonzero(found.hits[:, 0]).tolist() == [0, 8, 12]
    np.testing.assert_allclose(found.velocities[[0, 8, 12], 0], [1.0, 0.7, 0.3], atol=1e-6)
    np.testing.assert_allclose(found.offsets[[0, 8, 12], 0], [0.0, -0.2, 0.2], atol=1e-6)


@pytest.mark.parametrize(
    ("amount", "count", "seed", "words"),
    [
        (1.1, 1, 0, "amount cannot be 1.1: it goes from 0 to 1"),
        (-0.1, 1, 0, "amount cannot be -0.1"),
        (float("nan"), 1, 0, "amount cannot be nan"),
        (0.5, 0, 0, "0 variations cannot.*1 to 10000"),
        (0.5, 10_001, 0, "10001 variations cannot"),
        (0.5, 1, 2**63, "seed 9223372036854775808 is out of range"),
    ],
)
def test_what_cannot_be_varied_is_told_with_the_range(
    amount: float, count: int, seed: int, words: str
) -> None:
    with pytest.raises(GroovebridgeError, match=words):
        vary(FakeCoder(), made(1), amount, count, seed)


def test_a_morph_begins_and_ends_with_its_loops_and_goes_straight_between() -> None:
    coder, start, end = FakeCoder(), made(1), made(2)
    way = morph(coder, start, end, 5)
    assert len(way) == 5
    assert (way[0], way[-1]) == (start, end)
    assert morph(coder, start, end, 2) == [start, end]
    ends = [coder.encode(loop)[0] for loop in (start, end)]
    lengths = [float(np.linalg.norm(each)) for each in ends]
    for z, share in zip(coder.heard, (0.25, 0.5, 0.75), strict=False):
        assert np.linalg.norm(z) == pytest.approx((1 - share) * lengths[0] + share * lengths[1], rel=1e-5)
        straight = (1 - share) * ends[0] + share * ends[1]
        assert z @ straight == pytest.approx(np.linalg.norm(z) * np.linalg.norm(straight), rel=1e-5)


@pytest.mark.parametrize("steps", [1, 0, 1001])
def test_a_way_that_cannot_be_made_is_told_with_the_range(steps: int) -> None:
    with pytest.raises(GroovebridgeError, match=f"way of {steps} loops cannot.*2 to 1000"):
        morph(FakeCoder(), made(1), made(2), steps)


def test_a_file_of_four_bars_is_used_whole_and_a_longer_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "loop.mid"
    save_loop(path, made(1))
    loop, more = read_loop(path)
    assert not more
    np.testing.assert_array_equal(loop.hits, made(1).hits)
    midi = loop_to_midi(made(1))
    midi.tracks[0] += loop_to_midi(made(2)).tracks[0]
    midi.save(path)
    longer, more = read_loop(path)
    assert more
    np.testing.assert_array_equal(longer.hits[1:], made(1).hits[1:])


def test_a_file_that_begins_with_silence_is_answered_in_a_sentence(tmp_path: Path) -> None:
    midi = loop_to_midi(made(1))
    midi.tracks[0][3].time += 16 * 960
    path = tmp_path / "late.mid"
    midi.save(path)
    with pytest.raises(MidiFileError, match=r"late.mid has no drum hits in its first four bars"):
        read_loop(path)
