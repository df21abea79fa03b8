"""The loops that the player has been given, and the blocks of the song that they are for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from bridge.groove import DrumLoop
from bridge.player.messages import SetLoop, SwapAt
from bridge.studio.sketch import Sketch

REMEMBERED = 256
"""How many loops are known again when the player reports them; and blocks, of which the player remembers no
more either: one that the song comes back to later is given anew."""


class Repertoire:
    """Numbers the loops; knows which one is for all blocks and which for a single block (four bars) of an
    evolving song. Not thread-safe: the studio's lock guards it.
    """

    def __init__(self) -> None:
        self._loops: OrderedDict[int, DrumLoop] = OrderedDict()
        self._sketches: dict[int, Sketch] = {}
        self._blocks: dict[int, int] = {}  # block -> number of its loop
        self._last = 0
        self._base = 0

    @property
    def newest(self) -> int:
        """The number given last."""
        return self._last

    def loop(self, loop_id: int) -> DrumLoop | None:
        """The loop with this number, if it is not forgotten."""
        return self._loops.get(loop_id)

    def sketch(self, loop_id: int) -> Sketch | None:
        """What that loop was made of, if that is known."""
        return self._sketches.get(loop_id)

    def add_base(self, loop: DrumLoop, sketch: Sketch) -> int:
        """A loop for all blocks, in place of all before; it is block 0's too. Its number."""
        self._base = self._number(loop, sketch)
        self._blocks = {0: self._base}
        return self._base

    def add_block(self, block: int, loop: DrumLoop, sketch: Sketch) -> int:
        """A loop for one block alone. Its number."""
        self._blocks[block] = self._number(loop, sketch)
        if len(self._blocks) > REMEMBERED:
            del self._blocks[next(each for each in self._blocks if each != 0)]
        return self._blocks[block]

    def of_block(self, block: int) -> int | None:
        """The number of the loop that was given for a block."""
        return self._blocks.get(block)

    def give_anew(self, block: int, at: SwapAt) -> list[SetLoop]:
        """What another player, which plays a loop of `block` already, has to be given beside that.

        Blocks before it are forgotten: they are given anew if the song comes back to them.
        """
        kept = {each: loop_id for each, loop_id in self._blocks.items() if each >= block}
        self._blocks = {0: self._base} | kept
        ahead = [(None, self._base), *((each, kept[each]) for each in kept if kept[each] != self._base)]
        return [SetLoop(self._loops[loop_id], loop_id, at, each) for each, loop_id in ahead]

    def inherit(self, loops: Sequence[SetLoop]) -> int | None:
        """A player has been given these by another studio. The loop for all blocks; None if there is none."""
        for each in loops:
            self._loops[each.loop_id] = each.loop
            self._last = max(self._last, each.loop_id)
            if each.block is None:
                self._base = each.loop_id
                self._blocks = {0: each.loop_id}
            else:
                self._blocks[each.block] = each.loop_id
        return self._base or None

    def _number(self, loop: DrumLoop, sketch: Sketch) -> int:
        self._last += 1
        self._loops[self._last] = loop
        self._sketches[self._last] = sketch
        if len(self._loops) > REMEMBERED + 1:
            forgotten = next(each for each in self._loops if each != self._base)
            del self._loops[forgotten]
            self._sketches.pop(forgotten, None)
        return self._last
