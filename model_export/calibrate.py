"""Calibration: what a bundle can only learn once its model is there, fitted, measured and put into it.

Named sliders (`bridge.model.sliders`). The network g learns what attributes the decoder gives the loop at z:
first at the places of training loops and at draws of the prior, then, round after round, where the sliders so
far lead, since there they were too hopeful. Fitted at the temperature at which the app starts.

Then the sliders are measured as a player would: `LOOPS` loops, half drawn from the prior and half rebuilt
from the split, each moved through the range of each slider with all else, noise included, held fast.

Raw axes are put in the order of how much they change what is heard (`axis_effects`), and the map of the
training loops (`model_export.map`) is laid out beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional

from bridge.groove.attributes import ATTRIBUTES, measure
from bridge.model import Bundle, Map, Model, Settings
from bridge.model.bundle import MANIFEST, MAP, SLIDERS
from bridge.model.noise import expression_noise, hit_noise, prior_noise
from bridge.model.providers import open_session
from bridge.model.sliders import Link, Sliders
from model_export.bundling import replacing
from model_export.card import write_card
from model_export.errors import ExportError
from model_export.graphs import LOOP
from model_export.map import fit_map
from training.corpus import Loops, load_split

NAMES = ATTRIBUTES[:-1]
"""The sliders: every attribute but the toms of the groove, which no slider moves and all leave alone."""

LINKS = {
    "syncopation": Link.POSITIVE,
    **dict.fromkeys(("ghosts", "fill", "ride", "toms"), Link.SHARE),
}
FEWEST = 200
# From little to much, as shares of the training loops. Most loops have no
# fill, so that much of it is rare; and the loosest timing is one that the model hardly follows.
RANGE = (0.05, 0.95)
RANGES = {"fill": (0.01, 0.99), "looseness": (0.1, 0.9)}
POSITIONS = np.linspace(-1, 1, 9)
LOOPS = 200
FIRM = 0.9

_TEMPERATURE = Settings().temperature
_FIRST, _ROUND, _ROUNDS = 8000, 5000, 4
_BEYOND = 1.1
_HIDDEN = 192
_STEPS, _BATCH, _RATE = 2000, 256, 4e-3
_SHARE_WEIGHT = 4.0
_NOISES = 256
_DECODED = 128
_EFFECT_LOOPS, _EFFECT_REACH = 24, 1.5

Floats = NDArray[np.float64]
Latent = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted, and how it measures: `report` has `sliders` and `map`, for the bundle's metrics.

    effects: of the coordinates of z, [Z], as in `axis_effects`
    """

    sliders: Sliders
    plane: Map
    effects: Floats
    report: Mapping[str, Any]


class Workbench:
    """The graphs of a bundle, run on many points at once with a fixed stock of noise."""

    def __init__(self, bundle: Bundle) -> None:
        self._encoder, self._decoder, self._prior = map(
            open_session, (bundle.encoder, bundle.decoder, bundle.prior)
        )
        self.latent_size = bundle.manifest.latent_size
        choices = bundle.manifest.choices
        self._hits = np.stack([hit_noise(0, index, choices) for index in range(_NOISES)])
        self._touch = np.stack([expression_noise(0, index) for index in range(_NOISES)])

    def encode(self, loops: Loops) -> tuple[Latent, Latent]:
        """Mu and sigma [N, Z] of the posteriors."""
        parts = []
        for start in range(0, len(loops), _DECODED):
            here = slice(start, start + _DECODED)
            parts.append(
                self._encoder.run(["mu", "sigma"], {name: getattr(loops, name)[here] for name in LOOP})
            )
        mu, sigma = (np.concatenate(part) for part in zip(*parts, strict=True))
        return mu, sigma

    def draw(self, noise: Latent) -> Latent:
        """Points of the prior, style open, from normals [N, Z]."""
        (points,) = self._prior.run(["z"], {"noise": noise, "style": np.zeros(len(noise), dtype=np.int64)})
        drawn: Latent = points
        return drawn

    def decode(self, z: Latent, temperature: float) -> list[NDArray[np.float32]]:
        """Hits, velocities and offsets [N, 64, 9]; row i has the i-th noise of the stock, which repeats."""
        parts = []
        for start in range(0, len(z), _DECODED):
            here = z[start : start + _DECODED]
            rows = (start + np.arange(len(here))) % _NOISES
            feed = {
                "z": here,
                "temperature": np.full(len(here), temperature, dtype=np.float32),
                "hit_noise": self._hits[rows],
                "expression_noise": self._touch[rows],
            }
            parts.append(self._decoder.run(list(LOOP), feed))
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def measure(self, z: Latent, temperature: float) -> Floats:
        """`ATTRIBUTES` of the loops at z [N, Z]: [N, A]."""
        return measure(*self.decode(z, temperature))


