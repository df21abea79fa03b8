"""What a hand makes of a cell of the loop: pure arithmetic between moves and touches, and its words.

A click strikes an empty cell and silences a struck one. A drag on a hit up and down is its velocity, sideways
its moment; near the grid it snaps to it. Fine moves take a quarter of the way and snap to nothing.
"""

from __future__ import annotations

from bridge.groove import Voice
from bridge.groove.edit import REST, Touch
from bridge.groove.loop import STEPS_PER_BAR, STEPS_PER_BEAT

FIRST_VELOCITY = 0.8
"""The velocity of the first hit that is struck; then that of the hit edited last."""

SOFTEST = 1 / 127
LATEST = 0.499
FINE = 0.25
SNAP = 0.04
"""How near to the grid, in steps, a hit snaps to it."""

MS_PER_MINUTE = 60_000.0


def toggled(touch: Touch, velocity: float) -> Touch:
    """A rest is struck on the grid with this velocity, 0..1; a hit becomes a rest."""
    return REST if touch.velocity else Touch(velocity)


def pulled(touch: Touch, louder: float, later: float, fine: bool = False) -> Touch:
    """A hit moved by a velocity (1: from silence to full) and by steps; it stays a hit, and in its cell.

    A rest stays a rest.
    """
    if not touch.velocity:
        return touch
    share = FINE if fine else 1.0
    velocity = min(1.0, max(SOFTEST, touch.velocity + louder * share))
    offset = min(LATEST, max(-0.5, touch.offset + later * share))
    on_grid = later and not fine and abs(offset) < SNAP
    return Touch(velocity, 0.0 if on_grid else offset)


def words(step: int, voice: Voice, touch: Touch, bpm: float) -> str:
    """A cell in a musician's words: its place, and how it is hit."""
    bar, in_bar = divmod(step, STEPS_PER_BAR)
    beat, sixteenth = divmod(in_bar, STEPS_PER_BEAT)
    place = f"{voice.title}, {bar + 1}.{beat + 1}.{sixteenth + 1}"
    if not touch.velocity:
        return f"{place}: rest"
    velocity = max(1, round(127 * touch.velocity))
    late_ms = touch.offset * MS_PER_MINUTE / (bpm * STEPS_PER_BEAT)
    side = "late" if late_ms > 0 else "early"
    timing = "on the grid" if abs(late_ms) < 0.5 else f"{abs(late_ms):.0f} ms {side}"
    return f"{place}: velocity {velocity}, {timing}"
