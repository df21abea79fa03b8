"""scripts/run and its set-up, on a small repository: real venv and pip, no network, no apt."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.system_packages import Need, needs_of, provide

if TYPE_CHECKING:
    from tests.project.conftest import SmallRepository


def test_set_up_happens_at_the_first_start_and_when_settings_change(
    small_repository: SmallRepository,
) -> None:
    first = small_repository.run("doctor", "--json")
    assert (first.returncode, first.stdout) == (0, "played doctor --json\n"), first.stderr
    assert "installing into" in first.stderr
    second = small_repository.run()  # no display: headless
    assert (second.returncode, second.stdout) == (0, "played play\n")
    assert "installing into" not in second.stderr
    with (small_repository.root / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n# changed\n")
    assert "installing into" in small_repository.run().stderr
    assert "installing into" not in small_repository.run().stderr


def test_a_set_up_that_was_interrupted_is_made_anew(small_repository: SmallRepository) -> None:
    gate = small_repository.gate()
    process = small_repository.start(TEST_GATE=str(gate))
    gate.open(encoding="utf-8").close()  # returns once the set-up is in its middle
    debris = small_repository.venv / "debris"
    debris.touch()
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.rstrip().endswith("stopped. The next run starts it over.")
    assert small_repository.run().stdout == "played play\n"
    assert not debris.exists()


def test_a_set_up_that_was_killed_is_made_anew(small_repository: SmallRepository) -> None:
    small_repository.run()
    gate = small_repository.gate()
    (small_repository.root / "scripts" / "constraints.txt").write_text("# new\n", encoding="utf-8")
    process = small_repository.start(TEST_GATE=str(gate))
    gate.open(encoding="utf-8").close()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    again = small_repository.run()
    assert "installing into" in again.stderr
    assert again.stdout == "played play\n"


def test_when_pip_fails_it_says_so_and_what_was_there_stays(small_repository: SmallRepository) -> None:
    small_repository.run()
    kept = small_repository.venv / "kept"
    kept.touch()
    (small_repository.root / "scripts" / "constraints.txt").write_text("# new\n", encoding="utf-8")
    failed = small_repository.run(TEST_FAILS="no network")
    assert failed.returncode == 1
    assert failed.stderr.rstrip().endswith(
        "set-up: pip could not install what Groovebridge needs: see its message above. "
        "Check the network, then try again."
    )
    assert small_repository.run().stdout == "played play\n"
    assert kept.exists()


def test_a_start_from_within_another_checkout_leaves_that_one_alone(
    small_repository: SmallRepository,
) -> None:
    other = small_repository.root.parent / "scripts"  # below the folder from which the tests start
    other.mkdir()
    (other / "set_up.py").write_text("raise SystemExit('the wrong set-up')", encoding="utf-8")
    assert small_repository.run().stdout == "played play\n"


def test_a_moved_repository_sets_itself_up_again(small_repository: SmallRepository, tmp_path: Path) -> None:
    small_repository.run()
    small_repository.root = small_repository.root.rename(tmp_path / "elsewhere")
    assert small_repository.run().stdout == "played play\n"
    launcher = (small_repository.venv / "bin" / "groovebridge").read_text(encoding="utf-8")
    assert launcher.startswith(f"#!{tmp_path}/elsewhere/")


def test_a_python_that_does_not_run_is_passed_over(small_repository: SmallRepository) -> None:
    shim = small_repository.bin / "python3.11"
    works = shim.readlink()
    shim.unlink()
    shim.write_text(
        "#!/bin/sh\necho 'pyenv: python3.11: command not found' >&2\nexit 127\n", encoding="utf-8"
    )
    shim.chmod(stat.S_IRWXU)
    none = small_repository.run()
    assert none.returncode == 1
    assert none.stderr.startswith("Groovebridge needs Python 3.11 or 3.12, and none that runs was found.")
    small_repository.offer("python3", str(works))
    assert small_repository.find_python() == "python3\n"


def test_the_library_and_program_that_lack_are_named_with_the_command_that_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is neither apt-get nor sudo
    lacking = (
        Need("libnowhere.so.9", ("libnowhere9t64", "libnowhere9"), "the window"),
        Need("nowhered", ("nowhered",), "the JACK tests"),
    )
    assert provide(lacking, tmp_path / "record") == [
        "the window cannot work without libnowhere.so.9. On Debian 12: sudo apt-get install libnowhere9",
        "the JACK tests cannot work without nowhered. On Debian 12: sudo apt-get install nowhered",
    ]


def test_what_is_there_is_not_missed(tmp_path: Path) -> None:
    there = (Need("libc.so.6", ("libc6",), "anything"), Need("ls", ("coreutils",), "anything"))
    assert provide(there, tmp_path / "record") == []
    assert not (tmp_path / "record").exists()


def test_apt_is_asked_only_once_for_the_same_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    for program in ("apt-get", "apt-cache"):
        (tmp_path / program).write_text(f'#!/bin/sh\necho "$0" "$@" >> {log}\n', encoding="utf-8")
        (tmp_path / program).chmod(stat.S_IRWXU)
    (tmp_path / "env").symlink_to(shutil.which("env") or "env")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    lacking = (Need("libnowhere.so.9", ("libnowhere9t64", "libnowhere9"), "the window"),)
    for _ in range(2):
        assert len(provide(lacking, tmp_path / "record")) == 1
    asked = log.read_text(encoding="utf-8").splitlines()
    installs = [line.partition(" install ")[2] for line in asked if " install " in line]
    assert installs == ["--yes --no-install-recommends libnowhere9t64"]


def test_the_app_wants_qt_s_libraries_only_where_there_is_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    headless = needs_of("run")
    monkeypatch.setenv("DISPLAY", ":0")
    assert {need.why for need in headless} == {
        "ALSA MIDI ports",
        "JACK MIDI ports",
        "the built-in drum sound without JACK",
    }
    assert {need.why for need in needs_of("run")} - {need.why for need in headless} == {"the window"}
    assert set(needs_of("run")) < set(needs_of("test"))
