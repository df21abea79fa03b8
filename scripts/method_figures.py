"""Draw the figures of docs/method.md and fill its tables, all from the JSON files in docs/figures.

    .venv/bin/python -m scripts.method_figures

docs/figures has what was measured, each file with the command that makes it in `MEASURED`; a figure whose
file is missing is left as it is, and said. The same files give the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bridge.model.bundle import MANIFEST, SHIPPED
from scripts.method_tables import contents
from scripts.regions import fill

ROOT = Path(__file__).resolve().parent.parent
MEASURED = {
    "data": "python -m scripts.method_data ZIP",
    "loops": "python -m scripts.method_loops",
    "evaluation": "python -m training evaluate --baselines --json > docs/figures/evaluation.json",
    "prior": "python -m scripts.method_prior CHECKPOINT",
    "curve": "python -m training curve, then a copy of its results.json",
    "ablation": "python -m training ablate, then a copy of its results.json",
}

PAGES = ("method.md", "listening.md", "ablation.md")
INK, FAINT, PAPER = "#22262b", "#c9cdd2", "#ffffff"
BLUE, ORANGE, GREEN, RED, GREY = "#2f6db3", "#d9822b", "#3d9970", "#b23a48", "#7a828c"
SPLIT_COLOURS = {"train": BLUE, "validation": ORANGE, "test": GREEN}
SHOWN_STYLES = 12
Json = dict[str, Any]


def styles(data: Json) -> Figure:
    """Loops by style and split, and the tempi of the files."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), width_ratios=(3, 2))
    names = list(data["styles"])[:SHOWN_STYLES]
    start = np.zeros(len(names))
    for split, colour in SPLIT_COLOURS.items():
        counts = np.array([data["styles"][name][split] for name in names])
        left.barh(names, counts, left=start, color=colour, label=split)
        start += counts
    left.invert_yaxis()
    left.set(xlabel="loops of four bars, without overlap", title=f"The {len(names)} longest styles")
    left.legend(frameon=False, loc="lower right")
    right.hist(data["tempi"]["of_files"], bins=np.arange(50, 300, 10), color=BLUE)
    right.set(xlabel="tempo of the file, BPM", ylabel="files", title="Tempi")
    return figure


