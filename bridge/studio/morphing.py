"""Morphing at the desk: two ends, a fader between them, and a ride from one to the other over some bars.

    bar line      1         2         3         4         5
                  |  start  |         |         |         |
    asked for     |     1/4 | 2/4     | 3/4     | 4/4     |
    heard         |         | 1/4     | 2/4     | 3/4     | 4/4: B

Each step of a ride is asked for just after a bar line, to be heard from the next one on: a ride over n bars
arrives at the n-th bar line from its start.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.groove.loop import BEATS_PER_BAR
from bridge.player.messages import Anchor, Motion, SwapAt
from bridge.studio import gestures
from bridge.studio.rides import LONGEST_WAIT_S, Rider
from bridge.studio.sketch import Sketch, Way
from bridge.studio.state import StudioState, position_ticks
from bridge.studio.studio import Studio
from bridge.studio.undo import Lasting, Riding
from bridge.timing import BeatMap
from bridge.timing.beatmap import TICKS_PER_BEAT

BARS = (1, 2, 4, 8, 16)
"""How long a ride may take."""
TICKS_PER_BAR = TICKS_PER_BEAT * BEATS_PER_BAR
BEHIND_NS = 20_000_000
"""A step is asked for so long after its bar line, so that the player, too, is past it."""
_NO_ENDS = "A morph needs both its ends: A and B each take the loop that plays."


@dataclass(frozen=True, slots=True)
class Ride:
    """A morph that goes by itself: from share `first` to `last` in `bars` steps, of which some are `done`.

    bar   the bar of the song (from 0) in which the last step was taken; None before the first
    """

    start: DrumLoop
    end: DrumLoop
    first: float
    last: float
    bars: int
    done: int = 0
    bar: int | None = None

    @property
    def arrived(self) -> bool:
        """Whether all steps are done."""
        return self.done == self.bars

    @property
    def way(self) -> Way:
        """Where the morph stands."""
        share = self.first + (self.last - self.first) * self.done / self.bars
        return Way(self.start, self.end, self.last if self.arrived else share)

    def in_bar(self, bar: int) -> Ride:
        """The song is in a bar: a step further if it is another one."""
        return self if bar == self.bar or self.arrived else replace(self, done=self.done + 1, bar=bar)


def bar_at(anchor: Anchor, now_ns: int) -> tuple[int | None, int]:
    """The bar (from 0) in which a song that rolls is, and when to look again. None: too near its line to say.
    Pure; times as those of the anchor.
    """
    line = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns)
    bar = int(position_ticks(anchor, now_ns) // TICKS_PER_BAR)
    sure_ns = line.to_ns(bar * TICKS_PER_BAR) + BEHIND_NS
    if now_ns < sure_ns:
        return None, sure_ns
    return bar, line.to_ns((bar + 1) * TICKS_PER_BAR) + BEHIND_NS


@dataclass(frozen=True, slots=True)
class Morphing:
    """What there is to see. `share`: where the fader stands, None while something else than the morph plays;
    `bars`: how long a ride takes; `riding`: whether one is on its way.
    """

    a: DrumLoop | None = None
    b: DrumLoop | None = None
    share: float | None = None
    bars: int = 4
    riding: bool = False


class Morpher(Rider):
    """The morph of one studio.

    A ride waits while the song stands, and ends when somebody moves the fader or when the loop comes to be
    of another origin (a new idea, a preset, undo). The ends of a morph that a preset or undo brought back are
    taken up.
    """

    def __init__(self, studio: Studio, told: Callable[[], None] = lambda: None) -> None:
        super().__init__(studio, told, "studio-morph")
        self._seen = Morphing()
        self._ride: Ride | None = None
        self._gesture: object = "morph"
        self._state = studio.state
        self._listen()
        self._on_state(studio.state)

    @property
    def morphing(self) -> Morphing:
        """The newest picture."""
        with self._changed:
            seen, origin = self._seen, self._state.sketch.origin
        ours = isinstance(origin, Way) and (origin.start, origin.end) == (seen.a, seen.b)
        return replace(seen, share=origin.share if ours and isinstance(origin, Way) else None)

    def take_a(self) -> None:
        """The loop that plays now is where the morph begins."""
        self._show(a=self._studio.state.loop)

    def take_b(self) -> None:
        """The loop that plays now is where the morph ends."""
        self._show(b=self._studio.state.loop)

    def set_ends(self, a: DrumLoop | None, b: DrumLoop | None) -> None:
        """Take these ends, as a session has them; None: not taken. A ride stops."""
        self.stop()
        self._show(a=a, b=b)

    def set_bars(self, bars: int) -> None:
        """How many bars the next ride takes, one of `BARS`; GroovebridgeError for another."""
        if bars not in BARS:
            raise GroovebridgeError(f"A morph cannot take {bars} bars: choose one of {BARS}.")
        self._show(bars=bars)

    def grab(self) -> None:
        """A hand takes the fader: a ride ends; what it does until it lets go is one step of undo."""
        self.stop()
        self._gesture = Lasting()

    def let_go(self) -> None:
        """The hand has left the fader."""
        self._gesture = "morph"

    def move(self, share: float) -> None:
        """Put the fader somewhere, 0 (A) to 1 (B). GroovebridgeError for another share, or without ends."""
        start, end = self._ends()
        self.stop()
        gestures.morph(self._studio, start, end, share, self._gesture)

    def ride(self) -> None:
        """Go to B from where the fader stands, or else from A; where B plays, back to A. One step of undo.
        GroovebridgeError without ends.
        """
        start, end = self._ends()
        share = self.morphing.share
        if share is None:
            share = 1.0 if self._studio.state.loop == end else 0.0
        self.close_ride()
        with self._changed:
            self._ride = Ride(start, end, share, 0.0 if share == 1 else 1.0, self._seen.bars)
            self._seen = replace(self._seen, riding=True)
            self._set_off()
        self._told()

    def stop(self) -> None:
        """Stay where we are."""
        with self._changed:
            if self._ride is None:
                return
            self._ride = None
            self._seen = replace(self._seen, riding=False)
            self._changed.notify_all()
        self._told()

    # --- inside ---

    def _ends(self) -> tuple[DrumLoop, DrumLoop]:
        seen = self.morphing
        if seen.a is None or seen.b is None:
            raise GroovebridgeError(_NO_ENDS)
        return seen.a, seen.b

    def _show(self, **changes: object) -> None:
        with self._changed:
            self._seen = replace(self._seen, **changes)  # type: ignore[arg-type]
        self._told()

    def _on_state(self, state: StudioState) -> None:
        with self._changed:
            before, self._state = self._state, state
            origin = state.sketch.origin
            if isinstance(origin, Way) and (origin is not before.sketch.origin or self._seen.a is None):
                self._seen = replace(self._seen, a=origin.start, b=origin.end)
            self._changed.notify_all()

    def _run(self) -> None:
        gesture = Riding()
        while (step := self._next_step()) is not None:
            if not self._take(*step, gesture) or step[1].arrived:
                break
        self.stop()

    def _next_step(self) -> tuple[Ride, Ride] | None:
        """The ride before and after its next step, once a bar line has passed; None if it was stopped."""
        with self._changed:
            while (ride := self._ride) is not None:
                anchor = self._state.anchor
                if anchor is None or anchor.motion is not Motion.ROLLING:
                    self._changed.wait()
                    continue
                now_ns = time.perf_counter_ns()
                bar, look_ns = bar_at(anchor, now_ns)
                if bar is not None and bar != ride.bar:
                    self._ride = ride.in_bar(bar)
                    return ride, self._ride
                self._changed.wait(min((look_ns - now_ns) / 1e9, LONGEST_WAIT_S))
            return None

    def _take(self, before: Ride, after: Ride, gesture: Riding) -> bool:
        """Have the studio go on to `after`, unless somebody has gone elsewhere since; whether it did."""
        went = False

        def step(sketch: Sketch) -> Sketch:
            nonlocal went
            went = self._ride is after and (before.done == 0 or sketch.origin == before.way)
            return sketch.at(after.way) if went else sketch

        self._studio.change(step, gesture, SwapAt.BAR)
        return went
