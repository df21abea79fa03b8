"""A folder of presets: what is kept is found again, what is bad is named, and nothing is lost by a slip."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from bridge.errors import GroovebridgeError
from bridge.files import FileWriteError
from bridge.model import Settings
from bridge.studio.presets import DELETED, PresetFolder
from bridge.studio.saved import SavedFileError, load_preset
from bridge.studio.sketch import Sketch

SKETCH = Sketch(Settings(seed=5, sliders={"density": 0.5}))


@pytest.fixture
def folder(tmp_path: Path) -> PresetFolder:
    return PresetFolder(tmp_path / "presets")


def test_what_is_saved_is_listed_by_name_and_comes_back(folder: PresetFolder) -> None:
    assert folder.presets() == []
    for name in ("verse", "Bridge", "chorus: loud / 2"):
        folder.save(name, SKETCH)
    assert [preset.name for preset in folder.presets()] == ["Bridge", "chorus: loud / 2", "verse"]
    assert all(load_preset(preset.path)[1] == SKETCH for preset in folder.presets())


def test_a_name_that_is_taken_gets_a_number(folder: PresetFolder) -> None:
    assert [folder.save("verse", SKETCH).name for _ in range(3)] == ["verse", "verse 2", "verse 3"]
    assert len(folder.presets()) == 3


@pytest.mark.parametrize("name", ["", "  ", "../..", "/"])
def test_a_name_of_signs_alone_is_refused(folder: PresetFolder, name: str) -> None:
    with pytest.raises(GroovebridgeError, match="letter or a digit"):
        folder.save(name, SKETCH)
    assert folder.presets() == []


@pytest.mark.parametrize("name", ["../escape", "a/b", ".hidden", "con\0tent", "x" * 500])
def test_no_name_leads_out_of_the_folder(folder: PresetFolder, name: str) -> None:
    assert folder.save(name, SKETCH).path.parent == folder.path
    assert len(folder.presets()) == 1


def test_bad_files_are_listed_with_their_problem(folder: PresetFolder) -> None:
    good = folder.save("good", SKETCH)
    later = json.loads(good.path.read_text()) | {"version": 99}
    (folder.path / "later.json").write_text(json.dumps(later))
    (folder.path / "broken.json").write_bytes(good.path.read_bytes()[:40])
    (folder.path / "notes.txt").write_text("not ours")
    found = {preset.name: preset.problem for preset in folder.presets()}
    assert found.keys() == {"good", "later", "broken"}
    assert found["good"] is None
    assert "later version" in (found["later"] or "")
    assert "no preset" in (found["broken"] or "")


def test_a_deleted_preset_can_be_found_again(folder: PresetFolder) -> None:
    for _ in range(2):
        folder.delete(folder.save("verse", SKETCH))
    assert folder.presets() == []
    kept = sorted(path.name for path in (folder.path / DELETED).iterdir())
    assert kept == ["verse 2.json", "verse.json"]


def test_what_is_gone_already_is_said(folder: PresetFolder) -> None:
    preset = folder.save("verse", SKETCH)
    preset.path.unlink()
    with pytest.raises(FileWriteError, match="no such file"):
        folder.delete(preset)


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "presets").write_text("")
    with pytest.raises(SavedFileError, match="cannot be read"):
        PresetFolder(tmp_path / "presets").presets()
    with pytest.raises(FileWriteError):
        PresetFolder(tmp_path / "presets").save("verse", SKETCH)


def test_a_full_disk_leaves_no_part_of_a_preset(
    folder: PresetFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileWriteError, match="Free some space"):
        folder.save("verse", SKETCH)
    assert list(folder.path.iterdir()) == []
