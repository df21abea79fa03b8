# ruff: noqa: N802 - the functions are called as in C
"""CoreMIDI in memory: C functions of its prototypes, with Python behind them.

Every call goes through ctypes in both directions, so sizes, pointers and callbacks are those of C.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import time
from collections.abc import Callable
from ctypes import CFUNCTYPE, c_void_p
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bridge.ports.coremidi import PROTOTYPES, Library

NUMER, DENOM = 125, 3
"""A tick of Apple's ARM machines: 41.67 ns."""

BEHIND_NS = 5_000_000_000
"""How far this clock is behind Python's: it is not said that they are one."""

_NOT_FOUND = -10842  # kMIDIObjectNotFound
_DISPLAY_NAME, _MODE = 11, 12


class Sent(NamedTuple):
    """What was handed over: by which call, to which endpoint, with which time stamp."""

    call: str
    endpoint: int
    ticks: int
    message: bytes


@dataclass
class Server:
    """The MIDI server's part."""

    sent: list[Sent] = field(default_factory=list)
    destinations: dict[int, str] = field(default_factory=dict)
    sources: dict[int, str] = field(default_factory=dict)
    connected: set[tuple[int, int]] = field(default_factory=set)
    clients: set[int] = field(default_factory=set)
    broken: bool = False
    _strings: dict[int, str] = field(default_factory=dict)
    _readers: dict[int, Any] = field(default_factory=dict)
    _owner: dict[int, int] = field(default_factory=dict)
    _next: int = 100

    def library(self) -> Library:
        """In place of `coremidi.load`."""
        functions: dict[str, Callable[..., Any]] = {
            name: CFUNCTYPE(result, *arguments)(getattr(self, f"_{name}"))
            for name, (result, arguments) in PROTOTYPES.items()
        }
        return Library(functions, c_void_p(_DISPLAY_NAME), c_void_p(_MODE))

    def plug(self, name: str) -> tuple[int, int]:
        """A device appears: its destination and its source."""
        destination, source = self._new(), self._new()
        self.destinations[destination] = self.sources[source] = name
        return destination, source

    def unplug(self, name: str) -> None:
        """It goes."""
        for endpoints in (self.destinations, self.sources):
            for endpoint in [each for each, its in endpoints.items() if its == name]:
                del endpoints[endpoint]
                self.connected = {pair for pair in self.connected if pair[1] != endpoint}

    def arrive(self, into: int, packets: list[tuple[int, bytes]]) -> None:
        """An input port or virtual destination hears packets, in one list laid out as on this machine."""
        data = struct.pack("<I", len(packets))
        aligned = platform.machine().startswith(("arm", "aarch64"))
        for ticks, message in packets:
            data += struct.pack("<QH", ticks, len(message)) + message
            while aligned and len(data) % 4:
                data += b"\0"
        room = ctypes.create_string_buffer(data, len(data))
        self._readers[into](ctypes.addressof(room), None, None)

    def ticks(self, host_ns: int) -> int:
        """The time stamp of a moment of Python's clock."""
        return (host_ns - BEHIND_NS) * DENOM // NUMER

    def reader(self) -> int:
        """The only one of our ports that listens."""
        (port,) = self._readers
        return port

    # --- the C functions ---

    def _new(self) -> int:
        self._next += 1
        return self._next

    def _made(self, client: int, out: Any) -> int:
        assert client in self.clients
        out[0] = made = self._new()
        self._owner[made] = client
        return made

    def _MIDIClientCreate(self, name: int, _proc: int, _ref: int, out: Any) -> int:
        assert self._strings[name]
        out[0] = client = self._new()
        self.clients.add(client)
        return 0

    def _MIDIClientDispose(self, client: int) -> int:
        self.clients.remove(client)
        for made in [made for made, owner in self._owner.items() if owner == client]:
            del self._owner[made]
            self._readers.pop(made, None)
            self.destinations.pop(made, None)
            self.sources.pop(made, None)
        return 0

    def _MIDISourceCreate(self, client: int, name: int, out: Any) -> int:
        self.sources[self._made(client, out)] = self._strings[name]
        return 0

    def _MIDIDestinationCreate(self, client: int, name: int, proc: Any, _ref: int, out: Any) -> int:
        made = self._made(client, out)
        self.destinations[made] = self._strings[name]
        self._readers[made] = proc
        return 0

    def _MIDIOutputPortCreate(self, client: int, name: int, out: Any) -> int:
        self._made(client, out)
        return 0

    def _MIDIInputPortCreate(self, client: int, name: int, proc: Any, _ref: int, out: Any) -> int:
        self._readers[self._made(client, out)] = proc
        return 0

    def _MIDIPortConnectSource(self, port: int, source: int, _ref: int) -> int:
        if source not in self.sources:
            return _NOT_FOUND
        self.connected.add((port, source))
        return 0

    def _MIDIGetNumberOfDestinations(self) -> int:
        return len(self.destinations)

    def _MIDIGetDestination(self, number: int) -> int:
        return [*self.destinations, 0][number]

    def _MIDIGetNumberOfSources(self) -> int:
        return len(self.sources)

    def _MIDIGetSource(self, number: int) -> int:
        return [*self.sources, 0][number]

    def _MIDIObjectGetStringProperty(self, endpoint: int, which: int, out: Any) -> int:
        name = {**self.destinations, **self.sources}.get(endpoint)
        if name is None or which != _DISPLAY_NAME:
            return _NOT_FOUND
        out[0] = self._keep(name)
        return 0

    def _MIDISend(self, port: int, destination: int, packets: int) -> int:
        return self._take("MIDISend", port, destination, self.destinations, packets)

    def _MIDIReceived(self, source: int, packets: int) -> int:
        return self._take("MIDIReceived", source, source, self.sources, packets)

    def _take(self, call: str, ours: int, endpoint: int, known: dict[int, str], packets: int) -> int:
        if self.broken or ours not in self._owner or endpoint not in known:
            return _NOT_FOUND
        count, ticks, length = struct.unpack("<IQH", ctypes.string_at(packets, 14))
        assert count == 1
        self.sent.append(Sent(call, endpoint, ticks, ctypes.string_at(packets + 14, length)))
        return 0

    def _keep(self, text: str) -> int:
        self._strings[made := self._new()] = text
        return made

    def _CFStringCreateWithCString(self, _allocator: int, text: bytes, encoding: int) -> int:
        assert encoding == 0x08000100
        return self._keep(text.decode())

    def _CFStringGetCString(self, string: int, room: int, size: int, _encoding: int) -> bool:
        text = self._strings[string].encode() + b"\0"
        if len(text) > size:
            return False
        ctypes.memmove(room, text, len(text))
        return True

    def _CFRelease(self, string: int) -> None:
        del self._strings[string]

    def _CFRunLoopRunInMode(self, mode: int, seconds: float, _once: bool) -> int:
        assert (mode, seconds) == (_MODE, 0.0)
        return 1

    def _mach_absolute_time(self) -> int:
        return self.ticks(time.perf_counter_ns())

    def _mach_timebase_info(self, out: Any) -> int:
        out[0][0], out[0][1] = NUMER, DENOM
        return 0

    @property
    def strings(self) -> int:
        """How many strings were made and not released."""
        return len(self._strings)