def kit(data: Json) -> Figure:
    """Share of the bars in which each voice is hit on each sixteenth."""
    figure, axes = pyplot.subplots(figsize=(9, 3.4))
    voices = data["voices"]
    shares = 100 * np.array([voice["by_step"] for voice in voices.values()])
    picture = axes.imshow(shares, cmap="Blues", aspect="auto", vmin=0)
    for (row, step), share in np.ndenumerate(shares):
        if share >= 1:
            colour = PAPER if share > 0.6 * shares.max() else INK
            axes.text(step, row, f"{share:.0f}", ha="center", va="center", color=colour, fontsize=7)
    axes.set_yticks(range(len(voices)), [name.replace("_", " ") for name in voices])
    axes.set_xticks(range(16), [str(step // 4 + 1) if step % 4 == 0 else "·" for step in range(16)])
    for beat in (3.5, 7.5, 11.5):
        axes.axvline(beat, color=FAINT, linewidth=1)
    axes.set(xlabel="beat of the bar, in sixteenths", title="Share of the bars with a hit here, %")
    axes.tick_params(length=0)
    figure.colorbar(picture, ax=axes, pad=0.01).outline.set_visible(False)
    return figure


def touch(data: Json) -> Figure:
    """How hard each voice is played."""
    figure, grid = pyplot.subplots(3, 3, figsize=(9, 4.6), sharex=True)
    for axes, (name, voice) in zip(grid.flat, data["voices"].items(), strict=True):
        shares = 100 * np.array(voice["velocities"])
        axes.bar((np.arange(len(shares)) + 0.5) / len(shares), shares, width=0.92 / len(shares), color=BLUE)
        axes.set_title(f"{name.replace('_', ' ')}, {100 * voice['share']:.1f} % of the hits", fontsize=9)
        axes.set_xticks((0, 0.5, 1))
    for axes in grid[:, 0]:
        axes.set_ylabel("hits, %")
    for axes in grid[-1]:
        axes.set_xlabel("velocity")
    return figure


def feel(data: Json) -> Figure:
    """How late each voice is played, and each sixteenth of a beat."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), width_ratios=(3, 2), sharex=True)
    spans(left, {name.replace("_", " "): voice["late_ms"] for name, voice in data["voices"].items()})
    left.set(xlabel="ms after the grid (negative: early)", title="By voice")
    places = ("on the beat", "1st 16th after", "off-beat 8th", "last 16th")
    spans(right, dict(zip(places, (place["late_ms"] for place in data["positions"]), strict=True)))
    right.set(xlabel="ms after the grid", title="By place in the beat")
    return figure


def spans(axes: Axes, rows: dict[str, list[float]]) -> None:
    """Quantiles as lines: 5 to 95 % thin, 25 to 75 % thick, the median a dot."""
    for place, quantiles in enumerate(rows.values()):
        if not quantiles:
            continue  # a voice that nobody plays
        low, quarter, middle, upper, high = quantiles
        axes.plot((low, high), (place, place), color=BLUE, linewidth=1.2)
        axes.plot(
            (quarter, upper), (place, place), color=BLUE, linewidth=6, solid_capstyle="butt", alpha=0.55
        )
        axes.plot(middle, place, "o", color=INK, markersize=5)
    axes.axvline(0, color=FAINT, linewidth=1, zorder=0)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()


def combinations(data: Json) -> Figure:
    """What share of the steps a table of K combinations cannot play."""
    figure, axes = pyplot.subplots(figsize=(9, 3))
    covered = np.array(data["combinations"]["coverage"])
    sizes = np.arange(1, len(covered) + 1)
    axes.plot(sizes[:-1], 100 * (1 - covered[:-1]), color=BLUE, linewidth=2)
    for size in (16, 32, 64, 128):
        if size < len(covered):
            missing = 100 * (1 - covered[size - 1])
            axes.plot(size, missing, "o", color=INK, markersize=5)
            axes.annotate(f"K = {size}: {missing:.2g} %", (size, missing), (6, 5), textcoords="offset points")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(
        xlabel=f"K, the most frequent combinations of hits ({len(covered)} occur)",
        ylabel="training steps\nwith another one, %",
    )
    return figure


def loops(examples: Json) -> Figure:
    """Loops side by side: darker is harder, a hit beside its cell's middle is early or late."""
    rows = examples["loops"]
    figure, grid = pyplot.subplots(len(rows), 1, figsize=(9, 1.75 * len(rows)), sharex=True)
    names = examples["voices"]
    for axes, loop in zip(np.atleast_1d(grid), rows, strict=True):
        step, voice, velocity, offset = np.array(loop["hits"]).reshape(-1, 4).T
        axes.scatter(
            step + offset, voice, c=velocity, s=26, marker="s", cmap="Blues", vmin=-0.25, vmax=1, linewidths=0
        )
        axes.set_xticks(range(0, 64, 16), [f"bar {bar}" for bar in range(1, 5)])
        axes.set_xticks(range(0, 64, 4), minor=True)
        axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=6.5)
        axes.grid(axis="x", which="both", color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.set(xlim=(-0.9, 63.9), ylim=(-0.7, len(names) - 0.3))
        axes.set_title(loop["name"], fontsize=9, loc="left")
    return figure


def curve(runs: list[Json]) -> Figure:
    """Reconstruction, and how well draws are told from real loops, against the latent's information."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    # The runs that differ in the free nats alone are a line; any other is a point with its name.
    alike = [run for run in runs if (run["beta"], run["latent"]) == (1, max(each["latent"] for each in runs))]
    alike.sort(key=lambda run: run["validation"]["kl"])
    for axes, name, colour, label in (
        (left, "f1", BLUE, "F1"),
        (left, "forced_exact", ORANGE, "exact step, told the truth"),
        (left, "exact_step", GREEN, "exact step, hearing itself"),
        (right, "told_apart_standard_normal", GREY, "drawn from N(0, 1)"),
        (right, "told_apart", BLUE, "drawn from a fitted prior"),
    ):
        points = [(run["validation"]["kl"], run["validation"][name]) for run in alike]
        axes.plot(*zip(*points, strict=True), "o-", color=colour, label=label)
        for run in runs:
            if run not in alike:
                axes.plot(run["validation"]["kl"], run["validation"][name], "x", color=colour, mew=2)
    for number, run in enumerate(run for run in runs if run not in alike):
        place = (run["validation"]["kl"], run["validation"]["f1"])
        shift, side = ((8, -12), "left") if number % 2 == 0 else ((-6, 6), "right")
        left.annotate(run["name"], place, shift, textcoords="offset points", ha=side, fontsize=7)
    left.set(xlabel="KL, nats a loop", ylabel="validation, temperature 0", title="Reconstruction")
    right.axhline(0.5, color=FAINT, linewidth=1)
    right.set(
        xlabel="KL, nats a loop", ylabel="told apart (0.5: chance)", title="Sampling", ylim=(0.48, 1.01)
    )
    for axes in (left, right):
        axes.legend(frameon=False, loc="best")
    return figure


def ablation(results: Json) -> Figure:
    """Exact steps of each arm told and alone, at both lengths, on the test split."""
    runs = results["runs"]
    lengths = sorted({run["bars"] for run in runs})
    figure, grid = pyplot.subplots(1, len(lengths), figsize=(9, 2.8), sharex=True, sharey=True, squeeze=False)
    for axes, bars in zip(grid[0], lengths, strict=True):
        mine = [run for run in runs if run["bars"] == bars]
        for place, run in enumerate(mine):
            here = run["splits"]["test"]
            for shift, key, colour, label in (
                (-0.12, "forced_exact_step", ORANGE, "told the true steps"),
                (0.12, "sampled_exact_step", BLUE, "hearing itself"),
            ):
                axes.plot(here["interval"][key], [place + shift] * 2, color=colour, linewidth=2, alpha=0.6)
                axes.plot(
                    here["measures"][key],
                    place + shift,
                    "o",
                    color=colour,
                    label=label if not place else None,
                )
        axes.set_yticks(range(len(mine)), [run["arm"] for run in mine])
        axes.set_ylim(len(mine) - 0.5, -0.5)
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
        axes.set(title=f"{bars} bars", xlabel="exact steps, test split")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside lower center", ncols=2)
    return figure


def attributes(sampling: Json) -> Figure:
    """How far each attribute of drawn loops is from that of real loops, beside training loops."""
    samples = sampling["attributes"]
    names = [name for name in samples["real"] if not name.startswith("shares ")]
    figure, axes = pyplot.subplots(figsize=(9, 0.6 + 0.42 * len(names)))
    for sample, marker, colour, label in (
        ("training", "|", GREY, "training loops: also a drummer's"),
        ("around", "o", GREEN, "around real loops"),
        ("prior", "o", BLUE, "drawn from the prior"),
    ):
        distances = [samples[sample][name]["distance"] for name in names]
        size = 14 if marker == "|" else 6
        axes.plot(distances, range(len(names)), marker, color=colour, label=label, markersize=size, mew=2)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    axes.set(xlabel="distance of the distributions, in standard deviations of real loops", xlim=(0, None))
    axes.legend(frameon=False, loc="best")
    return figure


def interpolation(sampling: Json) -> Figure:
    """From loop A to loop B: how far each point of the way is from both, and from the nearest real loop."""
    found = sampling["interpolation"]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4))
    labels = {"latent": "through latent space", "coin": "a coin for each cell", "threshold": "a threshold"}
    colours = {"latent": BLUE, "coin": ORANGE, "threshold": GREY}
    for name, way in found["ways"].items():
        left.plot(found["points"], way["to_a"], color=colours[name], label=labels[name])
        left.plot(found["points"], way["to_b"], color=colours[name], linestyle="--")
        right.plot(found["points"], way["nearest"], color=colours[name], label=labels[name])
    low, high = zip(*found["ways"]["latent"]["to_a_quartiles"], strict=True)
    left.fill_between(found["points"], low, high, color=BLUE, alpha=0.15, linewidth=0)
    left.set(
        xlabel="place on the way from A to B",
        ylabel="cells that differ\n(1: as A and B do)",
        title="Distance to A (solid) and to B (dashed)",
        ylim=(0, None),
    )
    right.set(
        xlabel="place on the way from A to B",
        ylabel="cells of 576",
        title="Distance to the nearest training loop",
    )
    right.set_ylim(0, None)
    right.legend(frameon=False)
    return figure


@contextmanager
def look() -> Iterator[None]:
    """Our style: dark ink on white paper, so that it reads on a light page and on a dark one."""
    settings: Any = {  # matplotlib's stubs list every name that may stand here
        "figure.facecolor": PAPER,
        "figure.constrained_layout.use": True,
        "axes.edgecolor": GREY,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.titlesize": 10,
        "axes.labelsize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "xtick.color": INK,
        "ytick.color": INK,
        "text.color": INK,
        "font.size": 9,
        "legend.fontsize": 8.5,
        "svg.hashsalt": "groovebridge",  # else ids are random, and each drawing another file
    }
    backend = matplotlib.get_backend()
    pyplot.switch_backend("svg")
    try:
        with matplotlib.rc_context(settings):
            yield
    finally:
        pyplot.switch_backend(backend)


FIGURES: dict[str, tuple[str, Callable[[Any], Figure]]] = {
    "styles": ("data", styles),
    "kit": ("data", kit),
    "touch": ("data", touch),
    "feel": ("data", feel),
    "combinations": ("data", combinations),
    "loops": ("loops", loops),
    "curve": ("curve", curve),
    "ablation": ("ablation", ablation),
    "attributes": ("sampling", attributes),
    "interpolation": ("sampling", interpolation),
}
"""Each figure: its file is docs/images/method-NAME.svg, drawn from the named JSON file."""


def draw(measured: dict[str, Any], folder: Path) -> list[Path]:
    """Draw all figures whose data are there into the folder; the files that were written."""
    written = []
    with look():
        for name, (source, make) in FIGURES.items():
            if source in measured:
                figure = make(measured[source])
                path = folder / f"method-{name}.svg"
                figure.savefig(path, metadata={"Date": None})
                pyplot.close(figure)
                written.append(path)
    return written


def read(folder: Path, bundle: Path = SHIPPED) -> dict[str, Any]:
    """What was measured: the files of `MEASURED` that are there, bundle.json as "bundle", and their parts."""
    paths = {name: folder / f"{name}.json" for name in MEASURED} | {"bundle": bundle / MANIFEST}
    found = {
        name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.is_file()
    }
    metrics = found.get("bundle", {}).get("metrics", {})
    parts = {
        "sampling": found.get("evaluation", {}).get("sampling"),
        "sliders": metrics.get("sliders"),
        "map": metrics.get("map"),
    }
    return found | {name: part for name, part in parts.items() if part}


def main() -> None:
    """Draw the figures and fill the tables."""
    measured = read(ROOT / "docs" / "figures")
    for name in sorted(MEASURED.keys() - measured.keys()):
        print(
            f"docs/figures/{name}.json is missing: {MEASURED[name]}. Its part stays as it was.",
            file=sys.stderr,
        )
    images = ROOT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    draw(measured, images)
    filled = contents(measured)
    for page in (ROOT / "docs" / name for name in PAGES):
        page.write_text(fill(page.read_text(encoding="utf-8"), filled), encoding="utf-8")


if __name__ == "__main__":
    main()
