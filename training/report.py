"""An evaluation as tables in the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from training.bundled import Sampling
from training.evaluate import Evaluation, Row

REAL, TRAINING = "real", "training"


def report(evaluation: Evaluation, console: Console) -> None:
    """Print all that was measured."""
    count = f"{evaluation.loops} loops of {evaluation.files} files"
    headings = ("", "F1", "macro-F1", "exact step", "velocity", "offset, ms")
    table = _table(f"{evaluation.subject} on {evaluation.split}: {count}", headings)
    for row in evaluation.rows:
        table.add_row(f"{row.name} ({row.loops})", *_cells(row))
    console.print(table)
    console.print(
        "\\[ ]: 95 % interval by file. ( ): mean error at matched hits; without, a missed hit counts as 0."
    )
    for name, value in evaluation.details.items():
        console.print(f"{name.replace('_', ' ')}: {value:.3f}")
    if evaluation.sampling is not None:
        _report_sampling(evaluation.sampling, console)


def _report_sampling(sampling: Sampling, console: Console) -> None:
    title = f"{sampling.loops} loops drawn at temperature {sampling.temperature:g}: told from real ones"
    table = _table(title, ("", "told apart", "by", "by hits alone", "what differs most"))
    for test in sampling.two_sample:
        name = _words(test.drawn) + ("" if test.real == REAL else f", from {test.real} loops")
        alone = f"{test.hits_alone:.3f}".replace("0.", ".")
        tells = "\n".join(f"{tell.feature}: {tell.drawn:.2f}, not {tell.real:.2f}" for tell in test.tells[:2])
        table.add_row(name, _share(test.accuracy, test.interval), test.classifier, alone, tells)
    for at in sampling.by_temperature:
        test = at.two_sample
        alone = f"{test.hits_alone:.3f}".replace("0.", ".")
        share = _share(test.accuracy, test.interval)
        table.add_row(f"prior at temperature {at.temperature:g}", share, test.classifier, alone)
    console.print(table)

    names = [name for name in sampling.attributes if name != "reconstruction_still"]
    table = _table("Mean (std) and distance in standard deviations", ("", *map(_words, names)))
    for attribute in sampling.attributes[REAL]:
        cells = []
        for name in names:
            found = sampling.attributes[name][attribute]
            distance = "" if name == REAL else f" {found['distance']:.2f}"
            cells.append(f"{found['mean']:.2f} ({found['std']:.2f}){distance}")
        table.add_row(attribute.replace("_", " "), *cells)
    console.print(table)

    table = _table("Share of loops, and cells to the nearest training loop", ("", *map(_words, names)))
    for mark in sampling.validity[REAL]:
        table.add_row(_words(mark), *(f"{sampling.validity[name][mark]:.3f}" for name in names))
    for mark in sampling.nearest[REAL]:
        found_in = [sampling.nearest.get(name, {}) for name in names]
        table.add_row(
            f"nearest, {_words(mark)}", *(f"{near[mark]:.3g}" if mark in near else "-" for near in found_in)
        )
    console.print(table)

    if sampling.style is not None:
        style = sampling.style
        console.print(
            f"Style is named right of {_share(style.drawn, style.drawn_interval)} of the draws and "
            f"{_share(style.real, style.real_interval)} of the real loops; chance is {style.chance:.3f}."
        )
    way, coin = sampling.interpolation.ways["latent"], sampling.interpolation.ways["coin"]
    middle = len(way.to_a) // 2
    console.print(
        f"Half-way between {sampling.interpolation.pairs} pairs of loops: {way.to_a[middle]:.2f} of the way "
        f"from the one and {way.to_b[middle]:.2f} from the other; {way.nearest[middle]:.1f} cells from the "
        f"nearest training loop (coin-flipped cells: {coin.nearest[middle]:.1f})."
    )


def _table(title: str, headings: tuple[str, ...]) -> Table:
    table = Table(title=title, box=box.SIMPLE)
    for name in headings:
        table.add_column(name, justify="right" if name else "left", no_wrap=bool(name))
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")


def _share(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} \\[{interval[0]:.3f} {interval[1]:.3f}]".replace("0.", ".")


def _cells(row: Row) -> list[str]:
    def share(name: str) -> str:
        if name not in row.measures:
            return "-"
        return _share(row.measures[name], row.interval[name]).replace(" ", "\n", 1)

    def error(name: str, digits: int) -> str:
        if name not in row.measures:
            return "-"
        return f"{row.measures[name]:.{digits}f}\n({row.measures[f'{name}_matched']:.{digits}f})"

    shares = [share(name) for name in ("f1", "macro_f1", "exact_step")]
    return [*shares, error("velocity_mae", 3), error("offset_ms", 1)]
