"""A bundle to run (the shipped one) and copies of it to damage."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.model import Bundle, Model

Edit = Callable[[dict[str, Any]], None]


class BundleCopy:
    """A bundle in a temporary folder; what is changed in it can be signed again, to look like an export."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def edit(self, change: Edit) -> None:
        """Change bundle.json."""
        manifest = self.path / "bundle.json"
        content = json.loads(manifest.read_text())
        change(content)
        manifest.write_text(json.dumps(content))

    def put(self, name: str, content: bytes) -> None:
        """Replace a file and give its sha256 in bundle.json."""
        (self.path / name).write_bytes(content)

        def sign(manifest: dict[str, Any]) -> None:
            manifest["files"][name] = hashlib.sha256(content).hexdigest()

        self.edit(sign)


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    return Bundle.load()


@pytest.fixture(scope="session")
def model(shipped: Bundle) -> Model:
    return Model(shipped, "cpu")


@pytest.fixture
def copy(shipped: Bundle, tmp_path: Path) -> BundleCopy:
    path = tmp_path / "bundle"
    shutil.copytree(shipped.path, path)
    return BundleCopy(path)
