"""The command line of training: fetch, prepare, train, prior, evaluate. Thin: each command is one call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bridge.errors import GroovebridgeError
from bridge.files import printing
from training import archive
from training.corpus import SPLITS, Summary, load_summary
from training.prepare import prepare as prepare_corpus

DATA = Path("data")
CORPUS = DATA / "corpus"
RUN = Path("runs/default")
CURVE = Path("runs/curve")
ABLATION = Path("runs/ablation")

app = typer.Typer(
    name="training",
    help="Train the drum model: fetch the Groove MIDI Dataset, prepare it, train, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def fetch(
    source: Annotated[
        Path | None, typer.Option("--from", help="The dataset's zip on this machine, instead of a download.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to put it into.")] = DATA,
) -> None:
    """Get the Groove MIDI Dataset (3.3 MB, CC BY 4.0), verify it and unpack it."""
    console = Console(stderr=True)
    folder = archive.fetch(output, source, console)
    console.print(f"The dataset is in {folder}. Next: python -m training prepare {folder}", soft_wrap=True)


@app.command()
def prepare(
    source: Annotated[Path, typer.Argument(help="The dataset's zip or folder, or any folder of .mid files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the corpus.")] = CORPUS,
    note_map: Annotated[
        str | None, typer.Option("--map", help="Note map of the files: gm, td11, ableton, logic.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one a core.")] = None,
) -> None:
    """Quantise every performance to its grid and split them into train, validation and test."""
    console = Console(stderr=True)
    summary = prepare_corpus(source, output, console, note_map, workers)
    console.print(_counts(summary))
    for reason, count in summary.skipped.items():
        console.print(f"left out: {count} x {reason}", soft_wrap=True)
    following = f"python -m training train --corpus {output}"
    console.print(f"The corpus is in {output}. Next: {following}", soft_wrap=True)


@app.command()
def train(
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = CORPUS,
    run: Annotated[Path, typer.Option("--output", "-o", help="Folder for the run.")] = RUN,
    epochs: Annotated[int, typer.Option(min=1, help="How often to go through the training loops.")] = 28,
    batch: Annotated[int, typer.Option(min=1, help="Loops a step, in each process.")] = 64,
    rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 2e-3,
    free_nats: Annotated[float, typer.Option(help="Nats of z that cost nothing.")] = 84.0,
    beta: Annotated[float, typer.Option(help="Cost of each further nat.")] = 1.0,
    common: Annotated[
        int, typer.Option(min=1, help="Coordinates of z for what a loop's bars have in common.")
    ] = 64,
    differing: Annotated[
        int, typer.Option(min=1, help="Coordinates of z for each of the three ways in which they differ.")
    ] = 32,
    units: Annotated[int, typer.Option(min=1, help="Units of the decoder's LSTM.")] = 192,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same run.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint.")] = False,
    max_minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    devices: Annotated[int, typer.Option(min=1, help="Processes, each on its own device or core.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Machines. torchrun says this and --devices itself.")] = 1,
    epoch_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps an epoch. Default: once through the loops.")
    ] = None,
    accelerator: Annotated[str, typer.Option(help="auto, cpu, gpu or mps.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of each process.")] = None,
) -> None:
    """Train a MusicVAE. Stop it with Ctrl-C or a kill at any time; --resume goes on from the last epoch."""
    load_summary(corpus)  # a wrong folder is told at once: what follows takes seconds to import
    from training.learner import Optimisation
    from training.model import ModelConfig
    from training.objective import Objective
    from training.train import TrainSettings
    from training.train import train as run_training

    settings = TrainSettings(
        corpus,
        run,
        epochs=epochs,
        batch=batch,
        seed=seed,
        resume=resume,
        max_minutes=max_minutes,
        devices=devices,
        nodes=nodes,
        epoch_steps=epoch_steps,
        accelerator=accelerator,
        threads=threads,
        model=ModelConfig(common=common, differing=differing, decoder=units),
        objective=Objective(free_nats=free_nats, beta=beta),
        optimisation=Optimisation(rate=rate),
    )
    run_training(settings, Console(stderr=True))


@app.command()
def prior(
    checkpoint: Annotated[Path, typer.Option(help="The model.pt of a run; the prior is stored in it.")] = RUN
    / "model.pt",
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = CORPUS,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same prior.")] = 0,
) -> None:
    """Fit the prior, from which loops are drawn, by style, to a trained model. Takes minutes."""
    load_summary(corpus)
    from training.prior_fit import fit_checkpoint, report

    console = Console(stderr=True)
    report(fit_checkpoint(checkpoint, corpus, seed, console), console)
    console.print(f"The prior is in {checkpoint}. Next: python -m model_export export {checkpoint} -o BUNDLE")


@app.command()
def evaluate(
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = CORPUS,
    split: Annotated[str, typer.Option(help=f"One of {', '.join(SPLITS)}.")] = "test",
    bundle: Annotated[Path | None, typer.Option(help="An exported bundle. Default: the shipped one.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="A model.pt, instead of a bundle.")] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="Measure the baselines as well.")] = False,
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap samples.")] = 1000,
    sampling: Annotated[
        bool, typer.Option(help="Hold what a bundle draws against real loops as well.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure a model on a split: reconstructions at temperature 0, and what a bundle draws.

    Intervals are 95 %, by file.
    """
    from training.evaluate import evaluate as measure
    from training.report import report

    evaluation = measure(corpus, split, bundle, checkpoint, baselines, draws, sampling)
    if as_json:
        sys.stdout.write(evaluation.to_json() + "\n")
    else:
        report(evaluation, Console())


