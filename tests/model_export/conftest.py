"""A tiny MusicVAE, freshly initialised, exported once for all tests here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from training.model import MusicVAE
    from training.prior import Prior

CHOICES = 24


@pytest.fixture(scope="session")
def tiny() -> MusicVAE:
    """A model that decides: its weights are larger than a fresh one's, which ties everywhere."""
    import torch

    from training.model import ModelConfig, MusicVAE

    numbers = np.arange(CHOICES)
    table = (numbers[:, None] >> np.arange(9)) & 1
    sizes = ModelConfig(
        common=6,
        differing=2,
        choices=CHOICES,
        encoder=10,
        whole=9,
        bar_encoder=8,
        conductor=12,
        decoder=14,
        score=6,
        embedding=5,
        expression=8,
    )
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = MusicVAE(sizes, table).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    model.provenance = {"made": "by a test", "epochs": 0}
    return model


@pytest.fixture(scope="session")
def styled(tiny: MusicVAE) -> Prior:
    """A prior of five components and two styles that is far from the identity."""
    import torch

    from training.prior import Prior, PriorConfig

    prior = Prior(PriorConfig(tiny.config.latent, ("jazz", "rock"), components=5)).eval()
    random = torch.Generator().manual_seed(4)
    prior.mean.copy_(torch.randn(prior.mean.shape, generator=random))
    prior.deviation.copy_(torch.rand(prior.mean.shape, generator=random) + 0.1)
    prior.reach[1] = torch.tensor([0.5, 1.0, 1.0, 1.0, 1.0])  # jazz: the first two alone
    prior.reach[2] = torch.tensor([0.0, 0.0, 0.2, 0.2, 1.0])
    return prior


@pytest.fixture(scope="session")
def checkpoint(tiny: MusicVAE, styled: Prior, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.checkpoint import save_checkpoint

    path = tmp_path_factory.mktemp("checkpoint") / "model.pt"
    save_checkpoint(path, tiny, styled)
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared corpus of a few made-up performances."""
    from training.corpus import FileRecord, Manifest, Split, save_corpus

    folder = tmp_path_factory.mktemp("corpus")
    random = np.random.default_rng(3)
    splits: dict[str, Split] = {}
    records: list[FileRecord] = []
    for name, files in (("train", 3), ("validation", 1), ("test", 1)):
        bars = 8
        hits = random.random((files * bars * 16, 9)) < 0.15
        velocities = np.where(hits, random.random(hits.shape), 0).astype(np.float32)
        offsets = np.where(hits, random.random(hits.shape) - 0.5, 0).astype(np.float32)
        own = tuple(FileRecord(f"{name}/{n}.mid", name, 120.0, bars, 100) for n in range(files))
        splits[name] = Split(hits, velocities, offsets, np.arange(files) * bars * 16, own)
        records += own
    save_corpus(folder, Manifest("made-up", "0" * 64, tuple(records)), splits)
    return folder


@pytest.fixture(scope="session")
def exported(checkpoint: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that the command line made, in place of an older one."""
    metrics = tmp_path_factory.mktemp("metrics") / "metrics.json"
    metrics.write_text('{"test": {"f1": 0.5}}')
    target = tmp_path_factory.mktemp("exported") / "bundle"
    target.mkdir()
    (target / "bundle.json").write_text("an older bundle")
    (target / "left over").write_text("of an older bundle")
    command = [sys.executable, "-m", "model_export", "export", str(checkpoint), "-o", str(target)]
    found = subprocess.run(
        [*command, "--data", str(corpus), "--metrics", str(metrics)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=Path(__file__).parents[2],
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert (
        "onnxruntime answers as PyTorch does on 30 loops encoded, 90 decoded and 30 points drawn"
        in found.stdout
    )
    return target
