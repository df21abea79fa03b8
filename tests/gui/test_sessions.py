"""Sessions in the window: saved, opened while the beat goes on, kept by themselves for the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from bridge.groove.notes import TICKS_PER_BAR
from bridge.model import Settings
from bridge.player.messages import Anchor, Motion, PlayerConfig, Stop, SwapAt, Sync
from bridge.player.voicing import Voicing
from bridge.studio import Studio
from bridge.studio.flags import Flag
from bridge.studio.history import Take
from bridge.studio.journey import Journey
from bridge.studio.last_time import LastTime, load_last, save_last
from bridge.studio.morphing import Morpher
from bridge.studio.movers import Movers
from bridge.studio.seat import Seat
from bridge.studio.session_file import Session, load_session, save_session, session_of
from bridge.studio.sketch import Sketch
from bridge.studio.wander import Wander
from gui import app, launch
from gui.models import Opened, autosave
from gui.views import file_dialogs
from gui.views.sessions_page import SessionsPage
from tests.gui.desk import Desk
from tests.gui.hands import click, key
from tests.gui.test_history import play_ideas

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autosave, "DELAY_MS", 1)


@pytest.fixture
def make_desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[], Desk]]:
    """Opens windows that keep what is at the desk in one folder, one after the other."""
    desks: list[Desk] = []

    def make() -> Desk:
        desk = Desk(qtbot, chart=True, data=tmp_path / "data")
        desks.append(desk)
        desk.open()
        return desk

    yield make
    for desk in desks:
        desk.window.close()


@pytest.fixture
def kept(make_desk: Callable[[], Desk]) -> Desk:
    """A window that keeps what is at the desk."""
    return make_desk()


def choose(desk: Desk, path: Path) -> None:
    """Choose a file in the dialog that is open."""
    found = next(each for each in desk.window.findChildren(QFileDialog) if each.isVisible())
    found.fileSelected.emit(str(path))
    found.close()
    desk.window.activateWindow()


def page_of(desk: Desk) -> SessionsPage:
    desk.window.show_page("sessions")
    assert isinstance(desk.window.sheet.page, SessionsPage)
    return desk.window.sheet.page


def arrange(desk: Desk) -> None:
    """Leave nothing as it is at first."""
    ask = desk.session.ask
    ask(Studio.set_tempo, 97.5)
    ask(Studio.set_slider, "density", 0.5)
    ask(Studio.set_voicing, Voicing().of(1, muted=True, trim=0.5))
    ask(Studio.set_latency, 7.0)
    ask(Studio.set_send_clock, True)
    ask(Studio.set_swap, SwapAt.LOOP)
    desk.session.morph(Morpher.take_a)


def in_bar(number: int) -> Anchor:
    """A song that rolls so slowly that it stays at the beginning of a bar."""
    return Anchor((number + 0.1) * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL)


def picture(desk: Desk) -> tuple[object, ...]:
    state, morphing = desk.session.state, desk.session.morphing
    assert state is not None
    rest = (state.voicing, state.latency_ms, state.send_clock, state.swap_at, state.evolve)
    return state.sketch, state.bpm, state.sync, *rest, morphing.a, morphing.b, morphing.bars


def save(desk: Desk, path: Path) -> None:
    key(desk.window, Qt.Key.Key_S, CTRL)
    choose(desk, path)
    desk.until(lambda: desk.session.sessions.file is not None and not desk.session.sessions.unsaved)


def test_a_session_is_saved_and_comes_back_in_another_window(
    make_desk: Callable[[], Desk], tmp_path: Path
) -> None:
    first = make_desk()
    arrange(first)
    play_ideas(first, 2)
    kept = picture(first)
    save(first, tmp_path / "song")
    path = tmp_path / "song.groovebridge"
    assert first.window.windowTitle() == "song[*] – Groovebridge"
    assert not first.window.isWindowModified()
    first.window.close()
    (tmp_path / "data" / "desk.json").unlink()
    second = make_desk()
    key(second.window, Qt.Key.Key_O, CTRL)
    choose(second, path)
    second.until(lambda: picture(second) == kept)
    second.until(lambda: second.session.history.rowCount() == 2)
    second.until(lambda: second.session.sessions.recent == (path,))
    assert not second.session.sessions.unsaved


def test_save_writes_to_the_same_file_without_asking_and_the_title_tells(kept: Desk, tmp_path: Path) -> None:
    save(kept, tmp_path / "song.groovebridge")
    kept.session.ask(Studio.set_tempo, 88.0)
    assert kept.window.isWindowModified()
    key(kept.window, Qt.Key.Key_S, CTRL)
    kept.until(lambda: not kept.window.isWindowModified())
    assert load_session(tmp_path / "song.groovebridge").config.bpm == 88.0
    key(kept.window, Qt.Key.Key_S, CTRL | SHIFT)
    choose(kept, tmp_path / "other")
    kept.until(lambda: kept.session.sessions.name == "other")
    assert [path.stem for path in kept.session.sessions.recent] == ["other", "song"]


def test_opening_while_it_plays_stops_nothing(kept: Desk, tmp_path: Path) -> None:
    arrange(kept)
    save(kept, tmp_path / "song")
    there = kept.session.state
    kept.session.sessions.new()
    kept.until(lambda: kept.settings.sliders == {})
    assert there is not None
    kept.session.ask(Studio.play)
    kept.until(lambda: kept.session.playhead.rolling)
    kept.session.sessions.open(tmp_path / "song.groovebridge")
    kept.until(lambda: kept.session.next_loop == there.loop)
    assert kept.session.playhead.rolling
    assert not [command for command in kept.band.asked if isinstance(command, Stop)]
    kept.band.turn_over()
    kept.until(lambda: kept.session.loop == there.loop)


def test_what_was_not_saved_before_another_was_opened_can_be_gone_back_to(kept: Desk) -> None:
    page = page_of(kept)
    assert not page.before.isEnabled()
    arrange(kept)
    changed = picture(kept)
    click(page.new)
    kept.until(lambda: kept.settings.sliders == {})
    kept.until(page.before.isEnabled)
    click(page.before)
    kept.until(lambda: picture(kept) == changed and kept.session.sessions.unsaved)
    assert kept.session.sessions.name == "Untitled"


def test_undo_after_an_opening_is_at_the_session_before_and_saves_to_its_file(
    kept: Desk, tmp_path: Path
) -> None:
    arrange(kept)
    save(kept, tmp_path / "song")
    song = picture(kept)
    kept.session.ask(Studio.new_idea)
    kept.session.sessions.new()
    kept.until(lambda: kept.session.sessions.name == "Untitled")
    for _ in range(2):
        kept.session.ask(Studio.undo)
        kept.until(lambda: kept.session.sessions.name == "song")
        assert kept.session.sessions.unsaved
        kept.session.ask(Studio.redo)
        kept.until(lambda: kept.session.sessions.name == "Untitled")
        assert not kept.session.sessions.unsaved
    kept.session.ask(Studio.undo)
    kept.session.ask(Studio.undo)
    kept.until(lambda: picture(kept) == song)
    kept.until(lambda: kept.session.sessions.name == "song" and not kept.session.sessions.unsaved)


def test_an_opening_that_is_undone_before_all_of_it_is_done_stays_undone(
    kept: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(kept, tmp_path / "song")
    save_session(tmp_path / "other.groovebridge", Session(Sketch(Settings(seed=3))))
    bring_takes = Studio.bring_takes

    def undo_first(studio: Studio, takes: tuple[Take, ...]) -> tuple[int, ...]:
        studio.undo()
        return bring_takes(studio, takes)

    monkeypatch.setattr(Studio, "bring_takes", undo_first)
    kept.session.sessions.open(tmp_path / "other.groovebridge")
    kept.until(lambda: len(kept.session.sessions.recent) == 2)
    assert (kept.settings.seed, kept.session.sessions.name) == (0, "song")
    kept.session.ask(Studio.redo)
    kept.until(lambda: (kept.settings.seed, kept.session.sessions.name) == (3, "other"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is no session of Groovebridge"),
        (b'{"groovebridge": "session", "version": 99}', "later version"),
        (b'{"groovebridge": "session", "version": 1}', "damaged session"),
    ],
)
def test_a_bad_session_says_why_and_nothing_changes(
    kept: Desk, tmp_path: Path, content: bytes, words: str
) -> None:
    arrange(kept)
    before = picture(kept)
    path = tmp_path / "bad.groovebridge"
    path.write_bytes(content)
    kept.session.files.open(path)
    kept.until(lambda: words in kept.session.status.text)
    assert picture(kept) == before
    assert kept.session.sessions.file is None


def test_a_file_that_is_gone_leaves_the_list(kept: Desk, tmp_path: Path) -> None:
    save(kept, tmp_path / "song")
    page = page_of(kept)
    assert [button.accessibleName() for button in page.recent_buttons] == ["Open song"]
    (tmp_path / "song.groovebridge").unlink()
    click(page.recent_buttons[0])
    kept.until(lambda: "no such file" in kept.session.status.text)
    assert page.recent_buttons == []


@pytest.mark.parametrize("place", ["/dev/full/song", "/proc/song", "/nowhere/song"])
def test_where_nothing_can_be_saved_a_sentence_says_so_and_nothing_is_lost(kept: Desk, place: str) -> None:
    arrange(kept)
    kept.session.ask(Studio.play)
    kept.until(lambda: kept.session.playhead.rolling)
    kept.session.sessions.save_as(Path(place))
    kept.until(lambda: "cannot be written" in kept.session.status.text)
    assert kept.session.sessions.unsaved
    assert kept.session.playhead.rolling


def test_a_sentence_about_a_file_goes_once_another_could_be_saved_or_opened(
    kept: Desk, tmp_path: Path
) -> None:
    arrange(kept)
    files, line = kept.session.sessions, kept.session
    for act in (files.save_as, files.open):
        files.save_as(Path("/nowhere/song"))
        kept.until(lambda: "cannot be written" in line.status.text)
        act(tmp_path / "song.groovebridge")
        kept.until(lambda: "cannot be written" not in line.status.text)
    files.save_as(Path("/nowhere/song"))
    kept.until(lambda: "cannot be written" in line.status.text)
    line.report("The recording is kept.")
    files.save()
    kept.until(lambda: not files.unsaved)
    assert line.status.text == "The recording is kept."


def test_a_long_name_leaves_the_buttons_on_the_page(kept: Desk, tmp_path: Path) -> None:
    page = page_of(kept)
    room = page.sizeHint().width()
    kept.session.sessions.save_as(tmp_path / ("second set, encore, final " * 8))
    kept.until(lambda: page.name.text() != "Untitled")
    assert page.minimumSizeHint().width() <= room
    assert page.name.toolTip() == str(kept.session.sessions.file)


@pytest.mark.parametrize("there", [True, False])
def test_the_first_file_is_asked_for_in_the_users_music_not_where_the_program_runs(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    music = tmp_path / "Music"
    if there:
        music.mkdir()
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(platformdirs, "user_music_path", lambda: music)
    program = tmp_path / "program"
    program.mkdir()
    monkeypatch.chdir(program)
    QFileDialog(directory=str(program)).selectFile("used last")
    file_dialogs.ask_session_file(desk.window, desk.session)
    found = next(each for each in desk.window.findChildren(QFileDialog) if each.isVisible())
    assert found.directory().path() == str(music if there else tmp_path)
    found.close()


def test_what_is_at_the_desk_is_kept_as_it_changes(kept: Desk, tmp_path: Path) -> None:
    arrange(kept)
    path = tmp_path / "data" / "desk.json"

    def is_kept() -> bool:
        last, _ = load_last(path)
        state = kept.session.state
        return last is not None and state is not None and last.session.sketch == state.sketch

    kept.until(is_kept)
    kept.session.ask(Studio.new_idea)
    kept.until(is_kept)


def test_what_was_saved_just_before_the_window_closed_is_on_the_disk(kept: Desk, tmp_path: Path) -> None:
    desk_file = tmp_path / "data" / "desk.json"
    kept.until(desk_file.exists)
    kept.occupy()
    kept.session.ask(Studio.set_tempo, 97.5)
    sessions = kept.session.sessions
    assert sessions._autosave is not None
    sessions._autosave._timer.timeout.emit()
    sessions.save_as(tmp_path / "mine.groovebridge")
    kept.window.close()
    last = load_last(desk_file)[0]
    assert last is not None
    assert last.session.config.bpm == 97.5
    assert load_session(tmp_path / "mine.groovebridge").config.bpm == 97.5


def test_the_next_window_goes_on_where_the_last_one_was(
    make_desk: Callable[[], Desk], tmp_path: Path
) -> None:
    first = make_desk()
    arrange(first)
    save(first, tmp_path / "song")
    first.session.ask(Studio.set_slider, "swing", -0.5)
    left = picture(first)
    first.window.close()
    second = make_desk()
    assert picture(second) == left
    files = second.session.sessions
    assert (files.name, files.unsaved, files.recent) == ("song", True, (tmp_path / "song.groovebridge",))
    assert second.window.windowTitle() == "song[*] – Groovebridge"
    assert second.window.isWindowModified()


def test_a_song_that_went_on_without_its_window_counts_as_changed(
    make_desk: Callable[[], Desk], tmp_path: Path, qtbot: QtBot
) -> None:
    class TakenUp(Desk):
        def _open_studio(self) -> Opened:
            opened = super()._open_studio()
            opened.studio.set_seed(5)
            return opened

    first = make_desk()
    save(first, tmp_path / "song")
    first.window.close()
    second = make_desk()
    assert not second.session.sessions.unsaved
    second.window.close()
    third = TakenUp(qtbot, data=tmp_path / "data")
    third.open()
    assert (third.session.sessions.name, third.session.sessions.unsaved) == ("song", True)
    third.window.close()


def test_the_next_window_has_the_path_and_the_walk_and_goes_on_with_both(
    make_desk: Callable[[], Desk], tmp_path: Path
) -> None:
    first = make_desk()
    first.session.journey.add((0.5, 0.5))
    first.session.journey.set_leg(2)
    first.session.journey.follow(True)
    first.session.wander.set_amount(0.75)
    first.session.wander.toggle()
    first.until(lambda: first.session.place == (0.5, 0.5))
    first.band.report(in_bar(3))
    first.until(lambda: bool(first.settings.sliders))
    kept, path = first.session.wander.wandering, first.session.journey.path

    def is_kept() -> bool:
        last, _ = load_last(tmp_path / "data" / "desk.json")
        return last is not None and last.session.following and last.session.wandering == kept

    first.until(is_kept)  # as after a crash
    first.window.close()
    second = make_desk()
    assert second.session.wander.wandering == kept
    assert (second.session.journey.path, second.session.journey.following) == (path, True)
    sliders = second.window.sliders
    assert sliders.wander.wander.isChecked()


def test_what_path_and_walk_do_by_themselves_is_no_change_to_save(kept: Desk, tmp_path: Path) -> None:
    kept.session.journey.add((0.5, 0.5))
    assert kept.window.isWindowModified()
    kept.session.journey.add((-0.5, 0.5))
    kept.session.journey.follow(True)
    kept.session.wander.toggle()
    kept.until(lambda: kept.session.place == (0.5, 0.5))
    save(kept, tmp_path / "song")
    kept.band.report(in_bar(3))
    kept.until(lambda: bool(kept.settings.sliders) and kept.session.place != (0.5, 0.5))
    assert not kept.session.sessions.unsaved
    kept.session.ask(Studio.set_slider, "swing", -1.0)
    assert kept.session.sessions.unsaved


def test_a_disk_that_keeps_nothing_is_said_once_and_the_beat_goes_on(
    make_desk: Callable[[], Desk], tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("in the way")
    desk = make_desk()
    desk.session.ask(Studio.play)
    desk.until(lambda: "not kept for the next start" in desk.session.status.text)
    desk.session.remedy(desk.session.status.remedy)  # type: ignore[arg-type]
    desk.session.ask(Studio.set_tempo, 90.0)
    desk.qtbot.wait(30)
    assert "not kept" not in desk.session.status.text
    assert desk.session.playhead.rolling


def test_what_a_full_disk_did_not_keep_is_kept_once_there_is_room(
    make_desk: Callable[[], Desk], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.write_text("in the way")
    desk = make_desk()
    desk.session.ask(Studio.set_tempo, 97.5)
    desk.until(lambda: "not kept for the next start" in desk.session.status.text)
    data.unlink()
    desk.session.sessions.look()
    desk.until((data / "desk.json").exists)
    last = load_last(data / "desk.json")[0]
    assert last is not None
    assert last.session.config.bpm == 97.5


def test_the_page_says_where_the_session_stands(kept: Desk, tmp_path: Path) -> None:
    page = page_of(kept)
    assert (page.name.text(), page.place.text()) == ("Untitled", "Nothing in it yet")
    arrange(kept)
    assert page.place.text() == "Not saved in a file yet"
    click(page.save)
    choose(kept, tmp_path / "a & b")
    kept.until(lambda: page.name.text() == "a & b")
    where = page.place.text().removeprefix("Saved in ")  # shortened in its middle where it is long
    assert where != page.place.text()
    assert str(tmp_path).startswith(where.split("…")[0])
    assert str(tmp_path).endswith(where.split("…")[-1])
    assert page.recent_buttons[0].text().startswith("a && b")
    kept.session.ask(Studio.set_sync, Sync.CLOCK)
    assert page.place.text().startswith("Changed since")


def test_before_the_drummer_is_there_the_buttons_say_so(closed_desk: Desk) -> None:
    page = page_of(closed_desk)
    for button in (page.save, page.save_as, page.open, page.new, page.before):
        assert not button.isEnabled()
        assert button.toolTip() == "The drummer is still loading."
    assert closed_desk.session.sessions.before is None


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LastTime:
    """What a window that was killed has left."""
    monkeypatch.setattr(app, "data_folder", lambda: tmp_path)
    config = PlayerConfig("none", sync=Sync.CLOCK, bpm=97.5, latency_ms=7.0)
    sketch = Sketch(Settings(seed=3, sliders={"density": 0.5}))
    last = LastTime(Session(sketch, config, SwapAt.STEP, True, flags=(Flag("verse", (0.25, -0.5)),)))
    save_last(tmp_path / "desk.json", last)
    return last


def test_the_real_window_begins_as_the_killed_one_was(left: LastTime, tmp_path: Path) -> None:
    opened = app.open_as_left(None, tmp_path / "desk.json")
    try:
        movers = Movers(Morpher(opened.studio), Journey(opened.studio), Wander(opened.studio, ()))
        began = session_of(opened.studio, movers)
        assert replace(began, config=replace(began.config, api="none")) == left.session
        assert opened.last == left
    finally:
        opened.studio.close()
        opened.ended()


def test_asked_for_a_fresh_start_it_begins_anew_and_throws_nothing_away(
    left: LastTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "open_studio", lambda _bundle, last, **_: last)
    assert app.open_as_left(None, tmp_path / "desk.json", fresh=True) is None
    assert load_last(tmp_path / "desk.old.json")[0] == left


def test_the_command_line_asks_for_a_fresh_window(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def run(_argv: list[str], fresh: bool) -> int:
        asked.append(fresh)
        return 0

    monkeypatch.setattr(app, "run", run)
    assert (launch.main([]), launch.main(["--fresh"])) == (0, 0)
    assert asked == [False, True]


def test_two_windows_at_once_keep_their_desks_apart_and_both_come_back(
    make_desk: Callable[[], Desk], tmp_path: Path
) -> None:
    first = make_desk()
    first.session.ask(Studio.set_tempo, 97.5)
    second = make_desk()
    assert second.session.state is not None
    assert second.session.state.bpm == 120
    second.session.ask(Studio.set_tempo, 111.0)
    assert second.session.sessions.before != first.session.sessions.before
    for desk in (first, second):
        desk.window.close()
    assert [each.session.state.bpm for each in (make_desk(), make_desk()) if each.session.state] == [
        97.5,
        111,
    ]


def test_a_window_that_is_closed_gives_its_desk_to_the_next(make_desk: Callable[[], Desk]) -> None:
    first, second = make_desk(), make_desk()
    first.session.ask(Studio.set_tempo, 97.5)
    first.window.close()
    third = make_desk()
    assert third.session.state is not None
    assert third.session.state.bpm == 97.5
    assert third.session.sessions.before != second.session.sessions.before


KILLED = """
import os, signal
from bridge.studio import Studio
from gui import app

