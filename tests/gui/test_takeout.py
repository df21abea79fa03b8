"""Out of the window: the loop and the last bars are dragged and saved, and what is played is recorded."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest
from PyQt6.QtCore import QMimeData, Qt
from PyQt6.QtGui import QDrag
from PyQt6.QtWidgets import QFileDialog

from bridge.groove.midifile import load_loop
from bridge.groove.notes import TICKS_PER_BAR
from bridge.player.messages import Played
from bridge.player.midi import key_of, note_off, note_on
from bridge.studio import Studio
from gui.views.takeout_panel import TakeoutPanel
from tests.gui.desk import Desk
from tests.gui.hands import click, drag, key

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
KICK = key_of(9, 36)


@pytest.fixture(autouse=True)
def _own_folder(closed_desk: Desk, tmp_path: Path) -> None:
    closed_desk.session.takeout.folder = tmp_path / "recordings"


def panel(desk: Desk) -> TakeoutPanel:
    return desk.window.takeout


def play_bars(desk: Desk, first: int, last: int, rolling: bool = True) -> None:
    """The player tells of bars with a kick on their first step, as hard as their number."""
    for bar in range(first, last + 1):
        ticks = bar * TICKS_PER_BAR
        events = ((ticks, note_on(KICK, bar + 1)), (ticks + 120, note_off(KICK)))
        desk.band.report(Played(events, (), ticks + TICKS_PER_BAR, rolling or bar < last))
    studio = desk.session.takeout._studio
    desk.until(lambda: studio is not None and studio.tape.next_line == (last + 2) * TICKS_PER_BAR)
    desk.until(lambda: desk.session.takeout.there == min(last + 1, 32))


def kicks(path: Path) -> list[int]:
    """How hard the kicks in a file are."""
    return [each.velocity for each in mido.MidiFile(path).tracks[0] if each.type == "note_on"]


def files_in(data: QMimeData | None) -> list[Path]:
    return [] if data is None else [Path(url.toLocalFile()) for url in data.urls()]


def choose(desk: Desk, path: Path) -> None:
    found = next(each for each in desk.window.findChildren(QFileDialog) if each.isVisible())
    assert found.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    found.fileSelected.emit(str(path))
    found.close()
    desk.window.activateWindow()


@pytest.fixture
def dragged(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were dragged out."""
    files: list[Path] = []

    def take(self: QDrag, _action: Qt.DropAction) -> Qt.DropAction:
        files.extend(files_in(self.mimeData()))
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", take)
    return files


def test_the_last_bars_are_dragged_out_as_they_were_played(desk: Desk, dragged: list[Path]) -> None:
    assert not panel(desk).bars.isEnabled()
    assert "after the first bar" in panel(desk).bars.toolTip()
    play_bars(desk, 0, 9)
    drag(panel(desk).bars, panel(desk).bars.rect().center(), 60)
    assert [kicks(path) for path in dragged] == [[7, 8, 9, 10]]
    panel(desk).choice.chosen.emit(2)
    drag(panel(desk).bars, panel(desk).bars.rect().center(), 60)
    assert kicks(dragged[1]) == [9, 10]
    assert dragged[0] != dragged[1]
    desk.window.close()
    assert not any(path.exists() for path in dragged)


def test_the_loop_is_dragged_out(desk: Desk, dragged: list[Path]) -> None:
    drag(panel(desk).loop, panel(desk).loop.rect().center(), 60)
    loop = desk.session.loop
    assert loop is not None
    assert load_loop(dragged[0]).hits.tolist() == loop.hits.tolist()
    assert not desk.window.findChildren(QFileDialog)


def test_a_click_or_a_key_saves_a_file(desk: Desk, tmp_path: Path) -> None:
    play_bars(desk, 0, 1)
    click(panel(desk).loop)
    choose(desk, tmp_path / "loop.mid")
    assert load_loop(tmp_path / "loop.mid").hit_count
    key(desk.window, Qt.Key.Key_E, CTRL | SHIFT)
    choose(desk, tmp_path / "bars.mid")
    assert kicks(tmp_path / "bars.mid") == [1, 2]


def test_where_nothing_can_be_written_a_sentence_says_so(desk: Desk) -> None:
    play_bars(desk, 0, 1)
    takeout = desk.session.takeout
    for write in (takeout.save_loop, takeout.save_bars):
        assert not write(Path("/dev/full"))
        assert "no space left on device" in desk.session.status.text
        desk.session.remedy(desk.session.status.remedy)  # type: ignore[arg-type]


