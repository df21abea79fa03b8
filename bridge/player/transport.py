"""The states of the song, and the ways from one to another.

    state         | start              | stop   | the port is lost  | a port comes
    stands        | counts in, or rolls| -      | -                 | -
    counts in     | the same, anew     | stands | stands            |
    rolls         | the same, anew     | stands | rolls unheard (1) |
    rolls unheard | rolls unheard, anew| stands |                   | rolls (2)

    (1) where our own clock leads; else it stands    (2) or stands, if its bars are over

What a state is made of is in `course` (standing), `countin`, `rolling` and `unheard`. While the song stands,
the latency may be measured (`measuring`); every way out of there breaks that off. Who leads says in moves
what the song does (`conductors`): they are made here.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.groove.notes import LOOP_TICKS
from bridge.player import midi
from bridge.player.ahead import START_DELAY_NS, WAKE_NS, soon_ns
from bridge.player.conductors import Conductor, Move, Roll, Stand
from bridge.player.countin import CountIn
from bridge.player.course import Course
from bridge.player.lead import Lead
from bridge.player.limits import check_count_in
from bridge.player.measuring import Measuring
from bridge.player.messages import Anchor, Finished, MeasureLoopback, Motion
from bridge.player.music import Music
from bridge.player.output import Output
from bridge.player.pulse import Pulse
from bridge.player.rolling import Rolling
from bridge.player.teller import Teller
from bridge.player.unheard import Unheard, by_host, by_port
from bridge.ports.base import Clock
from bridge.ports.sender import HostClock
from bridge.timing import BeatMap, next_boundary
from bridge.timing.pattern import cell_at


class Transport:
    """The song from start to stop. Owned by the player's loop; times are those of the clock of the ports."""

    def __init__(self, bars: int | None, lead: Lead, music: Music, pulse: Pulse, teller: Teller) -> None:
        self._lead = lead
        self._music = music
        self._pulse = pulse
        self._teller = teller
        self.output: Output | None = None
        """What the song is heard through."""
        self.roll: Rolling | None = None
        """While the song rolls out of a port."""
        self._clock: Clock = HostClock()  # of the ports; without them, times are the host's
        self._course = Course(bars)
        self._count: CountIn | None = None  # while the song is counted in
        self._unheard = Unheard(self._course)
        self._measuring = Measuring()
        self._settle_ns: int | None = None  # when all of a song that has stopped is out

    @property
    def position_ticks(self) -> int:
        """Where the song stands, while it does not roll."""
        return self._course.position

    @property
    def rolling(self) -> bool:
        """Whether the song rolls, heard or (for want of a port) unheard, or is counted in."""
        return self.roll is not None or self._unheard.song is not None or self._count is not None

    def where(self, now_ns: int) -> Anchor:
        """Where the song is, by the host's clock."""
        conductor, roll = self._lead.conductor, self.roll
        sync, status = conductor.sync, conductor.status(now_ns)
        if (unheard := self._unheard.song) is not None:
            return Anchor(unheard.origin_ticks, unheard.origin_ns, unheard.bpm, Motion.ROLLING, sync)
        if roll is not None and status.motion is Motion.ROLLING:
            at_ns = roll.song.origin_ns if self._lead.is_ours else now_ns
            ticks, bpm, motion = roll.song.to_ticks(at_ns), roll.song.bpm, Motion.ROLLING
        elif (count := self._count) is not None:
            at_ns, ticks, bpm, motion = count.begins_ns, count.ticks, count.bpm, Motion.ARMED
        else:
            at_ns, ticks, bpm = now_ns, self._course.position, status.bpm or self._lead.internal.bpm
            motion = Motion.ARMED if status.motion is Motion.ARMED else Motion.STOPPED
        host_ns = self._clock.to_host_ns(at_ns)
        return Anchor(ticks, host_ns, bpm, motion, sync, status.clock, status.phase_ms, status.peers)

    # --- ports ---

    def attach(self, output: Output, clock: Clock, now_ns: int) -> None:
        """A song of ours that rolls unheard comes out of this port; bars that nobody heard count."""
        self.output, self._clock = output, clock
        if (song := self._unheard.song) is None:
            return
        first_ns = self._first_ns(output, now_ns)
        song = self._unheard.be_heard(song, clock, first_ns, now_ns)
        if not self._ended_unheard():
            self.make(self._lead.internal.fall_in(song, first_ns), now_ns)

    def detach(self, now_ns: int) -> None:
        """There is no port any more. Where our own clock leads, a song that rolls does so unheard."""
        if self.roll is not None and self._lead.is_ours:
            self._unheard.song = by_host(self.roll.song, self._clock)
        self._halt(now_ns)
        self._stop_counting(now_ns)
        self._break_off("The ports were closed while the latency was measured: measure it again.", now_ns)
        if self.output is not None:
            self._settle(self.output)
        self.output, self._clock = None, HostClock()

    # --- what is asked for ---

    def start(self, at_ticks: int | None, count_in: int, now_ns: int) -> None:
        """Play was pressed: begin here, or where the song is (None); where our clock leads, after `count_in`
        bars. Raises SettingError.
        """
        self._stop_counting(now_ns)
        check_count_in(count_in)
        lead, output = self._lead, self.output
        if at_ticks is None:
            song = self._unheard.song if self.roll is None else self.roll.song
            at_ticks = self._course.position if song is None else cell_at(song.to_ticks(now_ns))
        ticks = max(0, cell_at(at_ticks))
        if output is None:
            if lead.is_ours:
                self._stand_unheard(now_ns)  # what has passed of a song that rolls already counts
                self._unheard.begin(ticks, lead.internal.bpm, now_ns)
                self._teller.moved()
            return
        from_ns = self._pulse.downbeat_ns(self._first_ns(output, now_ns))
        if count_in and lead.is_ours:
            self.make(lead.conductor.stop(), now_ns)
            self._break_off("The song was started while the latency was measured: stop it first.", now_ns)
            self._count = CountIn(ticks, count_in, lead.internal.bpm, from_ns, self._music.voicing)
            self._stand(ticks)
        else:
            self.make(lead.conductor.start(ticks, from_ns), now_ns)

    def stop(self, now_ns: int) -> None:
        """Stop was pressed."""
        self._stop_counting(now_ns)
        self.make(self._lead.conductor.stop(), now_ns)
        self._stand_unheard(now_ns)

    def fall_in(self, anchor: Anchor, now_ns: int) -> None:
        """The song rolls already, along this anchor, by the host's clock: roll with it."""
        self._stop_counting(now_ns)
        song = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns)
        if self.output is not None:
            song = by_port(song, self._clock, now_ns)
            self.make(self._lead.conductor.fall_in(song, self._first_ns(self.output, now_ns)), now_ns)
        elif self._lead.is_ours:
            self._unheard.song = song
            self._teller.moved()

    def follow(self, conductor: Conductor, now_ns: int) -> None:
        """Another leads from now on; the song stands, unless that one has it roll."""
        self._stop_counting(now_ns)
        self._halt(now_ns)
        self._stand_unheard(now_ns)
        self._teller.moved()
        self._make(self._lead.give(conductor, now_ns), now_ns)

    def set_tempo(self, bpm: float, now_ns: int) -> None:
        """A tempo, 20..400 BPM: ours, and the song's, if who leads lets us set it."""
        lead = self._lead
        roll = self.roll if lead.is_ours else None
        cursor = self._music.sequencer.position_ticks if roll is None else roll.level(now_ns)
        lead.conductor.set_tempo(bpm, cursor)
        lead.internal.bpm = bpm
        if self._unheard.song is not None:
            self._unheard.song = self._unheard.song.with_tempo(bpm, now_ns)
            self._teller.moved()
        if roll is not None:
            roll.bend(lead.conductor.line or roll.song, cursor)
            roll.output.recorder.tempo(cursor, bpm)
            self._teller.moved()

    def measure(self, asked: MeasureLoopback, now_ns: int, *, hears: bool) -> None:
        """Measure the latency, if the song stands and there are ports to send (and hear) by."""
        stands = self.roll is None and self._count is None
        output = self.output if hears else None
        self._teller.tell(self._measuring.begin(asked, output, now_ns, song_stands=stands))

    def hear(self, message: bytes, at_ns: int, now_ns: int) -> None:
        """A MIDI message arrived at `at_ns`."""
        self._measuring.hear(message, at_ns)
        self.make(self._lead.hear(message, at_ns), now_ns)

    def panic(self, now_ns: int) -> None:
        """Close all that sounds or could; the song goes on."""
        if (output := self.output) is None:
            return
        self._stop_counting(now_ns)
        self._break_off("Panic ended the measurement of the latency.", now_ns)
        due_ns, voicing, sequencer = now_ns + output.lead_ns, self._music.voicing, self._music.sequencer
        _, others = output.take_back(now_ns)
        sequencer.release(sequencer.position_ticks)
        here = self._course.position if self.roll is None else self.roll.notes.to_ticks(due_ns)
        output.silence(due_ns, here)
        for key in voicing.keys:
            output.system(midi.note_off(key), due_ns)
        output.system(midi.all_notes_off(voicing.channel), due_ns)
        output.resend(others)

    def wind_down(self) -> None:
        """Finish the running four bars, then be `done`; at once where nothing rolls."""
        if self.roll is not None and not self._course.winding_down:
            end = next_boundary(self._music.sequencer.position_ticks, LOOP_TICKS)
            self.roll.limit(end if self.roll.end_ticks is None else min(end, self.roll.end_ticks))
        self._course.winding_down = True

    def play_on(self) -> None:
        """Wind down no more, if it is not too late for that."""
        if self._course.winding_down:
            self._course.winding_down = False
            if self.roll is not None:
                self.roll.limit(self._course.end_from(self.roll.began_ticks))

    @property
    def done(self) -> bool:
        """Whether a wind-down has come to its end."""
        return self._course.winding_down and self.roll is None

    # --- the passing of time ---

    def advance(self, now_ns: int) -> int:
        """Hand over what is due soon; return when to call again at the latest."""
        output, conductor, latency = self.output, self._lead.conductor, self._music.latency
        near_ns = now_ns if output is None else soon_ns(now_ns, output.lead_ns) + latency.ahead_ns
        self.make(conductor.check(now_ns, near_ns), now_ns)
        wake_ns, soonest_ns = now_ns + conductor.check_ns, now_ns + WAKE_NS
        if output is not None and self._count is not None:
            self._go_on_counting(self._count, output, now_ns)
            wake_ns = min(wake_ns, soonest_ns)
        if self.roll is not None:
            wake_ns = min(wake_ns, self._go_on_rolling(self.roll, now_ns))
        elif output is not None and self._settle_ns is not None:
            wake_ns = min(wake_ns, self._settle_ns)
            if now_ns >= self._settle_ns:
                self._settle(output)
        if self._pulse.stand(output, now_ns):
            wake_ns = min(wake_ns, soonest_ns)
        if output is not None and output.mend(now_ns) and self.roll is not None and self.roll.has_suffered:
            self._pulse.remind()
        if output is not None and self._measuring.runs:
            self._teller.tell(self._measuring.advance(output, now_ns))
            wake_ns = min(wake_ns, soonest_ns)
        return wake_ns

    def play(self, roll: Rolling, now_ns: int) -> Rolling:
        """Hand over what is due soon; after a stall, from where the song is now. Return what rolls then."""
        guessing = self._lead.conductor.guessing(now_ns)
        if not guessing and roll.is_behind(now_ns):
            here = roll.song.to_ticks(now_ns + self._music.latency.ahead_ns)
            roll = self._begin(here, roll.song, roll.output, now_ns)
        roll.play(now_ns, guessing=guessing)
        return roll

    def _go_on_counting(self, count: CountIn, output: Output, now_ns: int) -> None:
        """Strike the beats that are due soon; roll once the song's own notes are."""
        latency = self._music.latency
        near_ns = soon_ns(now_ns, output.lead_ns) + START_DELAY_NS + latency.ahead_ns
        begins = count.begins_ns <= near_ns
        count.advance(now_ns, count.begins_ns if begins else near_ns, latency.shift_ns, output)
        if begins:
            self._count = None
            begins_ns = self._pulse.downbeat_ns(max(count.begins_ns, self._first_ns(output, now_ns)))
            self.make(self._lead.internal.start(count.ticks, begins_ns), now_ns)

    def _go_on_rolling(self, roll: Rolling, now_ns: int) -> int:
        """Hand over what is due soon, and see the song to its end; return when to go on at the latest."""
        song, output, lineup = roll.song, roll.output, self._music.lineup
        roll = self.play(roll, now_ns)
        self._teller.tell(*lineup.heard(song, now_ns))
        wake_ns = now_ns + WAKE_NS
        if (next_ticks := lineup.next_ticks) is not None:
            wake_ns = min(wake_ns, song.to_ns(next_ticks))
        if roll.end_ticks is not None:
            end_ns = song.to_ns(roll.end_ticks)
            played_ns = end_ns + self._music.latency.behind_ns
            wake_ns = min(wake_ns, end_ns if now_ns < end_ns else played_ns)
            if now_ns >= end_ns:
                self._pulse.end(now_ns + output.lead_ns, output)
            if now_ns >= played_ns:
                self._finish(roll, now_ns)
        output.settle(now_ns)
        if self.roll is not None:
            self._teller.tell(self.roll.news(now_ns))
        return wake_ns

    def _settle(self, output: Output) -> None:
        """Nothing will be taken back any more."""
        output.settle_all()
        if self._settle_ns is not None:
            self._settle_ns = None
            self._teller.tell(output.recorder.news())

    def _first_ns(self, output: Output, now_ns: int) -> int:
        """The time of the first song position whose notes can be on time."""
        return now_ns + output.lead_ns + START_DELAY_NS + self._music.latency.ahead_ns

    # --- from one state to another ---

    def make(self, moves: Sequence[Move], now_ns: int) -> None:
        """Do what the conductor wants, and take its newest line."""
        for move in moves:
            self._make(move, now_ns)
        if self.roll is not None:
            self.roll.song = self._lead.conductor.line or self.roll.song

    def _make(self, move: Move, now_ns: int) -> None:
        match move:
            case Roll(ticks, song) if self.output is not None:
                self._begin(ticks, song, self.output, now_ns)
            case Stand(ticks):
                self._halt(now_ns)
                if ticks is not None:
                    self._stand(ticks)

    def _begin(self, ticks: float, song: BeatMap, output: Output, now_ns: int) -> Rolling:
        """Roll from a song position, or roll on from there, along `song`."""
        self._halt(now_ns)
        self._break_off(
            "The song started while the latency was measured: stop it, and measure again.", now_ns
        )
        self.roll = roll = Rolling(ticks, song, self._music, self._pulse, output)
        roll.limit(self._course.end_from(ticks))
        self._teller.moved()
        self._settle_ns = None
        recorder = output.recorder
        recorder.begin(round(ticks), song.bpm)
        if recorder.has_news:  # of a roll that was cut short, maybe before its first bar line
            self._teller.tell(recorder.news(ticks))
        self._pulse.begin(ticks, song, output)
        return roll

    def _halt(self, now_ns: int, at_ticks: float | None = None) -> None:
        """Stop rolling, and stand at the sixteenth that we were in, or at `at_ticks`. The conductor may roll
        on.
        """
        if (roll := self.roll) is None:
            return
        here = roll.halt(now_ns, at_ticks)
        self.roll = None
        self._settle_ns = now_ns + 2 * roll.output.lead_ns
        self._teller.tell(*self._music.lineup.heard(roll.song, now_ns))
        self._course.rolled(roll.began_ticks, here)
        self._stand(self._course.position)
        self._teller.tell(self._teller.stats(roll.output, self._music.lineup.swaps))

    def _finish(self, roll: Rolling, now_ns: int) -> None:
        """The end that was set is reached: every cell before it has been played and closed."""
        self._halt(now_ns, roll.end_ticks)
        self._lead.conductor.finish()
        if self._course.is_over():
            self._teller.tell(Finished())

    def _stand(self, position_ticks: int) -> None:
        """The song stands here, and what waits takes over at once."""
        self._course.position = position_ticks
        self._teller.moved()
        self._teller.tell(*self._music.stand(position_ticks))

    def _stand_unheard(self, now_ns: int) -> None:
        """Stop the song that rolls without a port."""
        if self._unheard.stand(now_ns) and not self._ended_unheard():
            self._stand(self._course.position)

    def _ended_unheard(self) -> bool:
        """Whether all bars have passed while nobody heard them: the song stands where they ended then."""
        is_over = self._course.is_over()
        if is_over:
            self._stand(self._course.position)
            self._teller.tell(Finished())
        return is_over

    def _stop_counting(self, now_ns: int) -> None:
        """The song is not to begin after all."""
        if self._count is not None and self.output is not None:
            self._count.break_off(self._course.position, self.output, now_ns)
            self._count = None
            self._teller.moved()

    def _break_off(self, why: str, now_ns: int) -> None:
        """Measure the latency no further."""
        if self.output is not None:
            self._teller.tell(self._measuring.break_off(why, self._course.position, self.output, now_ns))
