"""A prepared corpus: every performance on its grid, once, and the windows of four bars that lie in it.

On disk it is a folder of shards (`training.shards`), some thousands of files each, so that preparing and
training never hold it whole. Beside each shard lie the words on its files, `train-00000.jsonl`, one line a
file; `corpus.json` has the provenance: where the files came from, the sha256, the counts of each shard, what
was left out and why. Windows overlap, so performances are kept end to end and a window is only the bar at
which it starts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR
from bridge.groove.voices import VOICES
from training.shards import Dense, Shard, Windows

SPLITS = ("train", "validation", "test")
MANIFEST = "corpus.json"
VERSION = 2
_DENSE_VERSION = 1
"""Still read: `corpus.json` names all files, and a split is one .npz of dense arrays."""


class CorpusError(GroovebridgeError):
    """A prepared corpus that is missing, damaged or of another version."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Where one performance came from. `bpm` in quarter notes a minute; unknown words are empty.

    `drumming` is a hash of what is played, 16 hexadecimal digits: copies of one performance share it.
    """

    path: str
    split: str
    bpm: float
    bars: int
    hits: int
    style: str = ""
    drummer: str = ""
    session: str = ""
    off_kit: int = 0
    drumming: str = ""

    @property
    def windows(self) -> int:
        """How many windows of four bars it has at a stride of one; 0 if it is shorter."""
        return max(0, self.bars - BARS + 1)


@dataclass(frozen=True, slots=True)
class ShardCount:
    """What is in a shard.

    short           files that are too short for a window
    every, apart    windows at a stride of one bar, and of four
    """

    name: str
    split: str
    files: int = 0
    short: int = 0
    bars: int = 0
    hits: int = 0
    every: int = 0
    apart: int = 0

    @staticmethod
    def of(name: str, split: str, records: Iterable[FileRecord]) -> ShardCount:
        """The counts of some files."""
        files = list(records)
        windows = [record.windows for record in files]
        return ShardCount(
            name,
            split,
            len(files),
            sum(not count for count in windows),
            sum(record.bars for record in files),
            sum(record.hits for record in files),
            sum(windows),
            sum(-(-count // BARS) for count in windows),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """A corpus without the words on its files: small, however many there are."""

    source: str
    sha256: str
    shards: tuple[ShardCount, ...]
    skipped: dict[str, int] = field(default_factory=dict)
    version: int = VERSION

    def of(self, split: str) -> tuple[ShardCount, ...]:
        """The split's shards, in order."""
        return tuple(shard for shard in self.shards if shard.split == split)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The provenance of a corpus with all its files. `skipped` counts what could not be used, by reason."""

    source: str
    sha256: str
    files: tuple[FileRecord, ...]
    skipped: dict[str, int] = field(default_factory=dict)
    version: int = VERSION

    def of(self, split: str) -> tuple[FileRecord, ...]:
        """The split's files, in the order in which its arrays hold them."""
        return tuple(record for record in self.files if record.split == split)


@dataclass(frozen=True, slots=True, eq=False)
class Loops:
    """N loops as arrays, and where each came from.

    hits, velocities, offsets   float32 [N, 64, 9]
    files                       int64 [N]: the index of the loop's file in the split
    bpm                         float32 [N]: the file's tempo
    """

    hits: NDArray[np.float32]
    velocities: NDArray[np.float32]
    offsets: NDArray[np.float32]
    files: NDArray[np.int64]
    bpm: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One split: its performances end to end on their grids, and the windows of four bars in them.

    hits          bool    [S, 9], S the steps of all files together; velocities and offsets float32 [S, 9]
    first_step    int64   [F]: where each file begins
    records       the F files
    """

    hits: NDArray[np.bool_]
    velocities: NDArray[np.float32]
    offsets: NDArray[np.float32]
    first_step: NDArray[np.int64]
    records: tuple[FileRecord, ...]

    def windows(self, stride_bars: int = 1, bars: int = BARS) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First step and file of each window of `bars` bars in its file, one every `stride_bars` bars."""
        starts, files = [], []
        for index, (first, record) in enumerate(zip(self.first_step, self.records, strict=True)):
            places = np.arange(0, record.bars - bars + 1, stride_bars, dtype=np.int64)
            starts.append(first + places * STEPS_PER_BAR)
            files.append(np.full(len(places), index, dtype=np.int64))
        if not starts:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return np.concatenate(starts), np.concatenate(files)

    def loops(self, stride_bars: int = 1) -> Loops:
        """The windows as arrays: a stride of 1 for training, of 4 (no overlap) for evaluation."""
        starts, files = self.windows(stride_bars)
        steps = starts[:, None] + np.arange(STEPS)
        tempi = np.array([record.bpm for record in self.records], dtype=np.float32)
        return Loops(
            self.hits[steps].astype(np.float32),
            self.velocities[steps],
            self.offsets[steps],
            files,
            tempi[files],
        )


