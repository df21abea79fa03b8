"""What the player tells of the song: where it is, what sounds, what went out; and what is kept of that."""

from __future__ import annotations

from bridge.player.messages import Anchor, Finished, LoopPlaying, Motion, Played, Report, Sync
from bridge.studio.history import History
from bridge.studio.picture import Picture
from bridge.studio.sketch import Given, Sketch
from bridge.studio.supply import Supply
from bridge.studio.tape import Tape


class Heard:
    """Writes the takes of the history and the tape. The lock is held."""

    def __init__(self, picture: Picture, supply: Supply, history: History, tape: Tape) -> None:
        self._picture = picture
        self._supply = supply
        self._history = history
        self._tape = tape

    def hear(self, report: Report) -> None:
        """The player tells of the song; what it tells of itself is not for us."""
        match report:
            case Anchor():
                self._on_anchor(report)
            case LoopPlaying(loop_id, at_ticks):
                self._supply.plays(loop_id, at_ticks)
                self._write_history()
            case Played():
                self._tape.add(report)
                self._picture.set(tape_bars=self._tape.bars)
            case Finished():
                self._picture.set(finished=True)

    def _on_anchor(self, anchor: Anchor) -> None:
        self._picture.set(anchor=anchor)
        if anchor.motion is Motion.ROLLING:
            self._tape.roll()
        if anchor.sync is not Sync.INTERNAL:
            self._picture.set(bpm=anchor.bpm)
        self._supply.go_to(anchor.ticks)
        self._write_history()

    def _write_history(self) -> None:
        """What sounds is a take; what nobody has heard is none."""
        state = self._picture.state
        if state.motion is Motion.ROLLING:
            sketch = self._supply.sketch(state.loop_id) or Sketch(origin=Given(state.loop))
            take = self._history.played(state.loop, sketch)
            if take.number != state.take:
                self._picture.set(takes=self._history.takes, take=take.number)
