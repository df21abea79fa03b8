"""When libjack is asked to end a client: never while it may be telling us of the server's end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from bridge.ports import jack_life
from bridge.ports.jack_life import JackLife


class Client:
    """Notes when it was ended."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closed = threading.Event()

    def deactivate(self) -> None:
        self.asked.append("deactivate")

    def close(self) -> None:
        self.asked.append("close")
        self.closed.set()


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def life(client: Client) -> JackLife:
    return JackLife(client)


@pytest.fixture
def turning(life: JackLife) -> Iterator[None]:
    """A server that runs."""
    over = threading.Event()

    def turn() -> None:
        while not over.wait(0.001):
            life.cycle()

    thread = threading.Thread(target=turn)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.usefixtures("turning")
def test_a_client_of_a_server_that_runs_is_ended_at_once(life: JackLife, client: Client) -> None:
    life.leave()
    assert client.asked == ["deactivate", "close"]


def test_a_server_that_stands_still_is_asked_nothing_until_it_runs_again(
    life: JackLife, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jack_life, "_LEAVE_S", 0.05)
    life.cycle()  # before: it says nothing of now
    life.leave()
    assert client.asked == []
    life.cycle()
    assert client.closed.wait(5)
    assert client.asked == ["deactivate", "close"]


def test_a_server_that_goes_while_we_wait_has_told_us_so_before_the_client_is_ended(
    life: JackLife, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jack_life, "_LEAVE_S", 0.05)
    monkeypatch.setattr(jack_life, "_AFTERMATH_S", 0.3)
    life.leave()
    life.lose()
    time.sleep(0.1)
    assert client.asked == []
    assert client.closed.wait(5)


def test_a_cycle_counts_from_the_moment_that_it_is_waited_for(life: JackLife) -> None:
    assert not life.next_cycle(0.0)
    life.cycle()
    assert not life.next_cycle(0.01)


@pytest.mark.usefixtures("turning")
def test_no_cycle_is_waited_for_where_the_server_has_gone(life: JackLife) -> None:
    assert life.next_cycle(5)
    life.lose()
    assert not life.next_cycle(None)
