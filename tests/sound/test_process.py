"""The drum sound as it really runs: a process, a JACK server, and an ear that counts frames."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.groove import Voice
from bridge.sound import SoundFailed, SoundLink, SoundNews, SoundOpened
from bridge.sound.device import JACK_GONE
from tests.sound.ear import WAIT_S, Ear
from tests.support.jackd import JackServer
from tests.support.takes import take

pytestmark = pytest.mark.jack


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


def opened(news: queue.SimpleQueue[SoundNews]) -> SoundNews:
    return news.get(timeout=WAIT_S)


def test_blows_are_heard_at_their_distance_in_frames(server: JackServer) -> None:
    news: queue.SimpleQueue[SoundNews] = queue.SimpleQueue()
    link = SoundLink(news.put)
    ear = Ear()
    try:
        assert isinstance(opened(news), SoundOpened)
        ear.listen("Groovebridge Drums:left")

        def gaps() -> NDArray[np.int64]:
            ear.forget()
            first_ns = time.perf_counter_ns() + 500_000_000
            for number in range(6):
                link.strike(Voice.CLOSED_HAT, 127, first_ns + number * 400_000_000)
            link.strike(Voice.KICK, 127, first_ns + 60_000_000_000)
            link.cancel_from(first_ns + 50_000_000_000)
            return np.diff(ear.blows(6))

        # A frame or two of rounding, and the two clocks' drift; a period (128) off would be a fault.
        assert np.abs(take(gaps, ear) - 0.4 * server.rate).max() < 48
    finally:
        link.close()
        ear.close()
    assert news.empty()


def test_a_sound_process_that_dies_is_told_once(server: JackServer) -> None:
    news: queue.SimpleQueue[SoundNews] = queue.SimpleQueue()
    link = SoundLink(news.put)
    try:
        assert isinstance(opened(news), SoundOpened)
        assert link.pid is not None
        os.kill(link.pid, signal.SIGKILL)
        gone = opened(news)
        assert isinstance(gone, SoundFailed)
        assert "Switch it on again" in gone.reason
        link.strike(Voice.KICK, 100, time.perf_counter_ns())  # into the void, in silence
    finally:
        link.close()
    assert news.empty()


@pytest.mark.parametrize("end", [JackServer.stop, JackServer.kill])
def test_a_sound_whose_jack_server_ends_says_so(end: Callable[[JackServer], None]) -> None:
    news: queue.SimpleQueue[SoundNews] = queue.SimpleQueue()
    with JackServer() as server:
        link = SoundLink(news.put)
        try:
            assert isinstance(opened(news), SoundOpened)
            end(server)
            assert opened(news) == SoundFailed(JACK_GONE)
        finally:
            link.close()
    assert news.empty()


def test_a_process_that_does_not_end_is_ended() -> None:
    news: queue.SimpleQueue[SoundNews] = queue.SimpleQueue()
    deaf = 'import time; print(\'{"opened": "nowhere"}\', flush=True); time.sleep(600)'
    link = SoundLink(news.put, (sys.executable, "-c", deaf))
    assert opened(news) == SoundOpened("nowhere")
    link.close()
    link.close()
    assert news.empty()


def test_without_an_output_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    news: queue.SimpleQueue[SoundNews] = queue.SimpleQueue()
    link = SoundLink(news.put)
    try:
        told = opened(news)
    finally:
        link.close()
    if isinstance(told, SoundFailed):  # a machine with a sound card has an output
        assert "PortAudio" in told.reason or "no sound output" in told.reason
    assert news.empty()
