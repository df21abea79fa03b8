"""What the player may be set to."""

from __future__ import annotations

from bridge.errors import GroovebridgeError
from bridge.groove import VOICES
from bridge.timing import MAX_BPM, MIN_BPM

MAX_LATENCY_MS = 200
MAX_COUNT_IN = 2
MAX_LOOPBACK = 64
MAX_TRIM = 2.0


class SettingError(GroovebridgeError):
    """A setting of the player that is out of its range."""


def check_bpm(bpm: float) -> float:
    """The tempo as it is, 20..400 quarter notes a minute; else SettingError."""
    if not MIN_BPM <= bpm <= MAX_BPM:
        raise SettingError(
            f"A tempo of {bpm:g} is out of range: it goes from {MIN_BPM:g} to {MAX_BPM:g} BPM."
        )
    return bpm


def check_bars(bars: int | None) -> int | None:
    """A number of bars to play, 1 or more, or None; else SettingError."""
    if bars is not None and bars < 1:
        raise SettingError(f"{bars} bars cannot be played: ask for 1 or more.")
    return bars


def check_count_in(bars: int) -> int:
    """The number of bars that are counted before a song, 0..2. SettingError for another."""
    if not 0 <= bars <= MAX_COUNT_IN:
        raise SettingError(f"A count-in of {bars} bars is out of range: it goes from 0 to {MAX_COUNT_IN}.")
    return bars


def check_latency(latency_ms: float) -> float:
    """A latency as it is, -200..200 ms; else SettingError."""
    if not -MAX_LATENCY_MS <= latency_ms <= MAX_LATENCY_MS:
        raise SettingError(
            f"A latency of {latency_ms:g} ms is out of range: it goes from {-MAX_LATENCY_MS} to "
            f"{MAX_LATENCY_MS} ms."
        )
    return latency_ms


def check_loopback(count: int, note: int, channel: int) -> None:
    """Raise SettingError unless these are 1..64 times a note 0..127 on a channel 0..15."""
    if not 1 <= count <= MAX_LOOPBACK:
        raise SettingError(
            f"{count} notes cannot be sent to measure the latency: ask for 1 to {MAX_LOOPBACK}."
        )
    if not 0 <= note <= 127:
        raise SettingError(f"The note {note} is out of range: it goes from 0 to 127.")
    check_channel(channel)


def check_notes(notes: tuple[int, ...], channel: int) -> None:
    """Raise SettingError unless these are nine notes 0..127 and a channel 0..15."""
    if len(notes) != VOICES or not all(0 <= note <= 127 for note in notes):
        raise SettingError(f"The output notes {notes} are not right: give {VOICES} notes from 0 to 127.")
    check_channel(channel)


def check_channel(channel: int) -> None:
    """Raise SettingError unless this is a MIDI channel 0..15."""
    if not 0 <= channel <= 15:
        raise SettingError(f"The MIDI channel {channel} is out of range: it goes from 0 to 15.")


def check_trims(trims: tuple[float, ...]) -> None:
    """Raise SettingError unless these are nine factors 0..2."""
    if len(trims) != VOICES:
        raise SettingError(f"The velocity trims {trims} are not right: give {VOICES} factors.")
    for trim in trims:
        if not 0 <= trim <= MAX_TRIM:
            raise SettingError(
                f"A velocity trim of {trim:g} is out of range: it goes from 0 to {MAX_TRIM:g}, and 1 changes "
                "nothing."
            )


def check_voices(muted: tuple[bool, ...], soloed: tuple[bool, ...]) -> None:
    """Raise SettingError unless these are nine switches each."""
    if len(muted) != VOICES or len(soloed) != VOICES:
        raise SettingError(f"Mute and solo are not right: each needs a switch for each of {VOICES} voices.")
