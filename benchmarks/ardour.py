"""A real DAW at either end of the clock: Ardour, headless, records what we play and says where its bars are.

    python -m benchmarks.ardour              Ardour chases our MIDI clock, then leads us: three takes of each
    python -m benchmarks.ardour chases       only one of the two; the other is `leads`
    python -m benchmarks.ardour --bpm 97 --takes 1

For each take there is a JACK server without sound card, an empty session with one armed MIDI track, and our
player beside it. What is read is the recording in Ardour's own file, on Ardour's own time line: how far each
of our notes lies from the step that it belongs to, from bar 2 on (in bar 1 a DAW that chases is still drawing
level). A take with xruns says nothing and is repeated. It needs Debian's `ardour` (7.3) and `jackd2`.

What one has to know of Ardour 7.3: while it loads a session two of its threads speak to JACK at once, which
brings the server down now and then; one that does not want to be JACK's time master does it more rarely, and
a take in which it happens is repeated. It drops a recording when the MIDI clock that it chases stops, so it
is told to stop first. It writes the time since the recording began where the time since the last event
belongs.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import mido
import numpy as np

from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_BEAT, TICKS_PER_STEP, loop_notes
from bridge.player import PlayerConfig, PlayerLink
from bridge.player.messages import PortsOpened, Report, SetLoop, Start, Sync
from tests.support.jackd import JackServer

RATE = 48_000
PERIOD = 128
ATTEMPTS = 12
_R = TypeVar("_R")

_READ_LINES = """
for line in io.lines() do
  local chunk, fault = load(line)
  local ok, answer = false, fault
  if chunk then ok, answer = pcall(chunk) end
  print((ok and "=" or "!") .. tostring(answer))
  io.flush()