def test_a_recording_goes_from_its_first_bar_to_the_end_of_its_last(desk: Desk, tmp_path: Path) -> None:
    desk.session.ask(Studio.play)
    play_bars(desk, 0, 2)
    key(desk.window, Qt.Key.Key_R, CTRL)
    assert panel(desk).record.isChecked()
    play_bars(desk, 3, 4)
    click(panel(desk).record)
    assert desk.session.takeout.ending
    play_bars(desk, 5, 5)
    desk.until(lambda: not desk.session.takeout.recording)
    desk.until(lambda: "Recorded 3 bars" in desk.session.status.text)
    assert [kicks(path) for path in (tmp_path / "recordings").iterdir()] == [[4, 5, 6]]
    assert not panel(desk).record.isChecked()


def test_a_second_click_ends_a_recording_at_once(desk: Desk, tmp_path: Path) -> None:
    desk.session.ask(Studio.play)
    desk.session.takeout.record(True)
    play_bars(desk, 0, 1)
    click(panel(desk).record)
    click(panel(desk).record)
    desk.until(lambda: "Recorded 2 bars" in desk.session.status.text)
    assert [kicks(path) for path in (tmp_path / "recordings").iterdir()] == [[1, 2]]


def test_where_nothing_was_played_there_is_no_file_and_that_is_said(desk: Desk, tmp_path: Path) -> None:
    click(panel(desk).record)
    click(panel(desk).record)
    assert "Nothing was played" in desk.session.status.text
    assert not (tmp_path / "recordings").exists()


def test_a_recording_that_cannot_be_written_is_kept_and_saved_elsewhere(desk: Desk, tmp_path: Path) -> None:
    takeout = desk.session.takeout
    takeout.folder = Path("/dev/full/recordings")
    takeout.record(True)
    play_bars(desk, 0, 1, rolling=False)
    takeout.record(False)
    desk.until(lambda: "It is kept" in desk.session.status.text)
    click(panel(desk).record)
    choose(desk, tmp_path / "saved.mid")
    assert kicks(tmp_path / "saved.mid") == [1, 2]
    assert not takeout.unwritten


def record_two(desk: Desk) -> None:
    """Two recordings that cannot be written, begun as a controller begins them."""
    for bar in range(2):
        desk.session.takeout.record(True)
        play_bars(desk, bar, bar, rolling=False)
        desk.session.takeout.record(False)
    desk.until(lambda: len(desk.session.takeout._unwritten) == 2)


def test_each_recording_that_cannot_be_written_is_kept_beside_the_others(desk: Desk, tmp_path: Path) -> None:
    takeout = desk.session.takeout
    takeout.folder = Path("/dev/full/recordings")
    record_two(desk)
    for name in ("first.mid", "second.mid"):
        click(panel(desk).record)
        choose(desk, tmp_path / name)
    assert [kicks(tmp_path / "first.mid"), kicks(tmp_path / "second.mid")] == [[1], [2]]
    assert not takeout.unwritten


def test_what_could_not_be_written_is_tried_once_more_when_the_window_closes(
    desk: Desk, tmp_path: Path
) -> None:
    full = tmp_path / "disk"
    full.touch()  # no folder can be made there
    desk.session.takeout.folder = full / "recordings"
    record_two(desk)
    full.unlink()
    desk.window.close()
    assert sorted(kicks(path) for path in (full / "recordings").iterdir()) == [[1], [2]]


def test_a_recording_is_on_the_disk_while_it_runs_and_when_the_window_closes(
    desk: Desk, tmp_path: Path
) -> None:
    takeout = desk.session.takeout
    takeout.record(True)
    play_bars(desk, 0, 1)
    takeout._timer.timeout.emit()
    desk.until(lambda: (tmp_path / "recordings").exists() and any((tmp_path / "recordings").glob("*.mid")))
    play_bars(desk, 2, 2)
    desk.window.close()
    assert [kicks(path) for path in (tmp_path / "recordings").iterdir()] == [[1, 2, 3]]


def test_a_recording_that_ended_just_before_the_window_closed_is_written(desk: Desk, tmp_path: Path) -> None:
    desk.occupy()
    desk.session.takeout.record(True)
    play_bars(desk, 0, 1, rolling=False)
    desk.session.takeout.record(False)
    assert not desk.session.takeout.recording
    desk.window.close()
    assert [kicks(path) for path in (tmp_path / "recordings").iterdir()] == [[1, 2]]


def test_recordings_of_one_second_are_files_of_their_own(desk: Desk, tmp_path: Path) -> None:
    takeout = desk.session.takeout
    for bar in range(3):
        takeout.record(True)
        play_bars(desk, bar, bar, rolling=False)
        takeout.record(False)
    desk.until(lambda: len(list((tmp_path / "recordings").glob("*.mid"))) == 3)


def test_before_the_drummer_is_there_nothing_can_be_taken(closed_desk: Desk) -> None:
    for button in (panel(closed_desk).loop, panel(closed_desk).bars, panel(closed_desk).record):
        assert not button.isEnabled()
        assert button.toolTip() == "The drummer is still loading."
