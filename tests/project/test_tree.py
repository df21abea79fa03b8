"""The repository: its scripts, version, wheel and README, and what must not stand in any file."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bridge

ROOT = Path(__file__).resolve().parents[2]
SHELL_SCRIPTS = ("scripts/run", "scripts/test", "scripts/reproduce", ".ci/run")
GROOVEBRIDGE = Path(sys.executable).parent / "groovebridge"


def tracked() -> list[Path]:
    """The files that git tracks; the test is skipped in an unpacked archive, which has no git."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no git checkout")
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """(name, text) of each tracked text file."""
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            found.append((str(path.relative_to(ROOT)), content.decode("utf-8")))
    return found


@pytest.mark.parametrize("script", SHELL_SCRIPTS)
def test_a_script_can_be_executed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("script", [*SHELL_SCRIPTS, "scripts/lib.sh"])
def test_a_script_is_sound_shell(script: str) -> None:
    done = subprocess.run(["bash", "-n", ROOT / script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_file_names_a_machine_s_path_or_a_package_registry() -> None:
    # In pieces, so that this file does not name them either.
    places = re.compile(r"(^|[^A-Za-z0-9_.])/(wor[k]|far[m]|roo[t])/", re.MULTILINE)
    hosts = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("deb.debian", "org"))]
    guilty = [name for name, text in texts() if places.search(text) or any(host in text for host in hosts)]
    assert guilty == []


def test_the_version_stands_in_one_place() -> None:
    said = re.compile(rf"""version\w*\s*[:=]+\s*["']{re.escape(bridge.__version__)}["']""", re.IGNORECASE)
    assert [name for name, text in texts() if name.endswith((".py", ".toml")) and said.search(text)] == [
        "bridge/__init__.py"
    ]
    assert importlib.metadata.version("groovebridge") == bridge.__version__


def test_the_console_script_tells_what_it_can_do() -> None:
    done = subprocess.run([GROOVEBRIDGE, "--help"], capture_output=True, text=True, check=True)
    for command in ("play", "generate", "ports", "doctor"):
        assert re.search(rf"\b{command}\b", done.stdout)


def commands_of_readme() -> list[str]:
    """Each `groovebridge COMMAND` in a code block of README, with its options."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return sorted({line for line in lines if line.startswith("groovebridge ")})


def test_readme_shows_each_command() -> None:
    assert {line.split()[1] for line in commands_of_readme()} >= {"play", "generate", "ports", "doctor"}


@pytest.mark.parametrize("line", commands_of_readme())
def test_each_command_in_readme_exists_with_its_options(line: str) -> None:
    command, *rest = line.split()[1:]
    done = subprocess.run(
        [GROOVEBRIDGE, command, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    missing = [word for word in rest if word.startswith("-") and word not in done.stdout]
    assert missing == []


def test_readme_s_links_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "docs/install.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text)]
        local = [target for target in targets if target and "://" not in target]
        assert [target for target in local if not ((ROOT / name).parent / target).exists()] == []


def test_git_hooks_run_what_scripts_test_runs() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: \.venv/bin/(.*)", hooks)
    checks = re.findall(r'^check \w+ "\$bin/([\w-]+)" ?(.*)$', (ROOT / "scripts" / "test").read_text(), re.M)
    asked = [f"{program} {arguments}".removesuffix(".").strip() for program, arguments in checks]
    assert entries == asked[:-1]
    assert asked[-1].startswith("pytest")


def test_the_wheel_holds_the_app_its_bundle_and_its_licence(tmp_path: Path) -> None:
    # A copy: building in place would leave a build folder. No isolation: the tests need no network.
    for name in [str(path.relative_to(ROOT)) for path in tracked()]:
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "source" / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--quiet",
    ]
    command += ["--wheel-dir", str(tmp_path), str(tmp_path / "source")]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("groovebridge-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for file in ("bundle.json", "decoder.onnx", "encoder.onnx"):
        assert f"bridge/model/shipped/{file}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {
        "bridge",
        "gui",
        "training",
        "model_export",
    }


def test_every_file_that_the_shipped_bundle_names_is_tracked() -> None:
    shipped = ROOT / "bridge" / "model" / "shipped"
    manifest = json.loads((shipped / "bundle.json").read_text(encoding="utf-8"))
    here = {path.name for path in tracked() if path.parent == shipped}
    assert set(manifest["files"]) <= here
