"""Drawn loops against real ones: the measures see what is there and nothing that is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bridge.errors import GroovebridgeError
from bridge.groove.loop import DrumLoop
from bridge.groove.voices import Voice
from training.features import TICKS_PER_STEP, as_midi, attribute_columns, features, grid
from training.interpolation import between, interpolation, pairs
from training.sampling import (
    Labelled,
    Sample,
    attribute_distances,
    distances,
    interval_by,
    mean_by,
    nearest,
    style_agreement,
    two_sample,
    validity,
)

pytestmark = pytest.mark.training


@pytest.fixture(autouse=True)
def few_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folds ask the same questions as five, and faster."""
    monkeypatch.setattr("training.sampling.FOLDS", 2)


def drummed(seed: int, loudness: float = 0.6, density: float = 0.1) -> DrumLoop:
    draw = np.random.default_rng(seed)
    hits = draw.random((64, 9)) < density
    hits[::16, Voice.KICK] = True
    return DrumLoop.of(hits, draw.normal(loudness, 0.1, (64, 9)), draw.normal(0, 0.1, (64, 9)))


def sample(name: str, loops: Sequence[DrumLoop], first: int, a_file: int = 1) -> Sample:
    return Sample.of(name, loops, first + np.arange(len(loops)) // a_file)


def many(first: int, count: int = 60, loudness: float = 0.6, density: float = 0.1) -> list[DrumLoop]:
    return [drummed(first + i, loudness, density) for i in range(count)]


def test_loops_of_one_kind_are_not_told_apart_and_of_two_kinds_they_are() -> None:
    real = sample("real", many(0), 0)
    same = two_sample(sample("same", many(100), 1000), real, draws=200)
    assert same.accuracy < 0.72  # the best of three, by chance
    assert same.interval[0] < same.accuracy < same.interval[1]
    louder = two_sample(sample("louder", many(100, loudness=0.8), 1000), real, draws=200)
    assert louder.accuracy > 0.95
    assert louder.hits_alone < 0.72
    assert "velocity" in louder.tells[0].feature or "intensity" in louder.tells[0].feature
    assert louder.tells[0].auc > 0.95
    assert louder.tells[0].drawn > louder.tells[0].real
    denser = two_sample(sample("denser", many(100, density=0.2), 1000), real, draws=200)
    assert denser.hits_alone > 0.95
    assert denser.accuracy == max(denser.by_classifier.values()) == denser.by_classifier[denser.classifier]


def test_shuffled_labels_cannot_be_learned() -> None:
    loops = [*many(0), *many(100, loudness=0.9)]
    order = np.random.default_rng(1).permutation(120)
    sides = [[loops[i] for i in half] for half in (order[:60], order[60:])]
    found = two_sample(sample("one", sides[0], 0), sample("other", sides[1], 1000), draws=50)
    assert found.accuracy < 0.72


def test_loops_of_one_file_give_no_hint_across_the_fold() -> None:
    """Two samples of the same kind, each of five songs: who knows the songs would tell the samples apart."""
    songs = many(0, 10, density=0.3)
    loops = [
        DrumLoop.of(song.hits, song.velocities + 0.01 * take, song.offsets)
        for song in songs
        for take in range(8)
    ]
    held = two_sample(sample("one", loops[:40], 0, 8), sample("other", loops[40:], 5, 8), draws=50)
    leaking = two_sample(sample("one", loops[:40], 0), sample("other", loops[40:], 1000), draws=50)
    assert leaking.accuracy > 0.95
    assert held.accuracy < 0.8


def test_the_same_samples_give_the_same_answer() -> None:
    one, other = sample("one", many(0, 12), 0), sample("other", many(50, 12), 100)
    assert two_sample(one, other, draws=20) == two_sample(one, other, draws=20)


def test_one_file_alone_is_refused_with_a_sentence() -> None:
    real = sample("real", many(0, 8), 0, a_file=8)
    with pytest.raises(GroovebridgeError, match="--no-sampling"):
        two_sample(sample("drawn", many(10, 8), 100), real)


def test_sides_count_alike_however_many_loops_they_have() -> None:
    right = np.array([True] * 90 + [False] * 10)
    kinds = np.array([0] * 90 + [1] * 10)
    assert mean_by(right, kinds) == 0.5
    assert interval_by(right, kinds, np.arange(100), draws=100) == (0.5, 0.5)


def test_intervals_know_that_loops_of_a_file_go_together() -> None:
    right = np.repeat(np.random.default_rng(0).random(20) < 0.7, 10)
    kinds = np.zeros(200, dtype=np.int64)
    by_file = interval_by(right, kinds, np.arange(200) // 10)
    by_loop = interval_by(right, kinds, np.arange(200))
    assert by_file[1] - by_file[0] > 2 * (by_loop[1] - by_loop[0])


def test_a_shift_of_one_deviation_is_a_distance_of_one() -> None:
    real = sample("real", many(0), 0)
    found = attribute_distances(real, real)
    assert all(measure["distance"] == 0 for measure in found.values())
    spread = found["intensity"]["std"]
    moved = [
        DrumLoop.of(loop.hits, loop.velocities - np.float32(spread), loop.offsets) for loop in real.loops
    ]
    shifted = attribute_distances(sample("moved", moved, 0), real)["intensity"]
    assert shifted["distance"] == pytest.approx(1, abs=0.05)
    assert shifted["mean"] == pytest.approx(found["intensity"]["mean"] - spread, abs=0.01)


def test_every_mark_of_validity_is_seen() -> None:
    def of(hits: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> DrumLoop:
        return DrumLoop.of(hits, hits * 0.5, hits * 0)

    one = np.zeros((64, 9), dtype=np.bool_)
    one[::4, Voice.RIDE] = True
    crowded = np.zeros((64, 9), dtype=np.bool_)
    crowded[:16, :3] = True
    thin = np.zeros((64, 9), dtype=np.bool_)
    thin[0, :2] = True
    found = validity([DrumLoop.empty(), of(one), of(crowded), of(thin)])
    assert found == {
        "empty": 0.25,
        "sparse": 0.25,
        "saturated": 0.25,
        "one_voice": 0.25,
        "no_kick": 0.5,
        "no_snare": 0.5,
    }


def test_the_nearest_loop_is_counted_cell_by_cell() -> None:
    learned = np.stack([loop.hits for loop in many(0, 30)]).astype(np.float32)
    loops = [*many(100, 9), many(0, 1)[0]]
    hits = np.stack([loop.hits for loop in loops])
    by_hand = (hits[:, None] != learned[None]).sum(axis=(2, 3)).min(axis=1)
    np.testing.assert_array_equal(distances(hits, learned, batch=3), by_hand)
    found = nearest(loops, learned)
    assert found["copies"] == 0.1
    assert found["median"] == np.median(by_hand)


def test_styles_are_named_right_where_draws_keep_to_them_and_by_chance_where_not() -> None:
    def labelled(first: int, swapped: bool = False) -> Labelled:
        loops = [*many(first, 20, loudness=0.4), *many(first + 20, 20, loudness=0.8)]
        names = np.repeat(["loud", "soft"] if swapped else ["soft", "loud"], 20)
        return Labelled(features(loops), names, np.arange(40))

    found = style_agreement(labelled(0), labelled(100), labelled(200), draws=50)
    assert found is not None
    assert found.chance == 0.5
    assert found.real > 0.9
    assert found.drawn > 0.9
    assert found.by_style.keys() == {"soft", "loud"}
    wrong = style_agreement(labelled(0), labelled(100), labelled(200, swapped=True), draws=50)
    assert wrong is not None
    assert wrong.drawn < 0.1
    other = labelled(100)
    nameless = Labelled(other.features, np.full(40, ""), other.groups)
    assert style_agreement(nameless, nameless, labelled(200)) is None


def test_features_are_finite_and_named_one_by_one() -> None:
    found = features([DrumLoop.empty(), *many(0, 3)])
    assert found.values.shape == (4, len(found.names)) == (4, len(set(found.names)))
    assert np.isfinite(found.values).all()
    own = attribute_columns([DrumLoop.empty(), *many(0, 3)])
    assert found.names[: len(own.names)] == own.names


def test_loops_are_seen_as_midi_and_midi_is_left_as_it_is() -> None:
    hits, velocities, offsets = as_midi(many(0, 3))
    levels, ticks = velocities * 127, offsets * TICKS_PER_STEP
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-4)
    np.testing.assert_allclose(ticks, np.round(ticks), atol=1e-4)
    assert (velocities[hits > 0] >= 1 / 127).all()
    recorded = [DrumLoop.of(*parts) for parts in zip(hits, velocities, offsets, strict=True)]
    np.testing.assert_allclose(grid(recorded), grid(many(0, 3)), atol=1e-6)


def test_the_way_begins_at_a_ends_at_b_and_keeps_its_length() -> None:
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 4, 160)).astype(np.float32)
    a[3] = b[3]
    way = between(a, b)
    np.testing.assert_allclose(way[:, 0], a, atol=1e-5)
    np.testing.assert_allclose(way[:, -1], b, atol=1e-5)
    lengths = np.linalg.norm(way, axis=2)
    ends = np.linspace(0, 1, 11) * (lengths[:, -1:] - lengths[:, :1]) + lengths[:, :1]
    np.testing.assert_allclose(lengths, ends, rtol=1e-4)


def test_coins_go_evenly_and_the_threshold_at_once() -> None:
    hits = np.stack([loop.hits for loop in many(0, 40, density=0.3)]).astype(np.float32)
    a, b = hits[:20], hits[20:]
    decoded = np.stack([a] * 6 + [b] * 5, axis=1)
    found = interpolation(a, b, decoded, hits)
    np.testing.assert_allclose(found.ways["coin"].to_a, found.points, atol=0.05)
    np.testing.assert_allclose(found.ways["coin"].to_b, 1 - np.array(found.points), atol=0.05)
    assert found.ways["latent"].to_a == [0.0] * 6 + [1.0] * 5
    assert found.ways["latent"].longest == 1
    assert found.ways["latent"].nearest == [0.0] * 11
    assert found.ways["threshold"].to_a[4] == 0
    assert found.ways["threshold"].to_b[6] == 0
    assert found.ways["coin"].longest < 0.4
    assert found.ways["coin"].nearest[5] > 10


def test_pairs_are_of_different_files() -> None:
    files = np.arange(30) // 10
    found = pairs(files, 200)
    assert (files[found[:, 0]] != files[found[:, 1]]).all()
    np.testing.assert_array_equal(found, pairs(files, 200))
