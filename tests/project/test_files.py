"""A file is written whole or not at all, whoever else writes it."""

from __future__ import annotations

import threading
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