def calibrate(path: Path, data: Path, split: str = "test") -> Calibration:
    """Fit sliders and map of the bundle at `path` on a corpus's training loops and write them into it.

    split: whose loops, rebuilt, are half of those that the sliders are measured on; nothing is chosen by it.

    The bundle is replaced whole or stays as it was. Takes some minutes of one core; the same bundle and
    corpus give the same calibration on the same machine. Raises BundleError, CorpusError or ExportError.
    """
    bundle = Bundle.load(path)
    taught = load_split(data, "train")
    train, shown = taught.loops(stride_bars=4), load_split(data, split).loops(stride_bars=4)
    if len(train) < FEWEST:
        raise ExportError(
            f"The corpus in {data} has {len(train)} training loops; calibration needs {FEWEST} or more. "
            "Prepare one with more files."
        )
    if not len(shown):
        raise ExportError(f"The split '{split}' in {data} has no loops to measure on. Choose another.")
    plane, worth = fit_map(Model(bundle, "cpu"), taught)
    bench = Workbench(bundle)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sliders = fit_sliders(bench, train)
    behaviour = measure_sliders(bench, sliders, train, shown, split)
    found = Calibration(sliders, plane, axis_effects(bench), {"sliders": behaviour, "map": worth})
    _write(bundle, found)
    return found


def fit_sliders(bench: Workbench, train: Loops) -> Sliders:
    """Sliders for the decoder at hand; `train` says where loops lie and what is little and much."""
    random = np.random.default_rng(0)
    mu, sigma = bench.encode(train)
    real = measure(train.hits, train.velocities, train.offsets)
    links = np.array([LINKS.get(name, Link.LINEAR) for name in ATTRIBUTES], dtype=np.int64)
    low, high = np.transpose(
        [np.quantile(each, RANGES.get(name, RANGE)) for name, each in zip(ATTRIBUTES, real.T, strict=True)]
    )
    spread = np.cov(mu.T) + np.diag((sigma**2).mean(axis=0))
    units = np.where(links == Link.SHARE, 1.0, np.maximum(real.std(axis=0), 1e-6))

    def starts(count: int) -> Latent:
        """Half places of training loops, half draws of the prior."""
        rows = random.integers(len(mu), size=count)
        noise = random.standard_normal((count, bench.latent_size)).astype(np.float32)
        drawn = bench.draw(random.standard_normal((count, bench.latent_size)).astype(np.float32))
        return np.where(random.random((count, 1)) < 0.5, mu[rows] + sigma[rows] * noise, drawn)

    points = [starts(_FIRST)]
    heard = [bench.measure(points[0], _TEMPERATURE)]
    for _ in range(_ROUNDS):
        weights = _learn(np.concatenate(points), np.concatenate(heard), links, units)
        sliders = Sliders(NAMES, links, units, low, high, **weights, spread=spread)
        values = np.zeros((_ROUND, len(NAMES)))
        chosen = random.integers(len(NAMES), size=_ROUND)
        values[np.arange(_ROUND), chosen] = random.uniform(-_BEYOND, _BEYOND, size=_ROUND)
        points.append(sliders.move(starts(_ROUND), values))
        heard.append(bench.measure(points[-1], _TEMPERATURE))
    weights = _learn(np.concatenate(points), np.concatenate(heard), links, units)
    return Sliders(NAMES, links, units, low, high, **weights, spread=spread)


class _Attributes(nn.Module):
    """g of `bridge.model.sliders`."""

    def __init__(self, size: int, attributes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(size, attributes)
        self.inner = nn.Linear(size, _HIDDEN)
        self.outer = nn.Linear(_HIDDEN, attributes, bias=False)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.outer.weight)

    def forward(self, z: Tensor) -> Tensor:
        """G(z), [N, A]."""
        answer: Tensor = self.linear(z) + self.outer(torch.tanh(self.inner(z)))
        return answer


