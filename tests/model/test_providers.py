"""Whatever onnxruntime cannot start, the user's terminal stays silent and the doctor has words for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bridge.model import Bundle, Model, ProviderError, ProviderReport, Settings, probe

OPEN = "from bridge.model import *; print(Model(Bundle.load()).loop(Settings(7)).hit_count)"


@pytest.fixture(scope="module")
def reports(shipped: Bundle) -> dict[str, ProviderReport]:
    return {report.name: report for report in probe(shipped)}


def test_the_cpu_starts_and_is_timed(reports: dict[str, ProviderReport]) -> None:
    cpu = reports["cpu"]
    assert cpu.available
    assert cpu.starts
    assert cpu.decode_ms is not None
    assert 0 < cpu.decode_ms < 1000


def test_what_does_not_start_says_why(reports: dict[str, ProviderReport]) -> None:
    assert "cuda" in reports
    for report in reports.values():
        assert report.starts == (report.reason == "")
        assert report.starts == (report.decode_ms is not None)
        if not report.starts:
            assert report.reason.endswith(".")


def test_auto_runs_on_one_that_starts(shipped: Bundle, reports: dict[str, ProviderReport]) -> None:
    assert reports[Model(shipped).provider].starts


def test_an_unknown_provider_is_answered_with_the_names_there_are(shipped: Bundle) -> None:
    with pytest.raises(ProviderError, match=r"no inference provider 'tpu'.*auto, cpu, cuda"):
        Model(shipped, "tpu")


def test_cuda_by_name_is_refused_in_words_and_in_silence(
    shipped: Bundle, reports: dict[str, ProviderReport], capfd: pytest.CaptureFixture[str]
) -> None:
    if reports["cuda"].starts:
        pytest.skip("CUDA starts on this machine")
    with pytest.raises(ProviderError, match="CUDA cannot start here: "):
        Model(shipped, "cuda")
    assert capfd.readouterr() == ("", "")


def test_opening_a_model_prints_nothing_and_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-c", OPEN], capture_output=True, check=True, timeout=60, env=environment
    )
    assert found.stderr == b""
    assert re.fullmatch(rb"\d+\n", found.stdout)
    assert list(tmp_path.iterdir()) == []


def test_onnxruntime_is_told_to_send_nothing_before_it_is_imported() -> None:
    code = (
        "import os, sys\n"
        "from bridge.model import providers\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "class Watch:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'onnxruntime': print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "sys.meta_path.insert(0, Watch())\n"
        "providers.runtime()\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, timeout=60, env=environment
    )
    assert found.stdout == b"1\n"


def test_only_the_providers_import_onnxruntime() -> None:
    root = Path(__file__).parents[2]
    importing = re.compile(r"^\s*(import onnxruntime|from onnxruntime)", re.MULTILINE)
    folders = ("bridge", "gui", "training", "model_export")
    found = {
        path.relative_to(root).as_posix()
        for folder in folders
        for path in (root / folder).rglob("*.py")
        if importing.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"bridge/model/providers.py"}


@pytest.mark.cuda
def test_cuda_answers_as_pytorch_did(
    shipped: Bundle, model: Model, reports: dict[str, ProviderReport]
) -> None:
    if not reports["cuda"].starts:
        pytest.skip(reports["cuda"].reason)
    cuda = Model(shipped, "cuda")
    assert cuda.provider == "cuda"
    assert cuda.replay() < 1e-4
    chosen = Settings(seed=7, temperature=0.5)
    assert cuda.loop(chosen) == cuda.loop(chosen)
    mu, sigma = cuda.encode(model.loop(chosen))
    np.testing.assert_allclose(mu, model.encode(model.loop(chosen))[0], atol=1e-4)
    assert np.all(sigma > 0)
