"""The player's end of the drum sound, against processes that misbehave."""

from __future__ import annotations

import queue
import sys
import time

from bridge.sound import SoundLink, SoundNews


def test_a_sound_process_that_hangs_holds_nobody_up() -> None:
    news: queue.SimpleQueue[SoundNews] = queue.SimpleQueue()
    link = SoundLink(news.put, (sys.executable, "-c", "import time; time.sleep(60)"))
    for number in range(10_000):  # more than a pipe holds
        link.strike(0, 100, number)
    began_s = time.monotonic()
    link.close()
    assert time.monotonic() - began_s < 30
    assert news.empty()
