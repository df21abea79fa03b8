"""The models know no widgets: what they may import, read from their source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gui.models

MODELS = sorted(Path(gui.models.__file__).parent.glob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return names


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_imports_neither_widgets_nor_views(path: Path) -> None:
    forbidden = {
        name
        for name in imported(path)
        if name.startswith(("PyQt6.QtWidgets", "PyQt6.QtGui", "gui.views", "gui.app"))
    }
    assert not forbidden


@pytest.mark.parametrize("library", ["onnxruntime", "torch", "rich", "typer"])
def test_the_window_is_up_before_anything_heavy_is_imported(library: str) -> None:
    code = f"import sys, gui.app; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
