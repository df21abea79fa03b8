"""Who may import whom: the contracts in pyproject.toml hold and bite; so do rules beyond them."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bridge", "gui", "training", "model_export")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of the repository, or of a copy of it."""
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_contract_is_kept() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


VIOLATIONS = {
    "bridge/groove/loop.py": "import bridge.player",
    "bridge/timing/__init__.py": "import bridge.errors",
    "bridge/ports/base.py": "import bridge.timing",
    "bridge/player/messages.py": "import onnxruntime",
    "bridge/model/settings.py": "import torch",
    "gui/models/__init__.py": "import gui.views, training",
    "training/model.py": "import bridge.model, bridge.player",
    "model_export/graphs.py": "import bridge.studio",
}


def test_each_contract_breaks_when_its_rule_is_broken(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.onnx", "__pycache__")
        )
    for file, line in VIOLATIONS.items():
        with (tmp_path / file).open("a", encoding="utf-8") as source:
            source.write(f"\n{line}\n")
    said = lint_imports(tmp_path).stdout
    contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8").count("[[tool.importlinter.contracts]]")
    assert re.search(rf"Contracts: 0 kept, {contracts} broken", said), said


# --- what import-linter does not see: the standard library, and parts of PyQt6 ------------------------------


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, dotted module) for every import below the folder, `from a import b` as a.b."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((path.name, f"{node.module}.{alias.name}") for alias in node.names)


def test_timing_needs_only_the_standard_library() -> None:
    strangers = [
        (file, module)
        for file, module in imported(ROOT / "bridge" / "timing")
        if not module.startswith("bridge.timing.") and module.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert strangers == []


def test_timing_has_no_clock_of_its_own() -> None:
    clocks = {"time", "datetime", "threading", "asyncio", "sched"}
    assert [
        pair for pair in imported(ROOT / "bridge" / "timing") if pair[1].partition(".")[0] in clocks
    ] == []


def test_the_window_s_models_know_no_widgets() -> None:
    of_qt = [pair for pair in imported(ROOT / "gui" / "models") if pair[1].startswith("PyQt6")]
    assert [pair for pair in of_qt if not pair[1].startswith("PyQt6.QtCore")] == []


@pytest.mark.parametrize("arguments", [["--help"], ["play", "--help"]])
def test_the_command_line_starts_without_the_window_or_torch(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom gui.launch import main\nsys.argv[0] = 'groovebridge'\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('loaded:', *sorted({'PyQt6', 'torch', 'training', 'onnx'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    assert done.stdout.endswith("loaded:\n")
