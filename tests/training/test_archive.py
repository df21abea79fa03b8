"""Fetching: what arrives is the dataset, whole, or nothing."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from rich.console import Console

from training.archive import MAX_MEMBER_BYTES, ArchiveError, fetch, open_zip, read_member, sha256_of, unpack

GrooveZip = Callable[[Path], Path]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_a_local_zip_is_verified_and_unpacked(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    archive = groove_zip(tmp_path / "a.zip")
    folder = fetch(tmp_path / "data", archive, quiet_console, sha256=sha256(archive))
    assert (folder / "info.csv").read_text().startswith("drummer,session")
    assert (folder / "drummer1/session1/0.mid").read_bytes().startswith(b"MThd")
    assert names(tmp_path / "data") == {"groove", "groove-v1.0.0-midionly.zip"}


def test_a_download_gives_the_same_as_a_local_zip(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    archive = groove_zip(tmp_path / "a.zip")
    digest = sha256(archive)
    downloaded = fetch(tmp_path / "one", None, quiet_console, url=archive.as_uri(), sha256=digest)
    copied = fetch(tmp_path / "two", archive, quiet_console, sha256=digest)
    files = [
        sorted((p.relative_to(top), p.read_bytes()) for p in top.rglob("*.*")) for top in (downloaded, copied)
    ]
    assert files[0] == files[1]


def test_fetching_again_replaces_what_was_there(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    archive = groove_zip(tmp_path / "a.zip")
    folder = fetch(tmp_path / "data", archive, quiet_console, sha256=sha256(archive))
    (folder / "stray").write_text("old")
    fetch(tmp_path / "data", archive, quiet_console, sha256=sha256(archive))
    assert "stray" not in names(folder)


def test_a_folder_of_other_things_is_never_replaced(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    archive = groove_zip(tmp_path / "groove.zip")
    mine = tmp_path / "music" / "groove" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    with pytest.raises(ArchiveError, match="other files in it"):
        fetch(tmp_path / "music", archive, quiet_console, sha256=sha256_of(archive))
    assert mine.read_text() == "years of work"


def test_another_file_is_refused_and_nothing_is_written(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    with pytest.raises(ArchiveError, match=r"its sha256 is [0-9a-f]{64}, it should be 651cbc52"):
        fetch(tmp_path / "data", groove_zip(tmp_path / "a.zip"), quiet_console)
    assert names(tmp_path / "data") == set()


def test_an_address_that_cannot_be_reached_is_a_sentence(tmp_path: Path, quiet_console: Console) -> None:
    with pytest.raises(ArchiveError, match=r"cannot be reached: .*--from"):
        fetch(tmp_path / "data", None, quiet_console, url="http://127.0.0.1:9/groove.zip")
    assert names(tmp_path / "data") == set()


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path,
    groove_zip: GrooveZip,
    quiet_console: Console,
    full_disk: Callable[[], AbstractContextManager[None]],
) -> None:
    archive = groove_zip(tmp_path / "a.zip")
    with full_disk(), pytest.raises(ArchiveError, match=r"cannot be written to .*Free some space"):
        fetch(tmp_path / "data", archive, quiet_console, sha256=sha256(archive))
    assert names(tmp_path / "data") == set()


def test_a_missing_zip_is_a_sentence(tmp_path: Path, quiet_console: Console) -> None:
    with pytest.raises(ArchiveError, match=r"none.zip cannot be read"):
        fetch(tmp_path / "data", tmp_path / "none.zip", quiet_console)


@pytest.mark.parametrize("cut", [0, 10, 500, -30])
def test_a_damaged_zip_leaves_nothing_half_unpacked(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console, cut: int
) -> None:
    archive = groove_zip(tmp_path / "a.zip")
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(ArchiveError, match="damaged or not a zip"):
        fetch(tmp_path / "data", archive, quiet_console, sha256=sha256(archive))
    assert names(tmp_path / "data") == set()


def test_a_flipped_byte_inside_a_member_is_noticed(
    tmp_path: Path, groove_zip: GrooveZip, quiet_console: Console
) -> None:
    archive = groove_zip(tmp_path / "a.zip")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(ArchiveError):
        fetch(tmp_path / "data", archive, quiet_console, sha256=sha256(archive))
    assert names(tmp_path / "data") == set()


@pytest.mark.parametrize("name", ["../out.mid", "/out.mid", "a/../../out.mid", "..\\out.mid", "C:/out.mid"])
def test_a_member_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("first.mid", b"MThd")
        zipped.writestr(zipfile.ZipInfo(name), b"MThd")
    with pytest.raises(ArchiveError, match="not safe to unpack"):
        unpack(archive, tmp_path / "in" / "deep")
    assert names(tmp_path) == {"a.zip"}


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(link, "elsewhere")
    with pytest.raises(ArchiveError, match="not safe to unpack"):
        unpack(archive, tmp_path / "in")


def test_a_member_far_too_large_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("bomb.mid", bytes(MAX_MEMBER_BYTES + 1))
    assert archive.stat().st_size < 200_000
    with pytest.raises(ArchiveError, match="too large"):
        unpack(archive, tmp_path / "in")


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("a.mid", bytes(5000))
    data = archive.read_bytes()
    archive.write_bytes(data.replace(struct.pack("<L", 5000), struct.pack("<L", 7000)))
    with pytest.raises(ArchiveError), open_zip(archive) as (zipped, members):
        read_member(zipped, members[0])
