"""What there is to prepare: a zip or a folder of MIDI files, as a stream of sources in a fixed order.

A folder's list goes through the disk, sorted in runs that are merged, so that a million names take no memory.
"""

from __future__ import annotations

import csv
import hashlib
import heapq
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from bridge.errors import GroovebridgeError
from training.archive import open_zip, read_member, sha256_of
from training.corpus import SPLITS

INFO = "info.csv"
LISTING = "files.txt"
_RUN = 50_000
"""So many names are sorted in memory at once."""

_SUFFIXES = (".mid", ".midi")
_NOT_INFO = "info.csv is not that of the Groove MIDI Dataset: {}. Fetch it again."


class PrepareError(GroovebridgeError):
    """A source that no corpus can be made of, or a place where none can be written."""


@dataclass(frozen=True, slots=True)
class Source:
    """One MIDI file and what is known of it.

    at         the file, or its bytes
    split      "": by its bytes
    bpm        None: as the file says
    skip       why it does not count, "" if it does
    """

    path: str
    at: Path | bytes
    split: str = ""
    bpm: float | None = None
    style: str = ""
    drummer: str = ""
    session: str = ""
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """All sources of a zip or folder.

    identity   a hash of the list; for a zip, of the whole
    is_groove  it is the Groove MIDI Dataset: split and tempi are given, and no file is a copy
    sources    the stream from a place in the list on
    """

    name: str
    count: int
    identity: str
    is_groove: bool
    sources: Callable[[int], Iterator[Source]]


@contextmanager
def open_collection(source: Path, work: Path) -> Iterator[Collection]:
    """Look what there is in `source`; a folder's list is kept in the folder `work`, which must be there.

    PrepareError where there is nothing to prepare, or a dataset is not whole.
    """
    if source.is_file():
        if source.suffix.lower() in _SUFFIXES:
            raise PrepareError(f"{source} is one MIDI file. Give the folder that holds it and others.")
        with open_zip(source) as (zipped, members):
            yield _of_zip(source, zipped, members)
        return
    if not source.is_dir():
        raise PrepareError(
            f"There is no file or folder {source}. Fetch the dataset with `python -m training fetch`."
        )
    yield _of_folder(source, work)


def _of_zip(source: Path, zipped: ZipFile, members: list[ZipInfo]) -> Collection:
    names = {member.filename: member for member in members if not member.is_dir()}
    info = next((name for name in sorted(names) if name.split("/")[-1] == INFO), None)
    if info is not None:
        root = info[: -len(INFO)]
        rows = _rows(read_member(zipped, names[info]))
        _refuse_missing(source, rows, [name for name in rows if root + name not in names])

        def groove(start: int) -> Iterator[Source]:
            for name, row in islice(rows.items(), start, None):
                yield _of_groove(name, read_member(zipped, names[root + name]), row)

        return Collection(source.name, len(rows), sha256_of(source), True, groove)
    midi = sorted(name for name in names if name.lower().endswith(_SUFFIXES))
    _refuse_none(source, len(midi))

    def members_of(start: int) -> Iterator[Source]:
        return (Source(name, read_member(zipped, names[name])) for name in midi[start:])

    return Collection(source.name, len(midi), sha256_of(source), False, members_of)


def _of_folder(source: Path, work: Path) -> Collection:
    if (source / INFO).is_file():
        with _reading(source):
            info = (source / INFO).read_bytes()
        rows = _rows(info)
        _refuse_missing(source, rows, [name for name in rows if not (source / name).is_file()])

        def groove(start: int) -> Iterator[Source]:
            return (_of_groove(name, source / name, row) for name, row in islice(rows.items(), start, None))

        return Collection(source.name, len(rows), hashlib.sha256(info).hexdigest(), True, groove)
    listing = work / LISTING
    count = _list(source, listing)
    _refuse_none(source, count)

    def listed(start: int) -> Iterator[Source]:
        with listing.open(encoding="ascii") as lines:
            for line in islice(lines, start, None):
                name = json.loads(line)
                yield Source(name, source / name)

    return Collection(source.name, count, sha256_of(listing), False, listed)


def _list(source: Path, listing: Path) -> int:
    """Write the names of all MIDI files, sorted by folder and name, a JSON string a line; how many."""
    names = _walk(source)
    parts: list[Path] = []
    while run := list(islice(names, _RUN)):
        parts.append(listing.with_suffix(f".{len(parts)}"))
        _write_names(parts[-1], sorted(run, key=_order))
    with ExitStack() as opened:
        files = [opened.enter_context(part.open(encoding="ascii")) for part in parts]
        count = _write_names(listing, heapq.merge(*(map(json.loads, file) for file in files), key=_order))
    for part in parts:
        part.unlink()
    return count


def _walk(source: Path) -> Iterator[str]:
    """The MIDI files below a folder, relative to it, as the system lists them; links to folders are left."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with _reading(source / folder), os.scandir(source / folder) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)
                elif name.lower().endswith(_SUFFIXES) and entry.is_file():
                    yield name


@contextmanager
def _reading(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PrepareError(
            f"{place} cannot be read: {error.strerror or error}. Check its permissions."
        ) from error


def _order(name: str) -> list[str]:
    return name.split("/")


def _write_names(path: Path, names: Iterable[str]) -> int:
    count = 0
    with path.open("w", encoding="ascii") as file:
        for name in names:
            file.write(json.dumps(name) + "\n")
            count += 1
    return count


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
        try:
            bpm = float(row["bpm"])
        except ValueError:
            bpm = math.nan
        if not 0 < bpm < math.inf:
            raise PrepareError(
                _NOT_INFO.format(f"the tempo {row['bpm']!r} of {row['midi_filename']} is not a number of BPM")
            )
    return rows


def _refuse_missing(source: Path, rows: dict[str, dict[str, str]], missing: list[str]) -> None:
    if missing:
        raise PrepareError(
            f"{source} lacks {len(missing)} of the {len(rows)} files that its info.csv names. Fetch it again."
        )


def _refuse_none(source: Path, count: int) -> None:
    if not count:
        raise PrepareError(f"{source} holds no MIDI files (.mid). Give a zip or a folder that does.")


def _of_groove(name: str, at: Path | bytes, row: dict[str, str]) -> Source:
    skip = ""
    if row["beat_type"] != "beat":
        skip = f"A {row['beat_type']}, not a beat."
    elif row["time_signature"] != "4-4":
        skip = "Not in 4/4."
    bpm = float(row["bpm"])
    return Source(name, at, row["split"], bpm, row["style"], row["drummer"], row["session"], skip)
