"""Train a MusicVAE on a prepared corpus.

A run is a folder:

    model.pt         the best model so far by validation F1 (averaged weights): the checkpoint to export
    last.ckpt        everything that `--resume` needs, written after every epoch
    metrics/         CSV, one folder for each start;  tensorboard/ likewise

Both checkpoints are written beside their place and renamed, so a kill at any moment leaves the former ones.
Several processes: `--devices N`, and `--nodes M` where another launcher starts them; `torchrun` says both
itself. Each has its own loops of every step; the gradients are averaged, and the first writes the run.
"""

from __future__ import annotations

import logging
import math
import os
import pickle
import subprocess
import time
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from rich.console import Console

from bridge.errors import GroovebridgeError
from training.augment import Augmentation
from training.checkpoint import save_checkpoint
from training.corpus import load_summary, loops_of, open_windows, table_of
from training.learner import DivergedError, Learner, Optimisation
from training.loading import TrainingLoops
from training.model import ModelConfig, MusicVAE
from training.objective import Objective

LAST = "last.ckpt"
BEST = "model.pt"
VALIDATION_LOOPS = 4096
"""Of a larger validation split so many loops are measured, evenly spaced."""


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """All that a run is made of.

    batch         loops a step in each process
    devices       processes on each of the `nodes` machines
    epoch_steps   optimiser steps between two validations; None: once through the training loops
    max_minutes   None: no limit; threads None: torch's own choice
    """

    corpus: Path
    run: Path
    epochs: int = 60
    batch: int = 64
    seed: int = 0
    resume: bool = False
    max_minutes: float | None = None
    devices: int = 1
    nodes: int = 1
    epoch_steps: int | None = None
    accelerator: str = "auto"
    threads: int | None = None
    model: ModelConfig = field(default_factory=ModelConfig)
    objective: Objective = field(default_factory=Objective)
    optimisation: Optimisation = field(default_factory=Optimisation)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        counts = {
            name: getattr(self, name) for name in ("epochs", "batch", "devices", "nodes", "epoch_steps")
        }
        for name, value in counts.items():
            if value is not None and value < 1:
                raise GroovebridgeError(f"--{name.replace('_', '-')} must be 1 or more, not {value}.")
        if self.max_minutes is not None and not self.max_minutes > 0:  # not NaN either
            raise GroovebridgeError(f"--max-minutes must be more than 0, not {self.max_minutes}.")
        if not 0 < self.optimisation.rate < math.inf:
            raise GroovebridgeError(f"--rate must be more than 0, not {self.optimisation.rate:g}.")
        for name, cost in (("beta", self.objective.beta), ("free-nats", self.objective.free_nats)):
            if not 0 <= cost < math.inf:
                raise GroovebridgeError(f"--{name} must be 0 or more, not {cost:g}.")


