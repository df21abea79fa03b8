"""A MIDI file as it was played, then on its grid of sixteenths, then cut into loops.

    file --read_performance--> Performance --quantise--> Grid [S, 9] --loops--> DrumLoop, DrumLoop, ...

The whole performance is quantised before any window is cut, so that an early downbeat stays in its bar.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR, STEPS_PER_BEAT, DrumLoop
from bridge.groove.notemaps import ROLAND_TD11, NoteMap
from bridge.groove.voices import VOICES

MAX_BARS = 4096
"""The longest performance that is read, in bars: over two hours at 120 BPM. Beyond it a file is damaged."""

MAX_BYTES = 16 * 2**20
DRUM_CHANNEL = 9


class MidiFileError(GroovebridgeError):
    """A MIDI file that cannot be used: what is wrong with it and what to do instead."""


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """What was played: N hits in the order of time, off the grid.

    onsets_steps  float64 [N], sixteenths from the start of the file (a beat is 4.0), not negative
    velocities    float32 [N], 0..1 (MIDI velocity / 127)
    voices        int64   [N], 0..8
    off_kit       how many further notes the note map does not know
    bpm           the file's first tempo in quarter notes a minute; 120, MIDI's default, where it names none
    """

    onsets_steps: NDArray[np.float64]
    velocities: NDArray[np.float32]
    voices: NDArray[np.int64]
    off_kit: int = 0
    bpm: float = 120.0

    def __len__(self) -> int:
        return len(self.onsets_steps)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A performance on its grid: S steps, a multiple of 16, by nine voices.

    hits        bool    [S, 9]
    velocities  float32 [S, 9], 0..1; 0 where there is no hit
    offsets     float32 [S, 9], -0.5..0.5 of a step (0.5 excluded), positive is late; 0 where there is no hit
    shadowed    how many further hits lost their cell to a louder one
    """

    hits: NDArray[np.bool_]
    velocities: NDArray[np.float32]
    offsets: NDArray[np.float32]
    shadowed: int = 0

    @property
    def bars(self) -> int:
        """Length in bars."""
        return len(self.hits) // STEPS_PER_BAR


def read_performance(source: Path | str | bytes, note_map: NoteMap = ROLAND_TD11) -> Performance:
    """Read the drum hits of a MIDI file of type 0 or 1, from a path or from the file's bytes.

    Time comes from ticks, not from tempo. All tracks are read as one. If any note is on channel 10, only that
    channel counts, as General MIDI has it; else all do, because many programs write drums on channel 1.

    Raises MidiFileError, one sentence each: the file is missing, larger than 16 MiB, not MIDI, damaged,
    truncated, of type 2, timed in SMPTE frames, has a time signature other than 4/4, no notes, no hits that
    `note_map` knows, or is longer than 4,096 bars.
    """
    name, data = _load(source)
    midi = _parse(name, data)
    notes = _notes(name, midi)
    if not notes:
        raise MidiFileError(f"{name} contains no notes. Choose a MIDI file with a drum part.")
    hits = [
        (tick, note_map.voice_of[note], velocity)
        for tick, note, velocity in notes
        if note in note_map.voice_of
    ]
    if not hits:
        seen = ", ".join(str(note) for note in sorted({note for _, note, _ in notes})[:8])
        raise MidiFileError(
            f"{name} has no drum hits that the note map {note_map.title!r} knows (its notes: {seen}). "
            "Choose another note map or a drum part."
        )
    if hits[-1][0] >= MAX_BARS * 4 * midi.ticks_per_beat:
        raise MidiFileError(
            f"{name} is longer than {MAX_BARS:,} bars, more than can be read. "
            "Cut it, or check whether it is damaged."
        )
    ticks, voices, velocities = zip(*hits, strict=True)
    return Performance(
        onsets_steps=np.array(ticks, dtype=np.float64) * STEPS_PER_BEAT / midi.ticks_per_beat,
        velocities=np.array(velocities, dtype=np.float32) / np.float32(127),
        voices=np.array(voices, dtype=np.int64),
        off_kit=len(notes) - len(hits),
        bpm=_first_bpm(midi),
    )


