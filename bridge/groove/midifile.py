"""A loop as a MIDI file of exactly four bars, and back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import mido
import numpy as np

from bridge.files import write_atomically
from bridge.groove.loop import STEPS, DrumLoop
from bridge.groove.notemaps import GENERAL_MIDI, NoteMap
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BEAT, loop_notes
from bridge.groove.performance import Performance, quantise, read_performance, window

DRUM_CHANNEL = 9


def loop_to_midi(
    loop: DrumLoop,
    bpm: float = 120.0,
    notes: Sequence[int] = GENERAL_MIDI.out_notes,
    channel: int = DRUM_CHANNEL,
    name: str = "Groovebridge",
) -> mido.MidiFile:
    """The loop as a type 0 file with 960 ticks a quarter, in 4/4 at `bpm`; the end of track is at four bars.

    `notes` gives one note a voice, `channel` is 0..15 (9 is MIDI channel 10). An early hit on step 0 is
    written where it sounds, at the end of bar 4. A note that would ring beyond the end is ended there.
    """
    events: list[tuple[int, bool, int, int]] = []  # at one tick, note-offs (False) come before note-ons
    for note in loop_notes(loop, notes):
        start = note.start_ticks % LOOP_TICKS
        end = min(start + note.end_ticks - note.start_ticks, LOOP_TICKS)
        events += [(start, True, note.note, note.velocity), (end, False, note.note, 0)]
    track = mido.MidiTrack(
        [
            mido.MetaMessage("track_name", name=name),
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)),
            mido.MetaMessage("time_signature", numerator=4, denominator=4),
        ]
    )
    now = 0
    for tick, on, number, velocity in sorted(events):
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, note=number, velocity=velocity, channel=channel, time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=LOOP_TICKS - now))
    return mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track])


def save_loop(
    path: Path | str,
    loop: DrumLoop,
    bpm: float = 120.0,
    notes: Sequence[int] = GENERAL_MIDI.out_notes,
    channel: int = DRUM_CHANNEL,
) -> None:
    """Write the loop as a MIDI file, whole or not at all; the same bytes each time. FileWriteError."""
    buffer = io.BytesIO()
    loop_to_midi(loop, bpm, notes, channel).save(file=buffer)
    write_atomically(path, buffer.getvalue())


def load_loop(path: Path | str | bytes, note_map: NoteMap = GENERAL_MIDI) -> DrumLoop:
    """Read a loop from a MIDI file: its first four bars. A shorter file is followed by silence.

    In a file of four bars, hits within half a step of the end are early hits of step 0, as `save_loop` writes
    them; in a longer one they belong to bar 5. What was saved with the same map comes back, but for velocity
    in 1/127 and offset in 1/240 of a step. Raises MidiFileError (see `read_performance`), also for a file of
    silence.
    """
    played = read_performance(path, note_map)
    onsets = played.onsets_steps
    if onsets.max() < STEPS:
        onsets = np.where(onsets >= STEPS - 0.5, onsets - STEPS, onsets)
    return window(quantise(Performance(onsets, played.velocities, played.voices)), 0)
