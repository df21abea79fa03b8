"""A bundle is measured whole: what comes back of loops, what it draws, and both as JSON and as tables."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bridge.errors import GroovebridgeError
from bridge.model import Settings
from training.bundled import drum_loops, open_model, reconstruction, sampling
from training.corpus import Loops, Split, load_split
from training.evaluate import Evaluation, evaluate
from training.report import report

pytestmark = pytest.mark.training
SAMPLES = ("prior", "around", "reconstruction", "reconstruction_still", "training")


@pytest.fixture(scope="module")
def evaluation(corpus: Path) -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.bundled.PAIRS", 3)
        patch.setattr("training.bundled.TEMPERATURES", (1.0,))
        patch.setattr("training.sampling.FOLDS", 2)
        return evaluate(corpus, "test", draws=20)


def test_json_has_all_of_reconstruction_and_sampling_under_its_names(evaluation: Evaluation) -> None:
    found = json.loads(evaluation.to_json())
    assert found["details"].keys() == {"kl_nats", "active_axes"}
    drawn = found["sampling"]
    assert drawn["temperature"] == Settings().temperature
    tests = [(test["drawn"], test["real"]) for test in drawn["two_sample"]]
    assert tests == [*((name, "real") for name in SAMPLES), ("prior", "training")]
    for test in drawn["two_sample"]:
        assert test["accuracy"] == test["by_classifier"][test["classifier"]]
        assert test["interval"][0] <= test["accuracy"] <= test["interval"][1]
    assert drawn["attributes"].keys() == drawn["validity"].keys() == {"real", *SAMPLES}
    assert drawn["nearest"].keys() == {"real", *SAMPLES[:-1]}
    assert [at["temperature"] for at in drawn["by_temperature"]] == [Settings().temperature, 1.0]
    assert drawn["by_temperature"][0]["two_sample"] == drawn["two_sample"][0]
    assert drawn["interpolation"]["pairs"] == 3
    assert drawn["interpolation"]["ways"].keys() == {"latent", "coin", "threshold"}
    assert drawn["style"] is None


def test_tables_show_every_sample_and_measure(evaluation: Evaluation) -> None:
    out = io.StringIO()
    report(evaluation, Console(file=out, width=240))
    said = out.getvalue()
    for words in (
        "all loops",
        "prior",
        "around",
        "from training loops",
        "no kick",
        "copies",
        "density",
        "kl nats",
    ):
        assert words in said


def test_sampling_can_be_left_out(corpus: Path) -> None:
    found = evaluate(corpus, "test", draws=2, with_sampling=False)
    assert found.sampling is None
    assert found.details["kl_nats"] > 0


def test_nats_are_those_of_the_posterior_against_the_standard_normal(loops: Loops) -> None:
    model = open_model(None)
    _, details = reconstruction(model, loops)
    nats = 0.0
    for loop in drum_loops(loops):
        mu, sigma = (part.astype(float) for part in model.encode(loop))
        nats += float((0.5 * (mu**2 + sigma**2 - 1 - 2 * np.log(sigma))).sum())
    assert details["kl_nats"] == pytest.approx(nats / len(loops), rel=1e-3)


def test_a_corpus_without_training_loops_says_so(corpus: Path) -> None:
    test = load_split(corpus, "test")
    nothing = Split(test.hits[:0], test.velocities[:0], test.offsets[:0], test.first_step[:0], ())
    with pytest.raises(GroovebridgeError, match="no training loop"):
        sampling(open_model(None), test, nothing)


def test_one_sentence_for_a_bundle_that_is_none(
    tmp_path: Path, corpus: Path, fails: Callable[..., str]
) -> None:
    assert "no model bundle" in fails("evaluate", "--corpus", corpus, "--bundle", tmp_path)