def quantise(performance: Performance) -> Grid:
    """Put every hit on the nearest sixteenth; in a shared cell the loudest wins (then the earliest).

    A hit half-way between two steps belongs to the later one, so that offsets lie in [-0.5, 0.5):

        step        k             k+1
        onset       |----early----|       floor(onset + 0.5); offset = onset - step
                    0     .49 .5          .49 -> step k, late;  .5 -> step k+1, early

    The grid ends with the bar that holds the last quantised hit. With this rule the 4/4 beats of the Groove
    MIDI Dataset give 15,663 / 1,937 / 1,918 windows at a stride of one bar and 4,061 / 502 / 525 at four
    (train / validation / test); lengths taken from the end of track give more, unquantised onsets fewer.
    """
    step = np.floor(performance.onsets_steps + 0.5).astype(np.int64)
    length = (int(step.max()) // STEPS_PER_BAR + 1) * STEPS_PER_BAR if len(step) else 0
    # Of several assignments to one cell numpy keeps the last: the loudest, then the earliest, must come last.
    order = np.lexsort((-performance.onsets_steps, performance.velocities))
    cell = (step[order], performance.voices[order])
    hits = np.zeros((length, VOICES), dtype=np.bool_)
    velocities = np.zeros((length, VOICES), dtype=np.float32)
    offsets = np.zeros((length, VOICES), dtype=np.float32)
    hits[cell] = True
    velocities[cell] = performance.velocities[order]
    below_half = np.nextafter(np.float32(0.5), np.float32(0))  # float32 rounds 0.49999999 up to 0.5
    offsets[cell] = np.minimum((performance.onsets_steps - step)[order].astype(np.float32), below_half)
    return Grid(hits, velocities, offsets, shadowed=len(step) - int(hits.sum()))


def loops(grid: Grid, stride_bars: int = 1) -> list[DrumLoop]:
    """Cut all windows of four whole bars, one every `stride_bars` (1 or more). A shorter grid gives none."""
    if stride_bars < 1:
        raise ValueError(f"stride_bars must be 1 or more, not {stride_bars}")
    starts = range(0, (grid.bars - BARS) * STEPS_PER_BAR + 1, stride_bars * STEPS_PER_BAR)
    return [window(grid, start) for start in starts]


def window(grid: Grid, start: int) -> DrumLoop:
    """The 64 steps from step `start` on as a loop; steps beyond the grid's end are silent."""
    here = slice(start, start + STEPS)
    missing = STEPS - len(grid.hits[here])
    pad = ((0, missing), (0, 0))
    return DrumLoop(
        np.pad(grid.hits[here], pad), np.pad(grid.velocities[here], pad), np.pad(grid.offsets[here], pad)
    )


def _load(source: Path | str | bytes) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        name, data = "The MIDI data", source[: MAX_BYTES + 1]
    else:
        name = str(source)
        try:
            with Path(source).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise MidiFileError(f"{name} cannot be read: {reason}. Check the path.") from error
    if len(data) > MAX_BYTES:
        raise MidiFileError(
            f"{name} is larger than 16 MiB, too large for a drum part. Choose a smaller MIDI file."
        )
    if not data:
        raise MidiFileError(f"{name} is empty. Choose another MIDI file.")
    if not data.startswith(b"MThd"):
        raise MidiFileError(f"{name} is not a MIDI file. Choose a file that a DAW exported as MIDI (.mid).")
    return name, data


def _parse(name: str, data: bytes) -> mido.MidiFile:
    try:
        midi = mido.MidiFile(file=io.BytesIO(data))
    except EOFError as error:
        raise MidiFileError(
            f"{name} is truncated: it ends in the middle. Export or copy it again."
        ) from error
    except (
        Exception
    ) as error:  # mido raises OSError, ValueError, IndexError, KeySignatureError and more on damage
        raise MidiFileError(f"{name} is damaged ({error}). Export or copy it again.") from error
    if midi.type == 2:
        raise MidiFileError(f"{name} is a MIDI file of type 2 (separate patterns). Export it as type 0 or 1.")
    if midi.ticks_per_beat <= 0:
        raise MidiFileError(
            f"{name} counts time in SMPTE frames, so it has no beats. Export it with ticks per quarter note."
        )
    return midi


def _first_bpm(midi: mido.MidiFile) -> float:
    tempi = []
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                tempi.append((tick, message.tempo))
                break
    tempo = min(tempi, key=lambda found: found[0])[1] if tempi else 0
    return float(mido.tempo2bpm(tempo or 500_000))


def _notes(name: str, midi: mido.MidiFile) -> list[tuple[int, int, int]]:
    """All struck notes as (tick, note, velocity 1..127) by time; refuses time signatures but 4/4."""
    notes: list[tuple[int, int, int, int]] = []
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity > 0:
                notes.append((tick, message.note, message.velocity, message.channel))
            elif message.type == "time_signature" and (message.numerator, message.denominator) != (4, 4):
                raise MidiFileError(
                    f"{name} is in {message.numerator}/{message.denominator}. "
                    "Only 4/4 can be read: choose another file."
                )
    if any(channel == DRUM_CHANNEL for *_, channel in notes):
        notes = [note for note in notes if note[3] == DRUM_CHANNEL]
    return sorted((tick, note, velocity) for tick, note, velocity, _ in notes)
