"""What a person changes of the music, the sketch and the mix, one step of undo after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.player.messages import SetVoicing, SwapAt
from bridge.player.voicing import Voicing
from bridge.studio.picture import Picture
from bridge.studio.players import Players
from bridge.studio.sketch import Sketch
from bridge.studio.supply import Supply
from bridge.studio.undo import Undo


class Changes:
    """Owns what undo and redo bring back; hands a new sketch to the supply and a new mix to the player. The
    lock is held.
    """

    def __init__(self, picture: Picture, supply: Supply, players: Players) -> None:
        self._picture = picture
        self._supply = supply
        self._players = players
        self._undo: Undo[tuple[Sketch, Voicing]] = Undo()

    def change(self, change: Callable[[Sketch], Sketch], gesture: object, at: SwapAt | None) -> None:
        """Have the loop made of another sketch, to be heard `at`."""
        before = self._picture.state.sketch
        after = change(before)
        if after != before:
            self._step(gesture)
            self._show(after, at)

    def mix(self, voicing: Voicing, gesture: object = None) -> None:
        """Have another mix."""
        if voicing != self._picture.state.voicing:
            self._step(gesture)
            self._set_voicing(voicing)

    def load(self, sketch: Sketch, voicing: Voicing | None) -> None:
        """Have both (None: the mix as it is) in one step."""
        there = sketch, voicing or self._picture.state.voicing
        if there != self._now:
            self._step()
            self._return_to(*there)

    def undo(self) -> None:
        """Go back a step; nothing where there is none."""
        if self._undo.can_undo:
            self._return_to(*self._undo.undo(self._now))

    def redo(self) -> None:
        """Take back an undo; nothing where there is none."""
        if self._undo.can_redo:
            self._return_to(*self._undo.redo(self._now))

    # --- inside ---

    @property
    def _now(self) -> tuple[Sketch, Voicing]:
        return self._picture.state.sketch, self._picture.state.voicing

    def _step(self, gesture: object = None) -> None:
        """What there is now is about to be replaced by this gesture."""
        self._undo.did(self._now, gesture, time.monotonic())
        self._tell()

    def _return_to(self, sketch: Sketch, voicing: Voicing) -> None:
        if voicing != self._picture.state.voicing:
            self._set_voicing(voicing)
        self._show(sketch)

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
