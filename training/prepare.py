"""MIDI files to a prepared corpus, with every core, however many files there are.

    zip or folder --sources--> Source, ... --processes: quantise, pack--> Read, ... --blocks--> shards

Files are read in the order of their list, some thousands at a time: a block. When a block is full its shards
are written and then the journal that says how far it got, so memory holds one block at most, and what is
killed goes on behind the last one when it is started again. All of it happens in `<target>.partial`, which
takes the target's place at the end.

The Groove MIDI Dataset (anything with its `info.csv`) keeps its official split, and only its beats in 4/4
count. Any other folder of MIDI files is split by the sha256 of each file's bytes, 80 / 10 / 10: the same
bytes always fall into the same split, whatever else is in the folder. Large collections are full of copies:
of files in which the same hits are played the first counts, whatever their names and their other bytes, so
none can slip from training into the test.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import shutil
import signal
import threading
from collections import Counter, deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from bridge.files import FileWriteError, write_atomically
from bridge.groove.notemaps import NOTE_MAPS
from bridge.groove.performance import MidiFileError, quantise, read_performance
from training.corpus import SPLITS, FileRecord, ShardCount, Summary, read_words, save_shard, save_summary
from training.shards import Shard
from training.sources import LISTING, Collection, PrepareError, Source, open_collection

NAMED = 20
"""So many unusable files are told by name; all of them are counted."""

MOST_BYTES = 2 * 2**20
"""No drum part takes more; the parser would need a hundred times as much memory."""

BLOCK_FILES = 4096
BLOCK_HITS = 4_000_000
JOURNAL = "progress.json"
COPY = "Its drums are a copy of another file's."

_REASONS = 100
_OTHER = "Other reasons."
_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Read:
    """What one file gave: its words and its hits, or the reason why there are none.

    sha256   of its bytes, "" where they cannot be read
    fault    the reason is a fault of the file, not that the dataset itself leaves it out
    """

    path: str
    sha256: str = ""
    record: FileRecord | None = None
    shard: Shard | None = None
    reason: str = ""
    fault: bool = True


@dataclass(slots=True)
class Journal:
    """How far a preparation got: `done` files of the list are in the shards or left out."""

    identity: str
    done: int = 0
    sha256: str = ""
    skipped: dict[str, int] = field(default_factory=dict)
    shards: list[ShardCount] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """Count a file that is left out; beyond a hundred reasons they are one."""
        key = reason if reason in self.skipped or len(self.skipped) < _REASONS else _OTHER
        self.skipped[key] = self.skipped.get(key, 0) + 1

    def write(self, work: Path) -> None:
        """Put it beside its shards. Raises FileWriteError."""
        write_atomically(work / JOURNAL, json.dumps(asdict(self)).encode())

    @staticmethod
    def load(work: Path, identity: str) -> Journal:
        """The journal of a preparation of the same files in the same way, or a fresh one."""
        try:
            raw = json.loads((work / JOURNAL).read_bytes())
            shards = [ShardCount(**shard) for shard in raw.pop("shards")]
            found = Journal(**raw, shards=shards)
        except (OSError, ValueError, KeyError, TypeError):
            return Journal(identity)
        return found if found.identity == identity else Journal(identity)


class Seen:
    """A set of 64-bit hashes that takes 16 to 32 bytes each: open addressing in one array."""

    def __init__(self) -> None:
        self._slots: NDArray[np.uint64] = np.zeros(1 << 16, np.uint64)
        self._count = 0

    def add(self, value: int) -> bool:
        """Whether `value`, 1..2**64 - 1, is new; it is in the set from now on."""
        if 2 * self._count >= len(self._slots):
            old = self._slots[self._slots != 0]
            self._slots = np.zeros(2 * len(self._slots), np.uint64)
            for known in old.tolist():
                self._slots[self._place(known)] = known
        place = self._place(value)
        if self._slots[place]:
            return False
        self._slots[place] = value
        self._count += 1
        return True

    def _place(self, value: int) -> int:
        """Where `value` is, or the free slot where it would be."""
        last = len(self._slots) - 1
        place = value & last
        while self._slots[place] not in (0, value):
            place = (place + 1) & last
        return place


def prepare(
    source: Path, target: Path, console: Console, note_map: str | None = None, workers: int | None = None
) -> Summary:
    """Make a corpus in the folder `target` (replaced if it is one) from a zip or a folder of MIDI files.

    note_map   "td11" for the Groove MIDI Dataset, "gm" for others, unless given
    workers    processes; None: one a core

    Files that cannot be used are left out, named on the console (the first twenty) and counted by reason.
    PrepareError when none is left, the source is missing, the disk is full or a process is killed; what was
    in `target` before then stays, and what was read is taken up when the same preparation is started again.
    """
    if note_map is not None and note_map not in NOTE_MAPS:
        raise PrepareError(f"There is no note map '{note_map}'. Choose one of {', '.join(NOTE_MAPS)}.")
    if target.exists() and not target.is_dir():
        raise PrepareError(f"{target} is a file, not a folder. Choose another with --output.")
    if target.exists() and any(target.iterdir()) and not (target / "corpus.json").exists():
        raise PrepareError(f"{target} is a folder with other files in it. Choose another with --output.")
    work = target.absolute().with_name(f"{target.absolute().name}.partial")
    with _keeping(work, target):
        work.mkdir(parents=True, exist_ok=True)
        with open_collection(source, work) as collection:
            kit = note_map or ("td11" if collection.is_groove else "gm")
            journal = Journal.load(work, f"{collection.identity} {kit} {source.absolute()}")
            if journal.done:
                console.print(
                    f"Going on behind the {journal.done:,} of {collection.count:,} files read before.",
                    soft_wrap=True,
                )
            else:
                (work / JOURNAL).unlink(missing_ok=True)
            _clear(work, journal)
            _read_blocks(collection, kit, work, journal, workers, console)
            sha256 = collection.identity if source.is_file() else journal.sha256
        summary = Summary(
            source.name,
            sha256,
            tuple(sorted(journal.shards, key=lambda shard: SPLITS.index(shard.split))),
            dict(sorted(journal.skipped.items())),
        )
        if not any(shard.every for shard in summary.shards):
            shutil.rmtree(work)
            if summary.shards:
                raise PrepareError(f"{source} has no performance of four bars or more. Give longer ones.")
            reasons = " ".join(f"{count} x {why}" for why, count in Counter(journal.skipped).most_common(3))
            raise PrepareError(f"{source} has no performance to learn from: {reasons}")
        save_summary(work, summary)
        if target.exists():
            shutil.rmtree(target)
        os.replace(work, target)  # noqa: PTH105 - a folder takes its place in one step
        for name in (JOURNAL, LISTING):
            (target / name).unlink(missing_ok=True)
    return summary


def read_one(source: Source, note_map: str) -> Read:
    """Read, quantise and pack one file. Never raises for a bad file: the reason comes back instead."""
    try:
        data = source.at if isinstance(source.at, bytes) else _bytes_of(source.at)
        digest = hashlib.sha256(data).hexdigest()
        if source.skip:
            return Read(source.path, digest, reason=source.skip, fault=False)
        if len(data) > MOST_BYTES:
            return Read(source.path, digest, reason="Larger than 2 MiB, too large for a drum part.")
        performance = read_performance(data, NOTE_MAPS[note_map])
        grid = quantise(performance)
    except MidiFileError as error:
        return Read(source.path, digest, reason=_general(str(error)))
    except OSError as error:
        return Read(source.path, reason=f"Cannot be read: {error.strerror or type(error).__name__}.")
    except Exception as error:  # one of a million files must not end the run
        return Read(source.path, reason=f"Cannot be understood ({type(error).__name__}).")
    bpm = source.bpm if source.bpm is not None else performance.bpm
    shard = Shard.pack(grid.hits, grid.velocities, grid.offsets, bpm)
    record = FileRecord(
        source.path,
        source.split or split_of(data),
        bpm,
        grid.bars,
        int(grid.hits.sum()),
        source.style,
        source.drummer,
        source.session,
        performance.off_kit,
        hashlib.sha256(shard.bars.tobytes() + shard.hits.tobytes()).hexdigest()[:16],
    )
    return Read(source.path, digest, record, shard)


def split_of(data: bytes) -> str:
    """The split of a file by its bytes: one in ten is for validation, one in ten for the test."""
    share = int.from_bytes(hashlib.sha256(data).digest()[:8], "big") % 10
    return {0: "test", 1: "validation"}.get(share, "train")


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _general(reason: str) -> str:
    """A sentence on one file as one on all of its kind: without what is in brackets."""
    return re.sub(r" \([^()]*(\([^()]*\)[^()]*)*\)", "", reason)


def _read_blocks(
    collection: Collection, kit: str, work: Path, journal: Journal, workers: int | None, console: Console
) -> None:
    """Read what is left of a collection, and write it block by block."""
    seen = Seen()
    for drumming in _drumming(work, journal):
        seen.add(drumming)
    left = collection.count - journal.done
    processes = min(workers or os.cpu_count() or 1, max(1, left // _CHUNK))
    block: list[Read] = []
    files = hits = named = 0
    with (
        Progress(console=console) as progress,
        closing(_read_all(collection.sources(journal.done), kit, processes)) as results,
    ):
        for read in progress.track(results, total=left, description="Reading"):
            line = f"{journal.sha256}\0{read.path}\0{read.sha256}\n"
            journal.sha256 = hashlib.sha256(line.encode(errors="surrogateescape")).hexdigest()
            journal.done += 1
            files += 1
            if read.record is None:
                journal.skip(read.reason)
                if read.fault and named < NAMED:
                    named += 1
                    line = f"{read.path}: {read.reason}"
                    console.print(line, markup=False, highlight=False, soft_wrap=True)
            elif not collection.is_groove and not seen.add(_number(read.record)):
                journal.skip(COPY)
            else:
                block.append(read)
                hits += read.record.hits
            if files >= BLOCK_FILES or hits >= BLOCK_HITS or journal.done == collection.count:
                _write_block(block, work, journal)
                block, files, hits = [], 0, 0


def _read_all(sources: Iterator[Source], kit: str, processes: int) -> Generator[Read, None, None]:
    """Read sources in their order, in processes of their own where that pays; few are under way at once."""
    if processes == 1:
        yield from (read_one(source, kit) for source in sources)
        return
    # Spawned, not forked: a fork of a process with threads (torch's, rich's) can hang.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=_serve)
    try:
        waiting: deque[Future[list[Read]]] = deque()
        while (chunk := list(islice(sources, _CHUNK))) or waiting:
            if chunk:
                waiting.append(pool.submit(_read_chunk, chunk, kit))
            if len(waiting) > 4 * processes or not chunk:
                yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _serve() -> None:
    """A worker leaves Ctrl-C to its parent, and ends when that is gone, however it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _read_chunk(sources: list[Source], kit: str) -> list[Read]:
    return [read_one(source, kit) for source in sources]


