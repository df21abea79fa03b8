"""An hour for real: a studio and its player on a JACK server of their own, played by a restless hand.

    python -m benchmarks.hour [--minutes 60] [--seed 0] [--json]

Another process on the server hears every message with its frame. All the while a hand moves sliders, asks for
new ideas, fills and swaps of all kinds, mutes and solos, changes the tempo, takes things back, stops and
starts. Told is what a musician would curse: notes left open, notes struck twice, clocks off their frame, lost
clocks, and memory that grows. Xruns are the server's, and may lose messages; they are told beside it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.groove import Voice
from bridge.player.messages import PlayerConfig, PortsOpened, SwapAt

if TYPE_CHECKING:  # the player's process imports this module too, and has no use for a model
    from bridge.studio import Studio
    from tests.support.peer import Heard, Peer

CLOCK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
PERIOD = 128
LISTEN_S = 5.0
TEMPI = (72.0, 96.5, 120.0, 124.0, 133.3, 174.0)
GRACE_S = 0.1


@dataclass
class Ear:
    """What the listener has heard so far."""

    rate: int
    notes: int = 0
    clocks: int = 0
    struck_open: int = 0  # a note-on for a note that sounds
    off_frame: int = 0  # clocks whose distance from the one before is that of no tempo that was set
    worst_frames: float = 0.0
    open: set[int] = field(default_factory=set)
    _last_clock: int | None = None
    _gaps: list[float] = field(default_factory=list)

    def tempo(self, bpm: float) -> None:
        """Expect this tempo from now on; the one before may still be heard for a moment."""
        self._gaps = [*self._gaps[-1:], self.rate * 60 / bpm / 24]

    def hear(self, heard: Sequence[Heard]) -> None:
        """Take what arrived."""
        for frame, message in heard:
            kind = message[0]
            if kind == CLOCK:
                self._clock(frame)
            elif kind in (START, CONTINUE, STOP, POSITION):
                self._last_clock = None
            elif kind & 0xF0 == 0x90 and message[2]:
                self.notes += 1
                self.struck_open += message[1] in self.open
                self.open.add(message[1])
            elif kind & 0xF0 in (0x80, 0x90):
                self.open.discard(message[1])

    def _clock(self, frame: int) -> None:
        self.clocks += 1
        if self._last_clock is not None:
            gap = frame - self._last_clock
            low, high = (
                min(self._gaps),
                max(self._gaps),
            )  # a tempo that changes between two clocks lies between
            off = max(low - gap, gap - high, 0.0)
            if off > 1:
                self.off_frame += 1
                self.worst_frames = max(self.worst_frames, off)
        self._last_clock = frame


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. Memory is the player's own, in MiB, after the first minute and at the end."""

    minutes: float
    gestures: int
    notes: int
    clocks: int
    swaps: int
    struck_open: int
    clocks_off_frame: int
    worst_frames: float
    open_at_stops: int
    open_at_end: int
    late_handover: int
    xruns: int
    memory_mib: tuple[float, float]


