"""An exported bundle measured as the app runs it, in onnxruntime: what comes back of loops, what it draws.

All draws have fixed seeds. Loops are taken as they come, so a long file gives more of them than a short one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from bridge.groove.loop import DrumLoop
from bridge.model import Bundle, Model, Settings
from training.corpus import Loops, Split
from training.features import features
from training.interpolation import POINTS, Interpolation, between, interpolation, pairs
from training.metrics import Tally, compare
from training.prior_fit import primary_style
from training.sampling import (
    Labelled,
    Sample,
    StyleAgreement,
    TwoSample,
    attribute_distances,
    nearest,
    style_agreement,
    two_sample,
    validity,
)

Array = NDArray[np.float32]
LOOPS = 500
PAIRS = 100
TEMPERATURES = (0.0, 0.25, 0.5, 1.0)
ACTIVE_NATS = 0.1
_BATCH = 64
_SEED = 20190501


@dataclass(frozen=True, slots=True)
class AtTemperature:
    """The two-sample test of prior draws at another temperature."""

    temperature: float
    two_sample: TwoSample


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a bundle draws, beside `loops` loops of the split (`real`) and as many `training` loops.

    prior                 draws as a person gets them, style left open, at the default `temperature`
    around                z drawn from the posterior of each real loop, at that temperature
    reconstruction        z = mu of each real loop, at that temperature; `reconstruction_still`: at 0

    two_sample       each of these, and training loops, against the real ones; prior draws against training
                     loops too
    by_temperature   the first of these tests at temperatures 0 to 1
    attributes, validity, nearest   of each sample, as in `training.sampling`
    style            None for a bundle without styles, or a corpus without any of them
    """

    loops: int
    temperature: float
    two_sample: Sequence[TwoSample]
    by_temperature: Sequence[AtTemperature]
    attributes: Mapping[str, Mapping[str, Mapping[str, float]]]
    validity: Mapping[str, Mapping[str, float]]
    nearest: Mapping[str, Mapping[str, float]]
    style: StyleAgreement | None
    interpolation: Interpolation


def open_model(path: Path | None) -> Model:
    """Open a bundle (None: the shipped one); BundleError if it cannot be used."""
    return Model(Bundle.load(path))


def reconstruction(model: Model, truth: Loops) -> tuple[Tally, dict[str, float]]:
    """Reconstruct loops from mu at temperature 0; also, as means a loop:

    kl_nats       KL divergence of the posterior from the standard normal distribution
    active_axes   how many coordinates hold 0.1 nats of it or more
    """
    loops = drum_loops(truth)
    mu, sigma = _encode(model, loops)
    back = _decode(model, mu, [Settings(temperature=0.0)] * len(mu))
    tally = compare(
        truth,
        np.stack([loop.hits for loop in back]).astype(np.float32),
        np.stack([loop.velocities for loop in back]),
        np.stack([loop.offsets for loop in back]),
    )
    nats = 0.5 * (mu**2 + sigma**2 - 1) - np.log(sigma)
    return tally, {
        "kl_nats": float(nats.sum(axis=1).mean()),
        "active_axes": float((nats.mean(axis=0) >= ACTIVE_NATS).sum()),
    }


