"""One roll of the song, from a Start or a jump to the next Stop or jump: played ahead, and revised.

`play` hands over what is due soon (see `ahead`). What is handed over is not yet out, so a swap or a change of
the mix revises it: it is taken back from where the change can still be in time, decided anew, and `play`
hands it over again. A new tempo begins where the handed-over part ends (`level`, `bend`).

Notes are due by a line of their own, earlier or later than the song by the latency (`latency.py`).
"""

from __future__ import annotations

import math

from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP
from bridge.player import midi
from bridge.player.ahead import REVISE_NS, STALL_NS, soon_ns
from bridge.player.messages import Played, SwapAt
from bridge.player.music import Music
from bridge.player.output import Output
from bridge.player.patterns import Card
from bridge.player.pulse import Pulse
from bridge.player.voicing import Voicing
from bridge.timing import TICKS_PER_CLOCK, BeatMap, next_boundary
from bridge.timing.pattern import HALF_CELL_TICKS

_GRID = {SwapAt.NOW: None, SwapAt.STEP: TICKS_PER_STEP, SwapAt.BAR: TICKS_PER_BAR, SwapAt.LOOP: LOOP_TICKS}


class Rolling:
    """The song rolls along a line out of one output, whoever leads. Owned by the player's loop.

    Once `halt` was called, nothing else may be.
    """

    def __init__(self, ticks: float, song: BeatMap, music: Music, pulse: Pulse, output: Output) -> None:
        self.song = song
        """Song position <-> time. Who leads puts newer lines here, with every clock that is heard."""
        self.began_ticks = ticks
        self.end_ticks: int | None = None
        """Where it will end by itself."""
        self.output = output
        self._music = music
        self._pulse = pulse
        self._xruns_before = output.xruns  # those that it did not suffer
        self._firm_ticks = ticks  # before this, notes went out along another line: too late to decide anew
        self._told_bar = int(ticks // TICKS_PER_BAR)  # what was played before this bar has been told
        music.roll(ticks)

    # --- time ---

    @property
    def notes(self) -> BeatMap:
        """Song position <-> the time at which a note of that position goes out."""
        return self._music.latency.line(self.song)

    @property
    def has_suffered(self) -> bool:
        """Whether the port may have lost messages since it began."""
        return self.output.xruns > self._xruns_before

    def is_behind(self, now_ns: int) -> bool:
        """Whether so much was missed that it is better to skip to where the song is."""
        return self.notes.to_ns(self._music.sequencer.position_ticks) < now_ns - STALL_NS

    def limit(self, end_ticks: int | None) -> None:
        """End here by itself (None: nowhere)."""
        self.end_ticks = end_ticks
        self._music.sequencer.limit(math.inf if end_ticks is None else end_ticks)

    def news(self, now_ns: int) -> Played | None:
        """What was played, once a bar more of it is out."""
        next_ticks = (self._told_bar + 1) * TICKS_PER_BAR
        if (played := self.song.to_ticks(now_ns)) < next_ticks:
            return None
        if (played := min(played, self.notes.to_ticks(now_ns))) < next_ticks:
            return None
        self._told_bar = int(played // TICKS_PER_BAR)
        return self.output.recorder.news(self._told_bar * TICKS_PER_BAR)

    # --- handing over ---

    def play(self, now_ns: int, *, guessing: bool) -> None:
        """Hand over what is due soon; while a clock is still `guessing`, no further than its first."""
        self._music.latency.glide(now_ns)
        soon = soon_ns(now_ns, self.output.lead_ns)
        limit = self.began_ticks + TICKS_PER_CLOCK if guessing else math.inf
        notes = self.notes
        notes_until = notes.to_ticks(soon)
        self._hand_over(notes, min(notes_until, limit), min(self.song.to_ticks(soon), limit))
        if self._music.sequencer.position_ticks - notes_until > TICKS_PER_STEP and self.output.open_keys:
            self._close_early(now_ns)

    def _hand_over(self, notes: BeatMap, until: float, clock_until: float) -> None:
        """Hand over the notes, along their line, and the clock that come before these song positions."""
        music = self._music
        for event in music.voicing.in_order(music.sequencer.advance(until)):
            self.output.play(event, notes.to_ns(event.ticks), music.voicing)
        self._pulse.advance(self.song, clock_until, self.end_ticks, self.output)
        music.lineup.look(until)

    def _close_early(self, now_ns: int) -> None:
        """Close what sounds: a clock that slowed down has put the song back behind what is played; it would
        sound until the song is there again.
        """
        here = self._music.sequencer.position_ticks
        self._music.sequencer.release(here)
        self.output.close_notes(now_ns + self.output.lead_ns, here)

    def level(self, now_ns: int) -> float:
        """Hand over notes and clock to one and the same song position, and return it: from there on, the song
        may run along another line (`bend`).
        """
        soon = soon_ns(now_ns, self.output.lead_ns)
        cursor = max(self._music.sequencer.position_ticks, self.song.to_ticks(soon))
        self._hand_over(self.notes, cursor, cursor)
        return cursor if self.end_ticks is None else min(cursor, self.end_ticks)

    def bend(self, song: BeatMap, cursor_ticks: float) -> None:
        """Run along another line from here on: what is before it keeps its time."""
        self.song = song
        self._firm_ticks = cursor_ticks

    # --- revising what is handed over; `play` comes next ---

    def swap(self, card: Card, at: SwapAt, now_ns: int) -> None:
        """Another loop takes over, in its block or in all."""
        sequencer = self._music.sequencer
        soonest, grid = self._soonest_ticks(now_ns), _GRID[at]
        boundary = None if grid is None else next_boundary(soonest, grid)
        first = max(boundary or 0, (card.block or 0) * LOOP_TICKS)
        self._take_back(max(soonest, first - HALF_CELL_TICKS))
        old = sequencer.playing
        self._music.line_up(card, boundary)
        if boundary is None and sequencer.playing is not old:
            sequencer.release(sequencer.position_ticks)
        self._close_unsustained()

    def revoice(self, voicing: Voicing, now_ns: int) -> None:
        """Another mix holds, as soon as can be."""
        self._take_back(self._soonest_ticks(now_ns))
        self._music.voicing = voicing
        self._close_unsustained()

    def _soonest_ticks(self, now_ns: int) -> float:
        """The first song position that can still be decided anew."""
        soonest = self.notes.to_ticks(now_ns + self.output.lead_ns + REVISE_NS)
        return max(self._firm_ticks, min(soonest, self._music.sequencer.position_ticks))

    def _take_back(self, from_ticks: float) -> None:
        """Take back what was handed over from this song position on; clock and transport stay as they are."""
        music = self._music
        if from_ticks >= music.sequencer.position_ticks:
            return
        events, others = self.output.take_back(self.notes.to_ns(from_ticks))
        self.output.resend(others)
        music.sequencer.take_back(from_ticks, events)
        music.lineup.reopen(music.sequencer.position_ticks)

    def _close_unsustained(self) -> None:
        """Close what no voice sustains any more."""
        music = self._music
        here = music.sequencer.position_ticks
        sustained = [voice for voice in music.sequencer.open_keys if music.voicing.heard(voice)]
        self.output.close_notes(self.notes.to_ns(here), here, but_for=sustained)

    # --- the end ---

    def halt(self, now_ns: int, at_ticks: float | None = None) -> float:
        """Take back what is not out, and close all notes; return the song position, which is `at_ticks` if
        that is given.
        """
        output = self.output
        due_ns = now_ns + output.lead_ns
        here = max(self.song.to_ticks(now_ns), self.began_ticks) if at_ticks is None else at_ticks
        _, back = output.take_back(now_ns)
        closed = max(here, self.notes.to_ticks(due_ns)) if output.open_keys else here
        output.silence(due_ns, closed)
        for message, _ in back:
            if _stays(message):
                output.system(message, due_ns)
        clocks = (at_ns for message, at_ns in back if message == midi.CLOCK)
        self._pulse.end(due_ns, output, min(clocks, default=None))
        output.recorder.end(closed)
        self._music.latency.arrive()
        return here


def _stays(message: bytes) -> bool:
    """Whether what was taken back goes out after all: Panic's, and the end of a count's last beat; one that
    is not struck by now is struck no more.
    """
    return message == midi.STOP or (message[0] < 0xF0 and not midi.strikes(message))
