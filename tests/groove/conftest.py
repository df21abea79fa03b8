"""Random loops and small MIDI files, made here."""

import io
from collections.abc import Callable, Sequence

import mido
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bridge.groove import STEPS, VOICES, DrumLoop

MakeMidi = Callable[..., bytes]

# A busy machine may take any time for an example; that is not what these tests measure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def _loop(seed: int, density: float) -> DrumLoop:
    random = np.random.default_rng(seed)
    return DrumLoop.of(
        random.random((STEPS, VOICES)) < density,
        random.random((STEPS, VOICES)),
        random.random((STEPS, VOICES)) - 0.5,
    )


@pytest.fixture(scope="session")
def drum_loops() -> SearchStrategy[DrumLoop]:
    """Loops from sparse to full, with all velocities and offsets."""
    return st.builds(_loop, st.integers(0, 2**32 - 1), st.sampled_from((0.02, 0.13, 0.5, 1.0)))


@pytest.fixture(scope="session")
def make_midi() -> MakeMidi:
    """A MIDI file's bytes from (tick, note, velocity) and the like."""

    def make(
        notes: Sequence[tuple[int, int, int]],
        ticks_per_beat: int = 480,
        meter: tuple[int, int] | None = (4, 4),
        channel: int = 9,
        kind: int = 0,
    ) -> bytes:
        track = mido.MidiTrack()
        if meter:
            track.append(mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]))
        now = 0
        for tick, note, velocity in sorted(notes):
            track.append(
                mido.Message("note_on", note=note, velocity=velocity, channel=channel, time=tick - now)
            )
            track.append(mido.Message("note_on", note=note, velocity=0, channel=channel, time=1))
            now = tick + 1
        buffer = io.BytesIO()
        mido.MidiFile(type=kind, ticks_per_beat=ticks_per_beat, tracks=[track]).save(file=buffer)
        return buffer.getvalue()

    return make
