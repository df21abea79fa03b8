"""A studio goes on with another session.

While the song rolls it keeps rolling: the new loop takes over as `swap_at` says, and who leads stays as it
is, since changing that would stop the song.

One step of undo brings back what the song was: sketch (with locks, touches and temperature), mix, flags,
tempo, swap, evolve, the ends of the morph, the path and the manner of the walk. What is set up for a room
stays as the session has it: ports, sync, latency, count-in, clock and sound; takes stay in the history. A
session from before there were flags leaves those on the map.

A song that followed its path when it was saved follows it again, and sliders that wandered wander on, about
the same places: a session sounds as it did. Undo and redo over an opening set nothing off, and end a ride.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.player.ableton import require_link
from bridge.player.messages import Sync
from bridge.studio.movers import Movers
from bridge.studio.session_file import Session, session_of
from bridge.studio.studio import Studio

_ROLLS_ON = (
    "The song rolls on and its sync stays as it is. Stop it and open the session again to change that."
)


class Opening:
    """The step from one session to another, as undo and redo go over it.

    turned   is told of each time, from any thread; it must not block
    """

    def __init__(self, studio: Studio, movers: Movers, session: Session, turned: Callable[[], None]) -> None:
        self._studio = studio
        self._movers = movers
        self._other = session
        self._turned = turned
        self._sets_off = True

    def turn(self) -> None:
        """Set what there is on the other side of the step, which is where what there is now goes."""
        there, self._other = self._other, session_of(self._studio, self._movers)
        if self._studio.state.sync is not Sync.LINK:  # there the tempo is everybody's
            self._studio.set_tempo(there.config.bpm)
        self._studio.set_swap(there.swap_at)
        self._studio.set_evolve(there.evolve)
        _give(self._movers, there)
        if self._sets_off:
            self._sets_off = False
            _set_off(self._movers, there)
        self._turned()


def go_on_with(
    studio: Studio, movers: Movers, session: Session, turned: Callable[[], None] = lambda: None
) -> tuple[tuple[int, ...], str | None]:
    """Make studio and movers what a session says; the numbers of its takes there, and a sentence if not all
    is as saved.

    turned   is called, from any thread, when this has been done, and when undo or redo goes over it

    Raises GroovebridgeError, and changes nothing, where this model or machine cannot play it. A port that is
    gone becomes the player's fault sentence, and what was open stays. Takes some milliseconds a take.
    """
    wanted, now = session.config, studio.config
    new_sync = wanted.sync is not now.sync and not studio.state.playing
    if new_sync and wanted.sync is Sync.LINK:
        require_link()
    step = Opening(studio, movers, session, turned)
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


def begin_with(movers: Movers, session: Session) -> None:
    """The studio has begun with a session; now what moves it does."""
    _give(movers, session)
    _set_off(movers, session)


def _give(movers: Movers, session: Session) -> None:
    """Have what a session has of them; none goes then."""
    movers.morpher.set_ends(session.a, session.b)
    movers.morpher.set_bars(session.bars)
    movers.journey.take(session.path)
    movers.wander.take(session.wandering)


def _set_off(movers: Movers, session: Session) -> None:
    """Follow the path and wander, if the session does."""
    if session.following:
        movers.journey.follow()
    if session.wandering.on:
        movers.wander.start(session.wandering.homes)
