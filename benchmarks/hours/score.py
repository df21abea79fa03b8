"""What should be heard: told by the engine's reports, held against what is heard.

The song is a row of rolls. In one roll `LoopPlaying` says which loop each sixteenth is from and `Anchor`
where the song is, so each sixteenth can be looked up in its loop once it has passed. Where somebody touched
the song (a swap, a stop, a lost message), the sixteenths that it may concern are left out of that.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from fractions import Fraction
from typing import TypeVar

from benchmarks.hours.loops import STEPS, Written, cell_of
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_STEP
from bridge.player.messages import Anchor, LoopPlaying, Motion, Report, Stats, Sync
from bridge.player.voicing import Voicing
from bridge.timing import BeatMap
from bridge.timing.transport import SPP_TICKS

DONE_TICKS = 8 * TICKS_PER_STEP
"""So far behind the song a sixteenth is over: 300 ms at 400 BPM, as notes may be 200 ms behind it."""

GLIDING_NS = 3_000_000_000
"""So long after another latency was set notes are not where they will be."""

DRIFT_TICKS = 1e-3
ROUNDING_NS = 2
FOREVER_NS = 1 << 62
_AHEAD_TICKS = 2 * TICKS_PER_STEP
_T = TypeVar("_T")
_PER_NS = Fraction(960, 60_000_000_000)  # quarter notes a minute -> ticks a nanosecond


class Broken(AssertionError):  # noqa: N818 - what is broken is the player
    """A property does not hold; the text says which."""


class Score:
    """The rolls of one engine. Bounded: what is over is forgotten."""

    def __init__(self, loops: Mapping[int, Written]) -> None:
        self.roll = 0
        """The number of the roll; it ends when the engine reports its figures."""
        self.steady = True
        """Whether a foreign clock is worth comparing with."""
        self.lead_ns = 0
        """That of the port."""
        self.latency_ns = 0
        """How far ahead of the song notes may be: one joined in the middle begins with later ones."""
        self.counts: Counter[str] = Counter()
        self._shifted_until_ns = 0
        self._loops = loops  # by the numbers that the player was given
        self._playing: int | None = None  # the loop that was told last
        self._line: BeatMap | None = None  # while the song rolls
        self._leads = True
        self._lines: deque[tuple[float, BeatMap]] = deque(maxlen=64)  # our own: from where each holds
        self._integral: tuple[Fraction, int, Fraction] | None = None  # position, time, ticks a ns since then
        self._loops_from: deque[tuple[float, int | None]] = deque(maxlen=64)
        self._voicings: deque[tuple[float, Voicing]] = deque(maxlen=64)
        self._touched: list[tuple[float, float]] = []
        self._heard: dict[int, dict[int, tuple[int, int]]] = {}  # cell -> key -> velocity, due
        self._next_cell = 0
        self._voicing: Voicing | None = None

    # --- what is told -------------------------------------------------------------------------------------

    def report(self, report: Report, now_ns: int) -> None:
        """The engine said this."""
        if isinstance(report, Stats):
            self._end(now_ns)
        elif isinstance(report, LoopPlaying):
            self.counts["loops told"] += 1
            self._playing = report.loop_id
            self._loops_from.append((report.at_ticks, report.loop_id))
        elif isinstance(report, Anchor):
            self._anchor(report, now_ns)

    def _anchor(self, anchor: Anchor, now_ns: int) -> None:
        if anchor.motion is not Motion.ROLLING:
            self._line = None
            self._integral = None
            return
        line = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns)
        if self._line is None:
            self._begin(line, now_ns)
        back = self._line.to_ticks(now_ns) - line.to_ticks(now_ns) if self._line is not None else 0.0
        if back > TICKS_PER_STEP:  # a clock that fell: what is ahead was played by how the mix was then
            here = line.to_ticks(now_ns)
            self._touched.append((here - TICKS_PER_STEP, here + back + _AHEAD_TICKS))
        self._line = line
        self._leads = anchor.sync is Sync.INTERNAL
        if self._leads:
            self._lines.append((anchor.ticks, line))
            self._integrate(anchor)

    def _begin(self, line: BeatMap, now_ns: int) -> None:
        self.counts["rolls"] += 1
        here = line.to_ticks(max(now_ns, line.origin_ns))
        self._lines.clear()
        self._loops_from.clear()
        self._loops_from.append((float("-inf"), self._playing))
        self._voicings.clear()
        if self._voicing is not None:
            self._voicings.append((float("-inf"), self._voicing))
        self._heard.clear()
        # By then what ended the last roll is out, and what notes that are ahead come too late for is over.
        settled = line.to_ticks(line.to_ns(here) + self.lead_ns + self.latency_ns)
        self._touched = [(float("-inf"), settled + TICKS_PER_STEP)]
        self._next_cell = int(here // TICKS_PER_STEP) * TICKS_PER_STEP

    def _integrate(self, anchor: Anchor) -> None:
        """Our own position is the integral of our own tempo: exactly, however often that was set."""
        rate = Fraction(anchor.bpm).limit_denominator(10**6) * _PER_NS
        if self._integral is None:
            self._integral = Fraction(anchor.ticks), anchor.at_ns, rate
            return
        ticks, at_ns, before = self._integral
        exact = ticks + (anchor.at_ns - at_ns) * before
        self.counts["tempi"] += 1
        if abs(exact - Fraction(anchor.ticks)) > DRIFT_TICKS:
            raise Broken(f"our song is at {anchor.ticks} where its tempo's integral is {float(exact)}")
        self._integral = exact, anchor.at_ns, rate

    def _end(self, now_ns: int) -> None:
        if self._line is not None:
            self._check_until(self._line.to_ticks(now_ns) - DONE_TICKS)
        self._line = None
        self._integral = None
        self.roll += 1

    def lose(self, now_ns: int) -> None:
        """There is no port: whatever rolled is over for whoever listens."""
        self._end(now_ns)

    # --- what happens -------------------------------------------------------------------------------------

    def voice(self, voicing: Voicing, now_ns: int) -> None:
        """The notes of the voices are others from about now on."""
        self._voicing = voicing
        if self._line is not None:
            self._voicings.append((self._line.to_ticks(now_ns), voicing))

    def shift(self, now_ns: int, away: bool) -> None:
        """Notes are moved away from the song from about now on, or back to it."""
        self._shifted_until_ns = FOREVER_NS if away else now_ns + GLIDING_NS

    def touch(self, from_ns: int, until_ns: int) -> None:
        """What is due from then to then may not be what is written."""
        if self._line is not None:
            low = self._line.to_ticks(from_ns) - TICKS_PER_STEP
            self._touched.append((low, self._line.to_ticks(until_ns) + _AHEAD_TICKS))

    # --- what is heard ------------------------------------------------------------------------------------

    def struck(self, key: int, velocity: int, due_ns: int) -> None:
        """A note-on of this roll went out that was due then."""
        if self._line is None:
            return
        cell = cell_of(velocity, self._line.to_ticks(due_ns))
        keys = self._heard.setdefault(cell, {})
        if key in keys and not self._is_revoiced(cell):
            raise Broken(f"key {key} is struck twice in the sixteenth at {cell}")
        keys[key] = velocity, due_ns

    def clocked(self, ticks: int, due_ns: int) -> None:
        """An F8 of this roll that says "the song is at `ticks`" went out that was due then."""
        if self._line is None:
            return
        ticks += round((self._line.to_ticks(due_ns) - ticks) / SPP_TICKS) * SPP_TICKS
        if self._is_touched(ticks):
            return
        self.counts["clocks on the song"] += 1
        off_ns = self._line_at(ticks).to_ns(ticks) - due_ns
        if self._leads and abs(off_ns) > ROUNDING_NS:
            raise Broken(f"the clock of {ticks} is due {off_ns} ns before the song is there")
        if not self._leads and self.steady and abs(self._line.to_ticks(due_ns) - ticks) > TICKS_PER_STEP:
            raise Broken(f"the clock of {ticks} is due when the song is at {self._line.to_ticks(due_ns)}")

    def passed(self, now_ns: int) -> None:
        """All that was due until now has been heard, and the engine has told what it has to tell."""
        if self._line is not None:
            self._check_until(self._line.to_ticks(now_ns) - DONE_TICKS)

    @property
    def line(self) -> BeatMap | None:
        """Where the song is, as it was told last; None while it stands."""
        return self._line

    # --- the sixteenths -----------------------------------------------------------------------------------

    def _check_until(self, ticks: float) -> None:
        while self._next_cell + TICKS_PER_STEP <= ticks:
            cell = self._next_cell
            self._next_cell += TICKS_PER_STEP
            heard = self._heard.pop(cell, {})
            if not self._is_touched(cell):
                self._check(cell, heard)
        over = self._next_cell - TICKS_PER_STEP
        if self._touched and self._touched[0][1] < over:
            self._touched = [each for each in self._touched if each[1] >= over]
        if len(self._heard) > STEPS:
            raise Broken(f"notes are heard of sixteenths that are over: {sorted(self._heard)[:4]}")

    def _check(self, cell: int, heard: dict[int, tuple[int, int]]) -> None:
        loop_id = _at(self._loops_from, cell)
        voicing = _at(self._voicings, cell)
        if voicing is None:
            return
        written = {} if loop_id is None else self._loops[loop_id].steps[cell % LOOP_TICKS // TICKS_PER_STEP]
        wanted = {voicing.key(voice): entry for voice, entry in written.items() if voicing.heard(voice)}
        if {key: velocity for key, (velocity, _) in heard.items()} != {
            key: velocity for key, (velocity, _) in wanted.items()
        }:
            raise Broken(f"the sixteenth at {cell} of loop {loop_id} should be {wanted}, and was {heard}")
        self.counts["sixteenths"] += 1
        if not self._leads:
            return
        for key, (_, due_ns) in heard.items():
            start = cell + wanted[key][1]
            off_ns = self._line_at(start).to_ns(start) - due_ns
            in_place = abs(off_ns) <= ROUNDING_NS or due_ns < self._shifted_until_ns
            if not in_place and not self._is_touched(start):
                raise Broken(f"key {key} of {start} is due {off_ns} ns before the song is there")

    def _line_at(self, ticks: float) -> BeatMap:
        line = self._line
        for begins, each in self._lines:
            if begins <= ticks:
                line = each
        assert line is not None
        return line

    def _is_revoiced(self, cell: int) -> bool:
        """Whether notes changed near this sixteenth, so that its key may be another voice's by now."""
        return any(cell - _AHEAD_TICKS <= begins <= cell + _AHEAD_TICKS for begins, _ in self._voicings)

    def _is_touched(self, ticks: float) -> bool:
        return any(low <= ticks <= high for low, high in self._touched)


def _at(entries: deque[tuple[float, _T]], ticks: float) -> _T | None:
    """The last entry from `ticks` or before."""
    found = None
    for begins, value in entries:
        if begins <= ticks:
            found = value
    return found
