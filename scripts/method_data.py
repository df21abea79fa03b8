"""Measure the Groove MIDI Dataset for docs/method.md: what is in it, and what the grid takes away.

    .venv/bin/python -m scripts.method_data ZIP [--corpus data/corpus] [-o docs/figures/data.json]

Everything counts the beats in 4/4 that the corpus holds, each step once (no overlapping windows), unless it
says otherwise. Times are in milliseconds at each file's own tempo.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import mido
import numpy as np
from numpy.typing import NDArray

from bridge.groove.loop import STEPS_PER_BAR, STEPS_PER_BEAT
from bridge.groove.notemaps import ROLAND_TD11
from bridge.groove.performance import Performance, read_performance
from bridge.groove.voices import VOICES, Voice
from training.corpus import SPLITS, FileRecord, Loops, Split, hit_table, load_manifest, load_split

GRIDS = (2, 3, 4, 6, 8, 12)
"""Steps a beat of the grids that are compared: eighths, eighth triplets, sixteenths, ... to 48ths."""

QUANTILES = (5, 25, 50, 75, 95)
TABLE_SIZES = (16, 32, 64, 128)
GHOST = 0.35
HI_HAT_PEDAL_CONTROLLER = 4
VELOCITY_BINS = np.linspace(0, 1, 17)
OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "figures" / "data.json"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """All hits of the corpus as columns [N]: step of the bar, voice, number of the file, velocity, lateness.

    late_ms   offset from the grid in milliseconds, positive is late
    """

    step: NDArray[np.int64]
    voice: NDArray[np.int64]
    file: NDArray[np.int64]
    velocity: NDArray[np.float64]
    late_ms: NDArray[np.float64]


def measure(archive: ZipFile, corpus: Path) -> Json:
    """All figures of the dataset's zip and of the corpus that was prepared from it."""
    manifest = load_manifest(corpus)
    splits = {name: load_split(corpus, name) for name in SPLITS}
    hits = all_hits(splits.values())
    root = next(name for name in archive.namelist() if name.endswith("info.csv")).removesuffix("info.csv")
    records = manifest.files
    return {
        "source": manifest.source,
        "sha256": manifest.sha256,
        "all_files": census(archive.read(f"{root}info.csv").decode("utf-8")),
        "splits": {name: summary(split) for name, split in splits.items()},
        "corpus": {
            "files": len(records),
            "hours": round(sum(map(seconds, records)) / 3600, 3),
            "hits": len(hits.step),
            "hits_a_loop": round(float(splits["train"].loops(4).hits.sum(axis=(1, 2)).mean()), 2),
            "drummers": len({record.drummer for record in records}),
        },
        "styles": by_label(splits, lambda record: record.style.partition("/")[0]),
        "drummers": by_label(splits, lambda record: record.drummer),
        "tempi": {
            "bpm": quantiles([record.bpm for record in records]),
            "range": [min(record.bpm for record in records), max(record.bpm for record in records)],
            "of_files": [record.bpm for record in records],
        },
        "voices": voices(hits, sum(record.bars for record in records)),
        "positions": positions(hits),
        "explained": explained(hits),
        "combinations": combinations(splits),
        "repetition": repetition(splits["train"].loops(stride_bars=4)),
        "leaks": leaks(splits),
        "grid": grid(archive, root, records),
    }


def census(info: str) -> Json:
    """All files that info.csv names: how many of each kind, and their hours."""
    rows = list(csv.DictReader(io.StringIO(info)))
    kinds = Counter((row["beat_type"], row["time_signature"] == "4-4") for row in rows)
    return {
        "files": len(rows),
        "hours": round(sum(float(row["duration"]) for row in rows) / 3600, 3),
        "beats_in_4_4": kinds["beat", True],
        "fills": kinds["fill", True] + kinds["fill", False],
        "beats_in_other_metres": kinds["beat", False],
    }


