"""A file is written whole or not at all, whoever else writes it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from bridge.errors import GroovebridgeError
from bridge.files import write_atomically


def test_two_threads_that_write_one_file_both_succeed_and_no_reader_sees_a_mixture(tmp_path: Path) -> None:
    path, size = tmp_path / "setup.json", 20_000
    write_atomically(path, b"a" * size)
    refused: list[str] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(100):
                write_atomically(path, content)
        except GroovebridgeError as error:
            refused.append(str(error))

    writers = [threading.Thread(target=write, args=(sign * size,)) for sign in (b"a", b"b")]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        content = path.read_bytes()
        seen.add((len(content), len(set(content))))
    for writer in writers:
        writer.join()
    assert refused == []
    assert seen == {(size, 1)}
    assert list(tmp_path.iterdir()) == [path]


KILLED_AT_IT = """
import os, sys
from bridge.files import write_atomically
os.fsync = lambda handle: os.kill(os.getpid(), 9)
write_atomically(sys.argv[1], b"new")
"""


def test_what_a_killed_process_left_is_removed_once_it_is_old_and_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_bytes(b"old")
    foreign = tmp_path / ".film.part"
    foreign.touch()
    subprocess.run([sys.executable, "-c", KILLED_AT_IT, str(kept)], check=False)
    subprocess.run([sys.executable, "-c", KILLED_AT_IT, str(kept)], check=False)
    dead, young = sorted(tmp_path.glob(".kept.json.*.part"))
    hours_ago = time.time() - 7200
    for path in (dead, foreign, kept):
        os.utime(path, (hours_ago, hours_ago))
    write_atomically(tmp_path / "other.json", b"x")
    assert kept.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {kept.name, foreign.name, young.name, "other.json"}


def test_a_name_reaches_the_disk_after_its_content(tmp_path: Path) -> None:
    script = """
import os, stat, sys
from bridge.files import write_atomically
sync = os.fsync
def told(handle):
    print("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file", os.path.exists(sys.argv[1]))
    sync(handle)
os.fsync = told
write_atomically(sys.argv[1], b"new")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.json")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["file", "False", "folder", "True"]
