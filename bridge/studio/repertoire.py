"""The loops that the player has been given, and the blocks of the song that they are for."""

from __future__ import annotations

from collections import OrderedDict

from bridge.groove import DrumLoop

REMEMBERED = 256
"""How many loops are known again when the player reports them; and blocks, of which the player remembers no
more either: one that the song comes back to later is given anew."""


class Repertoire:
    """Numbers the loops; knows which one is for all blocks and which for a single block (four bars) of an
    evolving song. Not thread-safe: the studio's lock guards it.
    """

    def __init__(self) -> None:
        self._loops: OrderedDict[int, DrumLoop] = OrderedDict()
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

    def add_base(self, loop: DrumLoop) -> int:
        """A loop for all blocks, in place of all before; it is block 0's too. Its number."""
        self._base = self._number(loop)
        self._blocks = {0: self._base}
        return self._base

    def add_block(self, block: int, loop: DrumLoop) -> int:
        """A loop for one block alone. Its number."""
        self._blocks[block] = self._number(loop)
        if len(self._blocks) > REMEMBERED:
            del self._blocks[next(each for each in self._blocks if each != 0)]
        return self._blocks[block]

    def of_block(self, block: int) -> int | None:
        """The number of the loop that was given for a block."""
        return self._blocks.get(block)

    def start_over(self, loop_id: int) -> None:
        """Another player has been given this loop and no more: it counts for all blocks."""
        self._base = loop_id
        self._blocks = {0: loop_id}

    def _number(self, loop: DrumLoop) -> int:
        self._last += 1
        self._loops[self._last] = loop
        if len(self._loops) > REMEMBERED + 1:
            del self._loops[next(each for each in self._loops if each != self._base)]
        return self._last
