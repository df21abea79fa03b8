"""The Groove MIDI Dataset's zip: fetched, verified, and opened without trusting what is in it."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from bridge.errors import GroovebridgeError

GROOVE_URL = "https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0-midionly.zip"
GROOVE_SHA256 = "651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e"
GROOVE_BYTES = 3_260_318

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 2**30
_CHUNK = 1 << 16


class ArchiveError(GroovebridgeError):
    """A zip that cannot be fetched, is not what it should be, or is not safe to unpack."""


def sha256_of(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(
    folder: Path, source: Path | None, console: Console, url: str = GROOVE_URL, sha256: str = GROOVE_SHA256
) -> Path:
    """Put the dataset into `folder`, from `source` (a zip on this machine) or from `url`; return the unpacked
    folder.

    The zip is verified before anything of it is unpacked, and both the zip and its folder appear whole or not
    at all. ArchiveError, a sentence, when the address cannot be reached, the sha256 differs or the disk is
    full.
    """
    target = folder / "groove"
    if target.is_dir() and any(target.iterdir()) and not (target / "info.csv").is_file():
        raise ArchiveError(
            f"{target} is a folder with other files in it, where the dataset would go. Choose another folder "
            "with --output."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as name:
            work = Path(name)
            archive = work / "archive.zip"
            if source is None:
                _download(url, archive, console)
            else:
                _copy(source, archive)
            found = sha256_of(archive)
            if found != sha256:
                raise ArchiveError(
                    f"{source or url} is not the Groove MIDI Dataset v1.0.0: its sha256 is {found}, it "
                    f"should be {sha256}. "
                    "Fetch it again; if it stays so, get it from "
                    "https://magenta.tensorflow.org/datasets/groove."
                )
            unpacked = unpack(archive, work / "unpacked")
            tops = sorted(unpacked.iterdir())
            if target.exists():
                shutil.rmtree(target)
            os.replace(tops[0] if len(tops) == 1 else unpacked, target)  # noqa: PTH105
            os.replace(archive, folder / "groove-v1.0.0-midionly.zip")  # noqa: PTH105
            return target
    except OSError as error:
        raise ArchiveError(
            f"The dataset cannot be written to {folder}: {error.strerror or error}. Free some space or "
            f"choose another folder."
        ) from error


def unpack(archive: Path, target: Path) -> Path:
    """Unpack a zip into the new folder `target` and return it; ArchiveError if it is damaged or not safe."""
    with open_zip(archive) as (zipped, members):
        for member in members:
            place = target.joinpath(*PurePosixPath(member.filename).parts)
            if member.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(read_member(zipped, member))
    return target


@contextmanager
def open_zip(path: Path) -> Iterator[tuple[ZipFile, list[ZipInfo]]]:
    """Open a zip and yield it with its members, all of which are safe to unpack.

    ArchiveError if the file is missing or damaged, or if a member leaves the folder, is a link, or is too
    large.
    """
    try:
        with ZipFile(path) as zipped:
            yield zipped, _safe_members(path, zipped)
    except FileNotFoundError as error:
        raise ArchiveError(
            f"There is no file {path}. Check the path, or fetch the dataset without --from."
        ) from error
    except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ArchiveError(f"{path} is damaged or not a zip ({error}). Fetch or copy it again.") from error


def read_member(zipped: ZipFile, member: ZipInfo) -> bytes:
    """A member's bytes; ArchiveError if there are more of them than it declares (a zip bomb)."""
    with zipped.open(member) as file:
        data = file.read(MAX_MEMBER_BYTES + 1)
    if len(data) != member.file_size:
        raise ArchiveError(
            f"{zipped.filename} is damaged: {member.filename} is not as long as it says. Fetch it again."
        )
    return data


def _safe_members(path: Path, zipped: ZipFile) -> list[ZipInfo]:
    members = zipped.infolist()
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
        raise ArchiveError(
            f"{path} would unpack to more than 1 GiB or {MAX_MEMBERS:,} files. Check where it comes from, "
            "unpack it yourself and give the folder."
        )
    for member in members:
        parts = PurePosixPath(member.filename).parts
        if member.flag_bits & 0x1:
            raise ArchiveError(f"{path} is encrypted. Give the dataset's zip as its authors publish it.")
        is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
        outside = (
            member.filename.startswith("/")
            or ".." in parts
            or "\\" in member.filename
            or ":" in member.filename
        )
        if outside or is_link or member.file_size > MAX_MEMBER_BYTES:
            raise ArchiveError(
                f"{path} is not safe to unpack: {member.filename!r} points outside the folder or is too "
                f"large. "
                "Check where it comes from."
            )
    return members


def _copy(source: Path, archive: Path) -> None:
    try:
        with source.open("rb") as file, archive.open("wb") as out:
            shutil.copyfileobj(file, out)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise ArchiveError(
            f"{source} cannot be read: {error.strerror}. Give the path of the dataset's zip."
        ) from error


def _download(url: str, archive: Path, console: Console) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    try:
        with (
            urllib.request.urlopen(url, timeout=30) as answer,
            archive.open("wb") as out,
            Progress(*columns, console=console) as progress,
        ):
            size = int(answer.headers.get("Content-Length", GROOVE_BYTES))
            task = progress.add_task("Groove MIDI Dataset", total=size)
            for chunk in _chunks(answer):
                out.write(chunk)
                progress.advance(task, len(chunk))
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise ArchiveError(
            f"{url} cannot be reached: {reason}. Check the network, or download the zip elsewhere and give "
            f"it with --from."
        ) from error


def _chunks(answer: BinaryIO) -> Iterator[bytes]:
    total = 0
    while chunk := answer.read(_CHUNK):
        total += len(chunk)
        if total > MAX_MEMBER_BYTES:
            raise ArchiveError(
                "The download is far larger than the Groove MIDI Dataset (3.3 MB). Check the network."
            )
        yield chunk