def _learn(z: Latent, attributes: Floats, links: NDArray[np.int64], units: Floats) -> dict[str, Floats]:
    """The weights of g as `Sliders` names them, after least squares, for shares cross-entropy."""
    network = _Attributes(z.shape[1], attributes.shape[1])
    inputs = torch.from_numpy(z)
    targets = torch.from_numpy((attributes / units).astype(np.float32))
    shares = torch.from_numpy(links == Link.SHARE)
    positive = torch.from_numpy(links == Link.POSITIVE)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=_STEPS)
    for _ in range(_STEPS):
        rows = torch.randint(len(inputs), (_BATCH,))
        answer, target = network(inputs[rows]), targets[rows]
        share = functional.binary_cross_entropy_with_logits(
            answer[:, shares], target[:, shares].clamp(0, 1), reduction="none"
        )
        expected = torch.where(positive, functional.softplus(answer), answer)[:, ~shares]
        loss = _SHARE_WEIGHT * share.sum(dim=1) + ((expected - target[:, ~shares]) ** 2).sum(dim=1)
        optimiser.zero_grad()
        loss.mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    weights = {
        "linear": network.linear.weight,
        "bias": network.linear.bias,
        "inner": network.inner.weight,
        "inner_bias": network.inner.bias,
        "outer": network.outer.weight,
    }
    return {name: weight.detach().numpy().astype(np.float64) for name, weight in weights.items()}


def measure_sliders(
    bench: Workbench, sliders: Sliders, train: Loops, shown: Loops, split: str
) -> dict[str, Any]:
    """What each slider does to `LOOPS` loops, at temperature 0 and at the app's: for each slider

    spearman     median over loops of the rank correlation of position and attribute; 0 for a loop that stays
    firm         share of loops in which that is .9 or more
    still        share of loops in which the attribute does not change at all
    movement     mean distance of the attribute between -1 and 1, in standard deviations over training loops
    others       that of each other attribute beside it, as a share of it; `worst` names the largest
    """
    half = LOOPS // 2
    noise = np.stack([prior_noise(0, index, bench.latent_size) for index in range(half)])
    rows = np.linspace(0, len(shown) - 1, min(half, len(shown))).astype(np.int64)
    chosen = Loops(*(getattr(shown, name)[rows] for name in (*LOOP, "files", "bpm")))
    points = np.concatenate([bench.draw(noise), bench.encode(chosen)[0]])
    deviation = measure(train.hits, train.velocities, train.offsets).std(axis=0)[: len(NAMES)]
    deviation = np.maximum(deviation, 1e-6)
    temperatures = {
        f"{temperature:g}": _behaviour(bench, sliders, points, deviation, temperature)
        for temperature in (0.0, _TEMPERATURE)
    }
    return {
        "split": split,
        "loops": len(points),
        "positions": len(POSITIONS),
        "temperatures": temperatures,
    }


def _behaviour(
    bench: Workbench, sliders: Sliders, points: Latent, deviation: Floats, temperature: float
) -> dict[str, Any]:
    rest = bench.measure(points, temperature)
    table: dict[str, Any] = {}
    for own, name in enumerate(NAMES):
        moved = []
        for position in POSITIONS:
            values = np.zeros((len(points), len(NAMES)))
            values[:, own] = position
            moved.append(bench.measure(sliders.move(points, values), temperature) if position else rest)
        heard = np.stack(moved, axis=1)[..., : len(NAMES)]
        ranked = spearman(POSITIONS, heard[..., own])
        movement = np.abs(heard[:, -1] - heard[:, 0]).mean(axis=0) / deviation
        others = {
            other: round(float(movement[column] / max(movement[own], 1e-9)), 3)
            for column, other in enumerate(NAMES)
            if column != own
        }
        table[name] = {
            "spearman": round(float(np.median(ranked)), 3),
            "firm": round(float((ranked >= FIRM).mean()), 3),
            "still": round(float((np.ptp(heard[..., own], axis=1) == 0).mean()), 3),
            "movement": round(float(movement[own]), 3),
            "worst": max(others, key=lambda other: others[other]),
            "others": others,
        }
    return table


