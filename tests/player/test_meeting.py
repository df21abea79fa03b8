"""Where a player without a studio and the next studio meet: nobody else gets in, and nothing is left."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from queue import SimpleQueue

import pytest

from bridge import __version__
from bridge.player import PlayerConfig, meeting
from bridge.player.meeting import Offer, take_up
from bridge.player.messages import Legacy

CONFIG = PlayerConfig(api="jack")
LEGACY = Legacy(CONFIG, (), b"memo")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the test's own; its name is short, as a socket's must be."""
    with tempfile.TemporaryDirectory(prefix="gb-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        yield Path(runtime, "groovebridge")


class Waiting:
    """A player that offers itself, and gives what it has to the studio that comes."""

    def __init__(self) -> None:
        self.pipes: SimpleQueue[Connection] = SimpleQueue()
        self.offer = Offer(lambda wanted: wanted in (None, CONFIG), self._taken)

    def _taken(self, pipe: Connection) -> None:
        pipe.send(LEGACY)
        self.pipes.put(pipe)


@pytest.fixture
def waiting(folder: Path) -> Iterator[Waiting]:
    player = Waiting()
    while not list(folder.glob("*.json")):
        pass
    yield player
    player.offer.close()
    while not player.pipes.empty():
        player.pipes.get().close()


@pytest.mark.parametrize("wanted", [None, CONFIG])
def test_a_studio_takes_up_a_player_that_suits_it_and_they_can_talk(
    waiting: Waiting, wanted: PlayerConfig | None
) -> None:
    orphan = take_up(wanted)
    assert orphan is not None
    assert orphan.legacy == LEGACY
    assert orphan.pid == os.getpid()
    orphan.pipe.send("play")
    assert waiting.pipes.get(timeout=5).recv() == "play"
    orphan.pipe.close()


def test_a_player_that_was_not_wanted_waits_on_and_one_that_was_taken_is_gone(waiting: Waiting) -> None:
    assert take_up(PlayerConfig(api="alsa")) is None
    orphan = take_up(CONFIG)
    assert orphan is not None
    orphan.pipe.close()
    assert take_up(None) is None


def test_one_without_the_key_is_sent_away(waiting: Waiting, folder: Path) -> None:
    address = json.loads(next(folder.glob("*.json")).read_text())["address"]
    with pytest.raises((OSError, EOFError, AuthenticationError)):
        Client(address, authkey=b"guess").recv()
    Client(address).close()
    orphan = take_up(None)
    assert orphan is not None
    orphan.pipe.close()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has other permissions")
def test_only_this_user_can_look_and_the_folder_of_another_is_not_trusted(
    waiting: Waiting, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(next(folder.glob("*.json")).stat().st_mode) == 0o600
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert take_up(None) is None


def test_a_withdrawn_offer_leaves_nothing(waiting: Waiting, folder: Path) -> None:
    waiting.offer.close()
    waiting.offer.close()
    assert list(folder.iterdir()) == []
    assert take_up(None) is None


def test_what_a_crash_left_is_cleared(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    address = str(folder / "player-1.sock")
    Listener(address)._listener._socket.close()  # type: ignore[attr-defined]
    note = folder / "player-1.json"
    note.write_text(json.dumps({"version": __version__, "pid": 1, "address": address, "key": "00"}))
    assert take_up(None) is None
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", '{"version": "0.0.0"}', "{}"])
def test_a_note_that_is_broken_or_of_another_version_is_passed_by(folder: Path, content: str) -> None:
    folder.mkdir(mode=0o700)
    (folder / "player-1.json").write_text(content)
    assert take_up(None) is None


@pytest.mark.parametrize(
    "answer", [b"", b"\x80\x04K\x01.", b"cbridge.nothing\nLegacy\n.", b"cbridge\nNothing\n."]
)
def test_a_player_that_speaks_otherwise_is_passed_by(folder: Path, answer: bytes) -> None:
    offer = Offer(lambda _: True, lambda pipe: pipe.send_bytes(answer))
    while not list(folder.glob("*.json")):
        pass
    assert take_up(None) is None
    offer.close()


def test_a_player_that_stands_still_does_not_hold_up_a_studio(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting, "ANSWER_S", 0.1)
    folder.mkdir(mode=0o700)
    address = str(folder / "player-1.sock")
    with Listener(address):  # it listens, and accepts nobody
        note = folder / "player-1.json"
        note.write_text(json.dumps({"version": __version__, "pid": 1, "address": address, "key": "00"}))
        assert take_up(None) is None


def test_where_there_is_no_place_to_meet_nobody_comes(folder: Path) -> None:
    folder.touch()  # a file where the folder should be
    offer = Offer(lambda _: True, lambda _: None)
    assert take_up(None) is None
    offer.close()
