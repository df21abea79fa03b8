"""A checkpoint comes back as the model that was saved, or not at all."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch

from training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from training.corpus import Loops, hit_table
from training.model import ModelConfig, MusicVAE

pytestmark = pytest.mark.training


@pytest.fixture
def model(loops: Loops) -> MusicVAE:
    table = hit_table(loops.hits)
    config = ModelConfig(
        common=4, differing=2, choices=len(table), encoder=4, whole=4, bar_encoder=4, conductor=4, decoder=4
    )
    made = MusicVAE(config, torch.from_numpy(table))
    made.provenance = {"data_sha256": "ab" * 32, "seed": 3, "validation": {"f1": 0.5}}
    return made


def test_a_model_comes_back_as_it_was_saved(tmp_path: Path, model: MusicVAE) -> None:
    path = tmp_path / "new" / "model.pt"
    save_checkpoint(path, model)
    back = load_checkpoint(path)
    assert not back.training
    assert back.config == model.config
    assert back.provenance == model.provenance
    assert torch.equal(back.hit_table, model.hit_table)
    assert torch.equal(back.nearest_choice, model.nearest_choice)
    for name, weight in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], weight)
    assert [found.name for found in path.parent.iterdir()] == ["model.pt"]


def test_a_missing_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*none.pt"):
        load_checkpoint(tmp_path / "none.pt")


@pytest.mark.parametrize("cut", [0, 5, 1000, -100])
def test_a_damaged_checkpoint_is_a_sentence(tmp_path: Path, model: MusicVAE, cut: int) -> None:
    path = tmp_path / "model.pt"
    save_checkpoint(path, model)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
        load_checkpoint(path)


def test_other_files_of_torch_are_not_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="not a Groovebridge checkpoint"):
        load_checkpoint(path)


def test_another_version_is_named(tmp_path: Path, model: MusicVAE) -> None:
    path = tmp_path / "model.pt"
    save_checkpoint(path, model)
    content = torch.load(path, weights_only=True)
    torch.save({**content, "version": 99}, path)
    with pytest.raises(CheckpointError, match="version 99"):
        load_checkpoint(path)


def test_weights_that_do_not_fit_are_a_sentence(tmp_path: Path, model: MusicVAE) -> None:
    path = tmp_path / "model.pt"
    save_checkpoint(path, model)
    content = torch.load(path, weights_only=True)
    del content["weights"]["to_common.bias"]
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="incomplete"):
        load_checkpoint(path)


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.write_text, (tmp_path / "sprung", "x")

    torch.save({"format": Trap()}, tmp_path / "torch.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap(), protocol=2))
    for name in ("torch.pt", "plain.pt"):
        with pytest.raises(CheckpointError):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path, model: MusicVAE) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_checkpoint(tmp_path / "file" / "model.pt", model)


def test_a_full_disk_leaves_the_former_checkpoint(
    tmp_path: Path, model: MusicVAE, full_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "model.pt"
    save_checkpoint(path, model)
    before = path.read_bytes()
    with full_disk(), pytest.raises(CheckpointError, match=r"cannot be written: .*Free some space"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["model.pt"]