class Keeper(Callback):
    """Writes both checkpoints after each validation, and ends the run in time."""

    def __init__(self, settings: TrainSettings, provenance: dict[str, object], console: Console) -> None:
        self._settings, self._provenance, self._console = settings, provenance, console
        self._ends = None if settings.max_minutes is None else time.monotonic() + 60 * settings.max_minutes
        self.best_f1 = -1.0

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run must know: the F1 to beat."""
        return {"best_f1": self.best_f1}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up where the killed run was."""
        self.best_f1 = float(state["best_f1"])

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any, **__: Any) -> None:
        """Ask for the end when the time is up; Lightning then validates once more."""
        if self._ends is not None:
            late = time.monotonic() > self._ends
            # Processes that ended at different steps would wait for each other for ever.
            trainer.should_stop |= trainer.strategy.reduce_boolean_decision(late, all=False)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep the weights if they are the best so far, and the whole state in any case."""
        measures = pl_module.measures
        improved = measures["f1"] > self.best_f1
        if improved:
            self.best_f1 = measures["f1"]
        last = self._settings.run / LAST
        fresh = last.with_suffix(".writing")
        try:
            trainer.save_checkpoint(fresh)  # a collective call: every process takes part
        except (OSError, RuntimeError) as error:  # torch says RuntimeError when the disk is full
            fresh.unlink(missing_ok=True)
            raise _unwritable(self._settings.run, error) from error
        if not trainer.is_global_zero:
            return
        os.replace(fresh, last)  # noqa: PTH105 - atomic on every system
        if improved:
            self._keep(pl_module, trainer.current_epoch + 1)
        self._console.print(
            f"epoch {trainer.current_epoch + 1:3d}  step {trainer.global_step:6d}"
            f"  validation F1 {measures['f1']:.4f}{' *' if improved else '  '}"
            f" exact {measures['exact_step']:.4f}  teacher-forced {measures['forced_exact']:.4f}"
            f"  hits {measures['hit_nats']:.1f} nats  KL {measures['kl']:.1f} nats"
            f"  {time.strftime('%H:%M:%S')}",
            soft_wrap=True,
        )

    def _keep(self, learner: Learner, epoch: int) -> None:
        model = MusicVAE(learner.average.config, learner.average.hit_table)
        model.load_state_dict(learner.average.state_dict())
        chosen = {name: round(value, 6) for name, value in learner.measures.items()}
        model.provenance = {
            **self._provenance,
            "epochs": epoch,
            "steps": int(learner.global_step),
            "kl_nats": chosen["kl"],
            "validation": chosen,
        }
        save_checkpoint(self._settings.run / BEST, model)


def train(settings: TrainSettings, console: Console) -> Path:
    """Run the training and return the path of the best model.

    GroovebridgeError for a corpus that cannot be trained on, a run folder in use, or a loss that is not a
    number.
    """
    last = settings.run / LAST
    if settings.resume and not last.exists():
        raise GroovebridgeError(
            f"There is nothing to resume in {settings.run} ({LAST} is missing). Leave out --resume."
        )
    if last.exists() and not settings.resume:
        raise GroovebridgeError(
            f"{settings.run} holds a run already. Add --resume, or choose another --output folder."
        )
    summary = load_summary(settings.corpus)
    windows = open_windows(settings.corpus, "train")
    validation = loops_of(open_windows(settings.corpus, "validation", stride_bars=4), VALIDATION_LOOPS)
    if not len(windows) or not len(validation):
        raise GroovebridgeError(
            f"{settings.corpus} has {len(windows)} training and {len(validation)} validation loops; both "
            f"must be more "
            "than 0. Prepare a corpus of more files, with four bars of 4/4 or more each."
        )
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    lightning.seed_everything(settings.seed, verbose=False)
    table = table_of(windows.combinations(), settings.model.choices)
    config = ModelConfig(**{**asdict(settings.model), "choices": len(table)})
    learner = Learner(
        MusicVAE(config, torch.from_numpy(table)),
        settings.objective,
        settings.optimisation,
        settings.augmentation,
        validation,
        settings.seed,
    )
    provenance: dict[str, object] = {
        "data": summary.source,
        "data_sha256": summary.sha256,
        "seed": settings.seed,
        "git_commit": _git_commit(),
        "torch": str(torch.__version__),
        "batch": settings.batch,
        "objective": asdict(settings.objective),
        "optimisation": asdict(settings.optimisation),
        "augmentation": asdict(settings.augmentation),
    }
    if settings.resume:
        _check_resumable(last, learner)
    keeper = Keeper(settings, provenance, console)
    trainer = _trainer(settings, keeper, console)
    loops = TrainingLoops(windows, settings.batch, settings.seed, settings.epoch_steps)
    try:
        settings.run.mkdir(parents=True, exist_ok=True)
        trainer.fit(learner, loops, ckpt_path=last if settings.resume else None)
    except DivergedError as error:
        if trainer.is_global_zero:
            raise
        raise SystemExit(1) from error  # the first process says it
    except OSError as error:
        raise _unwritable(settings.run, error) from error
    best = settings.run / BEST
    if trainer.is_global_zero:
        following = f"python -m training evaluate --checkpoint {best}"
        console.print(f"The best model is {best}. Next: {following}", soft_wrap=True)
    return best


def _trainer(settings: TrainSettings, keeper: Keeper, console: Console) -> lightning.Trainer:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    harmless = (
        ".*does not have many workers.*",  # the data sit in memory
        ".*resuming from a checkpoint that ended before.*",  # the run was stopped by --max-minutes
        ".*LeafSpec.*",  # Lightning's own use of torch
    )
    for message in harmless:
        warnings.filterwarnings("ignore", message=message)
    devices, nodes = _processes(settings)
    callbacks: list[Callback] = [keeper]
    if console.is_terminal:
        callbacks.append(RichProgressBar())
    try:
        return lightning.Trainer(
            accelerator=settings.accelerator,
            devices=devices,
            num_nodes=nodes,
            use_distributed_sampler=False,  # each process takes its own part of the walk (training.loading)
            max_epochs=settings.epochs,
            gradient_clip_val=settings.optimisation.clip,
            callbacks=callbacks,
            logger=[
                CSVLogger(settings.run, name="metrics"),
                TensorBoardLogger(settings.run, name="tensorboard"),
            ],
            enable_checkpointing=False,
            enable_progress_bar=console.is_terminal,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
        )
    except (ValueError, MisconfigurationException) as error:  # no such accelerator, or fewer devices
        reason = " ".join(str(error).split())
        raise GroovebridgeError(
            f"Training cannot run on --accelerator {settings.accelerator} with --devices {devices}: "
            f"{reason} Take --accelerator auto or cpu."
        ) from error


def _processes(settings: TrainSettings) -> tuple[int, int]:
    """Processes a machine, and machines: as torchrun says where it started us, else as the settings do."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        here = int(os.environ["LOCAL_WORLD_SIZE"])
        return here, int(os.environ["WORLD_SIZE"]) // here
    return settings.devices, settings.nodes


def _check_resumable(last: Path, learner: Learner) -> None:
    """Refuse a damaged last checkpoint, and one of a model of other sizes, in words."""
    try:
        saved = torch.load(last, map_location="cpu", weights_only=True)["state_dict"]
    except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError, BadZipFile) as error:
        raise GroovebridgeError(f"{last} is damaged. Start again with another --output folder.") from error
    sizes = {name: weight.shape for name, weight in learner.state_dict().items()}
    if sizes != {name: weight.shape for name, weight in saved.items()}:
        raise GroovebridgeError(
            f"{last} is of a model of other sizes. Give the corpus and sizes that the run began with."
        )


def _unwritable(run: Path, error: Exception) -> GroovebridgeError:
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    return GroovebridgeError(
        f"The run cannot be written to {run}: {reason}. Free some space or choose another --output folder; "
        "the last whole checkpoint is kept."
    )


def _git_commit() -> str:
    """The commit that trains, or "" outside a repository."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()
