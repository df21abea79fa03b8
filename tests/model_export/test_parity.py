"""Parity: what differs from PyTorch is refused, a near tie is not, and what is refused leaves nothing."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.model.providers import open_session

if TYPE_CHECKING:
    from model_export.loops import ExportLoops
    from training.model import MusicVAE
    from training.prior import Prior

pytestmark = pytest.mark.training

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def loops(corpus: Path) -> ExportLoops:
    from model_export.loops import corpus_loops

    return corpus_loops(corpus)


def prove(model: MusicVAE, prior: Prior, bundle: Path, loops: ExportLoops) -> Any:
    from model_export.parity import Sessions
    from model_export.parity import prove as prove_parity

    sessions = (open_session(bundle / f"{name}.onnx") for name in ("encoder", "decoder", "prior"))
    return prove_parity(model, prior, Sessions(*sessions), loops.proof)


def perturbed(model: MusicVAE, part: str, by: float) -> MusicVAE:
    """The same model with one layer's weights off by a little."""
    import torch

    other = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in other.named_parameters():
            if name.startswith(part):
                parameter.add_(by)
    return other


def test_the_exported_graphs_answer_as_pytorch_does(
    tiny: MusicVAE, styled: Prior, exported: Path, loops: ExportLoops
) -> None:
    proof = prove(tiny, styled, exported, loops)
    assert proof.encoded == 30  # batches of 1, 2 and 7 with three seeds
    assert proof.drawn == 30
    assert proof.decoded == 90  # each at three temperatures
    assert 0 < proof.largest_difference < 1e-4


def test_the_models_own_loops_serve_where_there_is_no_corpus(tiny: MusicVAE) -> None:
    from model_export.loops import dreamt_loops
    from training.prior import Prior

    dreamt = dreamt_loops(tiny, Prior.identity(tiny.config.latent))
    assert dreamt.data == {}
    assert dreamt.training["hits"].shape == (256, 64, 9)
    assert len(np.unique(dreamt.proof["hits"], axis=0)) > 24


@pytest.mark.parametrize(
    ("part", "by", "named"),
    [
        ("to_common", 1e-3, "mu"),
        ("to_sigma", 1e-3, "sigma"),
        ("expression", 5e-4, "velocities|offsets"),
    ],
)
def test_weights_that_differ_are_refused(
    tiny: MusicVAE, styled: Prior, exported: Path, loops: ExportLoops, part: str, by: float, named: str
) -> None:
    from model_export.errors import ParityError

    other = perturbed(tiny, part, by)
    with pytest.raises(ParityError, match=f"({named}) differ from PyTorch's by .*Nothing was written"):
        prove(other, styled, exported, loops)


def test_other_hits_are_refused(tiny: MusicVAE, styled: Prior, exported: Path, loops: ExportLoops) -> None:
    import torch

    from model_export.errors import ParityError

    other = copy.deepcopy(tiny)
    with torch.no_grad():
        other.to_logits.weight.neg_()
    with pytest.raises(ParityError, match=r"hits otherwise than PyTorch in bar \d, step \d+ \(batch 1"):
        prove(other, styled, exported, loops)


def test_a_prior_that_differs_is_refused(
    tiny: MusicVAE, styled: Prior, exported: Path, loops: ExportLoops
) -> None:
    from model_export.errors import ParityError

    other = copy.deepcopy(styled)
    other.mean.add_(0.01)
    with pytest.raises(ParityError, match=r"z differ from PyTorch's by .*Nothing was written"):
        prove(tiny, other, exported, loops)


# --- the rule for near ties, on answers made by hand --------------------------------------------------------


def answers(gap: float) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Two equal answers of one loop; PyTorch's best choices lie 1 apart, but `gap` in bar 2, step 3."""
    random = np.random.default_rng(0)
    hits = (random.random((1, 64, 9)) < 0.3).astype(np.float32)
    loop = {"hits": hits, "velocities": hits * 0.5, "offsets": hits * 0.1}
    gaps = np.ones((1, 64), dtype=np.float32)
    gaps[0, 18] = gap
    return copy.deepcopy(loop), copy.deepcopy(loop) | {"gaps": gaps}


def test_what_follows_a_near_tie_in_its_bar_is_not_compared() -> None:
    from model_export.parity import compare_loops

    answer, expected = answers(gap=5e-4)
    answer["hits"][0, 18:32] = 1 - answer["hits"][0, 18:32]
    answer["velocities"][0, 18:32] = 1
    answer["offsets"][0, 18:32] = -0.4
    answer["velocities"][0, 17] += 5e-5
    ties, difference = compare_loops(answer, expected, "here")
    assert ties == 1
    assert difference == pytest.approx(5e-5, rel=0.01)


