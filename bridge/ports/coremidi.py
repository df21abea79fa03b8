"""The C functions of CoreMIDI, CoreFoundation and the kernel's clock that we call, through ctypes.

Untested on real hardware. pyobjc's CoreMIDI is no help: it cannot send (its notes list `MIDISend`,
`MIDIReceived` and `MIDIPacketListAdd` as not available). The few functions needed are plain C, so nothing has
to be installed.

Packets are laid out as in MIDIServices.h, packed to four bytes:

    list:    uint32 count | packet | packet ...
    packet:  uint64 time | uint16 length | bytes      and on ARM each begins at a multiple of four
"""

from __future__ import annotations

import ctypes
import platform
import struct
from collections.abc import Callable, Iterator
from ctypes import POINTER, c_char_p, c_double, c_int32, c_long, c_uint32, c_uint64, c_ulong, c_void_p
from dataclasses import dataclass
from typing import Any

READ_PROC = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)
"""void (packets, what the port was made with, what the source was connected with)"""

PROTOTYPES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "MIDIClientCreate": (c_int32, (c_void_p, c_void_p, c_void_p, POINTER(c_uint32))),
    "MIDIClientDispose": (c_int32, (c_uint32,)),
    "MIDISourceCreate": (c_int32, (c_uint32, c_void_p, POINTER(c_uint32))),
    "MIDIDestinationCreate": (c_int32, (c_uint32, c_void_p, READ_PROC, c_void_p, POINTER(c_uint32))),
    "MIDIOutputPortCreate": (c_int32, (c_uint32, c_void_p, POINTER(c_uint32))),
    "MIDIInputPortCreate": (c_int32, (c_uint32, c_void_p, READ_PROC, c_void_p, POINTER(c_uint32))),
    "MIDIPortConnectSource": (c_int32, (c_uint32, c_uint32, c_void_p)),
    "MIDIGetNumberOfDestinations": (c_ulong, ()),
    "MIDIGetDestination": (c_uint32, (c_ulong,)),
    "MIDIGetNumberOfSources": (c_ulong, ()),
    "MIDIGetSource": (c_uint32, (c_ulong,)),
    "MIDIObjectGetStringProperty": (c_int32, (c_uint32, c_void_p, POINTER(c_void_p))),
    "MIDISend": (c_int32, (c_uint32, c_uint32, c_void_p)),
    "MIDIReceived": (c_int32, (c_uint32, c_void_p)),
    "CFStringCreateWithCString": (c_void_p, (c_void_p, c_char_p, c_uint32)),
    "CFStringGetCString": (ctypes.c_bool, (c_void_p, c_void_p, c_long, c_uint32)),
    "CFRelease": (None, (c_void_p,)),
    "CFRunLoopRunInMode": (c_int32, (c_void_p, c_double, ctypes.c_bool)),
    "mach_absolute_time": (c_uint64, ()),
    "mach_timebase_info": (c_int32, (POINTER(c_uint32 * 2),)),
}
_FRAMEWORKS = "/System/Library/Frameworks"
_LIBRARIES = {
    "MIDI": f"{_FRAMEWORKS}/CoreMIDI.framework/CoreMIDI",
    "CF": f"{_FRAMEWORKS}/CoreFoundation.framework/CoreFoundation",
    "mach": "/usr/lib/libSystem.B.dylib",
}
_UTF8 = 0x08000100
_NAME_BYTES = 1024


class CoreMidiError(OSError):
    """A function of CoreMIDI said no; the text has its name and its OSStatus."""


@dataclass(frozen=True, slots=True)
class Library:
    """The functions by name, and the constants that they want."""

    functions: dict[str, Callable[..., Any]]
    display_name: c_void_p
    """kMIDIPropertyDisplayName"""
    default_mode: c_void_p
    """kCFRunLoopDefaultMode"""


def load() -> Library:
    """The system's own; OSError where there is no macOS."""
    libraries = {prefix: ctypes.CDLL(path) for prefix, path in _LIBRARIES.items()}
    functions = {}
    for name, (result, arguments) in PROTOTYPES.items():
        prefix = next(each for each in libraries if name.startswith(each))
        function = getattr(libraries[prefix], name)
        function.restype, function.argtypes = result, arguments
        functions[name] = function
    return Library(
        functions,
        c_void_p.in_dll(libraries["MIDI"], "kMIDIPropertyDisplayName"),
        c_void_p.in_dll(libraries["CF"], "kCFRunLoopDefaultMode"),
    )