end
quit()
"""
_NEW_TRACK = """
local midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
Session:new_midi_track(midi, midi, true, ARDOUR.PluginInfo(), nil, nil, 1, "drums",
  ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
"""
_SET_TEMPO = """
local map = Temporal.TempoMap.write_copy()
map:set_tempo(Temporal.Tempo({bpm}, {bpm}, 4), Temporal.timepos_t(0))
Temporal.TempoMap.update(map)
"""
_ARM = """
local armed = Session:route_by_name("drums"):to_track():rec_enable_control()
armed:set_value(1, PBD.GroupControlDisposition.NoGroup)
"""
_RECORD = "Session:maybe_enable_record(false)"
_ROLL = "Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)"
_STOP = "Session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)"
_REGION = """
local region = Session:route_by_name("drums"):to_track():playlist():region_list():iter()()
return region and region:position():samples() or "none"
"""


class TakeError(Exception):
    """A take that says nothing: xruns, or Ardour lost its JACK server. Another one may be clean."""


class Ardour:
    """Ardour's Lua interpreter with a session, in a process of its own. `do` is its remote control.

    Its settings and the session live in `home`, so that those of the person at this machine are left alone.
    """

    def __init__(self, home: Path) -> None:
        script = home / "lines.lua"
        script.write_text(_READ_LINES)
        own = {"HOME": home, "XDG_CONFIG_HOME": home / "config", "XDG_CACHE_HOME": home / "cache"}
        self._process = subprocess.Popen(
            ["chrt", "-b", "0", "taskset", "-c", "0", "ardour7-lua", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {name: str(path) for name, path in own.items()},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.do("close_session()")
            self._process.communicate()
        else:
            self._process.kill()
            self._process.communicate()

    def do(self, lua: str) -> str:
        """Run Lua; what it returns. Raises TakeError if Ardour has gone, or the Lua fails."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(" ".join(lua.split()) + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise TakeError("Ardour has ended") from None
        for line in stdout:
            if line.startswith("="):
                return line[1:].strip()
            if line.startswith("!") or "JACK HALTED" in line:
                raise TakeError(f"Ardour: {line.strip()}")
        raise TakeError("Ardour has ended")


def new_session(home: Path, bpm: float, *, chases: bool) -> None:
    """Make the session `home`/session. Without JACK: while it is made, libjack would be in the way."""
    with Ardour(home) as ardour:
        ardour.do('AudioEngine:set_backend("Dummy", "", "")')
        ardour.do(f'Session = create_session("{home / "session"}", "session", {RATE})')
        ardour.do("Session:cfg():set_jack_time_master(false)")
        ardour.do(f"Session:cfg():set_external_sync({str(chases).lower()})")
        ardour.do(_SET_TEMPO.format(bpm=bpm))
        ardour.do(_NEW_TRACK)
        ardour.do('Session:save_state("")')


class Player:
    """Our player process on JACK."""

    def __init__(self, config: PlayerConfig) -> None:
        self._told: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self.link = PlayerLink(config, self._told.put)
        self.out, self.inp = "", ""

    def __enter__(self) -> Self:
        opened = self._wait_for(PortsOpened)
        self.out, self.inp = opened.out, opened.inp or ""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.link.close()

    def _wait_for(self, kind: type[_R]) -> _R:
        while True:
            try:
                report = self._told.get(timeout=10)
            except queue.Empty:
                raise TakeError("our player says nothing") from None
            if isinstance(report, kind):
                return report


def connect(source: str, destination: str) -> None:
    """Connect two JACK ports."""
    subprocess.run(["jack_connect", source, destination], check=True, capture_output=True)


Take = list[tuple[float, int]]
"""What Ardour recorded: (song position in ticks, note) of each note-on, in order."""


def four_bars() -> DrumLoop:
    """Four bars that tell every bar and step apart, each hit on its step."""
    hits = np.random.default_rng(3).random((64, 9)) < 0.2
    return DrumLoop.of(hits, np.full((64, 9), 0.7), np.zeros((64, 9)))


def read_take(home: Path, position_samples: int, bpm: float) -> Take:
    """The recorded file, as places in the song."""
    files = (home / "session").rglob("*.mid")
    file = mido.MidiFile(max(files, key=lambda path: path.stat().st_size))
    begins = position_samples / RATE * bpm / 60 * TICKS_PER_BEAT
    scale = TICKS_PER_BEAT / file.ticks_per_beat
    on = [message for message in file.tracks[-1] if message.type == "note_on" and message.velocity]
    return [(begins + message.time * scale, message.note) for message in on]


def check(bars: int, take: Take, bpm: float) -> list[float]:
    """How late each note is, in ms, from bar 2 to the last bar but one. Raises ValueError at a wrong note."""
    loop = four_bars()
    last = (bars - 1) * TICKS_PER_BAR
    played: dict[tuple[int, int], float] = {}
    for ticks, note in take:
        step = round(ticks / TICKS_PER_STEP) * TICKS_PER_STEP
        if TICKS_PER_BAR <= step < last:
            if (step, note) in played:
                raise ValueError(f"note {note} sounds twice at tick {step}")
            played[step, note] = (ticks - step) * 60_000 / bpm / TICKS_PER_BEAT
    wanted = {
        (turn + each.cell_ticks, each.note)
        for turn in range(0, last, LOOP_TICKS)
        for each in loop_notes(loop)
        if TICKS_PER_BAR <= turn + each.cell_ticks < last
    }
    if played.keys() != wanted:
        lost, strange = len(wanted - played.keys()), len(played.keys() - wanted)
        raise ValueError(f"{lost} notes are missing and {strange} are not ours")
    return list(played.values())


@contextmanager
def on_stage(home: Path, config: PlayerConfig) -> Iterator[tuple[Ardour, Player]]:
    """Ardour with the session and our player, both on JACK, our notes connected to the armed track."""
    with Ardour(home) as ardour:
        ardour.do('AudioEngine:set_backend("JACK", "ardour", "")')
        ardour.do(f'Session = load_session("{home / "session"}", "session")')
        if ardour.do("return AudioEngine:running()") != "true":
            raise TakeError("Ardour has lost JACK")
        with Player(config) as player:
            player.link.send(SetLoop(four_bars(), 1))
            connect(player.out, "ardour:drums/midi_in 1")
            yield ardour, player


def chases(home: Path, bpm: float, bars: int, server: JackServer) -> Take:
    """Ardour follows the clock that we send."""
    with on_stage(home, PlayerConfig(api="jack", bpm=bpm, send_clock=True)) as (ardour, player):
        connect(player.out, "ardour:MIDI Clock in")
        arm(ardour)
        with undisturbed(server):
            player.link.send(Start())
            wait_until(ardour, bars, bpm)
        ardour.do("Session:cfg():set_external_sync(false)")
        return recorded(ardour, home, bpm)


def leads(home: Path, bpm: float, bars: int, server: JackServer) -> Take:
    """We follow the clock that Ardour sends."""
    with on_stage(home, PlayerConfig(api="jack", sync=Sync.CLOCK)) as (ardour, player):
        connect("ardour:MIDI Clock out", player.inp)
        ardour.do("ARDOUR.config():set_send_midi_clock(true)")
        arm(ardour)
        with undisturbed(server):
            ardour.do(_ROLL)
            wait_until(ardour, bars, bpm)
        return recorded(ardour, home, bpm)


def arm(ardour: Ardour) -> None:
    """Have the track record from the next roll on. Another thread arms it, which takes a while."""
    ardour.do(_ARM)
    time.sleep(0.5)
    ardour.do(_RECORD)


def wait_until(ardour: Ardour, bars: int, bpm: float) -> None:
    """Wait until Ardour's song has passed so many bars; give up if it takes much too long."""
    seconds = bars * 240 / bpm
    deadline = time.monotonic() + 2 * seconds + 5
    while int(ardour.do("return Session:transport_sample()")) < seconds * RATE:
        if time.monotonic() > deadline:
            raise ValueError("Ardour does not roll with us")
        time.sleep(0.1)


def recorded(ardour: Ardour, home: Path, bpm: float) -> Take:
    """Stop Ardour and read what it has recorded."""
    ardour.do(_STOP)
    deadline = time.monotonic() + 10
    while (position := ardour.do(_REGION)) == "none":
        if time.monotonic() > deadline:
            raise ValueError("Ardour has recorded nothing")
        time.sleep(0.1)
    return read_take(home, int(position), bpm)


@contextmanager
def undisturbed(server: JackServer) -> Iterator[None]:
    """Raise TakeError if the server had an xrun meanwhile."""
    before = server.log().lower().count("xrun")
    yield
    if server.log().lower().count("xrun") != before:
        raise TakeError("xruns")


def measure(direction: Callable[[Path, float, int, JackServer], Take], bpm: float, bars: int) -> list[float]:
    """The lateness of each note of one clean take, in ms."""
    for attempt in range(1, ATTEMPTS + 1):
        with tempfile.TemporaryDirectory() as folder, JackServer(PERIOD, RATE) as server:
            home = Path(folder)
            try:
                new_session(home, bpm, chases=direction is chases)
                return check(bars, direction(home, bpm, bars, server), bpm)
            except TakeError as error:
                print(f"(attempt {attempt} says nothing: {error})", file=sys.stderr)
    raise ValueError(f"no clean take in {ATTEMPTS}: this machine is too busy to measure")


def figures(direction: Callable[[Path, float, int, JackServer], Take], bpm: float, bars: int) -> str:
    """A row of the table."""
    try:
        late = measure(direction, bpm, bars)
    except ValueError as error:
        return f"not locked: {error} | | | "
    mean = statistics.fmean(late)
    worst = max(abs(each - mean) for each in late)
    return f"{len(late)} | {mean:.2f} | {statistics.pstdev(late):.2f} | {worst:.2f}"


def main() -> int:
    """Print a table, one row a take."""
    parser = argparse.ArgumentParser(description="Ardour at either end of our clock.")
    parser.add_argument("direction", choices=["chases", "leads"], nargs="?", help="what Ardour does (both)")
    parser.add_argument("--bpm", type=float, default=120)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--takes", type=int, default=3)
    asked = parser.parse_args()
    missing = [name for name in ("ardour7-lua", "jackd", "jack_connect") if shutil.which(name) is None]
    if missing:
        print(f"Install Debian's packages ardour and jackd2 first; not found here: {', '.join(missing)}.")
        return 1
    print("| Ardour | notes | late, ms: mean | std | max from the mean |\n| --- | --- | --- | --- | --- |")
    for direction in (chases, leads):
        if asked.direction in (None, direction.__name__):
            for number in range(1, asked.takes + 1):
                name = f"{direction.__name__}, take {number}"
                print(f"| {name} | {figures(direction, asked.bpm, asked.bars)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