def sampling(model: Model, split: Split, train: Split, draws: int = 1000) -> Sampling:
    """Draw from the bundle and hold it against the split. draws: bootstrap samples.

    GroovebridgeError if the split has loops of one file alone, the corpus none to train with, or none of
    the bundle's styles.
    """
    everything, learned = split.loops(stride_bars=4), train.loops(stride_bars=4)
    count = min(LOOPS, len(everything), len(learned))
    if not count:
        raise GroovebridgeError(
            "The corpus has no training loop to hold draws against. Prepare more files, or use --no-sampling."
        )
    real_loops, real_files = _some(everything, count)
    training_loops, training_files = _some(learned, count)
    real = Sample.of("real", real_loops, real_files)
    training = Sample.of("training", training_loops, -1 - training_files)  # a negative number: another file

    def prior(temperature: float) -> Sample:
        settings = [Settings(seed=_SEED, index=i, temperature=temperature) for i in range(count)]
        return Sample.of("prior", _drawn(model, settings), -1 - np.arange(count))

    default = Settings().temperature
    mu, sigma = _encode(model, real_loops)
    eps = np.random.default_rng(_SEED).standard_normal(mu.shape, dtype=np.float32)
    free = [Settings(seed=_SEED, index=count + i) for i in range(count)]
    still = [Settings(temperature=0.0)] * count
    samples = [
        prior(default),
        Sample.of("around", _decode(model, mu + sigma * eps, free), real_files),
        Sample.of("reconstruction", _decode(model, mu, free), real_files),
        Sample.of("reconstruction_still", _decode(model, mu, still), real_files),
        training,
    ]
    tests = [two_sample(sample, real, draws) for sample in samples]
    by_temperature = [AtTemperature(default, tests[0])]
    by_temperature += [
        AtTemperature(value, two_sample(prior(value), real, draws))
        for value in TEMPERATURES
        if value != default
    ]
    known = train.loops(stride_bars=1).hits
    return Sampling(
        loops=count,
        temperature=default,
        two_sample=[*tests, two_sample(samples[0], training, draws)],
        by_temperature=sorted(by_temperature, key=lambda each: each.temperature),
        attributes={sample.name: attribute_distances(sample, real) for sample in (real, *samples)},
        validity={sample.name: validity(sample.loops) for sample in (real, *samples)},
        nearest={sample.name: nearest(sample.loops, known) for sample in (real, *samples[:-1])},
        style=_style(model, train, split, draws) if model.styles else None,
        interpolation=_interpolation(model, real, mu, known),
    )


def drum_loops(loops: Loops) -> list[DrumLoop]:
    """The loops as values."""
    parts = zip(loops.hits, loops.velocities, loops.offsets, strict=True)
    return [DrumLoop.of(*part) for part in parts]


def _style(model: Model, train: Split, split: Split, draws: int) -> StyleAgreement | None:
    def labelled(source: Split) -> Labelled:
        loops = source.loops(stride_bars=4)
        names = np.array([primary_style(source.records[file]) for file in loops.files])
        return Labelled(features(drum_loops(loops)), names, loops.files)

    each = max(1, LOOPS // len(model.styles))
    asked = [(style, number) for style in model.styles for number in range(each)]
    drawn = _drawn(model, [Settings(seed=_SEED + 1, index=number, style=style) for style, number in asked])
    styles = np.array([style for style, _ in asked])
    own = Labelled(features(drawn), styles, np.arange(len(asked)))
    return style_agreement(labelled(train), labelled(split), own, draws)


def _interpolation(model: Model, real: Sample, mu: Array, known: Array) -> Interpolation:
    chosen = pairs(real.groups, PAIRS, _SEED)
    path = between(mu[chosen[:, 0]], mu[chosen[:, 1]])
    points = path.reshape(-1, path.shape[2])
    loops = _decode(model, points, [Settings(temperature=0.0)] * len(points))
    decoded = np.stack([loop.hits for loop in loops]).astype(np.float32)
    hits = np.stack([loop.hits for loop in real.loops]).astype(np.float32)
    ways = decoded.reshape(PAIRS, POINTS, *hits.shape[1:])
    return interpolation(hits[chosen[:, 0]], hits[chosen[:, 1]], ways, known, _SEED)


def _some(loops: Loops, count: int) -> tuple[list[DrumLoop], NDArray[np.int64]]:
    """So many of the loops, by chance, in their order, and their files."""
    rows = np.sort(np.random.default_rng(_SEED).permutation(len(loops))[:count])
    found = zip(loops.hits[rows], loops.velocities[rows], loops.offsets[rows], strict=True)
    return [DrumLoop.of(*parts) for parts in found], loops.files[rows]


def _drawn(model: Model, settings: Sequence[Settings]) -> list[DrumLoop]:
    return _decode(model, np.stack([model.latent(each) for each in settings]), settings)


def _decode(model: Model, z: Array, settings: Sequence[Settings]) -> list[DrumLoop]:
    loops: list[DrumLoop] = []
    for start in range(0, len(z), _BATCH):
        here = slice(start, start + _BATCH)
        loops += model.decode_batch(z[here], settings[here])
    return loops


def _encode(model: Model, loops: Sequence[DrumLoop]) -> tuple[Array, Array]:
    parts = [model.encode_batch(loops[start : start + _BATCH]) for start in range(0, len(loops), _BATCH)]
    mu, sigma = zip(*parts, strict=True)
    return np.concatenate(mu), np.concatenate(sigma)
