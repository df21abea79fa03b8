"""A studio goes on with another session.

While the song rolls it keeps rolling: the new loop takes over as `swap_at` says, and who leads stays as it
is, since changing that would stop the song.

One step of undo brings back what the song was: sketch (with locks, touches and temperature), mix, flags,
tempo, swap, evolve and the ends of the morph. What is set up for a room stays as the session has it: ports,
sync, latency, count-in, clock and sound; takes stay in the history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.groove import DrumLoop
from bridge.player.ableton import require_link
from bridge.player.messages import SwapAt, Sync
from bridge.studio.morphing import Morpher
from bridge.studio.session_file import Session
from bridge.studio.studio import Studio

_ROLLS_ON = (
    "The song rolls on and its sync stays as it is. Stop it and open the session again to change that."
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes the song of a session, beside sketch and mix."""

    bpm: float
    swap_at: SwapAt
    evolve: bool
    a: DrumLoop | None
    b: DrumLoop | None
    bars: int


class Opening:
    """The step from one session to another, as undo and redo go over it.

    turned   is told of each time, from any thread; it must not block
    """

    def __init__(
        self, studio: Studio, morpher: Morpher, session: Session, turned: Callable[[], None]
    ) -> None:
        self._studio = studio
        self._morpher = morpher
        self._other = Shape(
            session.config.bpm, session.swap_at, session.evolve, session.a, session.b, session.bars
        )
        self._turned = turned

    def turn(self) -> None:
        """Set what there is on the other side of the step, which is where what there is now goes."""
        state, morphing, there = self._studio.state, self._morpher.morphing, self._other
        self._other = Shape(
            self._studio.config.bpm, state.swap_at, state.evolve, morphing.a, morphing.b, morphing.bars
        )
        if state.sync is not Sync.LINK:  # there the tempo is everybody's
            self._studio.set_tempo(there.bpm)
        self._studio.set_swap(there.swap_at)
        self._studio.set_evolve(there.evolve)
        self._morpher.set_ends(there.a, there.b)
        self._morpher.set_bars(there.bars)
        self._turned()


def go_on_with(
    studio: Studio, morpher: Morpher, session: Session, turned: Callable[[], None] = lambda: None
) -> tuple[tuple[int, ...], str | None]:
    """Make studio and morph what a session says; the numbers of its takes there, and a sentence if not all is
    as saved.

    turned   is called, from any thread, when this has been done, and when undo or redo goes over it

    Raises GroovebridgeError, and changes nothing, where this model or machine cannot play it. A port that is
    gone becomes the player's fault sentence, and what was open stays. Takes some milliseconds a take.
    """
    wanted, now = session.config, studio.config
    new_sync = wanted.sync is not now.sync and not studio.state.playing
    if new_sync and wanted.sync is Sync.LINK:
        require_link()
    step = Opening(studio, morpher, session, turned)
    studio.load(session.sketch, wanted.voicing, step.turn, session.flags)
    if new_sync:
        studio.set_sync(wanted.sync)
        if now.sync is Sync.LINK:
            studio.set_tempo(wanted.bpm)
    studio.set_latency(wanted.latency_ms)
    studio.set_count_in(wanted.count_in)
    studio.set_send_clock(wanted.send_clock, wanted.clock_while_stopped)
    if wanted.sound is not now.sound:
        studio.set_sound(wanted.sound)
    if wanted.api != "none" and (wanted.out, wanted.inp) != (now.out, now.inp):
        studio.open_ports(wanted.api, wanted.out, wanted.inp)
    numbers = studio.bring_takes(session.takes)
    return numbers, None if new_sync or wanted.sync is now.sync else _ROLLS_ON
