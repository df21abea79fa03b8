"""MIDI files to a prepared corpus, with every core.

    zip or folder --sources--> Source, Source, ... --one process a core: quantise--> Split arrays --> corpus

The Groove MIDI Dataset (anything with its `info.csv`) keeps its official split, and only its beats in 4/4
count. Any other folder of MIDI files is split by the sha256 of each file's bytes, 80 / 10 / 10: the same
bytes always fall into the same split, whatever else is in the folder, so no copy of a training file can slip
into the test.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import multiprocessing
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
from rich.console import Console
from rich.progress import Progress

from bridge.errors import GroovebridgeError
from bridge.groove.notemaps import NOTE_MAPS
from bridge.groove.performance import Grid, MidiFileError, quantise, read_performance
from bridge.groove.voices import VOICES
from training.archive import open_zip, read_member, sha256_of
from training.corpus import SPLITS, FileRecord, Manifest, Split, save_corpus

INFO = "info.csv"
NAMED = 20
"""So many unusable files are told by name; all of them are counted."""

_NOT_INFO = "info.csv is not that of the Groove MIDI Dataset: {}. Fetch it again."


class PrepareError(GroovebridgeError):
    """A source that no corpus can be made of, or a place where none can be written."""


@dataclass(frozen=True, slots=True)
class Source:
    """One MIDI file and what is known of it. `bpm` None: as the file says. `skip`: why it does not count."""

    path: str
    data: bytes
    split: str
    bpm: float | None = None
    style: str = ""
    drummer: str = ""
    session: str = ""
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """A source on its grid, or the reason why it is not."""

    record: FileRecord | None
    grid: Grid | None
    reason: str = ""


def prepare(
    source: Path, target: Path, console: Console, note_map: str | None = None, workers: int | None = None
) -> Manifest:
    """Make a corpus in the folder `target` (replaced if it is one) from a zip or a folder of MIDI files.

    note_map   "td11" for the Groove MIDI Dataset, "gm" for others, unless given
    workers    processes; None: one a core

    Files that cannot be used are left out, named on the console and counted by reason. PrepareError when none
    is left, the source is missing or the disk is full; what was in `target` before then stays.
    """
    sources, digest, is_groove = _sources(source)
    kit = note_map or ("td11" if is_groove else "gm")
    if kit not in NOTE_MAPS:
        raise PrepareError(f"There is no note map '{kit}'. Choose one of {', '.join(NOTE_MAPS)}.")
    if target.exists() and not target.is_dir():
        raise PrepareError(f"{target} is a file, not a folder. Choose another with --output.")
    if target.exists() and any(target.iterdir()) and not (target / "corpus.json").exists():
        raise PrepareError(f"{target} is a folder with other files in it. Choose another with --output.")
    if not sources:
        raise PrepareError(f"{source} holds no MIDI files (.mid). Give a zip or a folder that does.")
    skipped = Counter(item.skip for item in sources if item.skip)
    wanted = [item for item in sources if not item.skip]
    read = list(_read_all(wanted, kit, workers, console))
    unusable = [(item.path, found.reason) for item, found in zip(wanted, read, strict=True) if found.reason]
    for path, reason in unusable[:NAMED]:
        console.print(f"{path}: {reason}", markup=False, highlight=False, soft_wrap=True)
    skipped.update(reason for _, reason in unusable)
    used = [(item.record, item.grid) for item in read if item.record is not None and item.grid is not None]
    if not used:
        reasons = " ".join(f"{count} x {reason}" for reason, count in skipped.most_common(3))
        raise PrepareError(f"{source} has no performance to learn from: {reasons}")
    splits = {
        name: _join([(record, grid) for record, grid in used if record.split == name]) for name in SPLITS
    }
    records = tuple(record for name in SPLITS for record in splits[name].records)
    manifest = Manifest(source.name, digest, records, dict(sorted(skipped.items())))
    if not any(record.windows for record in records):
        raise PrepareError(f"{source} has no performance of four bars or more. Give longer ones.")
    _write(target, manifest, splits)
    return manifest


def read_one(source: Source, note_map: str) -> Read:
    """Read and quantise one file. Never raises for a bad file: the reason comes back instead."""
    try:
        performance = read_performance(source.data, NOTE_MAPS[note_map])
        grid = quantise(performance)
    except MidiFileError as error:
        return Read(None, None, str(error))
    bpm = source.bpm if source.bpm is not None else _tempo(source.data)
    record = FileRecord(
        source.path,
        source.split,
        bpm,
        grid.bars,
        int(grid.hits.sum()),
        source.style,
        source.drummer,
        source.session,
        performance.off_kit,
    )
    return Read(record, grid)


def split_of(data: bytes) -> str:
    """The split of a file by its bytes: one in ten is for validation, one in ten for the test."""
    share = int.from_bytes(hashlib.sha256(data).digest()[:8], "big") % 10
    return {0: "test", 1: "validation"}.get(share, "train")


def _sources(source: Path) -> tuple[list[Source], str, bool]:
    """All MIDI files of a zip or folder in a fixed order, the digest of the whole, whether this is Groove."""
    if source.is_file() and source.suffix.lower() in (".mid", ".midi"):
        raise PrepareError(f"{source} is one MIDI file. Give the folder that holds it and others.")
    if source.is_file():
        with open_zip(source) as (zipped, members):
            names = {member.filename: member for member in members if not member.is_dir()}
            info = next((name for name in sorted(names) if name.split("/")[-1] == INFO), None)
            if info is not None:
                root = info[: -len(INFO)]
                rows = _rows(read_member(zipped, names[info]))
                have = {name: row for name, row in rows.items() if root + name in names}
                _refuse_missing(source, rows, have)
                found = [
                    _of_groove(name, read_member(zipped, names[root + name]), row)
                    for name, row in have.items()
                ]
            else:
                midi = sorted(name for name in names if name.lower().endswith((".mid", ".midi")))
                found = [_of_any(name, read_member(zipped, names[name])) for name in midi]
        return found, sha256_of(source), info is not None
    if not source.is_dir():
        raise PrepareError(
            f"There is no file or folder {source}. Fetch the dataset with `python -m training fetch`."
        )
    try:
        if (source / INFO).is_file():
            rows = _rows((source / INFO).read_bytes())
            have = {name: row for name, row in rows.items() if (source / name).is_file()}
            _refuse_missing(source, rows, have)
            found = [_of_groove(name, (source / name).read_bytes(), row) for name, row in have.items()]
        else:
            paths = sorted(
                path
                for path in source.rglob("*")
                if path.suffix.lower() in (".mid", ".midi") and path.is_file()
            )
            found = [_of_any(path.relative_to(source).as_posix(), path.read_bytes()) for path in paths]
    except OSError as error:
        raise PrepareError(
            f"{source} cannot be read: {error.strerror or error}. Check its permissions."
        ) from error
    whole = hashlib.sha256()
    for item in found:
        whole.update(f"{item.path}\0{hashlib.sha256(item.data).hexdigest()}\n".encode())
    return found, whole.hexdigest(), (source / INFO).is_file()


def _rows(info: bytes) -> dict[str, dict[str, str]]:
    """The rows of Groove's `info.csv` by file name."""
    try:
        table = csv.DictReader(io.StringIO(info.decode("utf-8")))
        rows = {row.get("midi_filename", ""): row for row in table}
    except (UnicodeDecodeError, csv.Error) as error:
        raise PrepareError(_NOT_INFO.format("it is not a table in UTF-8")) from error
    if not rows:
        raise PrepareError(_NOT_INFO.format("it names no files"))
    needed = {"midi_filename", "split", "bpm", "style", "drummer", "session", "beat_type", "time_signature"}
    for row in rows.values():
        if (
            not needed <= {name for name, value in row.items() if value is not None}
            or row["split"] not in SPLITS
        ):
            raise PrepareError(_NOT_INFO.format("a column or split is missing"))
    return rows


