"""The app under the eyes of `benchmarks.desk`: started, or playing and touched, it says how long.

    python -m benchmarks.desk_app start BEGAN_NS        when the process was begun, by `perf_counter_ns`
    python -m benchmarks.desk_app work API IDLE_SECONDS

Prints JSON: times in ns (of `start`: ms), memory in MiB, shares of a core.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

WARM_UP = 20
HANDS = 200
FRAMES = 100
WAIT_S = 30.0


def main() -> None:
    """Do what is asked, and print it."""
    what, *rest = sys.argv[1:]
    print(json.dumps(start(int(rest[0])) if what == "start" else work(rest[0], float(rest[1]))))


def start(began_ns: int) -> dict[str, float]:
    """Run the very app; press play as soon as that is possible; leave at beat 1."""
    from PyQt6.QtCore import QTimer
    from PyQt6.QtGui import QPaintEvent

    from bridge.player.messages import Motion
    from gui import app
    from gui.models import SessionModel
    from gui.views import MainWindow

    times: dict[str, float] = {}

    class Watched(MainWindow):
        def __init__(self, session: SessionModel) -> None:
            super().__init__(session)
            self._watched = session
            session.transport_changed.connect(self._look)
            session.opened_changed.connect(self._look)
            QTimer.singleShot(int(WAIT_S * 1000), self.close)

        def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802
            super().paintEvent(a0)
            times.setdefault("window", (time.perf_counter_ns() - began_ns) / 1e6)

        def _look(self) -> None:
            anchor = None if self._watched.state is None else self._watched.state.anchor
            if anchor is not None and anchor.motion is Motion.ROLLING:
                times.setdefault("sound", (anchor.at_ns - began_ns) / 1e6)
                QTimer.singleShot(0, self.close)
            elif self.transport.play.isEnabled():
                QTimer.singleShot(0, self.transport.play.click)

    setattr(app, "MainWindow", Watched)  # noqa: B010 - a name that the module does not export
    if app.run(["groovebridge"]) or len(times) < 2:
        raise SystemExit("the app came to no beat")
    return times


def work(api: str, idle_s: float) -> dict[str, dict[str, Any]]:
    """Touch the slider, paint, play alone."""
    from PyQt6.QtWidgets import QApplication

    from bridge.model import Bundle, Model
    from bridge.player.messages import PlayerConfig, SwapAt
    from bridge.studio import Studio
    from gui import app
    from gui.models import SessionModel
    from gui.views import MainWindow, theme

    application = QApplication(["groovebridge"])
    theme.apply(application)
    session = SessionModel(
        lambda: app.open_studio(None, PlayerConfig(api=api)), lambda _api: app.list_ports(api)
    )
    window = MainWindow(session)
    window.show()
    session.open()

    def until(true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not true():
            application.processEvents()
            if time.monotonic() > deadline:
                raise SystemExit(f"the app did not get there: {session.status.text}")
            time.sleep(0.0002)

    with app.collecting_here(session), closing(window):
        until(lambda: session.state is not None and session.state.ports is not None)
        window.sheet.close_page()
        model = Model(Bundle.load())
        hand: dict[str, list[int]] = {"the model's loop alone": [_timed(model.replay) for _ in range(HANDS)]}
        hand["slider to player, while it stands"] = _drag(window, session, until)
        session.ask(Studio.set_swap, SwapAt.NOW)
        session.ask(Studio.play)
        until(lambda: session.playhead.rolling)
        hand["slider to ear, while it plays, swaps now"] = _drag(window, session, until)
        frames = _frames(window)
        cpu, memory = _alone(idle_s) if idle_s else ({}, {})
    return {"hand": hand, "frames": frames, "cpu": cpu, "memory": memory}


def _timed(act: Callable[[], object]) -> int:
    began_ns = time.perf_counter_ns()
    act()
    return time.perf_counter_ns() - began_ns


def _drag(window: Any, session: Any, until: Callable[[Callable[[], bool]], None]) -> list[int]:
    """Drag the slider Density to and fro; from each move until the player has told that its loop is in."""
    from PyQt6.QtCore import QEvent, QPointF, Qt
    from PyQt6.QtGui import QMouseEvent
    from PyQt6.QtWidgets import QApplication

    slider = window.sliders.named.rows["density"].slider
    heard = threading.Event()
    heard_ns = [0, session.state.loop_id]

    def listen(state: Any) -> None:
        if state.loop_id != heard_ns[1]:
            heard_ns[:] = time.perf_counter_ns(), state.loop_id
            heard.set()

    def send(kind: QEvent.Type, x: float) -> None:
        at = QPointF(x, slider.height() / 2)
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind is QEvent.Type.MouseMove else left
        held = none if kind is QEvent.Type.MouseButtonRelease else left
        QApplication.sendEvent(
            slider,
            QMouseEvent(kind, at, slider.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier),
        )

    times: list[int] = []
    unsubscribe: list[Callable[[], None]] = []
    session.ask(lambda studio: unsubscribe.append(studio.subscribe(listen)))
    middle, reach = slider.width() / 2, slider.width() / 4
    send(QEvent.Type.MouseButtonPress, middle)
    until(lambda: session.next_loop is None)
    for number in range(WARM_UP + HANDS):
        heard.clear()
        share = (number * 0.618034) % 1  # to and fro, never to where it is
        began_ns = time.perf_counter_ns()
        send(QEvent.Type.MouseMove, middle + reach * (2 * share - 1))
        until(heard.is_set)
        if number >= WARM_UP:
            times.append(heard_ns[0] - began_ns)
        until(lambda: session.next_loop is None)
    send(QEvent.Type.MouseButtonRelease, middle)
    for end in unsubscribe:
        end()
    return times


def _frames(window: Any) -> dict[str, list[int]]:
    """Paint."""
    from PyQt6.QtCore import QEvent, Qt
    from PyQt6.QtGui import QImage, QPainter
    from PyQt6.QtWidgets import QApplication

    loop, chart = window.loop, window.sliders.map
    pixels = loop.size() * loop.devicePixelRatioF()
    image = QImage(pixels, QImage.Format.Format_ARGB32_Premultiplied)

    def fill() -> None:
        painter = QPainter(image)
        painter.fillRect(image.rect(), Qt.GlobalColor.darkGray)
        painter.end()

    def whole(view: Any) -> Callable[[], None]:
        def paint() -> None:
            QApplication.sendEvent(view, QEvent(QEvent.Type.StyleChange))  # as when the colours change
            view.repaint()

        return paint

    acts: dict[str, Callable[[], object]] = {
        "as many pixels filled": fill,
        "loop, whole": whole(loop),
        "loop, one frame of the playhead": lambda: loop.repaint(
            loop.geometry_now.playhead(loop.playhead_steps)
        ),
        "map, whole": whole(chart),
        "map, a step of travel": chart.repaint,
    }
    times: dict[str, list[int]] = {name: [] for name in acts}
    for _ in range(FRAMES):
        for name, act in acts.items():  # in turn: whatever the machine does meets all of them alike
            times[name].append(_timed(act))
    return times


def _alone(seconds: float) -> tuple[dict[str, float], dict[str, float]]:
    """Play and be left alone: the shares of a core, and the memory at the end."""
    from PyQt6.QtCore import QEventLoop, QTimer

    players = [child.pid for child in multiprocessing.active_children() if child.pid is not None]
    before = time.process_time(), sum(map(_cpu_s, players))
    began = time.monotonic()
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()
    passed = time.monotonic() - began
    cpu = {
        "window": (time.process_time() - before[0]) / passed,
        "player": (sum(map(_cpu_s, players)) - before[1]) / passed,
    }
    return cpu, {"window": _pss_mib(os.getpid()), "player": sum(map(_pss_mib, players))}


def _cpu_s(pid: int) -> float:
    """Processor time of a process, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_mib(pid: int) -> float:
    """Proportional set size: what is shared counts by halves, thirds, ..."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the system does not tell memory")


if __name__ == "__main__":
    main()
