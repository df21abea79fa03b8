"""A DAW that sends MIDI clock, with jitter, drop-outs and habits, and the truth about where it is."""

from __future__ import annotations

import heapq
import random

from bridge.player import midi
from bridge.timing import TICKS_PER_CLOCK, TICKS_PER_SIXTEENTH

CLOCKS_PER_BEAT = 24
SETTLING_CLOCKS = 96
"""Four beats: so long after it began, or changed its tempo, nobody asks a follower for milliseconds."""

_SPP_TICKS = TICKS_PER_SIXTEENTH << 14


class Sender:
    """Sends F8 all the time, or while its song rolls. Messages arrive in order, early or late by chance."""

    def __init__(self, chance: random.Random, now_ns: int) -> None:
        self.jitter_ms = 0.0
        self.quiet_when_standing = False
        """Whether there is no F8 while the song stands, as with Ardour."""
        self._chance = chance
        self._bpm = 120.0
        self._ramp: tuple[float, int] | None = None  # BPM a clock, and for how many clocks
        self._true_ns = float(now_ns)  # of the next F8
        self._next_ticks = 0  # its song position, if the song rolls
        self._rolls = False
        self._lost = 0  # so many F8 to come do not arrive
        self._steady = 0  # F8 since anything changed
        self._blurred = False  # clocks were lost where no follower can count them
        self._tempo_clocks = SETTLING_CLOCKS  # F8 since its tempo was set
        self._unaware = False  # it began to roll while nobody listened, and has not stopped since
        self._arriving: list[tuple[int, int, bytes]] = []
        self._serial = 0
        self._last_arrival_ns = now_ns

    # --- what it sends ---

    def next_ns(self) -> int:
        """When to look again: the next message arrives then, or not."""
        if not self._arriving:
            self._tick()
        return self._arriving[0][0] if self._arriving else round(self._true_ns)

    def arrived(self, now_ns: int) -> list[tuple[int, bytes]]:
        """What has arrived by now and was not asked for before."""
        out = []
        while self.next_ns() <= now_ns:
            if self._arriving:
                at_ns, _, message = heapq.heappop(self._arriving)
                out.append((at_ns, message))
        return out

    def skip_to(self, now_ns: int) -> None:
        """The machine slept, or nobody listened: nothing arrived since."""
        self._arriving.clear()
        while self._true_ns < now_ns:
            self._clock_passes()
        self._last_arrival_ns = now_ns
        self._blurred = True
        self._unaware = self._rolls
        self._steady = 0

    # --- what it does ---

    def start(self) -> None:
        """Start at 0; while it rolls too."""
        self._send(midi.START)
        self._next_ticks, self._rolls, self._steady = 0, True, 0
        self._blurred = self._lost > 0 or self._learning
        self._unaware = False

    def resume(self) -> None:
        """Continue where it stands; while it rolls that says nothing new. Where the next F8 is lost, a
        listener takes a later one for the first.
        """
        self._send(midi.CONTINUE)
        if not self._rolls:
            self._rolls, self._steady = True, 0
            self._blurred = self._blurred or self._lost > 0

    def stop(self) -> None:
        """Stop. Amid clocks that do not arrive, nobody can know where."""
        self._send(midi.STOP)
        self._blurred = self._blurred or self._lost > 0
        self._rolls = self._unaware = False

    def locate(self, sixteenths: int) -> None:
        """Song position: it stands there, or the next F8 is. Who has not heard that it rolls, stands."""
        self._send(midi.song_position(sixteenths))
        self._next_ticks = sixteenths * TICKS_PER_SIXTEENTH % _SPP_TICKS
        self._steady = 0
        self._blurred = self._lost > 0 or self._unaware or self._learning

    def loop(self, sixteenths: int, habit: int) -> None:
        """Jump there as DAWs do: by song position, by Stop and Continue or Start, or without a word."""
        if habit == 0:
            self.locate(sixteenths)
        elif habit == 1:
            self.stop()
            self.locate(sixteenths)
            self.resume()
        elif habit == 2:
            self.stop()
            self.locate(0)
            self.start()

    def set_tempo(self, bpm: float, clocks: int = 0) -> None:
        """Another tempo, over so many clocks. With much jitter, a follower may lose count of them."""
        self._tempo_clocks = 0
        self._blurred = self._blurred or self._learning or self._lost > 0
        self._ramp = ((bpm - self._bpm) / clocks, clocks) if clocks else None
        if not clocks:
            self._bpm = bpm
        self._steady = 0

    def drop_out(self, clocks: int) -> None:
        """The next F8 do not arrive. A few that are lost from a clean clock can be counted."""
        known = self._steady >= SETTLING_CLOCKS and self._ramp is None
        self._blurred = self._blurred or clocks > 24 or self.jitter_ms > 0.5 or not known
        self._lost = clocks
        self._steady = 0

    # --- the truth ---

    @property
    def rolls(self) -> bool:
        """Whether its song rolls."""
        return self._rolls

    def position_ticks(self, now_ns: int) -> float | None:
        """Where its song is, where a follower has all it takes to know: None elsewhere."""
        if not self._rolls or self._blurred or self._steady < SETTLING_CLOCKS:
            return None
        return self._next_ticks - (self._true_ns - now_ns) / self._period_ns() * TICKS_PER_CLOCK

    @property
    def bpm(self) -> float:
        """Its tempo."""
        return self._bpm

    # --- inside ---

    @property
    def _learning(self) -> bool:
        """Whether its tempo is so new, and its jitter so large, that a follower may yet lose count."""
        return self.jitter_ms > 1 and self._tempo_clocks < SETTLING_CLOCKS

    def _period_ns(self) -> float:
        return 60e9 / CLOCKS_PER_BEAT / self._bpm

    def _tick(self) -> None:
        if self._lost:
            self._lost -= 1
        elif self._rolls or not self.quiet_when_standing:
            self._send(midi.CLOCK, round(self._true_ns + self._chance.gauss(0, self.jitter_ms) * 1e6))
        self._clock_passes()

    def _clock_passes(self) -> None:
        if self._ramp is not None:
            by, left = self._ramp
            self._bpm += by
            self._ramp = (by, left - 1) if left > 1 else None
            self._steady = 0
            self._tempo_clocks = 0
        self._true_ns += self._period_ns()
        self._steady += 1
        self._tempo_clocks += 1
        if self._rolls:
            self._next_ticks += TICKS_PER_CLOCK

    def _send(self, message: bytes, at_ns: int | None = None) -> None:
        at_ns = self._last_arrival_ns if at_ns is None else max(at_ns, self._last_arrival_ns)
        self._last_arrival_ns = at_ns
        self._serial += 1
        heapq.heappush(self._arriving, (at_ns, self._serial, message))
