"""The rules of tests/conftest.py bite: a small suite that breaks each is run, at home and under CI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SUITE = """
import logging, subprocess, threading, time, warnings
import pytest

kept = []

def test_leaves_a_thread():
    threading.Thread(target=time.sleep, args=(60,), name="forgotten", daemon=True).start()

def test_leaves_a_process():
    kept.append(subprocess.Popen(["sleep", "61"]))

@pytest.fixture(scope="session")
def wide():
    yield kept.append(subprocess.Popen(["sleep", "62"]))

def test_takes_a_fixture_that_leaves_a_process(wide):
    pass

def test_logs_a_warning():
    logging.getLogger("a.b").warning("hot")

def test_logs_a_warning_and_reads_it(caplog):
    logging.getLogger("a.b").warning("hot")
    assert "hot" in caplog.text

def test_warns():
    warnings.warn("old")

def test_waits_for_what_it_started():
    thread = threading.Thread(target=print)
    thread.start()
    subprocess.run(["true"], check=True)
    thread.join()

@pytest.mark.jack
def test_with_jack():
    pytest.skip("no server")

@pytest.mark.cuda
def test_with_cuda():
    pytest.skip("no GPU")
"""

SKIPS_ITSELF = "import pytest\npytest.skip('not today', allow_module_level=True)"


class Run:
    """One run of the suite: `verdict` by test, and all that pytest printed."""

    def __init__(self, folder: Path, ci: str) -> None:
        shutil.copy(ROOT / "tests" / "conftest.py", folder)
        (folder / "test_it.py").write_text(SUITE, encoding="utf-8")
        (folder / "test_skipped_whole.py").write_text(SKIPS_ITSELF, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            str(ROOT / "pyproject.toml"),
            "--rootdir",
            str(folder),
        ]
        command += ["-p", "no:cacheprovider", "--continue-on-collection-errors", "-rA", str(folder)]
        environment = os.environ | {"CI": ci}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env=environment, check=False
        )
        assert done.returncode == 1, done.stdout + done.stderr
        self.said = done.stdout

    def verdicts(self, test: str) -> set[str]:
        """What the summary says of a test: passed, failed or error, or both passed and (at its end) error."""
        return {word.lower() for word in re.findall(rf"^([A-Z]+) \S*::{test}\b", self.said, flags=re.M)}


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("home"), ci="")


@pytest.fixture(scope="module")
def under_ci(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("ci"), ci="true")


@pytest.mark.parametrize(
    ("test", "complaint"),
    [
        ("test_leaves_a_thread", "the test left something behind: thread forgotten"),
        ("test_leaves_a_process", "(sleep 61)"),
        ("test_logs_a_warning", "the test left something behind: logged: a.b: hot"),
    ],
)
def test_what_a_test_leaves_behind_is_an_error(at_home: Run, test: str, complaint: str) -> None:
    assert at_home.verdicts(test) == {"passed", "error"}
    assert complaint in at_home.said


def test_what_a_wider_fixture_leaves_behind_is_an_error(at_home: Run) -> None:
    assert re.search(r"a fixture left something behind: .*process \d+ \(sleep 62\)", at_home.said)


def test_a_warning_fails_the_test(at_home: Run) -> None:
    assert at_home.verdicts("test_warns") == {"failed"}


@pytest.mark.parametrize("test", ["test_logs_a_warning_and_reads_it", "test_waits_for_what_it_started"])
def test_a_test_that_looks_after_its_own_passes(at_home: Run, test: str) -> None:
    assert at_home.verdicts(test) == {"passed"}


def test_a_jack_test_may_be_skipped_at_home_but_not_under_ci(at_home: Run, under_ci: Run) -> None:
    assert "no server" in at_home.said
    assert at_home.verdicts("test_with_jack") == set()  # a skip is listed by its line, not its name
    assert under_ci.verdicts("test_with_jack") == {"failed"}
    assert "A JACK test must run under CI, but it was skipped: Skipped: no server" in under_ci.said


def test_other_tests_may_be_skipped_under_ci(under_ci: Run) -> None:
    assert "failed" not in under_ci.verdicts("test_with_cuda")
    assert "SKIPPED [1]" in under_ci.said


def test_a_module_may_skip_itself_at_home_but_not_under_ci(at_home: Run, under_ci: Run) -> None:
    assert "ERROR test_skipped_whole.py" not in at_home.said
    assert "ERROR test_skipped_whole.py - Under CI no module may skip itself" in under_ci.said
