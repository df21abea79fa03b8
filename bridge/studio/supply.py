"""Keeps the player in loops: decodes what the sketch has come to be, and an evolving song's blocks ahead.

sketch --> decoding thread (the newest only) --> SetLoop --> player
next loop <--- block <--- LoopPlaying, Anchor <----------------+
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS
from bridge.player.messages import Command, SetLoop, SwapAt
from bridge.studio.decoder import Decoder, Job
from bridge.studio.memo import Memo
from bridge.studio.picture import Picture
from bridge.studio.repertoire import Repertoire
from bridge.studio.sketch import Sketch

AHEAD_BLOCKS = 2
FILL = "fill"
"""The named slider that a fill pushes."""


class Supply:
    """Owns the repertoire, the decoding thread, and the block (four bars) that an evolving song is in. The
    lock is held where a method does not say otherwise.

    decoded   the sketch of the loop for all blocks that was sent last; None: it is to be decoded anew
    send      hands a command to the player
    """

    def __init__(
        self,
        picture: Picture,
        make: Callable[[Sketch], DrumLoop],
        repertoire: Repertoire,
        decoded: Sketch | None,
        send: Callable[[Command], None],
    ) -> None:
        self._picture = picture
        self._make = make
        self._repertoire = repertoire
        self._decoded = decoded
        self._send = send
        self._block = 0
        self._at: SwapAt | None = None  # when the last change of the sketch wants to be heard
        self._decoder = Decoder(picture.lock, make, self._next_job, self._on_decoded)

    @property
    def memo(self) -> Memo:
        """What another studio would need to go on."""
        state = self._picture.state
        return Memo(state.sketch, self._decoded, state.swap_at, state.evolve)

    def sketch(self, loop_id: int) -> Sketch | None:
        """What that loop was made of, if that is known."""
        return self._repertoire.sketch(loop_id)

    def start(self) -> None:
        """Start decoding. Without the lock."""
        self._decoder.start()

    def close(self) -> None:
        """End the thread and wait for it. Without the lock. Idempotent."""
        self._decoder.close()

    def renew(self, at: SwapAt | None) -> None:
        """The sketch is another one, which wants to be heard `at`."""
        self._at = at
        self._decoder.wake()

    def begin_anew(self) -> None:
        """The song evolves from now on, or no more: the loop for all blocks is given again, and with it the
        player forgets those for single ones.
        """
        self._decoded = None
        self._decoder.wake()

    def prepare(self, ticks: int) -> None:
        """Let the player know the block in which a song that evolves will begin. Without the lock."""
        block = ticks // LOOP_TICKS
        with self._picture.lock:
            if not self._picture.state.evolve or self._repertoire.of_block(block) is not None:
                return
            job = Job(self._picture.state.sketch.in_block(block), block)
        try:
            loop = self._make(job.sketch)
        except GroovebridgeError:
            return  # the decoding thread meets it too, and tells
        with self._picture.changing():
            if self._repertoire.of_block(block) is None and self._is_wanted(job):
                self._give(job, loop, self._repertoire.add_block(block, loop, job.sketch))

    def go_to(self, ticks: float) -> None:
        """The song is there."""
        self._block = int(max(0, ticks)) // LOOP_TICKS
        self._decoder.wake()

    def plays(self, loop_id: int, ticks: int) -> None:
        """The player has gone over to a loop."""
        self.go_to(ticks)
        loop = self._repertoire.loop(loop_id) or self._picture.state.loop
        self._picture.set(loop=loop, loop_id=loop_id)
        self._set_next()

    def loops(self) -> list[SetLoop]:
        """What another player is given: what plays, then what waits to take over."""
        state = self._picture.state
        waiting = self._repertoire.give_anew(self._block, state.swap_at)
        return [
            SetLoop(state.loop, state.loop_id),
            *(loop for loop in waiting if loop.loop_id != state.loop_id or loop.block is not None),
        ]

    def fill(self) -> None:
        """A fill at once, the fill slider's most, to the end of the bar; then the loop as it was."""
        state = self._picture.state
        block = self._block if state.evolve else None
        home = state.sketch.in_block(block or 0)
        for sketch, at in ((home.set(home.settings.holding(FILL, 1.0)), SwapAt.NOW), (home, SwapAt.BAR)):
            loop = self._make(sketch)
            if block is None:
                loop_id = self._repertoire.add_base(loop, sketch)
            else:
                loop_id = self._repertoire.add_block(block, loop, sketch)
            self._send(SetLoop(loop, loop_id, at, block))
        if block is None:
            self._decoded = home
        self._set_next()

    # --- inside ---

    def _next_job(self) -> Job | None:
        """What to decode next: the loop for all blocks, or that of a block that is still missing."""
        state = self._picture.state
        if state.sketch != self._decoded:
            return Job(state.sketch, at=self._at)
        if state.evolve:
            for block in range(self._block, self._block + AHEAD_BLOCKS + 1):
                if self._repertoire.of_block(block) is None:
                    return Job(state.sketch.in_block(block), block, self._at)
        return None

    def _on_decoded(self, job: Job, result: DrumLoop | GroovebridgeError) -> None:
        """Send a loop that has been decoded, unless its sketch is history by now. Without the lock."""
        with self._picture.changing():
            if isinstance(result, GroovebridgeError):
                self._decoded = self._picture.state.sketch
                self._picture.set(fault=str(result))
                return
            if job.block is None:
                self._decoded = job.sketch
                self._give(job, result, self._repertoire.add_base(result, job.sketch))
            elif self._is_wanted(job):
                self._give(job, result, self._repertoire.add_block(job.block, result, job.sketch))
            self._set_next()

    def _is_wanted(self, job: Job) -> bool:
        return job.sketch == self._picture.state.sketch.in_block(job.block or 0)

    def _give(self, job: Job, loop: DrumLoop, loop_id: int) -> None:
        state = self._picture.state
        at = job.at or state.swap_at
        if job.block is None and state.evolve and self._block:
            at = SwapAt.LOOP  # it is block 0's: what is heard in this block is on its way
        self._picture.set(next_at=at)
        self._send(SetLoop(loop, loop_id, at, job.block))

    def _set_next(self) -> None:
        """What waits to take over: the next block's loop, or the newest one if that does not play yet."""
        state, repertoire = self._picture.state, self._repertoire
        next_id = repertoire.of_block(self._block + 1) if state.evolve else repertoire.newest
        if next_id == state.loop_id:
            next_id = None
        self._picture.set(
            next_loop_id=next_id, next_loop=None if next_id is None else repertoire.loop(next_id)
        )
        if state.evolve:
            self._picture.set(next_at=SwapAt.LOOP)
