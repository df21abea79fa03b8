"""Soft take-over: a knob moves a dial from where the dial is, not from where the knob happens to be. Pure.

knob   0 ---------> passes the dial ----> from here on the dial follows
dial             |  .3                    .35  .4
preset, mouse, undo: the dial is elsewhere, the knob must pass it again
"""

from __future__ import annotations

from bridge.studio.controls import Source

NEAR = 1.5 / 127
"""So near is there: a knob of 128 places may step over the dial's very place."""


class PickUp:
    """Which knobs have hold of their dials. Places are 0..1. Not thread-safe."""

    def __init__(self) -> None:
        self._knobs: dict[Source, float] = {}
        self._left: dict[Source, float] = {}  # where a knob that had hold of it left the dial

    def takes(self, source: Source, place: float, dial: float | None) -> bool:
        """A knob has moved to a place: whether the dial, which is there (None: nobody knows), follows."""
        before, self._knobs[source] = self._knobs.get(source), place
        if dial is None or self._left.get(source) == dial or abs(place - dial) <= NEAR:
            return True
        passed = before is not None and min(before, place) <= dial <= max(before, place)
        if not passed:
            self._left.pop(source, None)
        return passed

    def has_hold(self, source: Source, dial: float | None) -> None:
        """The knob has hold of a dial that is here: it moved it, or was just learned."""
        if dial is not None:
            self._left[source] = dial

    def rises(self, source: Source, place: float) -> bool:
        """A button that sends like a knob: whether it went down just now (over the middle, upwards)."""
        before, self._knobs[source] = self._knobs.get(source, 0.0), place
        return before < 0.5 <= place
