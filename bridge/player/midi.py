"""The few MIDI messages that the player sends, as bytes.

A *key* is what cannot sound twice at once: channel and note in one number (channel * 128 + note), so that a
note that was struck on one channel is also closed there, whatever the output is set to by then. Source: MIDI
1.0 Detailed Specification, Channel Voice and System messages.
"""

from __future__ import annotations

CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"

_NOTE_OFF, _NOTE_ON, _CONTROL_CHANGE = 0x80, 0x90, 0xB0
_SONG_POSITION = 0xF2
_ALL_NOTES_OFF = 123
_SONG_POSITIONS = 1 << 14


def key_of(channel: int, note: int) -> int:
    """The key of a note 0..127 on a channel 0..15."""
    return channel << 7 | note


def note_on(key: int, velocity: int) -> bytes:
    """Strike a key; velocity 1..127."""
    return bytes((_NOTE_ON | key >> 7, key & 127, velocity))


def note_off(key: int) -> bytes:
    """Close a key."""
    return bytes((_NOTE_OFF | key >> 7, key & 127, 0))


def all_notes_off(channel: int) -> bytes:
    """Ask whoever listens to a channel to close all of its notes."""
    return bytes((_CONTROL_CHANGE | channel, _ALL_NOTES_OFF, 0))


def song_position(sixteenths: int) -> bytes:
    """Song position pointer; it has 14 bits and so wraps after 1,024 bars of 4/4."""
    position = sixteenths % _SONG_POSITIONS
    return bytes((_SONG_POSITION, position & 127, position >> 7))


def strikes(message: bytes) -> bool:
    """Whether a message strikes a key."""
    struck = key_struck(message)
    return struck is not None and struck[1]


def key_struck(message: bytes) -> tuple[int, bool] | None:
    """Which key a message strikes (True) or closes (False); None for any other message."""
    kind = message[0] & 0xF0
    if kind not in (_NOTE_ON, _NOTE_OFF):
        return None
    return key_of(message[0] & 15, message[1]), kind == _NOTE_ON and message[2] > 0
