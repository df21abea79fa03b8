"""A seat belongs to one process, for as long as that lives."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.studio.seat import Seat

SITS = """
import sys, time
from pathlib import Path
from bridge.studio.seat import Seat
seat = Seat.take(Path(sys.argv[1]))
seat.desk.write_text("theirs")
print(seat.desk.name, flush=True)
sys.stdin.read()
"""


def test_another_process_gets_another_seat_and_one_that_was_killed_leaves_its_own(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", SITS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"desk.json"
        ours = Seat.take(tmp_path)
        assert ours.desk == tmp_path / "desk-2.json"
        other.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        other.wait()
    after = Seat.take(tmp_path)
    assert after.desk.read_text() == "theirs"
    assert after.before == tmp_path / "before.groovebridge"
    after.leave()
    ours.leave()


def test_a_seat_that_was_left_is_free(tmp_path: Path) -> None:
    first = Seat.take(tmp_path / "new")
    first.leave()
    first.leave()
    second = Seat.take(tmp_path / "new")
    assert second.desk == first.desk
    second.leave()


@pytest.mark.parametrize("name", ["/dev/null/x", "/proc/x"])
def test_where_nothing_can_be_kept_there_is_a_seat_all_the_same(name: str) -> None:
    seat = Seat.take(Path(name))
    assert seat.desk == Path(name) / "desk.json"
    seat.leave()