def main() -> int:
    """Play; 1 where a note was left open or struck twice without an xrun to blame."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    outcome = play(chosen.minutes, random.Random(chosen.seed))
    if chosen.json:
        print(json.dumps(asdict(outcome), indent=1))
    else:
        for name, value in asdict(outcome).items():
            print(f"{name:18} {value}")
    clean = not (outcome.struck_open or outcome.open_at_stops or outcome.open_at_end)
    return 0 if clean or outcome.xruns else 1


def play(minutes: float, chance: random.Random) -> Outcome:
    """Play for so many minutes."""
    from bridge.model import Bundle, Model
    from bridge.model.map import Map
    from bridge.studio import Studio
    from bridge.studio.sketch import Maker
    from tests.support.jackd import JackServer
    from tests.support.peer import Peer

    model = Model(Bundle.load(), "cpu")
    maker = Maker(model, model, Map.load(model.bundle))
    with JackServer(PERIOD) as server, Peer("ear") as peer:
        ear = Ear(server.rate)
        bpm = TEMPI[0]
        ear.tempo(bpm)
        config = PlayerConfig(api="jack", bpm=bpm, send_clock=True)
        studio = Studio(model, config=config, evolve=True, make=maker.loop)
        try:
            ports = _wait(lambda: studio.state.ports)
            peer.connect(ports.out, peer.inp)
            before = peer.xruns()
            studio.play()
            return _attend(studio, peer, ear, before, minutes, chance)
        finally:
            studio.close()


def _attend(
    studio: Studio, peer: Peer, ear: Ear, before: int, minutes: float, chance: random.Random
) -> Outcome:
    begun = time.monotonic()
    heard = acts = open_at_stops = 0
    memory = 0.0
    pid = studio._players._link.pid  # type: ignore[attr-defined]
    while (elapsed := time.monotonic() - begun) < minutes * 60:
        acts += 1
        if chance.random() < 0.05:
            studio.stop()
            time.sleep(GRACE_S)
            heard = _listen(peer, ear, heard)
            open_at_stops += len(ear.open)
            studio.play(chance.choice((0, None, 3840 * chance.randrange(64))))
        elif chance.random() < 0.1:
            heard = _listen(peer, ear, heard)  # by the tempo that it was played in
            bpm = chance.choice(TEMPI)
            ear.tempo(bpm)
            studio.set_tempo(bpm)
        else:
            _gesture(studio, chance)
        time.sleep(chance.uniform(0.0, 2.0))
        if acts % 20 == 0:
            heard = _listen(peer, ear, heard)
        if not memory and elapsed > min(60.0, minutes * 30):
            memory = _own_mib(pid)
            _tell(f"after {elapsed:.0f} s: {ear.notes} notes, player {memory:.1f} MiB")
        elif acts % 200 == 0:
            _tell(f"after {elapsed:.0f} s: {ear.notes} notes, {peer.xruns() - before} xruns")
    grown = _own_mib(pid)
    studio.stop()
    time.sleep(GRACE_S)
    _listen(peer, ear, heard)
    xruns = peer.xruns() - before
    stats = studio.close()
    assert stats is not None
    return Outcome(
        minutes=minutes,
        gestures=acts,
        notes=ear.notes,
        clocks=ear.clocks,
        swaps=stats.swaps,
        struck_open=ear.struck_open,
        clocks_off_frame=ear.off_frame,
        worst_frames=round(ear.worst_frames, 1),
        open_at_stops=open_at_stops,
        open_at_end=len(ear.open),
        late_handover=stats.late_handover,
        xruns=xruns,
        memory_mib=(round(memory, 1), round(grown, 1)),
    )


def _gesture(studio: Studio, chance: random.Random) -> None:
    """One thing that a hand does."""
    from bridge.studio import gestures

    voice = chance.choice(list(Voice))
    slider = chance.choice(("density", "swing", "fill", "intensity", "looseness"))
    at = chance.choice(list(SwapAt))

    chance.choice(
        (
            lambda: studio.new_idea(at=at),
            lambda: studio.set_slider(slider, chance.uniform(-1, 1), at=at),
            lambda: studio.set_slider(slider, None, at=at),
            lambda: studio.set_mute(voice, chance.random() < 0.2),
            lambda: studio.set_solo(voice, chance.random() < 0.1),
            lambda: studio.set_trim(voice, chance.uniform(0.5, 1.5)),
            lambda: gestures.travel(studio, chance.uniform(-1, 1), chance.uniform(-1, 1)),
            lambda: gestures.lock(studio, voice, chance.random() < 0.5),
            lambda: studio.set_evolve(chance.random() < 0.5),
            studio.fill,
            studio.undo,
            studio.redo,
            studio.panic,
        )
    )()


def _listen(peer: Peer, ear: Ear, since: int) -> int:
    """Hear what is new; how many messages there have been."""
    everything = peer.heard()
    ear.hear(everything[since:])
    return len(everything)


def _wait(ready: Callable[[], PortsOpened | None]) -> PortsOpened:
    deadline = time.monotonic() + 20
    while (found := ready()) is None:
        if time.monotonic() > deadline:
            raise SystemExit("the player opened no ports")
        time.sleep(0.01)
    return found


def _own_mib(pid: int) -> float:
    """What a process has for itself; JACK's shared memory (100 MiB) is the server's."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:")) / 1024


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
