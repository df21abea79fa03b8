"""The drum sound without JACK: PortAudio plays through the computer's own output, until that goes."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.groove import Voice
from bridge.sound import SoundFailed, SoundLink, SoundNews, SoundOpened
from bridge.sound.device import OUTPUT_GONE
from tests.support.soundcard import Soundcard

WAIT_S = 20.0
GONE = OUTPUT_GONE.format(name="default")


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Soundcard]:
    with Soundcard(tmp_path, monkeypatch) as card:
        yield card


@pytest.fixture
def news() -> queue.SimpleQueue[SoundNews]:
    return queue.SimpleQueue()


@pytest.fixture
def link(card: Soundcard, news: queue.SimpleQueue[SoundNews]) -> Iterator[SoundLink]:
    link = SoundLink(news.put)
    yield link
    link.close()
    assert news.empty()


def play_for(card: Soundcard, seconds: float) -> None:
    until = time.monotonic() + WAIT_S
    start = card.seconds
    while card.seconds < start + seconds and time.monotonic() < until:
        time.sleep(0.02)
    assert card.seconds >= start + seconds


def test_a_blow_is_heard(card: Soundcard, link: SoundLink, news: queue.SimpleQueue[SoundNews]) -> None:
    assert news.get(timeout=WAIT_S) == SoundOpened("default")
    play_for(card, 0.2)
    assert not card.heard.is_set()
    link.strike(Voice.SNARE, 127, time.perf_counter_ns())
    assert card.heard.wait(WAIT_S)


@pytest.mark.parametrize("go", [Soundcard.unplug, Soundcard.hang])
def test_an_output_that_goes_is_told_and_worth_another_try_if_it_had_sounded(
    go: Callable[[Soundcard], None],
    card: Soundcard,
    link: SoundLink,
    news: queue.SimpleQueue[SoundNews],
) -> None:
    assert isinstance(news.get(timeout=WAIT_S), SoundOpened)
    play_for(card, 2.5)
    go(card)
    assert news.get(timeout=WAIT_S) == SoundFailed(GONE, again=True)


def test_an_output_that_goes_at_once_is_not_tried_again(
    card: Soundcard, link: SoundLink, news: queue.SimpleQueue[SoundNews]
) -> None:
    assert isinstance(news.get(timeout=WAIT_S), SoundOpened)
    card.unplug()
    assert news.get(timeout=WAIT_S) == SoundFailed(GONE)