@app.command()
def ablate(
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = CORPUS,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = ABLATION,
    arm: Annotated[
        str | None, typer.Option(help="flat, hierarchical or multi-stream. Default: all three.")
    ] = None,
    bars: Annotated[int | None, typer.Option(help="Bars of a window, 4 or 16. Default: both.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="How often to go through the training windows.")] = 8,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same run.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads. More than one gains little.")] = 1,
) -> None:
    """Compare three decoders, trained alike: flat, hierarchical, and a player for each part of the kit.

    Runs that the folder holds are kept, so a stopped ablation goes on where it was.
    """
    load_summary(corpus)  # a wrong folder is told at once: what follows takes seconds to import
    import torch

    from training.ablation.arms import ARMS
    from training.ablation.experiment import LENGTHS, RunSettings
    from training.ablation.report import ablate as make
    from training.ablation.report import report

    torch.set_num_threads(threads)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    runs = make(
        corpus,
        output,
        RunSettings(epochs=epochs, seed=seed),
        console.print,
        arms=tuple(ARMS) if arm is None else (arm,),
        lengths=LENGTHS if bars is None else (bars,),
    )
    report(runs, Console())


@app.command()
def curve(
    corpus: Annotated[Path, typer.Option(help="Folder of the corpus.")] = CORPUS,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the runs.")] = CURVE,
    epochs: Annotated[int, typer.Option(min=1, help="How long each run is.")] = 3,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same runs.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads.")] = None,
) -> None:
    """Weigh reconstruction against sampling: short runs with more or less freedom for z.

    Runs that the folder holds are kept, so a stopped curve goes on where it was.
    """
    load_summary(corpus)  # a wrong folder is told at once: what follows takes seconds to import
    from training.curve import curve as make
    from training.curve import report

    report(make(corpus, output, epochs, seed, threads, Console(stderr=True)), Console())


def main() -> None:
    """Run the command line; a user's mistake is one sentence on stderr and exit code 1."""
    try:
        with printing():
            app()
    except GroovebridgeError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        raise SystemExit(1) from error


def _counts(summary: Summary) -> Table:
    """Files and windows of each split."""
    table = Table("split", "files", "loops (every bar)", "loops (no overlap)", "too short")
    for split in SPLITS:
        shards = summary.of(split)
        names = ("files", "every", "apart", "short")
        counts = (sum(getattr(shard, name) for shard in shards) for name in names)
        table.add_row(split, *(f"{count:,}" for count in counts))
    return table
