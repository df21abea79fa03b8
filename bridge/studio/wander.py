"""The sliders wander while the song rolls: a random walk, bar by bar (`sway`), as a ride (`rides`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bridge.model import Settings
from bridge.player.messages import SwapAt
from bridge.studio.rides import Rider, due
from bridge.studio.sketch import Sketch
from bridge.studio.studio import Studio
from bridge.studio.sway import Manner, Swayed, home, standing, swayed
from bridge.studio.undo import Riding

_BEFORE_ANY = -1
"""No bar of a song, so that a walk goes to that of the song at once."""


@dataclass(frozen=True, slots=True)
class Wandering:
    """What there is to see, and what a session keeps.

    on      whether the sliders wander; `manner`: how they do
    homes   the place that each one wanders about; none while they stay where they are
    still   those that do not wander with the others
    """

    on: bool = False
    manner: Manner = field(default_factory=Manner)
    homes: Mapping[str, float] = field(default_factory=dict)
    still: frozenset[str] = frozenset()


class Wander(Rider):
    """The random walk of one studio's sliders, the named ones and the raw axes that are held.

    A slider that a hand moves goes on from there; locks, the mix and where the idea comes from may change
    meanwhile. Switched off, the sliders stay where they are. All that one walk did is one step of undo, and
    undo ends it.
    """

    def __init__(
        self, studio: Studio, sliders: Iterable[str], told: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(studio, told, "studio-wander")
        self._sliders = tuple(sliders)
        self._seen = Wandering()
        self._gesture = Riding()
        self._last = self._here()
        self._listen()

    @property
    def wandering(self) -> Wandering:
        """The newest picture."""
        seen, last, settings = self._seen, self._last, self._studio.state.settings
        if not seen.on:
            return seen
        last = last.in_manner(seen.manner)
        return replace(seen, homes={name: home(settings, name, last) for name in self._wanderers(settings)})

    def take(self, wandering: Wandering) -> None:
        """Have the manner of another walk, as a session has it. The one that goes ends, and none sets off."""
        self._show(on=False, manner=wandering.manner, still=wandering.still)

    def set_still(self, name: str, still: bool) -> None:
        """Whether a slider stays while the others wander; one that joins them goes on from where it is."""
        others = self._seen.still - {name}
        self._show(still=others | {name} if still else others)

    def set_amount(self, amount: float) -> None:
        """How far a slider may get from where it is, 0..1 of half its range. GroovebridgeError."""
        self._show(manner=replace(self._seen.manner, amount=amount))

    def set_bars(self, bars: int) -> None:
        """How many bars it is from a turning point to the next, one of `PACES`. GroovebridgeError."""
        self._show(manner=replace(self._seen.manner, bars=bars))

    def toggle(self) -> None:
        """Start, or stop."""
        if self._seen.on:
            self.stop()
        else:
            self.start()

    def start(self, homes: Mapping[str, float] | None = None) -> None:
        """Have the sliders wander from where they are; nothing if they do. `homes`: about these places, as
        they did when that was saved, which is where they go now.
        """
        if self.wandering.on:
            return
        self.close_ride()  # one that is just ending
        with self._changed:
            if self._seen.on:  # another thread was quicker
                return
            self._seen = replace(self._seen, on=True)
            self._gesture = Riding()
            self._last = self._here(homes)
            self._set_off()
        self._told()

    def start_with_song(self) -> None:
        """Have the sliders wander as if they had set off with the song's first bar, whatever bar that is in
        now: so the same settings make the same song, however it got there.
        """
        settings = self._studio.state.settings
        self.start(standing(settings, self._wanderers(settings), 0, self._seen.manner).homes)

    def stop(self) -> None:
        """Leave the sliders where they are."""
        if self._seen.on:
            self._show(on=False)

    # --- inside ---

    def _show(self, **changes: object) -> None:
        with self._changed:
            self._seen = replace(self._seen, **changes)  # type: ignore[arg-type]
            self._changed.notify_all()
        self._told()

    def _here(self, homes: Mapping[str, float] | None = None) -> Swayed:
        """A walk that begins now."""
        state = self._studio.state
        bar = due(state.anchor, time.perf_counter_ns()).bar if homes is None else _BEFORE_ANY
        return standing(state.settings, self._wanderers(state.settings), bar, self._seen.manner, homes)

    def _wanderers(self, settings: Settings) -> tuple[str, ...]:
        """The sliders that wander."""
        return tuple(name for name in (*self._sliders, *settings.axes) if name not in self._seen.still)

    def _run(self) -> None:
        gesture = self._gesture
        while (step := self._next_step()) is not None and self._go(*step, gesture):
            pass
        self.stop()

    def _next_step(self) -> tuple[int, SwapAt, Manner] | None:
        """The next bar to go to; None if it is over."""
        with self._changed:
            while self._seen.on and not self._gesture.undone:
                now_ns = time.perf_counter_ns()
                wanted = due(self._studio.state.anchor, now_ns)
                if wanted.bar != self._last.bar:
                    return wanted.bar, wanted.at, self._seen.manner
                self._changed.wait(wanted.wait_s(now_ns))
            return None

    def _go(self, bar: int, at: SwapAt, manner: Manner, gesture: Riding) -> bool:
        """Have the studio go on, unless somebody has taken the walk back since; whether it did."""
        went = False

        def step(sketch: Sketch) -> Sketch:
            nonlocal went
            went = self._seen.on and not gesture.undone
            if not went:
                return sketch
            settings, self._last = swayed(
                sketch.settings, self._wanderers(sketch.settings), bar, manner, self._last
            )
            return replace(sketch, settings=settings)

        self._studio.change(step, gesture, at)
        return went
