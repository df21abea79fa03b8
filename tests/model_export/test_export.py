"""A checkpoint becomes a bundle that answers as PyTorch does, or it becomes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from bridge.groove import DrumLoop
from bridge.model import Bundle, Model, Settings, SliderError
from bridge.model.noise import prior_noise

if TYPE_CHECKING:
    from training.model import MusicVAE
    from training.prior import Prior

pytestmark = pytest.mark.training


def test_an_exported_bundle_loads_and_replays(exported: Path) -> None:
    model = Model(Bundle.load(exported), "cpu")
    assert model.replay() < 1e-4
    assert model.loop(Settings(seed=1, temperature=1.0)).hit_count > 0


def test_an_earlier_bundle_is_replaced_whole(exported: Path) -> None:
    assert not (exported / "left over").exists()


def test_nothing_lies_beside_the_bundle(exported: Path) -> None:
    assert [path.name for path in exported.parent.iterdir()] == ["bundle"]
    assert sorted(path.name for path in exported.iterdir()) == [
        "MODEL_CARD.md",
        "bundle.json",
        "decoder.onnx",
        "encoder.onnx",
        "pair.npz",
        "prior.onnx",
    ]


def test_the_manifest_says_where_it_comes_from(exported: Path, tiny: MusicVAE) -> None:
    manifest = Bundle.load(exported).manifest
    assert manifest.latent_size == tiny.config.latent
    assert manifest.choices == tiny.config.choices
    assert manifest.metrics == {"test": {"f1": 0.5}}
    assert manifest.provenance.training == {"made": "by a test", "epochs": 0}
    assert manifest.provenance.data["source"] == "made-up"
    assert manifest.provenance.data["train_loops"] == 6
    assert {"groovebridge", "torch", "onnx", "opset"} <= set(manifest.provenance.code)


def test_axes_are_ranked_by_what_they_tell_about_the_training_loops(
    exported: Path, tiny: MusicVAE, corpus: Path
) -> None:
    import torch

    from training.corpus import load_split

    loops = load_split(corpus, "train").loops(stride_bars=4)
    with torch.inference_mode():
        arrays = (loops.hits, loops.velocities, loops.offsets)
        mu, sigma = tiny.encode(*(torch.from_numpy(array) for array in arrays))
        prior = torch.distributions.Normal(0.0, 1.0)
        nats = torch.distributions.kl_divergence(torch.distributions.Normal(mu, sigma), prior).mean(dim=0)
    axes = Bundle.load(exported).manifest.axes
    np.testing.assert_allclose([axis.nats for axis in axes], nats[[axis.index for axis in axes]], atol=1e-4)
    assert [axis.nats for axis in axes] == sorted((axis.nats for axis in axes), reverse=True)


def test_the_app_plays_what_pytorch_plays(exported: Path, tiny: MusicVAE) -> None:
    from model_export.parity import decoder_feed, torch_decode

    model = Model(Bundle.load(exported), "cpu")
    chosen = [Settings(seed=9, index=index, temperature=1.0) for index in range(12)]
    z = np.stack([model.latent(settings) for settings in chosen])
    expected = torch_decode(tiny, decoder_feed(z, 1.0, 9, tiny.config.choices))
    clear = [row for row in range(12) if expected["gaps"][row].min() > 1e-3]
    assert clear
    for row in clear:
        loop = model.loop(chosen[row])
        same = DrumLoop.of(*(expected[name][row] for name in ("hits", "velocities", "offsets")))
        assert np.array_equal(loop.hits, same.hits)
        np.testing.assert_allclose(loop.velocities, same.velocities, atol=1e-4)
        np.testing.assert_allclose(loop.offsets, same.offsets, atol=1e-4)


def test_the_app_draws_each_style_as_pytorch_does(exported: Path, styled: Prior) -> None:
    import torch

    model = Model(Bundle.load(exported), "cpu")
    assert model.styles == ("jazz", "rock")
    drawn = {style: model.latent(Settings(seed=2, index=5, style=style)) for style in (None, "jazz", "rock")}
    noise = torch.from_numpy(prior_noise(2, 5, styled.config.latent)).repeat(3, 1)
    with torch.inference_mode():
        expected = styled(noise, torch.arange(3)).numpy()
    np.testing.assert_allclose(np.stack(list(drawn.values())), expected, atol=1e-4)
    assert np.abs(expected[0] - expected[1]).max() > 0.1
    assert np.abs(expected[1] - expected[2]).max() > 0.1


def test_an_axis_takes_the_place_of_what_the_prior_drew(exported: Path) -> None:
    model = Model(Bundle.load(exported), "cpu")
    axis = model.bundle.manifest.axes[0]
    free, held = (model.latent(Settings(style="rock", axes=axes)) for axes in ({}, {axis.name: 1.5}))
    assert held[axis.index] == 1.5
    assert np.flatnonzero(free != held).tolist() == [axis.index]


def test_an_unknown_style_is_answered_with_the_styles_there_are(exported: Path) -> None:
    model = Model(Bundle.load(exported), "cpu")
    with pytest.raises(SliderError, match=r"no style 'polka'\. This model has jazz, rock\."):
        model.loop(Settings(style="polka"))


def test_without_a_fitted_prior_z_is_the_noise_to_the_bit(tmp_path: Path) -> None:
    from bridge.model.providers import open_session
    from model_export.graphs import prior_graph
    from training.prior import Prior

    (tmp_path / "prior.onnx").write_bytes(prior_graph(Prior.identity(12)))
    noise = np.stack([prior_noise(0, index, 12) for index in range(5)])
    (z,) = open_session(tmp_path / "prior.onnx").run(["z"], {"noise": noise, "style": np.zeros(5, np.int64)})
    assert z.tobytes() == noise.tobytes()


def test_the_graphs_hold_no_metadata_no_doc_strings_and_no_branches(exported: Path) -> None:
    import onnx

    for name in ("encoder.onnx", "decoder.onnx", "prior.onnx"):
        graph = onnx.load(exported / name)
        parts = [graph, graph.graph, *graph.graph.node, *graph.graph.initializer, *graph.graph.input]
        assert not any(part.metadata_props or part.doc_string for part in parts)
        assert not {node.op_type for node in graph.graph.node} & {"Loop", "If", "Scan"}
        assert not any(tensor.external_data for tensor in graph.graph.initializer)
        assert graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param


def test_exporting_again_gives_the_same_bytes(exported: Path, tiny: MusicVAE) -> None:
    from model_export.graphs import encoder_graph

    assert encoder_graph(tiny) == (exported / "encoder.onnx").read_bytes()


# --- bad input ----------------------------------------------------------------------------------------------


def refused(*arguments: object) -> str:
    """What the command line says to bad input, checked to be one line and no traceback."""
    from model_export.cli import app

    found = CliRunner().invoke(app, list(map(str, arguments)))
    assert found.exit_code == 1
    assert isinstance(found.exception, SystemExit)
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    return found.stderr


def test_a_bad_checkpoint_is_answered_in_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    assert "no checkpoint at" in refused("export", tmp_path / "none.pt", "-o", tmp_path / "out")
    (tmp_path / "bad.pt").write_bytes(b"not a checkpoint")
    assert "not a checkpoint" in refused("export", tmp_path / "bad.pt", "-o", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.pt"]


def test_a_folder_that_is_no_corpus_is_answered_in_a_sentence(checkpoint: Path, tmp_path: Path) -> None:
    text = refused("export", checkpoint, "-o", tmp_path / "out", "--data", tmp_path)
    assert "no prepared corpus" in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read"), ("{", "is not JSON"), ("[1]", "one JSON object")]
)
def test_bad_metrics_are_answered_in_a_sentence(
    checkpoint: Path, tmp_path: Path, content: str | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "metrics.json").write_text(content)
    text = refused("export", checkpoint, "-o", tmp_path / "out", "--metrics", tmp_path / "metrics.json")
    assert reason in text
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_an_output_that_a_full_disk_refuses_is_a_sentence() -> None:
    command = [sys.executable, "-m", "model_export", "--help"]
    environment = os.environ | {"PYTHONUNBUFFERED": ""}  # a buffer fails late
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr == "The output cannot be written: no space left on device. Send it elsewhere.\n"