def hit_table(hits: NDArray[np.generic], most: int = 512) -> NDArray[np.uint8]:
    """The combinations of voices in hits [..., 9], uint8 [K, 9], the most frequent first, at most `most`."""
    numbers = (np.asarray(hits).reshape(-1, VOICES) > 0.5) @ (1 << np.arange(VOICES))
    return table_of(np.bincount(numbers, minlength=2**VOICES), most)


def table_of(counts: NDArray[np.int64], most: int = 512) -> NDArray[np.uint8]:
    """The combinations that occur, of the counts [512] of all, uint8 [K, 9], the most frequent first.

    Equally frequent ones are ordered by their number (kick is bit 0), so that the table does not depend on
    chance.
    """
    order = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())][:most]
    return ((order[:, None] & (1 << np.arange(VOICES))) > 0).astype(np.uint8)


def save_corpus(folder: Path, manifest: Manifest, splits: dict[str, Split]) -> None:
    """Write splits that are in memory into an existing folder, a shard each. Raises OSError.

    The words on the files are the manifest's.
    """
    shards = []
    for name, split in splits.items():
        records = manifest.of(name)
        packed = _packed(replace(split, records=records))
        shards.append(save_shard(folder, f"{name}-00000", name, packed, records))
    save_summary(folder, Summary(manifest.source, manifest.sha256, tuple(shards), manifest.skipped))


