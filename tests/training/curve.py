"""Two short trainings on a corpus, alone or as one of several processes, and their losses step by step.

    python tests/training/curve.py CORPUS OUT.json BATCH          alone
    torchrun --nproc-per-node 2 tests/training/curve.py ...       as two, BATCH loops each

The order of the loops is that of `train`: the processes share out what one process with their batches
together sees. `still` has no chance in it besides: no noise, no dropout, no augmentation. `real` is as
`train` sets it up.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any
from unittest.mock import patch

import lightning
import torch

from training.augment import Augmentation
from training.corpus import hit_table, load_split, open_windows
from training.learner import Learner, Optimisation
from training.loading import TrainingLoops
from training.model import ModelConfig, MusicVAE
from training.objective import Objective

STEPS = 40
WORLD = int(os.environ.get("WORLD_SIZE", "1"))
SIZES = {"common": 6, "differing": 2, "encoder": 12, "whole": 12, "bar_encoder": 12, "conductor": 16}
SIZES |= {"decoder": 24, "score": 8, "embedding": 8, "expression": 12}


class Losses(lightning.Callback):
    """The loss of each step, the mean over all processes."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def on_train_batch_end(self, trainer: Any, _: Any, outputs: Any, *__: Any) -> None:
        self.values.append(float(trainer.strategy.reduce(outputs["loss"].detach(), reduce_op="mean")))


def fit(corpus: Path, batch: int, still: bool) -> list[float]:
    """Train a small model for `STEPS` steps and return their losses."""
    lightning.seed_everything(3, verbose=False)
    split = load_split(corpus, "train")
    table = hit_table(split.hits)
    config = ModelConfig(choices=len(table), dropout=0.0 if still else 0.1, **SIZES)
    augmentation = Augmentation(**{field.name: 0.0 for field in fields(Augmentation)} if still else {})
    learner = Learner(
        MusicVAE(config, table),
        # Each process holds the KL of its own loops against the free nats: none is free where all must agree.
        Objective(free_nats=0.0, beta_steps=20, input_dropout=0.0) if still else Objective(beta_steps=20),
        Optimisation(rate=5e-3, warm_up=5),
        augmentation,
        split.loops(stride_bars=4),
    )
    losses = Losses()
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=WORLD,
        max_steps=STEPS,
        gradient_clip_val=5.0,
        limit_val_batches=0,
        callbacks=[losses],
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(learner, TrainingLoops(open_windows(corpus, "train"), batch, seed=5))
    return losses.values


def main() -> None:
    """Both trainings, one file of losses."""
    corpus, target, batch = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    real = fit(corpus, batch, still=False)
    with patch.object(torch, "randn_like", torch.zeros_like):
        still = fit(corpus, batch, still=True)
    if os.environ.get("RANK", "0") == "0":
        target.write_text(json.dumps({"real": real, "still": still}))


if __name__ == "__main__":
    main()
