"""A JACK server for the module's tests, another program on it, and ports of ours."""

from __future__ import annotations

import gc
import queue
from collections.abc import Callable, Iterator

import pytest

from bridge.ports import OthersChanged, Ports, open_ports
from tests.support.jackd import JackServer
from tests.support.peer import Peer

Inbox = queue.SimpleQueue[object]
Opener = Callable[..., Ports]


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    with JackServer() as running:
        yield running


@pytest.fixture
def peer(server: JackServer) -> Iterator[Peer]:
    with Peer() as other:
        yield other


@pytest.fixture
def inbox() -> Inbox:
    return queue.SimpleQueue()


@pytest.fixture
def opened(inbox: Inbox) -> Iterator[Opener]:
    """Opens ports that put into `inbox`, and closes them. The collector rests meanwhile, as in the player."""
    ports: list[Ports] = []

    def open_them(out: str | None = None, inp: str | None = None, api: str = "jack") -> Ports:
        ports.append(open_ports(api, out, inp, inbox))
        return ports[-1]

    gc.collect()
    gc.disable()
    yield open_them
    for opened_ports in ports:
        opened_ports.close()
    gc.enable()


def told(inbox: Inbox) -> object:
    """The next item that is not about ports of no interest to us."""
    while isinstance(item := inbox.get(timeout=10), OthersChanged):
        continue
    return item


def silent(inbox: Inbox) -> bool:
    """Whether nothing but such items is left."""
    return all(isinstance(inbox.get(), OthersChanged) for _ in range(inbox.qsize()))
