"""A journal of any length: what matters is read, soon, and nothing that was ever played is thrown away."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bridge.groove import DrumLoop
from bridge.studio.history import NEWEST, History, Take
from bridge.studio.journal import LONGEST, Journal, read_journal, renew
from bridge.studio.sketch import Sketch
from tests.player.support import random_loop

LOOPS = [random_loop(number) for number in range(5)]


def write(path: Path, count: int) -> tuple[Take, ...]:
    """A journal of so many takes, of which 3 is pinned, 5 named, and 7 was pinned for a while."""
    lines: list[str] = []
    history = History((), lines.append)
    for number in range(count):
        history.played(LOOPS[number % 5], Sketch())
    history.pin(3, True)
    history.rename(5, "the good one")
    history.pin(7, True)
    history.pin(7, False)
    path.write_text("".join(f"{line}\n" for line in lines))
    return history.takes


def lines_with(path: Path, text: str) -> int:
    return sum(text in line for line in path.read_text().splitlines())


def test_of_a_long_journal_the_newest_and_the_marked_are_read(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    takes = write(path, 60)
    kept = read_journal(path, newest=10)
    assert kept.takes == (takes[2], takes[4], *takes[-10:])
    assert (kept.damaged, kept.count, kept.outworn) == (0, 60, False)
    assert read_journal(path).takes == takes


def test_a_renewed_journal_has_what_was_read_and_the_old_one_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    write(path, 60)
    before, kept = path.read_bytes(), read_journal(path, newest=10)
    aside = renew(path, kept.takes)
    assert aside == tmp_path / "history-0001.jsonl"
    assert aside.read_bytes() == before
    again = read_journal(path)
    assert (again.takes, again.count) == (kept.takes, 12)
    assert renew(path, again.takes) == tmp_path / "history-0002.jsonl"
    assert read_journal(path).takes == kept.takes


def test_a_night_of_new_loops_stays_bounded_and_the_journal_has_every_one() -> None:
    lines: list[str] = []
    history = History((), lines.append)
    for number in range(20_000):
        take = history.played(LOOPS[number % 5], Sketch())
        assert take.number == number + 1
        if take.number == 7:
            history.pin(7, True)
        if take.number == 9:
            history.rename(9, "the good one")
        assert len(history.takes) <= NEWEST + 2
    assert [each.number for each in history.takes] == [7, 9, *range(20_001 - NEWEST, 20_001)]
    assert sum('"at":' in line for line in lines) == 20_000
    history.pin(7, False)
    assert history.played(LOOPS[0], Sketch()).number == 20_001
    assert [each.number for each in history.takes][:2] == [9, 20_002 - NEWEST]


def test_playing_goes_on_with_the_numbers_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    write(path, 60)
    kept = read_journal(path, newest=10)
    journal = Journal(path, lambda error: pytest.fail(str(error)), renewed=kept.takes)
    history = History(kept.takes, journal.add)
    assert history.played(DrumLoop.empty(), Sketch()).number == 61
    journal.close()
    assert read_journal(path).takes == history.takes
    assert (tmp_path / "history-0001.jsonl").exists()


def test_a_damaged_line_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    takes = write(path, 10)
    path.write_bytes(path.read_bytes() + b'{"take": 11, "at": 1, "loop"\nnonsense\n')
    kept = read_journal(path)
    assert (kept.takes, kept.damaged, kept.outworn) == (takes, 2, True)
    Journal(path, lambda error: pytest.fail(str(error)), renewed=kept.takes).close()
    assert read_journal(path).damaged == 0
    assert read_journal(path).takes == takes
    assert lines_with(tmp_path / "history-0001.jsonl", "nonsense") == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"take":11,"at":' + "[" * 100_000,
        "[" * 100_000,
        '{"take":' + "9" * 5000 + ',"at":1}',
        '{"take":11,"at":' + "9" * 400 + ',"loop":[],"sketch":{}}',
        '{"take":11,"at":NaN,"loop":[],"sketch":{}}',
        '{"take":11,"at":1,"loop":[[0.5,0,1,0]],"sketch":{}}',
        '{"take":11,"at":1,"loop":[[0,0,' + "9" * 400 + ',0]],"sketch":{}}',
    ],
    ids=["deep take", "deep mark", "number", "time", "no time", "step", "velocity"],
)
def test_no_line_however_odd_keeps_the_rest_from_being_read(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    takes = write(path, 10)
    path.write_text(f"{path.read_text()}{line}\n")
    kept = read_journal(path)
    assert (kept.takes, kept.damaged) == (takes, 1)


def test_a_journal_that_is_too_long_wants_to_be_renewed(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    line = '{"take":%d,"at":1.0,"loop":[],"sketch":{}}\n'
    path.write_text("".join(line % number for number in range(1, LONGEST + 2)))
    assert read_journal(path, newest=3).outworn


def test_another_window_that_writes_meanwhile_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    takes = write(path, 10)
    other = Journal(path, lambda error: pytest.fail(str(error)))
    History(takes, other.add).played(DrumLoop.empty(), Sketch())
    other.close()
    with path.open("ab") as still_open:
        aside = renew(path, takes)
        still_open.write(b"a line of the other window\n")
    assert aside is not None
    assert lines_with(aside, '"take":11') == lines_with(aside, "other window") == 1


@pytest.mark.parametrize("call", ["link", "fsync"])
def test_where_it_cannot_be_renewed_it_goes_on_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "history.jsonl"
    takes = write(path, 10)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, call, full)
        assert renew(path, takes) is None
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_each_line_is_brought_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "history.jsonl"
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: sizes.append(os.fstat(number).st_size))
    journal = Journal(path, lambda error: pytest.fail(str(error)))
    journal.add("one")
    journal.add("three")
    journal.close()
    assert sizes == [4, 10]
