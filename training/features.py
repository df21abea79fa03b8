"""What a classifier may see of a loop when it has to tell drawn loops from real ones.

All loops are seen as MIDI: velocities in steps of 1/127, offsets in 1/120 of a step, which is the
resolution of the recordings. Otherwise the digits alone would give a model's loops away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bridge.groove.attributes import attributes
from bridge.groove.loop import BARS, STEPS_PER_BAR, DrumLoop
from bridge.groove.voices import VOICES, Voice

Array = NDArray[np.float32]
TICKS_PER_STEP = 120
"""Ticks of a sixteenth in the recordings, at their 480 a quarter."""

_VOICES = tuple(voice.name.lower() for voice in Voice)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Named columns: `values` float32 [N, F], `names` F of them."""

    names: tuple[str, ...]
    values: Array


def as_midi(loops: Sequence[DrumLoop]) -> tuple[Array, Array, Array]:
    """Hits, velocities and offsets, float32 [N, 64, 9] each, rounded as a recording is."""
    hits, velocities, offsets = (
        np.stack([getattr(loop, name) for loop in loops]).astype(np.float32)
        for name in ("hits", "velocities", "offsets")
    )
    levels = hits * np.clip(np.round(velocities * 127), 1, 127)
    ticks = np.round(offsets * TICKS_PER_STEP)
    return hits, (levels / 127).astype(np.float32), (ticks / TICKS_PER_STEP).astype(np.float32)


def grid(loops: Sequence[DrumLoop]) -> Array:
    """Every cell of the loops as it is: hits, velocities, offsets, float32 [N, 3 * 64 * 9]."""
    return np.concatenate([part.reshape(len(loops), -1) for part in as_midi(loops)], axis=1)


def attribute_columns(loops: Sequence[DrumLoop]) -> Features:
    """The musical attributes of `bridge.groove.attributes`; a measure by voice is nine columns."""
    measured = [attributes(loop) for loop in loops]
    columns: dict[str, list[float]] = {}
    for part in fields(measured[0]):
        values = [getattr(each, part.name) for each in measured]
        if isinstance(values[0], tuple):
            for voice, column in zip(_VOICES, zip(*values, strict=True), strict=True):
                columns[f"{part.name} {voice}"] = list(column)
        else:
            columns[part.name] = values
    return Features(tuple(columns), np.array(list(columns.values()), dtype=np.float32).T)


def features(loops: Sequence[DrumLoop]) -> Features:
    """Attributes and summaries, by voice, by place in the bar, and of one bar beside the others:

    hits, velocity, offset on 0..15   the mean over the four bars (of hits alone, 0 where there are none)
    mean, spread                      of a voice's velocities and offsets; `full`: its hits at velocity 127
    hits in bar 1..4                  of each voice
    cells that differ, bars i and j   hits that one bar has and the other has not
    velocity, offset change           mean difference of a hit to the same hit a bar before
    offsets together, in a row        spread within a step, mean jump from a step to the next
    choices                           how many different combinations of voices there are
    """
    hits, velocities, offsets = as_midi(loops)
    count = len(hits)
    bars, bar_velocities, bar_offsets = (
        part.reshape(count, BARS, STEPS_PER_BAR, VOICES) for part in (hits, velocities, offsets)
    )
    own = attribute_columns(loops)
    names, columns = list(own.names), [own.values]

    def add(labels: Sequence[str], values: NDArray[np.generic]) -> None:
        names.extend(labels)
        columns.append(values.reshape(count, -1).astype(np.float32))

    cells = [f"{voice} on {step}" for step in range(STEPS_PER_BAR) for voice in _VOICES]
    add([f"hits, {cell}" for cell in cells], bars.mean(axis=1))
    for name, part in (("velocity", bar_velocities), ("offset", bar_offsets)):
        add([f"{name}, {cell}" for cell in cells], _ratio(part.sum(axis=1), bars.sum(axis=1)))
    for name, part in (("velocity", velocities), ("offset", offsets)):
        mean = _ratio(part.sum(axis=1), hits.sum(axis=1))
        square = _ratio((part**2).sum(axis=1), hits.sum(axis=1))
        add([f"mean {name}, {voice}" for voice in _VOICES], mean)
        add([f"spread of {name}, {voice}" for voice in _VOICES], np.sqrt(np.maximum(square - mean**2, 0)))
    add([f"full velocity, {voice}" for voice in _VOICES], (velocities >= 1).sum(axis=1))
    add([f"{voice} in bar {bar + 1}" for bar in range(BARS) for voice in _VOICES], bars.sum(axis=2))
    for i in range(BARS):
        for j in range(i):
            differing = (bars[:, i] != bars[:, j]).sum(axis=(1, 2))
            add([f"cells that differ, bars {j + 1} and {i + 1}"], differing)
    again = bars[:, 1:] * bars[:, :-1]
    for name, part in (("velocity", bar_velocities), ("offset", bar_offsets)):
        change = (np.abs(part[:, 1:] - part[:, :-1]) * again).sum(axis=(2, 3))
        add(
            [f"{name} change, bar {bar + 1}" for bar in range(1, BARS)],
            _ratio(change, again.sum(axis=(2, 3))),
        )
    voices = hits.sum(axis=2)
    late = _ratio(offsets.sum(axis=2), voices)
    apart = np.sqrt(np.maximum(_ratio((offsets**2).sum(axis=2), voices) - late**2, 0))
    add(["offsets together"], _ratio(apart.sum(axis=1), (voices > 1).sum(axis=1)))
    following = (voices[:, 1:] > 0) & (voices[:, :-1] > 0)
    jumps = np.abs(late[:, 1:] - late[:, :-1]) * following
    add(["offsets in a row"], _ratio(jumps.sum(axis=1), following.sum(axis=1)))
    numbers = hits.astype(np.int64) @ (1 << np.arange(VOICES))
    add(["choices"], np.array([len(np.unique(row)) for row in numbers]))
    return Features(tuple(names), np.concatenate(columns, axis=1))


def _ratio(sums: NDArray[np.generic], counts: NDArray[np.generic]) -> NDArray[np.float64]:
    """The mean of so many, 0 of none."""
    return np.asarray(sums / np.maximum(counts, 1), dtype=np.float64)
