"""The sliders wander while the song rolls: a random walk, bar by bar (`sway`), as a ride (`rides`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from bridge.player.messages import SwapAt
from bridge.studio.rides import Rider, due
from bridge.studio.sketch import Sketch
from bridge.studio.studio import Studio
from bridge.studio.sway import Manner, Swayed, swayed
from bridge.studio.undo import Lasting


@dataclass(frozen=True, slots=True)
class Wandering:
    """What there is to see: whether the sliders wander, and how they do."""

    on: bool = False
    manner: Manner = field(default_factory=Manner)


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
        self._moved = False  # whether this walk has changed anything yet
        self._began = self._here()
        self._listen()

    @property
    def wandering(self) -> Wandering:
        """The newest picture."""
        return self._seen

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

    def start(self) -> None:
        """Have the sliders wander from where they are; nothing if they do."""
        if self.wandering.on:
            return
        self.close_ride()  # one that is just ending
        with self._changed:
            if self._seen.on:  # another thread was quicker
                return
            self._seen = replace(self._seen, on=True)
            self._moved = False
            self._began = self._here()
            self._set_off()
        self._told()

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

    def _here(self) -> Swayed:
        """A walk that begins now."""
        state = self._studio.state
        bar = due(state.anchor, time.perf_counter_ns()).bar
        return swayed(state.settings, self._sliders, bar, self._seen.manner, None)[1]

    def _run(self) -> None:
        gesture = Lasting()
        last: Swayed | None = self._began
        while last is not None and (step := self._next_step(last)) is not None:
            last = self._go(last, *step, gesture)
        self.stop()

    def _next_step(self, last: Swayed) -> tuple[int, SwapAt, Manner] | None:
        """The next bar to go to; None if it is over. `last`: where we went last."""
        with self._changed:
            while self._seen.on and not self._undone:
                now_ns = time.perf_counter_ns()
                wanted = due(self._studio.state.anchor, now_ns)
                if wanted.bar != last.bar:
                    return wanted.bar, wanted.at, self._seen.manner
                self._changed.wait(wanted.wait_s(now_ns))
            return None

    @property
    def _undone(self) -> bool:
        """Whether somebody has undone something since the sliders moved."""
        return self._moved and self._studio.state.can_redo

    def _go(self, last: Swayed, bar: int, at: SwapAt, manner: Manner, gesture: Lasting) -> Swayed | None:
        """Have the studio go on; None if somebody has undone something since, which ends it."""
        went: Swayed | None = None

        def step(sketch: Sketch) -> Sketch:
            nonlocal went
            if not self._seen.on or self._undone:
                return sketch
            settings, went = swayed(sketch.settings, self._sliders, bar, manner, last)
            self._moved = self._moved or settings != sketch.settings
            return replace(sketch, settings=settings)

        self._studio.change(step, gesture, at)
        return went
