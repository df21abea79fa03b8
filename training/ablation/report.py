"""What the ablation keeps and shows: one JSON a run, all of them in `results.json`, and a table.

A run that is kept is not made again, so a stopped ablation goes on where it was, and two processes may make
different runs into one folder at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bridge.errors import GroovebridgeError
from bridge.files import make_folder, write_atomically
from training.ablation.arms import ARMS
from training.ablation.experiment import LENGTHS, Figures, Run, RunSettings, identity, run

RESULTS = "results.json"


def ablate(
    corpus: Path,
    folder: Path,
    settings: RunSettings,
    tell: Callable[[str], None],
    arms: Iterable[str] = tuple(ARMS),
    lengths: Iterable[int] = LENGTHS,
) -> list[Run]:
    """Make the runs that `folder` lacks, and return all that it holds; `results.json` has the same.

    GroovebridgeError for an unknown arm or length, a folder with runs of other settings or another corpus,
    and what `run` refuses.
    """
    wanted = [(arm, bars) for bars in lengths for arm in arms]
    for arm, bars in wanted:
        if arm not in ARMS:
            raise GroovebridgeError(f"There is no arm '{arm}'. Choose one of {', '.join(ARMS)}.")
        if bars not in LENGTHS:
            raise GroovebridgeError(
                f"The arms are compared at 4 and 16 bars, not at {bars}. Choose one of them."
            )
    common = identity(corpus, settings)
    kept = list(_kept(folder, common))
    make_folder(folder)
    for arm, bars in wanted:
        if any((found.arm, found.bars) == (arm, bars) for found in kept):
            tell(f"{arm}, {bars} bars: kept from before")
            continue

        def said(words: str, name: str = f"{arm}, {bars} bars") -> None:
            tell(f"{name}, {words}")

        done = run(corpus, arm, bars, settings, said)
        _write(_path(folder, arm, bars), asdict(done))
        kept.append(done)
    kept = list(_kept(folder, common))  # another process may have made some meanwhile
    _write(folder / RESULTS, {"runs": [asdict(each) for each in kept]})
    return kept


def report(runs: Sequence[Run], console: Console, split: str = "test") -> None:
    """Print the runs as a table of 80 columns; sizes and times are in the JSON."""
    table = Table(title=f"Decoders trained alike, on {split}", box=box.SIMPLE)
    for name in ("arm, bars", "told", "alone", "gap", "F1", "nats"):
        table.add_column(name, justify="left" if name == "arm, bars" else "right", no_wrap=True)
    for each in runs:
        here = each.splits[split]
        table.add_row(
            f"{each.arm}, {each.bars}",
            _share(here, "forced_exact_step"),
            _share(here, "sampled_exact_step"),
            _share(here, "gap", points=True),
            f"{here.measures['sampled_f1']:.3f}".replace("0.", "."),
            f"{each.splits['train'].nats_a_bar:.1f}\n{here.nats_a_bar:.1f}",
        )
    console.print(table)
    console.print(
        "told: share of steps right when each is told the true ones before it (teacher forcing). "
        "alone: when it hears what was played (temperature 0), with its F1. gap: told - alone, in points. "
        "nats a bar: on train, and here. \\[ ]: 95 % interval by file."
    )


def load(path: Path) -> Run:
    """One run as it was kept; GroovebridgeError if the file is damaged."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        splits = {
            split: Figures(
                **{
                    **figures,
                    "interval": {name: (ends[0], ends[1]) for name, ends in figures["interval"].items()},
                }
            )
            for split, figures in raw.pop("splits").items()
        }
        return Run(**raw, splits=splits)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise GroovebridgeError(f"{path} cannot be read. Delete it, and its run is made again.") from error


def _kept(folder: Path, common: dict[str, Any]) -> Iterator[Run]:
    """The runs in the folder, by length and arm."""
    for bars in LENGTHS:
        for arm in ARMS:
            path = _path(folder, arm, bars)
            if not path.exists():
                continue
            found = load(path)
            if found.settings != common:
                raise GroovebridgeError(
                    f"{path} is a run of other settings or another corpus. Choose another --output folder."
                )
            yield found


def _path(folder: Path, arm: str, bars: int) -> Path:
    return folder / f"{arm}-{bars}.json"


def _write(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def _share(figures: Figures, name: str, points: bool = False) -> str:
    """A measure over its interval, as a share (.123) or in points of a hundred (12.3)."""

    def shown(value: float) -> str:
        return f"{100 * value:.1f}" if points else f"{value:.3f}".replace("0.", ".")

    low, high = figures.interval[name]
    return f"{shown(figures.measures[name])}\n\\[{shown(low)} {shown(high)}]"
