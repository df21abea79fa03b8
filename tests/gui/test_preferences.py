"""What is preferred is kept; what cannot be read or written is said and harms nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bridge.errors import GroovebridgeError
from gui.models.preferences import Appearance, Preferences, Wishes, as_text, read_wishes
from tests.gui.desk import Desk


def test_a_wish_is_there_at_the_next_start(tmp_path: Path) -> None:
    said: list[str] = []
    first = Preferences(said.append, tmp_path / "new" / "preferences.json")
    assert first.wishes == Wishes()
    first.set_appearance(Appearance.LIGHT)
    first.set_guided()
    first.set_midi("jack")
    second = Preferences(said.append, first.path)
    assert second.wishes == Wishes(Appearance.LIGHT, guided=True, midi="jack")
    assert said == []


def test_what_another_window_wished_since_stays(tmp_path: Path) -> None:
    one, two = (Preferences(lambda _: None, tmp_path / "preferences.json") for _ in range(2))
    assert one.wishes == two.wishes
    one.set_midi("jack")
    two.set_appearance(Appearance.LIGHT)
    assert two.wishes == Wishes(Appearance.LIGHT), "a window does not change under one's hands"
    assert read_wishes(one.path) == Wishes(Appearance.LIGHT, midi="jack")


def test_the_same_wish_again_tells_nobody(tmp_path: Path, qtbot: QtBot) -> None:
    kept = Preferences(lambda _: None, tmp_path / "preferences.json")
    with qtbot.waitSignal(kept.changed):
        kept.set_appearance(Appearance.LIGHT)
    with qtbot.assertNotEmitted(kept.changed):
        kept.set_appearance(Appearance.LIGHT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"appearance": "pink"}',
        '{"guided": "yes"}',
        '{"appearance": null}',
        '{"midi": "asio"}',
        '{"midi": []}',
        "\ufeff\x00",
        "[" * 100_000,
    ],
)
def test_a_damaged_file_gives_the_defaults_and_a_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    path.write_text(text, encoding="utf-8")
    said: list[str] = []
    kept = Preferences(said.append, path)
    assert kept.wishes == Wishes()
    assert len(said) == 1
    assert str(path) in said[0]
    assert str(tmp_path / "preferences.old.json") in said[0]
    assert (tmp_path / "preferences.old.json").read_text(encoding="utf-8") == text
    kept.set_appearance(Appearance.LIGHT)
    assert read_wishes(path).appearance is Appearance.LIGHT


def test_a_file_of_another_version_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    path.write_text('{"appearance": "light", "of_tomorrow": 3}', encoding="utf-8")
    assert read_wishes(path) == Wishes(Appearance.LIGHT)


@pytest.mark.parametrize(
    "wishes",
    [Wishes(look, seen, api) for look in Appearance for seen in (False, True) for api in ("auto", "alsa")],
)
def test_text_and_wishes_are_inverse(wishes: Wishes, tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    path.write_text(as_text(wishes), encoding="utf-8")
    assert read_wishes(path) == wishes


def test_a_wish_that_cannot_be_written_holds_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    said: list[str] = []
    kept = Preferences(said.append, tmp_path / "taken" / "preferences.json")
    with pytest.raises(GroovebridgeError):
        read_wishes(kept.path)
    kept.set_appearance(Appearance.LIGHT)
    assert kept.wishes.appearance is Appearance.LIGHT
    assert "until the window closes" in said[-1]


def test_what_is_wrong_with_the_preferences_is_still_said_when_the_drummer_is_there(
    closed_desk: Desk,
) -> None:
    path = closed_desk.session.preferences.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{")
    assert closed_desk.session.preferences.wishes == Wishes()
    closed_desk.open()
    assert str(path) in closed_desk.session.status.text
    path.with_name("preferences.old.json").unlink()