def save_shard(
    folder: Path, name: str, split: str, shard: Shard, records: Iterable[FileRecord]
) -> ShardCount:
    """Write a shard and the words on its files. Raises OSError."""
    files = tuple(records)
    lines = "".join(json.dumps(asdict(record)) + "\n" for record in files)
    (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    shard.save(folder, name)
    return ShardCount.of(name, split, files)


def read_words(folder: Path, name: str) -> Iterator[FileRecord]:
    """The words on a shard's files, in order. Raises OSError, ValueError and TypeError for a damaged one."""
    with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
        yield from (FileRecord(**json.loads(line)) for line in lines)


def save_summary(folder: Path, summary: Summary) -> None:
    """Write what makes a folder of shards a corpus; it comes last. Raises OSError."""
    text = json.dumps(asdict(summary), indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def load_summary(folder: Path) -> Summary:
    """Read what a corpus is; CorpusError if there is none here or it is not ours."""
    path = folder / MANIFEST
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = raw["version"]
        if version == VERSION:
            shards = tuple(ShardCount(**shard) for shard in raw["shards"])
            return Summary(raw["source"], raw["sha256"], shards, dict(raw["skipped"]))
        if version == _DENSE_VERSION:
            records = [FileRecord(**record) for record in raw["files"]]
            shards = tuple(
                ShardCount.of(name, name, [record for record in records if record.split == name])
                for name in SPLITS
            )
            return Summary(raw["source"], raw["sha256"], shards, dict(raw["skipped"]), version)
    except FileNotFoundError as error:
        raise CorpusError(
            f"{folder} holds no prepared corpus ({MANIFEST} is missing). Make one with `python -m training "
            f"prepare`."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{path} cannot be read as a corpus. Run `python -m training prepare` again."
        ) from error
    raise CorpusError(
        f"{folder} holds a corpus of version {version}, this program reads {VERSION}. Prepare it again."
    )


def load_manifest(folder: Path) -> Manifest:
    """Read a corpus's provenance with all its files; CorpusError if there is none here or it is not ours."""
    summary = load_summary(folder)
    files = tuple(record for split in SPLITS for record in _records(folder, summary, split))
    return Manifest(summary.source, summary.sha256, files, summary.skipped, summary.version)


def load_split(folder: Path, split: str) -> Split:
    """Read one split of a corpus whole; CorpusError if it is unknown, missing or damaged."""
    if split not in SPLITS:
        raise CorpusError(f"There is no split '{split}'. Choose one of {', '.join(SPLITS)}.")
    summary = load_summary(folder)
    records = tuple(_records(folder, summary, split))
    try:
        if summary.version == _DENSE_VERSION:
            hits, velocities, offsets = _dense_arrays(folder / f"{split}.npz")
        else:
            shards = (Shard.open(folder, shard.name) for shard in summary.of(split))
            hits, velocities, offsets = Shard.join(shards).dense()
    except Exception as error:  # numpy raises its own, zipfile's and zlib's errors for a damaged file
        raise _damaged(folder, split) from error
    bars = np.array([record.bars for record in records], dtype=np.int64)
    if hits.shape != (bars.sum() * STEPS_PER_BAR, VOICES):
        raise CorpusError(
            f"The split '{split}' in {folder} does not fit its {MANIFEST}. Prepare the corpus again."
        )
    if not (np.isfinite(velocities).all() and np.isfinite(offsets).all()):
        raise CorpusError(
            f"The split '{split}' in {folder} holds values that are no numbers. Prepare the corpus again."
        )
    return Split(hits, velocities, offsets, (np.cumsum(bars) - bars) * STEPS_PER_BAR, records)


def open_windows(folder: Path, split: str, stride_bars: int = 1) -> Windows:
    """The windows of a split, to be cut from the disk as they are wanted; CorpusError if it is damaged."""
    summary = load_summary(folder)
    if summary.version == _DENSE_VERSION:
        return Windows(_packed(load_split(folder, split)), stride_bars=stride_bars)
    shards = summary.of(split)
    try:
        windows = Windows(folder, tuple(shard.name for shard in shards), stride_bars)
    except Exception as error:  # numpy raises errors of many kinds for a damaged file
        raise _damaged(folder, split) from error
    if len(windows.bpm) != sum(shard.files for shard in shards):
        raise CorpusError(
            f"The split '{split}' in {folder} does not fit its {MANIFEST}. Prepare the corpus again."
        )
    return windows


def loops_of(windows: Windows, most: int) -> Loops:
    """The windows as loops; of more than `most` so many, evenly spaced."""
    count = min(len(windows), most)
    chosen = np.arange(count, dtype=np.int64) * len(windows) // max(1, count)
    hits, velocities, offsets = windows.cut(chosen)
    files = windows.files(chosen)
    return Loops(hits.astype(np.float32), velocities, offsets, files, windows.bpm[files])


def _packed(split: Split) -> Shard:
    ends = [*split.first_step[1:], len(split.hits)]
    return Shard.join(
        Shard.pack(split.hits[first:end], split.velocities[first:end], split.offsets[first:end], record.bpm)
        for first, end, record in zip(split.first_step, ends, split.records, strict=True)
    )


def _records(folder: Path, summary: Summary, split: str) -> Iterator[FileRecord]:
    """The words on a split's files, in order."""
    try:
        if summary.version == _DENSE_VERSION:
            raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            yield from (FileRecord(**record) for record in raw["files"] if record["split"] == split)
            return
        for shard in summary.of(split):
            yield from read_words(folder, shard.name)
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(folder, split) from error


def _dense_arrays(path: Path) -> Dense:
    with (
        path.open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):  # numpy leaves a damaged one open
        return arrays["hits"], arrays["velocities"], arrays["offsets"]


def _damaged(folder: Path, split: str) -> CorpusError:
    return CorpusError(
        f"The split '{split}' in {folder} cannot be read. Run `python -m training prepare` again."
    )
