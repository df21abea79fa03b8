"""A stream of MIDI bytes, cut into messages."""

from __future__ import annotations

_DATA = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}  # by the upper half of the status byte
_COMMON_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0}
_SENSING = 0xFE


class Splitter:
    """Bytes in, whole messages out, in order. System exclusive and active sensing are left out.

    Real-time bytes (F8 to FF) may stand anywhere, even within another message (MIDI 1.0 Detailed
    Specification, System Real Time Messages). What makes no sense is skipped, and so is data without its
    status: packets have no running status. For one thread; keeps at most three bytes.
    """

    def __init__(self) -> None:
        self._message = bytearray()
        self._missing = 0  # how many of its bytes are still to come

    def split(self, data: bytes) -> list[bytes]:
        """The messages that are complete with these bytes."""
        messages = []
        for byte in data:
            if byte >= 0xF8:
                if byte != _SENSING:
                    messages.append(bytes((byte,)))
                continue
            if byte >= 0x80:
                length = _COMMON_DATA.get(byte) if byte >= 0xF0 else _DATA[byte >> 4]
                self._message.clear()
                self._missing = 0
                if length is None:  # system exclusive, its end, or undefined: its data is skipped
                    continue
                self._message.append(byte)
                self._missing = length
            elif self._missing:
                self._message.append(byte)
                self._missing -= 1
            else:
                continue
            if not self._missing:
                messages.append(bytes(self._message))
        return messages