def _refuse_missing(source: Path, rows: dict[str, dict[str, str]], have: dict[str, dict[str, str]]) -> None:
    if missing := len(rows) - len(have):
        raise PrepareError(
            f"{source} lacks {missing} of the {len(rows)} files that its info.csv names. Fetch it again."
        )


def _of_groove(name: str, data: bytes, row: dict[str, str]) -> Source:
    try:
        bpm = float(row["bpm"])
    except ValueError:
        bpm = math.nan
    if not 0 < bpm < math.inf:
        raise PrepareError(_NOT_INFO.format(f"the tempo {row['bpm']!r} of {name} is not a number of BPM"))
    skip = ""
    if row["beat_type"] != "beat":
        skip = f"A {row['beat_type']}, not a beat."
    elif row["time_signature"] != "4-4":
        skip = "Not in 4/4."
    return Source(name, data, row["split"], bpm, row["style"], row["drummer"], row["session"], skip)


def _of_any(name: str, data: bytes) -> Source:
    return Source(name, data, split_of(data))


def _read_all(sources: list[Source], kit: str, workers: int | None, console: Console) -> Iterator[Read]:
    """Read all sources in order, in processes of their own where that pays."""
    count = min(workers or os.cpu_count() or 1, max(1, len(sources) // 16))
    with Progress(console=console) as progress:
        if count == 1:
            for source in progress.track(sources, description="Reading"):
                yield read_one(source, kit)
            return
        # Spawned, not forked: a fork of a process with threads (torch's, rich's) can hang.
        with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
            results: Iterable[Read] = pool.map(read_one, sources, [kit] * len(sources), chunksize=16)
            yield from progress.track(results, total=len(sources), description="Reading")


def _join(parts: list[tuple[FileRecord, Grid]]) -> Split:
    """Performances end to end."""
    empty = Grid(
        np.zeros((0, VOICES), bool), np.zeros((0, VOICES), np.float32), np.zeros((0, VOICES), np.float32)
    )
    grids = [empty, *(grid for _, grid in parts)]
    lengths = np.array([len(grid.hits) for grid in grids], dtype=np.int64)
    return Split(
        np.concatenate([grid.hits for grid in grids]),
        np.concatenate([grid.velocities for grid in grids]),
        np.concatenate([grid.offsets for grid in grids]),
        np.cumsum(lengths)[:-1],
        tuple(record for record, _ in parts),
    )


def _write(target: Path, manifest: Manifest, splits: dict[str, Split]) -> None:
    """Write beside the target, then take its place."""
    fresh: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
        save_corpus(fresh, manifest, splits)
        if target.exists():
            shutil.rmtree(target)
        os.replace(fresh, target)  # noqa: PTH105 - a folder takes its place in one step
    except OSError as error:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)
        raise PrepareError(
            f"The corpus cannot be written to {target}: {error.strerror or error}. Free some space or "
            f"choose another folder."
        ) from error


def _tempo(data: bytes) -> float:
    """The file's first tempo in quarter notes a minute; 120, MIDI's default, where it names none."""
    for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(data)).tracks):
        if message.type == "set_tempo":
            return float(mido.tempo2bpm(message.tempo))
    return 120.0
