"""The studio's end of the controllers' ears: starts the process, hands on what it says."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO

_END_S = 3.0
_BROKEN = "Something that a controller sent could not be used ({error}). The rest is heard. Please report it."

log = logging.getLogger(__name__)


class ControlLink:
    """A process that listens to controllers on some ports, by their exact names.

    `on_message` gets each MIDI message, `on_news` a sentence and whether it is good news; both are called
    from a thread of the link, and not after `close`. Where one breaks, that is told once, and what comes
    next is handed on all the same. A thread starts the process: nothing blocks but `close`.
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
        self._broken = False  # and that was told
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
                if not self._ending.is_set():
                    self._hand_on(line)
        if not self._ending.is_set():
            self._on_news("The controllers' listener stopped. Choose their ports again.", False)

    def _hand_on(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            if "message" in said:
                self._on_message(bytes.fromhex(said["message"]))
            else:
                self._on_news(said["news"], said["well"])
        except Exception as error:  # the next may well succeed; without this thread none would be heard
            if not self._broken:
                self._broken = True
                log.exception("what a controller sent could not be used")
                self._on_news(_BROKEN.format(error=f"{type(error).__name__}: {error}"), False)
