"""Files and the window: presets are kept and played, takes saved, loops dropped; bad ones are a sentence."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import mido
import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMenu, QWidget

from bridge.groove.midifile import load_loop, save_loop
from bridge.model import Settings
from bridge.studio import Studio
from bridge.studio.presets import PresetFolder
from bridge.studio.saved import save_preset
from bridge.studio.sketch import Given, Sketch, Spot
from gui.views.preset_button import NONE_YET
from tests.gui.desk import Desk, PlainModel
from tests.gui.hands import click, key
from tests.gui.test_history import play_ideas

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
"""Qt's offscreen platform says so when a dialog or menu opens."""

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(autouse=True)
def _own_folder(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    desk: Desk = request.getfixturevalue("desk")
    desk.session.files.folder = PresetFolder(tmp_path / "presets")


def sketch_of(desk: Desk) -> Sketch:
    state = desk.session.state
    assert state is not None
    return state.sketch


def entries(menu: QMenu) -> dict[str, Callable[[], None]]:
    """What a menu offers, without the keys."""
    return {action.text().split("\t")[0]: action.trigger for action in menu.actions() if action.text()}


def dialog(desk: Desk, kind: type[QInputDialog] | type[QFileDialog]) -> QInputDialog | QFileDialog:
    """The dialog that is open; the beat and the window go on."""
    found = next(each for each in desk.window.findChildren(kind) if each.isVisible())
    assert isinstance(found, QInputDialog | QFileDialog)
    return found


def drop(window: QWidget, *paths: Path) -> bool:
    """Drop files of another program on the window; whether it takes them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    what = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(window.rect().center(), *what)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(window, QDropEvent(QPointF(window.rect().center()), *what))
    return enter.isAccepted()


def test_what_plays_is_kept_named_played_again_and_taken_back(desk: Desk) -> None:
    button = desk.window.presets
    assert list(entries(button.menu_now())) == [NONE_YET, "Save as …", "Open a file …", "Delete"]
    desk.session.ask(Studio.set_slider, "density", 0.5)
    kept = sketch_of(desk)
    key(desk.window, Qt.Key.Key_P, CTRL)
    asked = dialog(desk, QInputDialog)
    assert isinstance(asked, QInputDialog)
    asked.setTextValue("verse & chorus")
    asked.accept()
    assert button.text() == "verse && chorus"
    desk.session.ask(Studio.new_idea)
    other = sketch_of(desk)
    assert button.text() == "Presets"
    entries(button.menu_now())["verse && chorus"]()
    desk.until(lambda: sketch_of(desk) == kept)
    assert button.accessibleName() == "Presets: verse & chorus"
    desk.session.ask(Studio.undo)
    assert sketch_of(desk) == other


def test_the_mix_is_not_part_of_a_preset(desk: Desk) -> None:
    desk.session.files.save("verse")
    desk.session.ask(Studio.set_channel, 3)
    desk.session.ask(Studio.new_idea)
    entries(desk.window.presets.menu_now())["verse"]()
    desk.until(lambda: desk.settings == Settings())
    assert desk.session.state is not None
    assert desk.session.state.voicing.channel == 3


def test_a_click_shows_the_menu_and_delete_moves_the_file_aside(desk: Desk) -> None:
    desk.session.files.save("verse")
    click(desk.window.presets)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    delete = next(each for each in menu.findChildren(QMenu) if each.title() == "Delete")
    entries(delete)["verse"]()
    menu.close()
    assert NONE_YET in entries(desk.window.presets.menu_now())
    assert (desk.session.files.folder.path / "deleted" / "verse.json").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is no preset of Groovebridge"),
        (b'{"groovebridge": "preset", "version": 99}', "later version"),
        (
            b'{"groovebridge": "preset", "version": 1, "name": "x", "sketch": {"touches": 3}}',
            "damaged preset",
        ),
    ],
)
def test_a_bad_preset_is_listed_and_says_why_and_nothing_changes(
    desk: Desk, content: bytes, words: str
) -> None:
    before = sketch_of(desk)
    folder = desk.session.files.folder.path
    folder.mkdir()
    (folder / "bad.json").write_bytes(content)
    entries(desk.window.presets.menu_now())["bad (cannot be read)"]()
    assert words in desk.session.status.text
    assert drop(desk.window, folder / "bad.json")
    desk.until(lambda: words in desk.session.status.text)
    assert sketch_of(desk) == before


def test_a_preset_of_another_model_is_refused_and_the_loop_plays_on(desk: Desk, tmp_path: Path) -> None:
    before = sketch_of(desk)
    save_preset(tmp_path / "foreign.json", "foreign", Sketch(origin=Spot(0.5, 0.5)))
    drop(desk.window, tmp_path / "foreign.json")
    desk.until(lambda: "has no map" in desk.session.status.text)
    assert sketch_of(desk) == before
    assert desk.session.files.name_of(before) is None


def test_a_full_disk_is_said_and_the_beat_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.playhead.rolling)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        assert not desk.session.files.save("verse")
    assert "Free some space" in desk.session.status.text
    assert desk.session.playhead.rolling
    assert desk.session.files.presets() == []


def test_a_dropped_loop_plays_and_can_be_taken_back(desk: Desk, tmp_path: Path) -> None:
    before, loop = sketch_of(desk), PlainModel().loop(Settings(seed=9))
    save_loop(tmp_path / "mine.mid", loop)
    assert drop(desk.window, tmp_path / "mine.mid")
    desk.until(lambda: sketch_of(desk).origin == Given(load_loop(tmp_path / "mine.mid")))
    desk.session.ask(Studio.undo)
    assert sketch_of(desk) == before


def test_a_longer_file_plays_its_first_four_bars_and_says_so(desk: Desk, tmp_path: Path) -> None:
    save_loop(tmp_path / "long.mid", PlainModel().loop(Settings()))
    song = mido.MidiFile(tmp_path / "long.mid")
    track = song.tracks[-1]
    track[-1:-1] = [
        mido.Message("note_on", channel=9, note=36, velocity=90, time=20 * song.ticks_per_beat),
        mido.Message("note_off", channel=9, note=36, time=song.ticks_per_beat),
    ]
    song.save(tmp_path / "long.mid")
    drop(desk.window, tmp_path / "long.mid")
    desk.until(lambda: "first four bars" in desk.session.status.text)
    assert isinstance(sketch_of(desk).origin, Given)


@pytest.mark.parametrize("name", ["song.mid", "notes.txt", "", "gone.mid"])
def test_what_is_no_drum_loop_is_a_sentence_and_nothing_changes(
    desk: Desk, tmp_path: Path, name: str
) -> None:
    before, path = sketch_of(desk), tmp_path / name
    if name and name != "gone.mid":
        path.write_text("la la la")
    assert drop(desk.window, path)
    desk.until(lambda: str(path) in desk.session.status.text)
    assert sketch_of(desk) == before


@pytest.mark.parametrize(("kind", "words"), [("huge", "larger than 16 MiB"), ("piano", "no drum hits")])
def test_a_midi_file_that_cannot_be_played_is_said_while_the_song_goes_on(
    desk: Desk, tmp_path: Path, kind: str, words: str
) -> None:
    before, path = sketch_of(desk), tmp_path / "song.mid"
    if kind == "huge":
        path.write_bytes(b"MThd")
        os.truncate(path, 2**30)
    else:
        high = [mido.Message(on, note=120, time=960) for on in ("note_on", "note_off")]
        mido.MidiFile(tracks=[mido.MidiTrack(high)]).save(path)
    desk.session.ask(Studio.play)
    desk.until(lambda: desk.session.playhead.rolling)
    assert drop(desk.window, path)
    desk.until(lambda: words in desk.session.status.text)
    assert sketch_of(desk) == before
    assert desk.session.playhead.rolling


def test_of_several_files_none_is_played_and_that_is_said_until_one_is(desk: Desk, tmp_path: Path) -> None:
    before = sketch_of(desk)
    save_loop(tmp_path / "mine.mid", PlainModel().loop(Settings(seed=9)))
    assert drop(desk.window, tmp_path / "mine.mid", tmp_path / "other.mid")
    assert "2 files were dropped" in desk.session.status.text
    assert sketch_of(desk) == before
    drop(desk.window, tmp_path / "mine.mid")
    desk.until(lambda: sketch_of(desk) != before)
    assert desk.session.status.text.startswith("Ready")


def test_nothing_is_dropped_where_nothing_can_play(desk: Desk, tmp_path: Path) -> None:
    assert drop(desk.window, tmp_path)
    desk.window.close()
    assert not drop(desk.window, tmp_path)


def test_a_file_is_opened_with_the_keyboard(desk: Desk, tmp_path: Path) -> None:
    save_loop(tmp_path / "mine.mid", PlainModel().loop(Settings(seed=3)))
    key(desk.window, Qt.Key.Key_O, CTRL)
    asked = dialog(desk, QFileDialog)
    assert isinstance(asked, QFileDialog)
    asked.fileSelected.emit(str(tmp_path / "mine.mid"))
    asked.close()
    desk.until(lambda: isinstance(sketch_of(desk).origin, Given))


def test_a_take_is_saved_as_a_midi_file(desk: Desk, tmp_path: Path) -> None:
    play_ideas(desk, 1)
    take = desk.session.history.takes[0]
    strip = desk.window.history
    strip.setCurrentIndex(desk.session.history.index(0))
    key(strip, Qt.Key.Key_E, CTRL)
    asked = dialog(desk, QFileDialog)
    assert isinstance(asked, QFileDialog)
    assert asked.defaultSuffix() == "mid"
    asked.fileSelected.emit(str(tmp_path / "take.mid"))
    asked.close()
    assert load_loop(tmp_path / "take.mid").hits.tolist() == take.loop.hits.tolist()
    assert not desk.session.history.save(take, tmp_path / "no" / "folder.mid")
    assert "cannot be written" in desk.session.status.text
