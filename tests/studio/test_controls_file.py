"""What controllers are set to is kept, and a file that cannot be read is set aside, not lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.studio.controls import Kind, Source
from bridge.studio.controls_file import ControlSetup, load_controls, save_change, save_controls

SETUP = ControlSetup(
    ("nanoKONTROL", "Pads"),
    {Source(Kind.FINE, 0, 7): "density", Source(Kind.NOTE, 9, 36): "play", Source(Kind.SIGN, 15, 127): "z1"},
    programs=False,
)


def test_what_is_kept_comes_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "new" / "controllers.json"
    save_controls(path, SETUP)
    found, trouble = load_controls(path)
    assert (found, trouble) == (SETUP, "")
    assert list(found.mappings) == list(SETUP.mappings)


def test_where_nothing_was_kept_nothing_is_said(tmp_path: Path) -> None:
    assert load_controls(tmp_path / "controllers.json") == (ControlSetup(), "")


@pytest.mark.parametrize("change", [{"version": 99}, {"groovebridge": "preset"}, {"inputs": 7}, {"new": 1}])
def test_a_file_that_cannot_be_read_is_set_aside_whole(change: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "controllers.json"
    save_controls(path, SETUP)
    text = json.dumps(json.loads(path.read_text()) | change)
    path.write_text(text)
    found, trouble = load_controls(path)
    assert found == ControlSetup()
    assert str(tmp_path / "controllers.old.json") in trouble
    assert (tmp_path / "controllers.old.json").read_text() == text
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "[", "\x00", '{"groovebridge": "controllers", "mappings": [{}]}'])
def test_a_damaged_file_is_set_aside_too(text: str, tmp_path: Path) -> None:
    path = tmp_path / "controllers.json"
    path.write_text(text)
    assert load_controls(path)[0] == ControlSetup()
    assert (tmp_path / "controllers.old.json").read_text() == text


KNOB, PAD, WHEEL = Source(Kind.ABSOLUTE, 0, 20), Source(Kind.NOTE, 9, 40), Source(Kind.ABSOLUTE, 0, 1)


def test_what_another_window_wrote_since_stays(tmp_path: Path) -> None:
    path = tmp_path / "controllers.json"
    save_controls(path, SETUP)
    mine = ControlSetup(("Pads",), {**SETUP.mappings, KNOB: "swing"}, programs=True)
    fine = next(iter(SETUP.mappings))
    theirs = ControlSetup(
        (*SETUP.inputs, "BeatStep"),
        {source: target for source, target in SETUP.mappings.items() if source != fine} | {PAD: "stop"},
        programs=False,
    )
    save_change(path, SETUP, theirs)
    save_change(path, SETUP, mine)
    found, _ = load_controls(path)
    assert found.inputs == ("Pads", "BeatStep")
    assert found.programs
    assert found.mappings == {**theirs.mappings, KNOB: "swing"}
    save_change(path, mine, ControlSetup(("Pads", "Wheel"), {**mine.mappings, WHEEL: "fill"}))
    found, _ = load_controls(path)
    assert found.inputs == ("Pads", "BeatStep", "Wheel")
    assert found.mappings == {**theirs.mappings, KNOB: "swing", WHEEL: "fill"}


@pytest.mark.parametrize("there", [None, "[", '{"groovebridge": "controllers", "version": 99}'])
def test_where_there_is_nothing_to_write_it_beside_all_is_written(there: str | None, tmp_path: Path) -> None:
    path = tmp_path / "controllers.json"
    if there is not None:
        path.write_text(there)
    save_change(path, ControlSetup(), SETUP)
    assert load_controls(path) == (SETUP, "")
    assert there is None or (tmp_path / "controllers.old.json").read_text() == there
