"""What a person changes of the music (sketch, mix) and of its map (flags), one step of undo after the other.

A step may have more to it than these, such as all that opening a session sets: that is turned over with
it, forth and back, as often as one goes over the step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.player.messages import SetVoicing, SwapAt
from bridge.player.voicing import Voicing
from bridge.studio.flags import Flags
from bridge.studio.merge import merged, merged_sketch
from bridge.studio.picture import Picture
from bridge.studio.players import Players
from bridge.studio.sketch import Sketch
from bridge.studio.supply import Supply
from bridge.studio.undo import Undo

Turn = Callable[[], None]
"""Exchanges what a step has set, beside sketch, mix and flags, with what there was before; each time anew."""


@dataclass(frozen=True, slots=True)
class _Side:
    """What there is on one side of a step; `turn` belongs to the step."""

    sketch: Sketch
    voicing: Voicing
    flags: Flags
    turn: Turn | None = None


def _merged(now: _Side, old: _Side, new: _Side) -> _Side:
    """`turn` is that of the step, so that a step that turns something is never one that changes nothing."""
    return _Side(
        merged_sketch(now.sketch, old.sketch, new.sketch),
        merged(now.voicing, old.voicing, new.voicing),
        merged(now.flags, old.flags, new.flags),
        new.turn,
    )


class Changes:
    """Owns what undo and redo bring back; hands a new sketch to the supply and a new mix to the player. The
    lock is held where a method does not say otherwise.
    """

    def __init__(self, picture: Picture, supply: Supply, players: Players) -> None:
        self._picture = picture
        self._supply = supply
        self._players = players
        self._undo = Undo(_merged)
        self._crossing = threading.RLock()  # one goes over a step and turns what is beside it, then another

    def change(self, change: Callable[[Sketch], Sketch], gesture: object, at: SwapAt | None) -> None:
        """Have the loop made of another sketch, to be heard `at`."""
        before = self._picture.state.sketch
        after = change(before)
        if after != before:
            self._step(gesture, sketch=after)
            self._show(after, at)

    def mix(self, voicing: Voicing, gesture: object = None) -> None:
        """Have another mix."""
        if voicing != self._picture.state.voicing:
            self._step(gesture, voicing=voicing)
            self._set_voicing(voicing)

    def flag(self, flags: Flags, gesture: object = None) -> None:
        """Have other flags on the map."""
        if flags != self._picture.state.flags:
            self._step(gesture, flags=flags)
            self._picture.set(flags=flags)

    def turn(self, turn: Turn, gesture: object) -> None:
        """Have what `turn` sets. Changes of one gesture are one step, whose first turn goes over all of them:
        it finds what there is then. Without the lock.
        """
        with self._crossing:
            with self._picture.changing():
                self._step(gesture, turn=turn)
            turn()

    def load(self, sketch: Sketch, voicing: Voicing | None, flags: Flags | None, turn: Turn | None) -> None:
        """Have all of these (None: as it is), and what `turn` sets, in one step. Without the lock."""
        with self._crossing:
            with self._picture.changing():
                state = self._picture.state
                there = _Side(sketch, voicing or state.voicing, state.flags if flags is None else flags)
                if there != self._side() or turn is not None:
                    self._step(sketch=there.sketch, voicing=there.voicing, flags=there.flags, turn=turn)
                    self._return_to(there)
            if turn is not None:
                turn()

    def undo(self) -> None:
        """Go back a step; nothing where there is none. Without the lock."""
        with self._crossing:
            with self._picture.changing():
                if not self._undo.can_undo:
                    return
                self._undo.skip(self._side())  # a step that turns something is none of these
                turn = self._undo.back.turn
                self._return_to(self._undo.undo(self._side()))
            if turn is not None:
                turn()

    def redo(self) -> None:
        """Take back an undo; nothing where there is none. Without the lock."""
        with self._crossing:
            with self._picture.changing():
                if not self._undo.can_redo:
                    return
                turn = self._undo.forth.turn
                self._return_to(self._undo.redo(self._side()))
            if turn is not None:
                turn()

    # --- inside ---

    def _side(self) -> _Side:
        state = self._picture.state
        return _Side(state.sketch, state.voicing, state.flags)

    def _step(self, gesture: object = None, turn: Turn | None = None, **after: object) -> None:
        """Parts of what there is now are about to be replaced by this gesture."""
        before = replace(self._side(), turn=turn)
        self._undo.did(before, replace(before, **after), gesture, time.monotonic())  # type: ignore[arg-type]
        self._tell()

    def _return_to(self, side: _Side) -> None:
        if side.voicing != self._picture.state.voicing:
            self._set_voicing(side.voicing)
        self._picture.set(flags=side.flags)
        self._show(side.sketch)

    def _show(self, sketch: Sketch, at: SwapAt | None = None) -> None:
        self._picture.set(sketch=sketch)
        self._tell()
        self._supply.renew(at)

    def _set_voicing(self, voicing: Voicing) -> None:
        self._players.configure(voicing=voicing)
        self._picture.set(voicing=voicing)
        self._players.send(SetVoicing(voicing))

    def _tell(self) -> None:
        self._picture.set(can_undo=self._undo.can_undo, can_redo=self._undo.can_redo)