def _write_block(block: list[Read], work: Path, journal: Journal) -> None:
    """Write a block's shards, one a split, and then the journal, which makes them count."""
    for split in SPLITS:
        mine = [read for read in block if read.record is not None and read.record.split == split]
        if not mine:
            continue
        name = f"{split}-{sum(shard.split == split for shard in journal.shards):05d}"
        shard = Shard.join(read.shard for read in mine if read.shard is not None)
        records = [read.record for read in mine if read.record is not None]
        journal.shards.append(save_shard(work, name, split, shard, records))
    journal.write(work)


def _drumming(work: Path, journal: Journal) -> Iterator[int]:
    """The hashes of all performances that are in the shards already."""
    for shard in journal.shards:
        for record in read_words(work, shard.name):
            yield _number(record)


def _number(record: FileRecord) -> int:
    return int(record.drumming, 16) or 1


def _clear(work: Path, journal: Journal) -> None:
    """Remove what an earlier start left behind its journal."""
    names = {shard.name for shard in journal.shards}
    for path in work.iterdir():
        if path.name not in (JOURNAL, LISTING) and path.name.split(".")[0] not in names:
            path.unlink()


@contextmanager
def _keeping(work: Path, target: Path) -> Iterator[None]:
    """Say what went wrong in a sentence; keep what can be taken up again and nothing else."""
    try:
        yield
    except BaseException as error:
        kept = (work / JOURNAL).is_file()
        if not kept and work.is_dir():
            shutil.rmtree(work, ignore_errors=True)
        then = " What was read is kept: the same command goes on from there." if kept else ""
        if isinstance(error, KeyboardInterrupt) and kept:
            raise PrepareError(f"Stopped.{then}") from error
        if isinstance(error, BrokenProcessPool):
            raise PrepareError(
                f"A process was killed, perhaps for want of memory. Run it again with fewer --workers.{then}"
            ) from error
        cause = error.__cause__ if isinstance(error, FileWriteError) else error
        if isinstance(cause, OSError):
            raise PrepareError(
                f"The corpus cannot be written to {target}: {cause.strerror or cause}. Free some space or "
                f"choose another folder.{then}"
            ) from error
        raise