refresh, begun = app.SessionModel._refresh, []
def work_then_die(session):
    refresh(session)
    kept = app.data_folder() / "desk.json"
    if not begun and session.can_toggle:
        begun.append(True)
        session.ask(Studio.set_tempo, 397.5)
        session.ask(Studio.set_slider, "density", 0.5)
        session.toggle_play()
    elif begun and session.state.tape_bars and kept.exists() and b"397.5" in kept.read_bytes():
        os.kill(os.getpid(), signal.SIGKILL)
app.SessionModel._refresh = work_then_die
app.run([])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")
def test_a_window_that_was_killed_while_it_played_comes_back_with_loop_tempo_and_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    folders = {"XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED],
        env=os.environ | folders,
        check=False,
        timeout=120,
        capture_output=True,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    monkeypatch.setattr(app, "data_folder", lambda: tmp_path / "groovebridge")
    seat = Seat.take(tmp_path / "groovebridge")  # its player lives on, and has not kept the seat
    assert seat.desk.name == "desk.json"
    opened = app.open_as_left(None, seat.desk)
    try:
        state = opened.studio.state
        assert (state.bpm, dict(state.settings.sliders)) == (397.5, {"density": 0.5})
        assert state.takes
    finally:
        opened.studio.close()
        opened.ended()
        seat.leave()
