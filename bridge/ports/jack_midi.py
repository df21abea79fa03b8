"""What has come into a JACK MIDI port in a period, read without letting go of the interpreter lock.

JACK-Client gives the lock away at each event, and gets it back when the thread that took it lets it go: in a
flood of some hundred events a period that costs the callback its period, and every program on the server an
xrun. These functions of libjack take well under a microsecond, so the lock is better kept.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any


class _Event(ctypes.Structure):
    """jack_midi_event_t."""

    _fields_ = (("time", ctypes.c_uint32), ("size", ctypes.c_size_t), ("buffer", ctypes.c_void_p))


class MidiReader:
    """Reads one MIDI input port of JACK-Client's, by libjack's own functions on the same port."""

    def __init__(self, jack: Any, port: Any) -> None:
        """`jack` is the JACK-Client module. What it hides of itself is used here, and nowhere else."""
        library = ctypes.PyDLL(jack._libname)
        self._port = int(jack._ffi.cast("uintptr_t", port._ptr))
        self._buffer = library.jack_port_get_buffer
        self._buffer.argtypes, self._buffer.restype = (ctypes.c_void_p, ctypes.c_uint32), ctypes.c_void_p
        self._count = library.jack_midi_get_event_count
        self._count.argtypes, self._count.restype = (ctypes.c_void_p,), ctypes.c_uint32
        self._get = library.jack_midi_event_get
        self._get.argtypes = (ctypes.POINTER(_Event), ctypes.c_void_p, ctypes.c_uint32)
        self._get.restype = ctypes.c_int
        self._event = _Event()

    def events(self, frames: int) -> Iterator[tuple[int, bytes]]:
        """(frames from the start of the period, message) of each event of a period of so many frames. In the
        process callback only.
        """
        event, pointer = self._event, ctypes.byref(self._event)
        there = self._buffer(self._port, frames)
        for number in range(self._count(there)):
            if self._get(pointer, there, number):
                break
            yield event.time, ctypes.string_at(event.buffer, event.size)
