"""A small world to train in: thirty made-up performances, and zips and corpora of them."""

from __future__ import annotations

import csv
import io
import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import mido
import numpy as np
import pytest
from rich.console import Console

from training.cli import main
from training.corpus import Loops
from training.prepare import prepare

Command = Callable[..., "subprocess.CompletedProcess[str]"]
COLUMNS = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split"
FIRST_SEED = 9  # with these thirty every split has four files or more

ROOT = Path(__file__).resolve().parents[2]


def performance_bytes(seed: int, bars: int, numerator: int = 4, bpm: float = 100.0) -> bytes:
    """A MIDI file: kick, snare and a hat or ride in one of a few patterns, played by hand."""
    draw = np.random.default_rng(seed)
    ticks = 480
    kicks = [(0, 8), (0, 6, 8), (0, 3, 8, 11), (0, 10)][seed % 4]
    top = [42, 51][seed // 4 % 2]
    notes = []
    for bar in range(bars):
        hits = [(step, 36) for step in kicks] + [(4, 38), (12, 38)]
        hits += [(step, top) for step in range(0, 16, [2, 1, 4][seed % 3])]
        if bar % 4 == 3:
            hits += [(14, 46), (15, 38)]
        for step, note in hits:
            late = draw.normal(0, 0.08)
            at = max(0, round((bar * 16 + step + late) * ticks / 4))
            notes.append((at, note, int(np.clip(draw.normal(90, 12), 1, 127))))
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
    track.append(mido.MetaMessage("time_signature", numerator=numerator, denominator=4))
    events = sorted(
        [(at, 1, note, velocity) for at, note, velocity in notes]
        + [(at + 30, 0, note, 0) for at, note, _ in notes]
    )
    now = 0
    for at, _, note, velocity in events:
        track.append(mido.Message("note_on", channel=9, note=note, velocity=velocity, time=at - now))
        now = at
    file = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=ticks, tracks=[track]).save(file=file)
    return file.getvalue()


@pytest.fixture(scope="session")
def make_performance() -> Callable[..., bytes]:
    return performance_bytes


@pytest.fixture(scope="session")
def midi_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty performances of 4 to 9 bars."""
    folder = tmp_path_factory.mktemp("midi")
    for seed in range(30):
        (folder / f"{seed:02d}.mid").write_bytes(performance_bytes(FIRST_SEED + seed, 4 + seed % 6))
    return folder


@pytest.fixture(scope="session")
def corpus(midi_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The thirty, prepared."""
    target = tmp_path_factory.mktemp("corpus") / "corpus"
    prepare(midi_folder, target, Console(file=io.StringIO()), workers=1)
    return target


@pytest.fixture(scope="session")
def loops(corpus: Path) -> Loops:
    """The training loops of the thirty, without overlap."""
    from training.corpus import load_split

    return load_split(corpus, "train").loops(stride_bars=4)


@pytest.fixture(scope="session")
def groove_zip() -> Callable[[Path], Path]:
    """Write a zip that looks like the Groove MIDI Dataset: 6 beats, a fill and a beat in 3/4."""

    def write(path: Path) -> Path:
        rows, members = [], {}
        splits = ["train", "train", "train", "validation", "test", "test", "train", "train"]
        for seed, split in enumerate(splits):
            beat = "fill" if seed == 6 else "beat"
            signature = "3-4" if seed == 7 else "4-4"
            session = "eval_session" if seed == 5 else "session1"
            name = f"drummer1/{session}/{seed}.mid"
            rows.append(
                [
                    "drummer1",
                    f"drummer1/{session}",
                    str(seed),
                    "funk",
                    str(90 + seed),
                    beat,
                    signature,
                    name,
                    "",
                    "1.0",
                    split,
                ]
            )
            members[name] = performance_bytes(seed, 3 if seed == 2 else 8, numerator=int(signature[0]))
        info = io.StringIO()
        csv.writer(info).writerows([COLUMNS.split(","), *rows])
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("groove/info.csv", info.getvalue())
            for name, data in members.items():
                zipped.writestr(f"groove/{name}", data)
        return path

    return write


@pytest.fixture(scope="session")
def training_environment() -> dict[str, str]:
    """Training runs beside other tests: one thread, and no accelerator that is not asked for."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "COLUMNS": "200"}


@pytest.fixture(scope="session")
def training_command(training_environment: dict[str, str]) -> Command:
    """Run `python -m training ...` to its end, as a user does."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command: Sequence[str] = [sys.executable, "-m", "training", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=training_environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small models gain nothing from torch's threads, which on a busy machine wait for each other."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextmanager
def _full_disk() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def full_disk() -> Callable[[], AbstractContextManager[None]]:
    """While it is entered the system refuses to write past 1 KiB of a file, as a full disk does."""
    return _full_disk


@pytest.fixture
def quiet_console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must fail as a user's mistake does; return what it says."""

    def run(*arguments: str | Path) -> str:
        monkeypatch.setattr(sys, "argv", ["training", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
        assert said.err.strip().endswith(".")
        return said.err

    return run
