"""The studio's end of the controllers' ears: starts the process, hands on what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO

_END_S = 3.0


class ControlLink:
    """A process that listens to controllers on some ports, by their exact names.

    `on_message` gets each MIDI message, `on_news` a sentence and whether it is good news; both are called
    from a thread of the link, and not after `close`. A thread starts the process: nothing blocks but `close`.
    """

    def __init__(
        self,
        api: str,
        sources: Sequence[str],
        on_message: Callable[[bytes], None],
        on_news: Callable[[str, bool], None],
    ) -> None:
        self._command = (sys.executable, "-m", "bridge.ports.control_process", api, *sources)
        self._on_message, self._on_news = on_message, on_news
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="controls", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Have the process end soon. Never blocks."""
        self._ending.set()

    def close(self) -> None:
        """End the process and wait for it: at most three seconds. Idempotent. Not from `on_message`."""
        self.end()
        self._thread.join()

    def _run(self) -> None:
        try:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            self._on_news(f"The controllers cannot be heard ({error}). Choose their ports again.", False)
            return
        assert process.stdin is not None and process.stdout is not None
        reader = threading.Thread(
            target=self._read, args=(process.stdout,), name="controls-read", daemon=True
        )
        reader.start()
        self._ending.wait()
        process.stdin.close()  # the process's sign to leave
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                said = json.loads(line)
                if self._ending.is_set():
                    continue
                if "message" in said:
                    self._on_message(bytes.fromhex(said["message"]))
                else:
                    self._on_news(said["news"], said["well"])
        if not self._ending.is_set():
            self._on_news("The controllers' listener stopped. Choose their ports again.", False)
