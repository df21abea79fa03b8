"""A prepared corpus: every performance on its grid, once, and the windows of four bars that lie in it.

On disk it is a folder: `train.npz`, `validation.npz`, `test.npz` and `corpus.json`, the provenance (where
each file came from, its style, tempo and drummer, the counts, the sha256 of the source, what was skipped and
why). Windows overlap, so a split keeps its performances end to end and a window is only the step at which it
starts.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from bridge.groove.loop import BARS, STEPS, STEPS_PER_BAR
from bridge.groove.voices import VOICES

SPLITS = ("train", "validation", "test")
MANIFEST = "corpus.json"
VERSION = 1


class CorpusError(GroovebridgeError):
    """A prepared corpus that is missing, damaged or of another version."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Where one performance came from. `bpm` in quarter notes a minute; unknown words are empty."""

    path: str
    split: str
    bpm: float
    bars: int
    hits: int
    style: str = ""
    drummer: str = ""
    session: str = ""
    off_kit: int = 0

    @property
    def windows(self) -> int:
        """How many windows of four bars it has at a stride of one; 0 if it is shorter."""
        return max(0, self.bars - BARS + 1)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The provenance of a corpus. `skipped` counts the files that could not be used, by reason."""

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
    """The combinations of voices in hits [..., 9], uint8 [K, 9], the most frequent first, at most `most`.

    Equally frequent ones are ordered by their number (kick is bit 0), so that the table does not depend on
    chance.
    """
    bits = 1 << np.arange(VOICES)
    numbers = (np.asarray(hits).reshape(-1, VOICES) > 0.5) @ bits
    counts = np.bincount(numbers, minlength=2**VOICES)
    order = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())][:most]
    return ((order[:, None] & bits) > 0).astype(np.uint8)


def save_corpus(folder: Path, manifest: Manifest, splits: dict[str, Split]) -> None:
    """Write the corpus into an existing folder; the manifest comes last, so that half a corpus has none."""
    for name, split in splits.items():
        np.savez_compressed(
            folder / f"{name}.npz",
            hits=split.hits,
            velocities=split.velocities,
            offsets=split.offsets,
            first_step=split.first_step,
        )
    text = json.dumps(asdict(manifest), indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def load_manifest(folder: Path) -> Manifest:
    """Read a corpus's provenance; CorpusError if there is none here or it is not ours."""
    path = folder / MANIFEST
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = raw["version"]
        if version == VERSION:
            files = tuple(FileRecord(**record) for record in raw["files"])
            return Manifest(raw["source"], raw["sha256"], files, dict(raw["skipped"]))
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


def load_split(folder: Path, split: str) -> Split:
    """Read one split of a corpus; CorpusError if it is unknown, missing or damaged."""
    if split not in SPLITS:
        raise CorpusError(f"There is no split '{split}'. Choose one of {', '.join(SPLITS)}.")
    records = load_manifest(folder).of(split)
    try:
        with (
            (folder / f"{split}.npz").open("rb") as file,  # numpy leaves a damaged one open
            np.load(file, allow_pickle=False) as arrays,
        ):
            found = Split(
                arrays["hits"], arrays["velocities"], arrays["offsets"], arrays["first_step"], records
            )
    except Exception as error:  # numpy raises its own, zipfile's and zlib's errors for a damaged file
        raise CorpusError(
            f"The split '{split}' in {folder} cannot be read. Run `python -m training prepare` again."
        ) from error
    steps = sum(record.bars for record in records) * STEPS_PER_BAR
    if len(found.first_step) != len(records) or found.hits.shape != (steps, VOICES):
        raise CorpusError(
            f"The split '{split}' in {folder} does not fit its {MANIFEST}. Prepare the corpus again."
        )
    if not (np.isfinite(found.velocities).all() and np.isfinite(found.offsets).all()):
        raise CorpusError(
            f"The split '{split}' in {folder} holds values that are no numbers. Prepare the corpus again."
        )
    return found