def seconds(record: FileRecord) -> float:
    """How long a performance takes at its tempo."""
    return record.bars * 4 * 60 / record.bpm


def summary(split: Split) -> Json:
    """Files, hours, loops and hits of one split."""
    return {
        "files": len(split.records),
        "too_short": sum(not record.windows for record in split.records),
        "hours": round(sum(map(seconds, split.records)) / 3600, 3),
        "loops_every_bar": len(split.windows(1)[0]),
        "loops_apart": len(split.windows(4)[0]),
        "hits": int(split.hits.sum()),
    }


def by_label(splits: Mapping[str, Split], label: Any) -> dict[str, Json]:
    """Files, hours and loops of every style or drummer, the longest first; loops by split."""
    found: dict[str, Json] = {}
    for name, split in splits.items():
        for record in split.records:
            row = found.setdefault(label(record), {"files": 0, "hours": 0.0, **dict.fromkeys(SPLITS, 0)})
            row["files"] += 1
            row["hours"] += seconds(record) / 3600
            row[name] += -(-record.windows // 4)
    for row in found.values():
        row["hours"] = round(row["hours"], 3)
    return dict(sorted(found.items(), key=lambda item: -item[1]["hours"]))


def all_hits(splits: Iterable[Split]) -> Hits:
    """The hits of all performances."""
    columns: list[tuple[NDArray[Any], ...]] = []
    files = 0
    for split in splits:
        step, voice = np.nonzero(split.hits)
        step_ms = [60_000 / STEPS_PER_BEAT / record.bpm for record in split.records]
        lengths = [record.bars * STEPS_PER_BAR for record in split.records]
        late = split.offsets[step, voice] * np.repeat(step_ms, lengths)[step]
        file = files + np.repeat(np.arange(len(lengths)), lengths)[step]
        files += len(lengths)
        columns.append((step % STEPS_PER_BAR, voice, file, split.velocities[step, voice], late))
    step, voice, file, velocity, late = (np.concatenate(column) for column in zip(*columns, strict=True))
    return Hits(step, voice, file, velocity.astype(np.float64), late.astype(np.float64))


def quantiles(values: Sequence[float] | NDArray[np.float64], digits: int = 2) -> list[float]:
    """The values' `QUANTILES`; empty for no values."""
    if not len(values):
        return []
    return [round(float(each), digits) for each in np.percentile(values, QUANTILES)]


def voices(hits: Hits, bars: int) -> dict[str, Json]:
    """For each voice: its share of the hits, how it lies in the bar, velocities, lateness.

    by_step      share of the bars that have a hit of it on each of the 16 steps
    velocities   share of its hits in 16 equal bins of 0..1
    """
    found = {}
    for voice in Voice:
        mine = hits.voice == voice
        found[voice.name.lower()] = {
            "hits": int(mine.sum()),
            "share": round(float(mine.mean()), 5),
            "by_step": (np.bincount(hits.step[mine], minlength=STEPS_PER_BAR) / bars).round(5).tolist(),
            "velocities": shares(np.histogram(hits.velocity[mine], VELOCITY_BINS)[0]),
            "velocity": quantiles(hits.velocity[mine], 3),
            "full_share": round(float((hits.velocity[mine] >= 1).mean()), 4) if mine.any() else 0.0,
            "soft_share": round(float((hits.velocity[mine] < GHOST).mean()), 4) if mine.any() else 0.0,
            "late_ms": quantiles(hits.late_ms[mine]),
        }
    return found


def shares(counts: NDArray[np.int64]) -> list[float]:
    """Counts as shares of their sum."""
    return [round(int(count) / max(1, int(counts.sum())), 5) for count in counts]


def positions(hits: Hits) -> list[Json]:
    """Lateness, velocity and share of the hits on the four sixteenths of a beat."""
    found = []
    for place in range(STEPS_PER_BEAT):
        mine = hits.step % STEPS_PER_BEAT == place
        found.append(
            {
                "share": round(float(mine.mean()), 5),
                "late_ms": quantiles(hits.late_ms[mine]),
                "velocity": quantiles(hits.velocity[mine], 3),
            }
        )
    return found


def explained(hits: Hits) -> Json:
    """Share of the variance of lateness and velocity that knowing the place, the file or both would explain.

    place   voice and step of the bar. Both: voice and step within each file, of cells with ten hits or more.
    """
    place = hits.step * VOICES + hits.voice
    groups = {"place": place, "file": hits.file, "both": hits.file * VOICES * STEPS_PER_BAR + place}
    return {
        name: {
            key: round(between(values, np.unique(group, return_inverse=True)[1]), 4)
            for key, group in groups.items()
        }
        for name, values in (("late_ms", hits.late_ms), ("velocity", hits.velocity))
    }


def between(values: NDArray[np.float64], group: NDArray[np.int64], least: int = 10) -> float:
    """Share of the values' variance that is between their groups, of those with `least` values or more."""
    counts = np.bincount(group)
    enough = (counts >= least)[group]
    values, group = values[enough], group[enough]
    if not len(values):
        return 0.0
    means = np.bincount(group, values) / np.maximum(np.bincount(group), 1)
    return float(means[group].var() / max(float(values.var()), 1e-12))


def combinations(splits: Mapping[str, Split]) -> Json:
    """How many combinations of voices the training steps use, and what a shorter table would lose.

    coverage    share of the training steps that the K most frequent combinations cover, for each K
    unplayable  share of the steps of validation and test whose combination training never has
    """
    table = hit_table(splits["train"].hits)
    bits = 1 << np.arange(VOICES)
    counts = np.bincount(splits["train"].hits @ bits, minlength=2**VOICES)
    covered = np.cumsum(counts[table @ bits]) / counts.sum()
    return {
        "used": len(table),
        "coverage": covered.round(6).tolist(),
        "sizes": {str(size): round(float(covered[min(size, len(table)) - 1]), 5) for size in TABLE_SIZES},
        "unplayable": {
            name: round(float((counts[splits[name].hits @ bits] == 0).mean()), 6)
            for name in ("validation", "test")
        },
        "silent_share": round(float(counts[0] / counts.sum()), 4),
    }


def repetition(loops: Loops) -> Json:
    """How alike the bars of a training loop are: share of equal bars, and F1 of one bar against the first."""
    bars = loops.hits.reshape(len(loops), -1, STEPS_PER_BAR * VOICES) > 0.5
    both = (bars[:, 1:] & bars[:, :1]).sum(axis=(0, 2))
    made = bars[:, 1:].sum(axis=(0, 2)) + bars[:, :1].sum(axis=(0, 2))
    return {
        "equal_to_former": round(float((bars[:, 1:] == bars[:, :-1]).all(axis=2).mean()), 4),
        "f1_against_first": (2 * both / np.maximum(made, 1)).round(4).tolist(),
    }


def leaks(splits: Mapping[str, Split]) -> Json:
    """What training and test share: drummers, sessions, and loops with equal hits."""
    train, test = splits["train"], splits["test"]
    known = {loop.tobytes() for loop in train.loops(1).hits.astype(bool)}
    loops = test.loops(4)
    records = test.records
    in_eval = np.array(["eval_session" in record.session for record in records], dtype=bool)[loops.files]
    return {
        "test_drummers_in_train": len({r.drummer for r in records} & {r.drummer for r in train.records}),
        "test_drummers": len({r.drummer for r in records}),
        "test_sessions_in_train": len({r.session for r in records} & {r.session for r in train.records}),
        "test_sessions": len({r.session for r in records}),
        "test_loops_in_train": sum(loop.tobytes() in known for loop in loops.hits.astype(bool)),
        "eval_session_loops": int(in_eval.sum()),
    }


def grid(archive: ZipFile, root: str, records: Iterable[FileRecord]) -> Json:
    """What quantising takes away, from the MIDI files themselves.

    grids     for each number of steps a beat: share of the hits that find their cell taken by a louder one,
              and how far hits lie from the grid
    merged    those hits on sixteenths: how long before or after the hit that stayed, their velocity, voice
    folded    share of the notes whose pitch is not the one that its voice is played with (rims, edges, ...)
    edge      share of the hits more than 0.4 of a step from the grid, where triplets and 32nds fall
    """
    notes: Counter[int] = Counter()
    pedal_moves, hits = 0, 0
    residues: dict[int, list[NDArray[np.float64]]] = {steps: [] for steps in GRIDS}
    taken = dict.fromkeys(GRIDS, 0)
    apart: list[NDArray[np.float64]] = []
    soft: list[NDArray[np.float64]] = []
    lost_voices = np.zeros(VOICES, dtype=np.int64)
    edge = 0
    for record in records:
        data = archive.read(root + record.path)
        played = read_performance(data)
        hits += len(played)
        ms = 60_000 / record.bpm / STEPS_PER_BEAT
        for steps in GRIDS:
            scaled = played.onsets_steps * steps / STEPS_PER_BEAT
            away = scaled - np.floor(scaled + 0.5)
            residues[steps].append(np.abs(away) * ms * STEPS_PER_BEAT / steps)
            lost, kept = collisions(played, steps)
            taken[steps] += len(lost)
            if steps == STEPS_PER_BEAT:
                edge += int((np.abs(away) > 0.4).sum())
                apart.append(np.abs(played.onsets_steps[lost] - played.onsets_steps[kept]) * ms)
                soft.append(played.velocities[lost].astype(np.float64))
                lost_voices += np.bincount(played.voices[lost], minlength=VOICES)
        for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(data)).tracks):
            if message.type == "note_on" and message.velocity:
                notes[message.note] += 1
            pedal_moves += message.type == "control_change" and message.control == HI_HAT_PEDAL_CONTROLLER
    kept_pitches = sum(notes[note] for note in ROLAND_TD11.out_notes)
    return {
        "hits": hits,
        "grids": {
            str(steps): {
                "taken": round(taken[steps] / hits, 5),
                "away_ms": quantiles(np.concatenate(residues[steps])),
            }
            for steps in GRIDS
        },
        "merged": {
            "apart_ms": quantiles(np.concatenate(apart)),
            "velocity": quantiles(np.concatenate(soft), 3),
            "by_voice": {voice.name.lower(): int(lost_voices[voice]) for voice in Voice},
        },
        "edge": round(edge / hits, 5),
        "pitches": len(notes),
        "folded": round(1 - kept_pitches / sum(notes.values()), 5),
        "off_kit": sum(count for note, count in notes.items() if note not in ROLAND_TD11.voice_of),
        "pedal_moves_a_hit": round(pedal_moves / hits, 3),
    }


def collisions(played: Performance, steps_a_beat: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The hits that lose their cell on a grid, and the hit that each loses it to: indices, int64 [M] twice.

    As in `bridge.groove.performance.quantise`: the loudest stays, of equals the earliest.
    """
    step = np.floor(played.onsets_steps * steps_a_beat / STEPS_PER_BEAT + 0.5).astype(np.int64)
    cell = step * VOICES + played.voices
    order = np.lexsort((played.onsets_steps, -played.velocities, cell))
    first = np.ones(len(order), dtype=bool)
    first[1:] = cell[order][1:] != cell[order][:-1]
    winner = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    return order[~first], winner[~first]


def main() -> None:
    """Measure and write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("zip", type=Path, help="the dataset's zip")
    parser.add_argument("--corpus", type=Path, default=Path("data/corpus"), help="what `prepare` made of it")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    with ZipFile(given.zip) as archive:
        found = measure(archive, given.corpus)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{given.output}: {found['corpus']['hits']:,} hits of {found['corpus']['files']} files measured.")


if __name__ == "__main__":
    main()