class CoreMidi:
    """These functions with Python's values, and a client of the MIDI server once `open` was called.

    Every method may raise CoreMidiError. `send` and `receive` are thread-safe, as CoreMIDI's are.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._call = library.functions
        self._client = 0
        numer_denom = (c_uint32 * 2)()
        self._check("mach_timebase_info", ctypes.byref(numer_denom))
        self._numer, self._denom = int(numer_denom[0]), int(numer_denom[1])

    # --- time ---

    def now_ns(self) -> int:
        """The host clock of all time stamps, in ns."""
        return self.to_ns(int(self._call["mach_absolute_time"]()))

    def to_ns(self, ticks: int) -> int:
        """A time stamp in ns."""
        return ticks * self._numer // self._denom

    def to_ticks(self, ns: int) -> int:
        """A moment in ns as a time stamp; never 0, which means now."""
        return max(1, ns * self._denom // self._numer)

    # --- the client and its ports ---

    def open(self, name: str) -> None:
        """Make the client."""
        with_name = self._string(name)
        client = c_uint32()
        try:
            self._check("MIDIClientCreate", with_name, None, None, ctypes.byref(client))
        finally:
            self._call["CFRelease"](with_name)
        self._client = client.value

    def close(self) -> None:
        """End the client and all that was made with it. Idempotent."""
        client, self._client = self._client, 0
        if client:
            self._call["MIDIClientDispose"](client)

    def make(self, kind: str, name: str, *more: Any) -> int:
        """Make a port or endpoint of the client: `kind` is the C function, such as MIDISourceCreate."""
        with_name = self._string(name)
        made = c_uint32()
        try:
            self._check(kind, self._client, with_name, *more, ctypes.byref(made))
        finally:
            self._call["CFRelease"](with_name)
        return made.value

    def connect_source(self, port: int, source: int) -> None:
        """Have an input port hear a source."""
        self._check("MIDIPortConnectSource", port, source, None)

    def others(self, what: str) -> list[tuple[str, int]]:
        """Name and endpoint of every "Destination" or "Source" there is, ours too, in the server's order.

        The server's news reach a process only through its run loop, so that gets a turn.
        """
        self._call["CFRunLoopRunInMode"](self._library.default_mode, 0.0, False)
        endpoints = []
        for number in range(int(self._call[f"MIDIGetNumberOf{what}s"]())):
            endpoint = int(self._call[f"MIDIGet{what}"](number))
            if endpoint and (name := self._name(endpoint)) is not None:
                endpoints.append((name, endpoint))
        return endpoints

    # --- messages ---

    def send(self, port: int, destination: int, message: bytes, ticks: int) -> None:
        """Have the server send the message to another program's or a device's destination at its time."""
        self._check("MIDISend", port, destination, packet_list(message, ticks))

    def receive(self, source: int, message: bytes, ticks: int) -> None:
        """Give the message, with its time, to all who listen to our virtual source. They get it at once."""
        self._check("MIDIReceived", source, packet_list(message, ticks))

    # --- inside ---

    def _check(self, name: str, *arguments: Any) -> None:
        status = self._call[name](*arguments)
        if status != 0:
            raise CoreMidiError(f"{name} answered {status}")

    def _string(self, text: str) -> Any:
        return self._call["CFStringCreateWithCString"](None, text.encode(), _UTF8)

    def _name(self, endpoint: int) -> str | None:
        found = c_void_p()
        asked = self._call["MIDIObjectGetStringProperty"]
        if asked(endpoint, self._library.display_name, ctypes.byref(found)) != 0 or not found.value:
            return None  # it went away while we looked
        room = ctypes.create_string_buffer(_NAME_BYTES)
        there = self._call["CFStringGetCString"](found, room, _NAME_BYTES, _UTF8)
        self._call["CFRelease"](found)
        return room.value.decode(errors="replace") if there else None


def packet_list(message: bytes, ticks: int) -> bytes:
    """A MIDIPacketList of one packet."""
    return struct.pack("<IQH", 1, ticks, len(message)) + message


def packets(address: int, aligned: bool | None = None) -> Iterator[tuple[int, bytes]]:
    """The packets of a MIDIPacketList in memory, as (time stamp, bytes). `aligned`: as on ARM (None: ask)."""
    if aligned is None:
        aligned = platform.machine().startswith(("arm", "aarch64"))
    (count,) = struct.unpack("<I", ctypes.string_at(address, 4))
    at = address + 4
    for _ in range(count):
        ticks, length = struct.unpack("<QH", ctypes.string_at(at, 10))
        yield ticks, ctypes.string_at(at + 10, length)
        at += 10 + length
        if aligned:
            at = (at + 3) & ~3