def test_a_clear_choice_that_differs_is_refused() -> None:
    from model_export.errors import ParityError
    from model_export.parity import compare_loops

    answer, expected = answers(gap=2e-3)
    answer["hits"][0, 18] = 1 - answer["hits"][0, 18]
    with pytest.raises(
        ParityError, match=r"bar 2, step 3 \(here\), where the two best choices lie 0.002 apart"
    ):
        compare_loops(answer, expected, "here")


def test_a_near_tie_excuses_no_other_bar() -> None:
    from model_export.errors import ParityError
    from model_export.parity import compare_loops

    answer, expected = answers(gap=5e-4)
    answer["hits"][0, 18] = 1 - answer["hits"][0, 18]
    answer["hits"][0, 33] = 1 - answer["hits"][0, 33]
    with pytest.raises(ParityError, match=r"bar 3, step 2"):
        compare_loops(answer, expected, "here")


@pytest.mark.parametrize("name", ["velocities", "offsets"])
@pytest.mark.parametrize("value", [1.5e-4, float("nan")])
def test_touch_and_timing_that_differ_are_refused(name: str, value: float) -> None:
    from model_export.errors import ParityError
    from model_export.parity import compare_loops

    answer, expected = answers(gap=1.0)
    answer[name][0, 63, 8] += value
    with pytest.raises(ParityError, match=f"{name} differ"):
        compare_loops(answer, expected, "here")


# --- what is refused leaves nothing -------------------------------------------------------------------------


def test_a_refused_export_leaves_the_old_bundle_and_nothing_else(exported: Path, tmp_path: Path) -> None:
    from model_export.bundling import replacing
    from model_export.errors import ParityError

    target = tmp_path / "bundle"
    shutil.copytree(exported, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    with pytest.raises(ParityError), replacing(target) as folder:
        (folder / "bundle.json").write_text("half")
        raise ParityError("refused")
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_folder_that_is_not_a_bundle_is_never_replaced(tmp_path: Path) -> None:
    from model_export.bundling import replacing
    from model_export.errors import ExportError

    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.txt").write_text("mine")
    with pytest.raises(ExportError, match="is not a model bundle"), replacing(tmp_path / "music"):
        pytest.fail("it must not come to this")
    assert (tmp_path / "music" / "song.txt").read_text() == "mine"
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportError, match="is not a model bundle"), replacing(tmp_path / "file"):
        pytest.fail("it must not come to this")


def test_a_place_that_cannot_be_written_is_answered_in_a_sentence(tmp_path: Path) -> None:
    from model_export.bundling import replacing
    from model_export.errors import ExportError

    (tmp_path / "file").write_text("mine")
    with (
        pytest.raises(ExportError, match=r"cannot be written \(Not a directory\)"),
        replacing(tmp_path / "file" / "b"),
    ):
        pytest.fail("it must not come to this")


def test_a_model_that_decides_nothing_has_no_stored_pair(tiny: MusicVAE) -> None:
    import torch

    from model_export.bundling import clear_pair
    from model_export.errors import ExportError
    from training.prior import Prior

    undecided = copy.deepcopy(tiny)
    with torch.no_grad():
        undecided.hit_table[1:] = undecided.hit_table[0]
        undecided.to_logits.weight.zero_()
        undecided.to_logits.bias.fill_(1e12)  # the noise drowns in it: every choice scores the same
    with pytest.raises(ExportError, match="best choices tie"):
        clear_pair(undecided, Prior.identity(undecided.config.latent))


def test_the_stored_pair_has_no_step_near_a_tie(tiny: MusicVAE) -> None:
    from model_export.bundling import clear_pair
    from model_export.parity import torch_decode
    from training.prior import Prior

    pair = clear_pair(tiny, Prior.identity(tiny.config.latent))
    assert sorted(pair["temperature"].tolist()) == [0.5, 1.0]
    assert torch_decode(tiny, pair)["gaps"].min() > 1e-3


# --- paths --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leak", ["/home/someone/train.py", r"C:\Users\someone\train.py", "torch/nn/modules/rnn.py"]
)
def test_a_path_in_a_graph_is_found_and_cleaned_away(exported: Path, leak: str) -> None:
    import onnx

    from model_export.graphs import clean, find_path

    graph = onnx.load(exported / "encoder.onnx")
    assert find_path(graph) == ""
    graph.graph.node[3].metadata_props.add(key="stack", value=f'File "{leak}", line 3')
    assert leak.rpartition(".")[0].split()[0][:12] in find_path(graph)
    clean(graph)
    graph.graph.node[3].doc_string = f"from {leak}"
    assert find_path(graph) != ""
    clean(graph)
    assert find_path(graph) == ""


def test_the_folders_of_this_process_are_looked_for_in_the_weights_too(exported: Path) -> None:
    import onnx

    from model_export.graphs import find_path

    graph = onnx.load(exported / "encoder.onnx")
    graph.graph.initializer[0].raw_data += str(Path.cwd()).encode()
    assert find_path(graph) == str(Path.cwd())
