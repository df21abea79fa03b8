"""What else a musician's machine does meanwhile: a window that is redrawn, inference, busy programs.

with load():       the window redrawn whole at 60 Hz, loops drawn back to back, a busy process a core
    ...
python -m benchmarks.load window|inference|busy      one of them, until it is ended
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count

READY = b"ready\n"
FRAME_MS = 16


@contextmanager
def load(kinds: Sequence[str] | None = None) -> Iterator[None]:
    """Run these kinds (None: all, and `busy` once a core), each in a process of its own, until the end.

    Begins when each of them is at work. RuntimeError when one cannot start.
    """
    if kinds is None:
        kinds = ("window", "inference", *["busy"] * (os.cpu_count() or 1))
    with ExitStack() as stack:
        for process in [stack.enter_context(_running(kind)) for kind in kinds]:
            if process.stdout is None or process.stdout.readline() != READY:
                raise RuntimeError("a part of the load would not start")
        yield


@contextmanager
def _running(kind: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "benchmarks.load", kind]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()


def be_busy() -> None:
    """Compute without a pause, for as long as whoever started us is there."""
    parent = os.getppid()
    _ready()
    while os.getppid() == parent:
        for _ in range(1_000_000):
            pass


def draw_loops() -> None:
    """Have the model draw one loop after the other."""
    from bridge.model import Bundle, Model, Settings

    parent = os.getppid()
    model = Model(Bundle.load(), "cpu")
    _ready()
    for index in count():
        model.loop(Settings(seed=1, index=index))
        if os.getppid() != parent:
            return


def redraw_window() -> None:
    """Open the app's window, play to nowhere in it, and redraw all of it 60 times a second."""
    from PyQt6.QtCore import QTimer
    from PyQt6.QtWidgets import QApplication

    from bridge.player import PlayerConfig
    from bridge.studio import Studio
    from gui.app import list_ports, open_studio
    from gui.models import Phase, SessionModel
    from gui.views import MainWindow, theme

    parent = os.getppid()
    app = QApplication(["groovebridge"])
    signal.signal(signal.SIGTERM, lambda _number, _frame: app.quit())  # in order, so that its player ends too
    theme.apply(app)
    session = SessionModel(
        lambda: open_studio(None, PlayerConfig(api="none", realtime=False)), lambda _api: list_ports("none")
    )
    window = MainWindow(session)
    window.show()
    frames = QTimer()

    def redraw() -> None:
        window.repaint()
        if os.getppid() != parent:
            app.quit()

    def begin() -> None:
        if session.phase is Phase.READY:
            session.ask(Studio.play)
            frames.start(FRAME_MS)
            _ready()

    frames.timeout.connect(redraw)
    app.aboutToQuit.connect(frames.stop)
    session.phase_changed.connect(begin)
    session.open()
    app.exec()
    session.close()


def _ready() -> None:
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()


KINDS: Mapping[str, Callable[[], None]] = {
    "window": redraw_window,
    "inference": draw_loops,
    "busy": be_busy,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]]()
