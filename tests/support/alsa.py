"""An ALSA sequencer in memory, behind the real alsa-midi package: no /dev/snd, no kernel.

Events are turned into ALSA's C structures, and back, by the package and libasound themselves; only what would
be a call into the kernel is done here.
"""

from __future__ import annotations

import queue
import time
from typing import Any, NamedTuple

import alsa_midi
from alsa_midi import Address, ALSAError, EventFlags, EventType, PortCaps, PortInfo, QueueTimer, RealTime
from alsa_midi.port import Port
from alsa_midi.queue import Queue, QueueStatus

BEGAN_NS = 7_000_000_000
"""What a queue's time is ahead of the host's clock here."""

_DIRECT = 253  # SND_SEQ_QUEUE_DIRECT
_SUBSCRIBERS = 254  # SND_SEQ_ADDRESS_SUBSCRIBERS


class Sent(NamedTuple):
    """What a client put into a queue: its time there, and the message."""

    queue_ns: int
    message: bytes


class Sequencer:
    """The kernel's part: ports of all programs, who is connected to whom, and what was sent."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.ports: dict[tuple[int, int], PortInfo] = {}
        self.connections: set[tuple[tuple[int, int], tuple[int, int]]] = set()
        self.sent: list[Sent] = []
        self.broken = False
        self.timer = QueueTimer(resolution=0)
        self._next_client = 128

    def client(self, name: str, **_: object) -> Client:
        """In place of `alsa_midi.SequencerClient`."""
        made = Client(self, self._next_client, name)
        self._next_client += 1
        self.clients.append(made)
        return made

    def plug(self, client_name: str, port_name: str, at: tuple[int, int]) -> None:
        """A device or another program's port appears."""
        both = PortCaps.READ | PortCaps.SUBS_READ | PortCaps.WRITE | PortCaps.SUBS_WRITE
        info = PortInfo(client_id=at[0], port_id=at[1], name=port_name, capability=both)
        info.client_name = client_name
        self.ports[at] = info
        self._announce(alsa_midi.PortStartEvent(Address(*at)))

    def unplug(self, at: tuple[int, int]) -> None:
        """It goes, and its connections with it."""
        del self.ports[at]
        self.connections = {pair for pair in self.connections if at not in pair}
        self._announce(alsa_midi.PortExitEvent(Address(*at)))

    def arrive(self, at: tuple[int, int], message: bytes, host_ns: int) -> None:
        """A port sends a message; what is connected to it gets it, stamped with the queue's time."""
        stamp = RealTime(0, host_ns + BEGAN_NS)
        for start, end in self.connections:
            if start == at:
                for client in self.clients:
                    if client.client_id == end[0]:
                        client.arrived.put(alsa_midi.MidiBytesEvent(message, time=stamp))

    def _announce(self, event: Any) -> None:
        for client in self.clients:
            if any(
                pair == ((0, 1), (client.client_id, port)) for pair in self.connections for port in (0, 1)
            ):
                client.arrived.put(event)


class _Port(Port):  # type: ignore[misc]
    client: Any

    def close(self) -> None:
        self.client = None

    def connect_to(self, dest: Any) -> None:
        self._connect((self.client_id, self.port_id), tuple(Address(dest)))

    def connect_from(self, src: Any) -> None:
        self._connect(tuple(Address(src)), (self.client_id, self.port_id))

    def _connect(self, start: Any, end: Any) -> None:
        sequencer = self.client.sequencer
        if any(at not in sequencer.ports and at != (0, 1) for at in (start, end)):
            raise ALSAError("Invalid argument", -22)
        sequencer.connections.add((start, end))


class _Queue(Queue):  # type: ignore[misc]
    client: Any
    started = False

    def close(self) -> None:
        self.client = None

    def start(self) -> None:
        self.started = True

    def get_status(self) -> QueueStatus:
        now_ns = time.perf_counter_ns() + BEGAN_NS
        return QueueStatus(real_time=RealTime(now_ns // 1_000_000_000, now_ns % 1_000_000_000))

    def get_timer(self) -> QueueTimer:
        return self.client.sequencer.timer

    def set_timer(self, timer: QueueTimer) -> None:
        self.client.sequencer.timer = timer


class Client(alsa_midi.SequencerClient):  # type: ignore[misc]
    """A client whose kernel is a `Sequencer`."""

    def __init__(self, sequencer: Sequencer, client_id: int, name: str) -> None:
        self.sequencer = sequencer
        self.client_id = client_id
        self.name = name
        self.closed = False
        self.arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.queue: _Queue | None = None
        self._buffer: list[Any] = []
        self._handle_p = None

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.sequencer.clients.remove(self)
            for at in [at for at in self.sequencer.ports if at[0] == self.client_id]:
                del self.sequencer.ports[at]

    def create_queue(self, name: str | None = None, info: Any = None) -> _Queue:
        self.queue = _Queue(self, 0)
        return self.queue

    def create_port(self, name: str, caps: Any = None, type: Any = None, **_: Any) -> _Port:  # noqa: A002
        number = sum(at[0] == self.client_id for at in self.sequencer.ports)
        info = PortInfo(client_id=self.client_id, port_id=number, name=name, capability=caps)
        info.client_name = self.name
        self.sequencer.ports[self.client_id, number] = info
        return _Port(self, number)

    def list_ports(self, **wanted_of: Any) -> list[PortInfo]:
        wanted = PortCaps.SUBS_READ if wanted_of.get("input") else PortCaps.SUBS_WRITE
        return [info for info in self.sequencer.ports.values() if info.capability & wanted]

    def event_output(self, event: Any, queue: Any = None, port: Any = None, dest: Any = None) -> int:
        if self.sequencer.broken:
            raise ALSAError("No such device", -19)
        prepared, _rest = self._prepare_event(event, queue=queue, port=port, dest=dest)
        self._buffer.append(prepared)
        return 0

    def drain_output(self) -> None:
        while self._buffer:
            self._deliver(self._buffer.pop(0))

    def event_input(self, prefer_bytes: bool = False, timeout: float | None = None) -> Any:
        return self.arrived.get()

    def _deliver(self, event: Any) -> None:
        if event.queue == _DIRECT:
            assert event.dest.client == self.client_id
            self.arrived.put(alsa_midi.Event(EventType(event.type)))
            return
        assert self.queue is not None and self.queue.started
        assert event.flags & EventFlags.TIME_STAMP_MASK == EventFlags.TIME_STAMP_REAL
        assert event.flags & EventFlags.TIME_MODE_MASK == EventFlags.TIME_MODE_ABS
        assert event.dest.client == _SUBSCRIBERS
        assert self.sequencer.ports[self.client_id, event.source.port].capability & PortCaps.READ
        room = alsa_midi.ffi.new("char[]", 12)
        parser = self._get_event_parser()
        count = alsa_midi.alsa.snd_midi_event_decode(parser, room, 12, event)
        message = bytes(alsa_midi.ffi.buffer(room, count))
        self.sequencer.sent.append(
            Sent(event.time.time.tv_sec * 1_000_000_000 + event.time.time.tv_nsec, message)
        )