def spearman(positions: Floats, values: Floats) -> Floats:
    """Rank correlation of positions [P] with each row of values [N, P]; equal values share their mean rank.

    0 for a row without change. Source: Spearman 1904; ties as usual, Pearson's correlation of mean ranks.
    """
    ranks = _ranks(values) - (len(positions) - 1) / 2
    own = _ranks(positions) - (len(positions) - 1) / 2
    scale = np.sqrt((ranks**2).sum(axis=-1) * (own**2).sum())
    answer = np.zeros(len(values))
    np.divide(ranks @ own, scale, out=answer, where=scale > 0)
    return answer


def _ranks(values: Floats) -> Floats:
    """Mean ranks along the last axis, from 0."""
    below = values[..., None, :] < values[..., :, None]
    equal = values[..., None, :] == values[..., :, None]
    ranks: Floats = below.sum(axis=-1) + (equal.sum(axis=-1) - 1) / 2
    return ranks


def axis_effects(bench: Workbench) -> Floats:
    """How much each coordinate of z changes the loop on its way from -1.5 to 1.5, [Z].

    The mean over draws of the prior, at temperature 0, of all cells' change of velocity (a hit that comes or
    goes changes by its velocity) and of offset in sixteenths, summed: as if in hits of full velocity.
    """
    noise = np.stack([prior_noise(1, index, bench.latent_size) for index in range(_EFFECT_LOOPS)])
    points = bench.draw(noise)
    effects = np.zeros(bench.latent_size)
    for axis in range(bench.latent_size):
        ends = np.concatenate([points, points])
        ends[:, axis] = np.repeat([-_EFFECT_REACH, _EFFECT_REACH], len(points))
        _, velocities, offsets = bench.decode(ends, 0.0)
        change = sum(np.abs(part[: len(points)] - part[len(points) :]) for part in (velocities, offsets))
        effects[axis] = np.sum(change) / len(points)
    return effects


def _write(bundle: Bundle, found: Calibration) -> None:
    """Put the calibration into the bundle: its files with their hashes, its keys, its lines in the card."""
    content = {path.name: path.read_bytes() for path in bundle.path.iterdir() if path.name != MANIFEST}
    fitted = {SLIDERS: found.sliders.to_bytes(), MAP: found.plane.to_bytes()}
    manifest: dict[str, Any] = json.loads((bundle.path / MANIFEST).read_text(encoding="utf-8"))
    manifest["sliders"] = list(found.sliders.names)
    manifest["axes"] = _ordered(manifest["axes"], found.effects)
    manifest["map"] = {"loops": len(found.plane.points)}
    manifest["metrics"] |= found.report
    manifest["files"] |= {name: hashlib.sha256(data).hexdigest() for name, data in fitted.items()}
    with replacing(bundle.path) as folder:
        for name, data in (content | fitted).items():
            (folder / name).write_bytes(data)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        write_card(folder, manifest)
        Bundle.load(folder)


def _ordered(axes: list[Mapping[str, Any]], effects: Floats) -> list[dict[str, Any]]:
    """The axes in the order of their effect, named anew."""
    ranked = sorted(axes, key=lambda axis: -effects[axis["index"]])
    return [
        {**axis, "name": f"z{place}", "effect": round(float(effects[axis["index"]]), 3)}
        for place, axis in enumerate(ranked, start=1)
    ]


def report(found: Calibration, console: Console) -> None:
    """Print what the sliders do, as a table for each temperature."""
    measured = found.report["sliders"]
    for temperature, sliders in measured["temperatures"].items():
        table = Table(
            title=f"{measured['loops']} loops at temperature {temperature}, each slider from -1 to 1",
            box=box.SIMPLE,
        )
        for name in ("", "Spearman", "of .9 or more", "still", "own change", "largest other"):
            table.add_column(name, justify="right" if name else "left")
        for name, row in sliders.items():
            other = f"{row['worst']} {row['others'][row['worst']]:.2f}"
            table.add_row(
                name,
                f"{row['spearman']:.3f}",
                f"{row['firm']:.0%}",
                f"{row['still']:.0%}",
                f"{row['movement']:.2f}",
                other,
            )
        console.print(table)
    console.print(
        "Spearman: median over loops, 0 for a loop that stays still. Own change: in standard deviations of\n"
        "the training loops. Largest other: the attribute that moves most beside it, as a share of that."
    )
