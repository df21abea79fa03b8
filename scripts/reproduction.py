"""The steps from the dataset's zip to the shipped bundle; what `scripts/reproduce` runs.

Each step is a command that a person could type. A step that is done leaves its command in the folder `done`,
so that a run which was stopped goes on with the next one; a step whose command has changed is done again, and
all after it.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.errors import GroovebridgeError
from bridge.model.bundle import MANIFEST, SHIPPED

FOLDER = Path("out/reproduced")
EPOCHS = 28
SEED = 0
ZIP = "groove-v1.0.0-midionly.zip"
COMPARED = ("f1", "macro_f1", "exact_step", "velocity_mae", "offset_ms")


class ReproduceError(GroovebridgeError):
    """A step that failed, or a place where nothing can be written."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command, without the Python that runs it.

    cost      what it takes on one core of a laptop, in words
    output    where its standard output goes; None: to the terminal
    resumes   a file that a stopped attempt leaves; where it is, `--resume` is added
    """

    name: str
    cost: str
    command: tuple[str, ...]
    output: Path | None = None
    resumes: Path | None = None


def steps(archive: Path | None, folder: Path, epochs: int = EPOCHS, seed: int = SEED) -> tuple[Step, ...]:
    """All steps into the folder. archive: the dataset's zip on this machine; None downloads it."""
    data, corpus, run, bundle = (folder / name for name in ("data", "corpus", "run", "bundle"))
    model, figures = run / "model.pt", folder / "evaluation.json"
    source = ("--from", str(archive)) if archive else ()
    train = ("--epochs", str(epochs), "--seed", str(seed), "--threads", "1", "--accelerator", "cpu")
    export = ("model_export", "export", str(model), "-o", str(bundle), "--data", str(corpus))
    return (
        Step("fetch", "seconds", ("training", "fetch", *source, "-o", str(data))),
        Step("prepare", "half a minute", ("training", "prepare", str(data / ZIP), "-o", str(corpus))),
        Step(
            "train",
            "some 40 minutes and 1 GB of memory",
            ("training", "train", "--corpus", str(corpus), "-o", str(run), *train),
            resumes=run / "last.ckpt",
        ),
        Step(
            "prior",
            "some minutes",
            ("training", "prior", "--checkpoint", str(model), "--corpus", str(corpus), "--seed", str(seed)),
        ),
        Step("export", "a minute", export),
        Step(
            "evaluate",
            "some minutes",
            (
                "training",
                "evaluate",
                "--corpus",
                str(corpus),
                "--bundle",
                str(bundle),
                "--baselines",
                "--json",
            ),
            output=figures,
        ),
        Step("export with its figures", "a minute", (*export, "--metrics", str(figures))),
        Step("calibrate", "some minutes", ("model_export", "calibrate", str(bundle), "--data", str(corpus))),
    )


def reproduce(
    wanted: Sequence[Step],
    folder: Path,
    call: Callable[[Step, tuple[str, ...]], None],
    tell: Callable[[str], None],
) -> None:
    """Do the steps that are not done yet. `call` runs one step's command; what it raises ends it all."""
    done = folder / "done"
    try:
        done.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReproduceError(
            f"{folder} cannot be written: {error.strerror}. Choose another folder."
        ) from error
    kept = True
    for number, step in enumerate(wanted, start=1):
        mark = done / f"{number}-{step.name.replace(' ', '-')}"
        kept = kept and mark.is_file() and mark.read_text(encoding="utf-8") == shlex.join(step.command)
        if kept:
            tell(f"{number}/{len(wanted)} {step.name}: kept from before")
            continue
        tell(f"{number}/{len(wanted)} {step.name}: {step.cost}")
        begun = time.monotonic()
        resumed = ("--resume",) if step.resumes is not None and step.resumes.exists() else ()
        call(step, step.command + resumed)
        mark.write_text(shlex.join(step.command), encoding="utf-8")
        tell(f"{number}/{len(wanted)} {step.name}: done in {(time.monotonic() - begun) / 60:.1f} minutes")


def run(step: Step, command: tuple[str, ...]) -> None:
    """Run one command with this Python; ReproduceError names one that fails."""
    whole = [sys.executable, "-m", *command]
    if step.output is None:
        status = subprocess.run(whole, check=False).returncode
    else:
        fresh = step.output.with_suffix(".writing")
        with fresh.open("wb") as file:
            status = subprocess.run(whole, check=False, stdout=file).returncode
        if status == 0:
            shutil.move(fresh, step.output)
    if status:
        raise ReproduceError(
            f"The step '{step.name}' failed (python -m {shlex.join(command)}). Mend what it says above "
            "and start again: what is done is kept."
        )


def compared(ours: Path, shipped: Path = SHIPPED) -> str:
    """The measures of a new bundle beside those of the shipped one; whether the decoders are the same."""
    manifests = [json.loads((folder / MANIFEST).read_text(encoding="utf-8")) for folder in (ours, shipped)]
    lines = [
        f"{name:13s} here {here:8.4f}   shipped {there:8.4f}" for name, here, there in _figures(*manifests)
    ]
    same = manifests[0]["files"]["decoder.onnx"] == manifests[1]["files"]["decoder.onnx"]
    lines.append(
        "The decoders are the same, byte for byte."
        if same
        else "The decoders differ in their bytes, as sums round otherwise on another machine or version."
    )
    return "\n".join(lines)


def _figures(*manifests: dict[str, Any]) -> list[tuple[str, float, float]]:
    rows = [manifest["metrics"].get("rows", [{"measures": {}}])[0]["measures"] for manifest in manifests]
    return [(name, rows[0][name], rows[1][name]) for name in COMPARED if all(name in row for row in rows)]


def main() -> None:
    """Run what is not done yet and compare; a failure is one sentence on stderr and exit code 1."""
    parser = argparse.ArgumentParser(prog="scripts/reproduce", description="Make the shipped model again.")
    parser.add_argument("zip", nargs="?", type=Path, help=f"{ZIP}; default: download it")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="fewer make a worse model sooner")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    try:
        wanted = steps(given.zip, given.folder, given.epochs, given.seed)
        reproduce(wanted, given.folder, run, lambda words: print(words, file=sys.stderr, flush=True))
    except GroovebridgeError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where it was.", file=sys.stderr)
        raise SystemExit(130) from None
    print(compared(given.folder / "bundle"))


if __name__ == "__main__":
    main()
