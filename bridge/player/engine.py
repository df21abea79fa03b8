"""The player without its process: commands and MIDI in, timed messages and reports out.

No threads, no clock of its own. Everything due before now + the port's lead + `LOOKAHEAD_NS` has been handed
to the port; `advance` is due again every `WAKE_NS`. So the loop may wake up 30 ms late without a note being
late: on a busy 2-core machine a process of its own woke up 1.4 ms late (p99), a plain Python thread 13 ms.
Further ahead costs nothing: Stop, panic and relocation take back what is not out. So does a swap or a change
of the mix, from its boundary on or from the earliest moment at which new notes can still be on time
(`REVISE_NS` beyond the lead): the sequencer decides that part anew, and it is handed over again at once. A
new tempo begins where the handed-over part ends, 40 ms from now, since the clock that others follow is in it.

         now        lead  REVISE      LOOKAHEAD
    ------|----------|------|------------|----------->
    out   |  as it was      |  may be    | cursor: not decided yet
          |                 |  revised   |

Notes are due by a line of their own, earlier or later than the song by the latency (`latency.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP
from bridge.player import midi
from bridge.player.ableton import AbletonLink
from bridge.player.clockout import ClockOut, Timed
from bridge.player.conductors import (
    ClockConductor,
    Conductor,
    InternalConductor,
    LinkConductor,
    LinkSession,
    Move,
    Roll,
    Stand,
)
from bridge.player.countin import VOICE, CountIn
from bridge.player.figures import Figures
from bridge.player.latency import Latency
from bridge.player.limits import SettingError, check_bars, check_bpm, check_count_in
from bridge.player.lineup import Lineup
from bridge.player.loopback import LoopbackTest
from bridge.player.messages import (
    Anchor,
    Command,
    FallIn,
    Fault,
    Finished,
    Loopback,
    MeasureLoopback,
    Motion,
    Panic,
    PlayerConfig,
    PortsOpened,
    Report,
    SetLatency,
    SetLoop,
    SetSendClock,
    SetSync,
    SetTempo,
    SetVoicing,
    Start,
    Stats,
    Stop,
    SwapAt,
    Sync,
)
from bridge.player.output import Drums, NoDrums, Output
from bridge.player.patterns import Card, Deck, pattern_of
from bridge.player.recorder import Recorder
from bridge.player.voicing import Voicing
from bridge.player.whereabouts import Whereabouts
from bridge.ports.base import Incoming, MidiOut, PortLost, Ports
from bridge.timing import TICKS_PER_CLOCK, BeatMap, Sequencer, next_boundary
from bridge.timing.pattern import HALF_CELL_TICKS, cell_at

LOOKAHEAD_NS = 40_000_000
WAKE_NS = 10_000_000
START_DELAY_NS = 5_000_000
"""From a Start to its beat 1, beyond the port's lead: time to hand the first notes over, and to arm clock
listeners."""

REVISE_NS = 3_000_000
"""Time to take back what is not out, decide it anew and hand it over again, beyond the port's lead."""

STALL_NS = 250_000_000
"""Further behind than this (the machine slept, JACK stalled) the player skips to where the song is, instead
of pouring out everything that it missed."""

_GRID = {SwapAt.NOW: None, SwapAt.STEP: TICKS_PER_STEP, SwapAt.BAR: TICKS_PER_BAR, SwapAt.LOOP: LOOP_TICKS}


class Engine:
    """One player. All methods are called from one thread, with the present on the ports' clock.

    Raises SettingError for a config out of range, and what `open_link` raises where Link is to lead and is
    not installed. `report` must not block. `handle` takes the commands that concern music, and what ports put
    into their inbox; opening ports and ending are the business of the process around it.
    """

    def __init__(
        self,
        config: PlayerConfig,
        report: Callable[[Report], None],
        open_link: Callable[[], LinkSession] = AbletonLink,
        drums: Drums | None = None,
    ) -> None:
        self._report = report
        self._drums = drums or NoDrums()
        self._open_link = open_link
        self._session: LinkSession | None = None  # once Link was asked for
        self._internal = InternalConductor(check_bpm(config.bpm))
        self._clock = ClockConductor()  # hears every clock, so that it knows one before we follow it
        self._conductor = self._conductor_of(config.sync)
        self._bars = check_bars(config.bars)
        self._send_clock = config.send_clock
        self._clock_while_stopped = config.clock_while_stopped
        self._latency = Latency(config.latency_ms)
        self.recorder = Recorder(enabled=config.record is not None)
        self._voicing = config.voicing
        self._deck = Deck()
        self._sequencer = Sequencer(pattern_of(DrumLoop.empty()))
        self._clock_out = ClockOut()
        self._ports: Ports | None = None
        self._output: Output | None = None
        self._count: CountIn | None = None  # while the song is counted in; it stands then
        self._loopback: LoopbackTest | None = None  # while the song stands, and only while there are ports

        self._map: BeatMap | None = None  # song position <-> time while we roll, whoever leads
        self._rolling = False
        self._position = 0  # where the song stands, while it does not roll
        self._began_ticks = 0.0  # where this roll began
        self._xruns_before = 0  # those that it did not suffer
        self._firm_ticks = 0.0  # before this, notes went out along another line: too late to decide anew
        self._end_ticks: int | None = None  # where it will end by itself
        self._left_ticks = self._all_ticks
        self._winding_down = False
        self._unheard: BeatMap | None = None  # our song while there is no port, by the host's clock
        self._hanging: frozenset[int] = frozenset()  # what a lost port may have left sounding

        self._told_bar = 0  # what was played before this bar has been told
        self._settle_ns: int | None = None  # when all of a song that has stopped is out

        self._lineup = Lineup(self._deck, self._sequencer)
        self._figures = Figures()
        self._whereabouts = Whereabouts()

    # --- ports ---

    def attach(self, ports: Ports, now_ns: int) -> None:
        """Play through these ports from now on. A song of ours that was cut short goes on in time."""
        self._change_clock()
        self._ports = ports
        self._output = Output(ports.out, self.recorder, self._drums)
        self.tell_ports()
        self._whereabouts.moved = True
        for key in sorted(self._hanging):
            self._output.system(midi.note_off(key), now_ns + self._output.lead_ns)
        self._hanging = frozenset()
        if (song := self._unheard) is not None:
            self._unheard = None
            self._be_heard(song, ports, now_ns)

    def detach(self, now_ns: int) -> None:
        """Stop, close all notes, let go of the ports (the caller closes them).

        Where our own clock leads, the song rolls on unheard, in time, until other ports are attached.
        """
        song, ports = self._song(), self._ports
        if song is not None and ports is not None and self._leads:
            self._unheard = replace(song, origin_ns=ports.clock.to_host_ns(song.origin_ns))
        self._halt(now_ns)
        self._stop_counting(now_ns)
        self._break_off(now_ns, "The ports were closed while the latency was measured: measure it again.")
        output = self._output
        if output is not None:
            output.settle_all()
            if self._settle_ns is not None:
                self._settle_ns = None
                self._report(self.recorder.news())
            self._figures.close(output)
        self._ports = None
        self._output = None
        self._change_clock()

    def leave(self) -> None:
        """Take leave of those who share the lead. The last call."""
        self._conductor.leave()

    # --- what comes in ---

    def handle(self, item: Command | Incoming | PortLost, now_ns: int) -> None:
        """Act on a command, a MIDI message or a port's end. What cannot be set becomes a `Fault`."""
        try:
            self._handle(item, now_ns)
        except GroovebridgeError as error:
            self._report(Fault(str(error)))

    def _handle(self, item: Command | Incoming | PortLost, now_ns: int) -> None:
        match item:
            case SetLoop():
                self._set_loop(item, now_ns)
            case SetTempo(bpm):
                self._set_tempo(bpm, now_ns)
            case SetSync(sync):
                self._set_sync(sync, now_ns)
            case SetVoicing(voicing):
                self._set_voicing(voicing, now_ns)
            case SetLatency(latency_ms):
                self._set_latency(latency_ms)
            case MeasureLoopback():
                self._measure(item, now_ns)
            case SetSendClock(on, while_stopped):
                self._set_send_clock(on, while_stopped, now_ns)
            case Start(at_ticks, count_in):
                self._stop_counting(now_ns)
                self._start(at_ticks, check_count_in(count_in), now_ns)
            case FallIn(anchor):
                self._fall_in(anchor, now_ns)
            case Stop():
                self._stop_counting(now_ns)
                self._make_all(self._conductor.stop(), now_ns)
                self._stand_unheard(now_ns)
            case Panic():
                self._panic(now_ns)
            case Incoming(message, at_ns):
                self._receive(message, at_ns, now_ns)
            case PortLost(reason):
                if self._output is not None:
                    self._hanging |= self._output.struck_keys
                self.detach(now_ns)
                self._whereabouts.moved = True
                self._report(Fault(reason, ports_lost=True))

    def wind_down(self) -> None:
        """Finish the running four bars, then be `done`; at once where nothing rolls."""
        if self._rolling and not self._winding_down:
            end = next_boundary(self._sequencer.position_ticks, LOOP_TICKS)
            self._limit(end if self._end_ticks is None else min(end, self._end_ticks))
        self._winding_down = True

    def play_on(self) -> None:
        """Wind down no more, if it is not too late for that."""
        if self._winding_down:
            self._winding_down = False
            if self._rolling:
                self._limit(self._end_from(self._began_ticks))

    @property
    def done(self) -> bool:
        """Whether a wind-down has come to its end."""
        return self._winding_down and not self._rolling

    @property
    def rolling(self) -> bool:
        """Whether the song rolls, heard or (for want of a port) unheard."""
        return self._rolling or self._unheard is not None or self._count is not None

    # --- the passing of time ---

    def advance(self, now_ns: int) -> int:
        """Hand over what is due soon, report what has changed; return when to call again at the latest."""
        output = self._output
        near_ns = now_ns if output is None else self._soon_ns(output, now_ns) + self._latency.ahead_ns
        self._make_all(self._conductor.check(now_ns, near_ns), now_ns)
        wake_ns = now_ns + self._conductor.check_ns
        if self._count is not None and output is not None:
            wake_ns = now_ns + WAKE_NS
            self._go_on_counting(self._count, output, now_ns)
        song = self._song()
        if output is not None and song is not None:
            wake_ns = now_ns + WAKE_NS
            self._play(output, song, now_ns)
            self._tell(self._lineup.heard(song, now_ns))
            if (next_ticks := self._lineup.next_ticks) is not None:
                wake_ns = min(wake_ns, song.to_ns(next_ticks))
            if self._end_ticks is not None:
                end_ns = song.to_ns(self._end_ticks)
                played_ns = end_ns + self._latency.behind_ns
                wake_ns = min(wake_ns, end_ns if now_ns < end_ns else played_ns)
                if now_ns >= end_ns:
                    self._end_clock(output, now_ns + output.lead_ns)
                if now_ns >= played_ns:
                    self._finish(now_ns)
            output.settle(now_ns)
            played = min(song.to_ticks(now_ns), self._latency.line(song).to_ticks(now_ns))
            if self._rolling and played >= (self._told_bar + 1) * TICKS_PER_BAR:
                self._told_bar = int(played // TICKS_PER_BAR)
                self._report(self.recorder.news(self._told_bar * TICKS_PER_BAR))
        elif output is not None and self._settle_ns is not None:
            wake_ns = min(wake_ns, self._settle_ns)
            if now_ns >= self._settle_ns:
                self._settle_ns = None
                output.settle_all()
                self._report(self.recorder.news())
        if not self._clock_goes_on:
            self._clock_out.leave()
        elif output is not None and not self._clock_out.running:
            wake_ns = min(wake_ns, now_ns + WAKE_NS)
            from_ns, until_ns = now_ns + output.lead_ns, self._soon_ns(output, now_ns)
            _send(output, self._clock_out.stand(self._internal.bpm, from_ns, until_ns))
        if output is not None:
            if output.mend(now_ns) and output.xruns > self._xruns_before:
                self._clock_out.remind()
            if self._loopback is not None:
                self._go_on_measuring(self._loopback, output, now_ns)
                wake_ns = min(wake_ns, now_ns + WAKE_NS)
        self._tell_anchor(now_ns)
        return wake_ns

    def _play(self, output: Output, song: BeatMap, now_ns: int) -> None:
        """Hand over what is due soon; after a stall, from where the song is now."""
        guessing = self._conductor.guessing(now_ns)
        played_ns = self._latency.line(song).to_ns(self._sequencer.position_ticks)
        if played_ns < now_ns - STALL_NS and not guessing:
            self._begin(song.to_ticks(now_ns + self._latency.ahead_ns), now_ns, song)
        self._latency.glide(now_ns)
        soon_ns = self._soon_ns(output, now_ns)
        limit = self._began_ticks + TICKS_PER_CLOCK if guessing else float("inf")
        notes_until = self._latency.line(song).to_ticks(soon_ns)
        self._hand_over(output, song, min(notes_until, limit), min(song.to_ticks(soon_ns), limit))
        if self._sequencer.position_ticks - notes_until > TICKS_PER_STEP and output.open_keys:
            self._close_early(output, now_ns)

    def _close_early(self, output: Output, now_ns: int) -> None:
        """Close what sounds: a clock that slowed down has put the song back behind what is played; it would
        sound until the song is there again.
        """
        self._sequencer.release(self._sequencer.position_ticks)
        output.close_notes(now_ns + output.lead_ns, self._sequencer.position_ticks)

    def _soon_ns(self, output: Output, now_ns: int) -> int:
        """What is due before this is handed over now."""
        return now_ns + output.lead_ns + LOOKAHEAD_NS

    def _hand_over(self, output: Output, song: BeatMap, until: float, clock_until: float) -> None:
        """Hand over the notes, and the clock, that come before these song positions."""
        notes = self._latency.line(song)
        for event in self._voicing.in_order(self._sequencer.advance(until)):
            output.play(event, notes.to_ns(event.ticks), self._voicing)
        if self._end_ticks is not None and not self._clock_goes_on:
            clock_until = min(clock_until, self._end_ticks)
        _send(output, self._clock_out.advance(song, clock_until))
        self._lineup.look(until)

    def _song(self) -> BeatMap | None:
        """Song position <-> time while the song rolls, by whoever leads."""
        return self._map if self._rolling else None

    # --- who leads ---

    @property
    def _leads(self) -> bool:
        """Whether our own clock leads."""
        return self._conductor is self._internal

    @property
    def _clock_goes_on(self) -> bool:
        """Whether the clock that we send goes on while the song stands: at our own tempo only."""
        return self._send_clock and self._clock_while_stopped and self._leads

    def _conductor_of(self, sync: Sync) -> Conductor:
        match sync:
            case Sync.INTERNAL:
                return self._internal
            case Sync.CLOCK:
                return self._clock
            case Sync.LINK:
                self._session = self._session or self._open_link()
                return LinkConductor(self._session, self._internal.bpm)

    def _change_clock(self) -> None:
        for conductor in (self._clock, self._conductor):  # a MIDI clock is heard whoever leads
            conductor.change_clock()

    def _receive(self, message: bytes, at_ns: int, now_ns: int) -> None:
        if self._loopback is not None:
            self._loopback.hear(message, at_ns)
        moves = self._clock.receive(message, at_ns)
        if self._conductor is self._clock:
            self._make_all(moves, now_ns)

    def _make_all(self, moves: Sequence[Move], now_ns: int) -> None:
        """Do what the conductor wants, and take its newest line."""
        for move in moves:
            self._make(move, now_ns)
        if self._rolling:
            self._map = self._conductor.line or self._map

    def _make(self, move: Move, now_ns: int) -> None:
        match move:
            case Roll(ticks, song):
                self._begin(ticks, now_ns, song)
            case Stand(ticks):
                self._halt(now_ns)
                if ticks is not None:
                    self._position = ticks
                    self._whereabouts.moved = True
                    self._stand()

    # --- transport ---

    def _start(self, at_ticks: int | None, count_in: int, now_ns: int) -> None:
        if at_ticks is None:
            at_ticks = self._position
            if (song := self._song() or self._unheard) is not None:
                at_ticks = cell_at(song.to_ticks(now_ns))
        if self._output is None:
            if self._leads:
                self._stand_unheard(now_ns)  # what has passed of a song that rolls already counts
                self._position = max(0, cell_at(at_ticks))
                self._unheard = BeatMap.at(self._internal.bpm, self._position, now_ns)
                self._whereabouts.moved = True
            return
        from_ns = self._from_ns(self._output, now_ns)
        if self._clock_goes_on:
            from_ns = self._clock_out.downbeat_ns(from_ns)
        ticks = max(0, cell_at(at_ticks))
        if count_in and self._leads:
            self._make_all(self._conductor.stop(), now_ns)
            self._break_off(now_ns, "The song was started while the latency was measured: stop it first.")
            self._count = CountIn(ticks, count_in, self._internal.bpm, from_ns, self._voicing)
            self._position = ticks
            self._whereabouts.moved = True
            self._stand()
            return
        self._make_all(self._conductor.start(ticks, from_ns), now_ns)

    def _go_on_counting(self, count: CountIn, output: Output, now_ns: int) -> None:
        """Strike the beats that are due soon; roll once the song's own notes are."""
        near_ns = self._soon_ns(output, now_ns) + START_DELAY_NS + self._latency.ahead_ns
        begins = count.begins_ns <= near_ns
        shift_ns = self._latency.line(BeatMap.at(self._internal.bpm, 0, 0)).to_ns(0)
        for beat in count.advance(count.begins_ns if begins else near_ns):
            on_ns, off_ns = beat.on_ns + shift_ns, beat.off_ns + shift_ns
            output.click(count.voicing, VOICE, beat.velocity, on_ns, off_ns)
        if begins:
            self._count = None
            begins_ns = max(count.begins_ns, self._from_ns(output, now_ns))
            if self._clock_goes_on:
                begins_ns = self._clock_out.downbeat_ns(begins_ns)
            self._make_all(self._internal.start(count.ticks, begins_ns), now_ns)

    def _stop_counting(self, now_ns: int) -> None:
        """The song is not to begin after all: no beat more, and the one that may sound is closed."""
        output = self._output
        count = self._count
        if count is None or output is None:
            return
        self._count = None
        self._whereabouts.moved = True
        _, others = output.take_back(now_ns)
        key = count.voicing.key(VOICE)
        blows = [midi.key_struck(message) for message, _ in others]
        mine = [blow is not None and blow[0] == key for blow in blows]
        output.resend(entry for entry, ours in zip(others, mine, strict=True) if not ours)
        output.silence(now_ns + output.lead_ns, self._position)
        if blows.count((key, False)) > blows.count((key, True)):  # a beat is out, and its end was not
            output.system(midi.note_off(key), now_ns + output.lead_ns)

    def _fall_in(self, anchor: Anchor, now_ns: int) -> None:
        song = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns)
        if self._ports is not None and self._output is not None:
            from_ns = self._from_ns(self._output, now_ns)
            self._make_all(self._conductor.fall_in(_on_clock_of(self._ports, song, now_ns), from_ns), now_ns)
        elif self._leads:
            self._unheard = song
            self._whereabouts.moved = True

    def _be_heard(self, song: BeatMap, ports: Ports, now_ns: int) -> None:
        """Have a song that rolled unheard come out of these ports. The bars that nobody heard count."""
        song = _on_clock_of(ports, song, now_ns)
        from_ns = self._from_ns(ports.out, now_ns)
        self._pass_unheard(cell_at(song.to_ticks(from_ns)))
        if self._left_ticks is not None and self._left_ticks <= 0:
            self._position += self._left_ticks  # where the bars ended
            self._left_ticks = self._all_ticks
            self._whereabouts.moved = True
            self._stand()
            self._report(Finished())
            return
        self._make_all(self._internal.fall_in(song, from_ns), now_ns)

    def _stand_unheard(self, now_ns: int) -> None:
        """Stop the song that rolls without a port."""
        if self._unheard is not None:
            self._pass_unheard(max(0, cell_at(self._unheard.to_ticks(now_ns))))
            self._unheard = None
            self._whereabouts.moved = True
            self._stand()

    def _pass_unheard(self, position: int) -> None:
        """The song has come here, and nobody has heard how."""
        if self._left_ticks is not None:
            self._left_ticks -= max(0, position - self._position)
        self._position = position

    def _from_ns(self, output: Output | MidiOut, now_ns: int) -> int:
        """The time of the first song position whose notes can be on time."""
        return now_ns + output.lead_ns + START_DELAY_NS + self._latency.ahead_ns

    def _begin(self, ticks: float, now_ns: int, song: BeatMap) -> None:
        """Roll from a song position, or roll on from there, along `song`."""
        self._halt(now_ns)
        self._break_off(
            now_ns, "The song started while the latency was measured: stop it, and measure again."
        )
        if self._output is None:
            return
        self._rolling = True
        self._map = song
        self._latency.arrive()
        self._whereabouts.moved = True
        self._began_ticks = self._firm_ticks = ticks
        self._xruns_before = self._output.xruns
        self._sequencer.locate(ticks)
        self._limit(self._end_from(ticks))
        self._lineup.roll(ticks)
        self._settle_ns = None
        self._told_bar = int(ticks // TICKS_PER_BAR)
        self.recorder.begin(round(ticks), song.bpm)
        if self.recorder.has_news:  # of a roll that was cut short, maybe before its first bar line
            self._report(self.recorder.news(ticks))
        if self._send_clock:
            _send(self._output, self._clock_out.begin(ticks, song))

    def _halt(self, now_ns: int, at_ticks: float | None = None) -> None:
        """Stop rolling: take back what is not out, close all notes, stand at the sixteenth that we were in.

        `at_ticks` says where that is, if not where the song is now. The conductor may roll on.
        """
        song, output = self._song(), self._output
        if song is None or output is None:
            return
        due_ns = now_ns + output.lead_ns
        here = max(song.to_ticks(now_ns), self._began_ticks) if at_ticks is None else at_ticks
        _, back = output.take_back(now_ns)
        closed = max(here, self._latency.line(song).to_ticks(due_ns)) if output.open_keys else here
        output.silence(due_ns, closed)
        # Panic's, and the end of a count's last beat; one that is not struck by now is struck no more.
        stays = [message for message, _ in back if message == midi.STOP or message[0] < 0xF0]
        stays = [message for message in stays if (midi.key_struck(message) or (0, False))[1] is False]
        for message in stays:
            output.system(message, due_ns)
        clocks = (at_ns for message, at_ns in back if message == midi.CLOCK)
        self._end_clock(output, due_ns, min(clocks, default=None))
        self.recorder.end(closed)
        self._settle_ns = due_ns + output.lead_ns
        self._tell(self._lineup.heard(song, now_ns))
        self._position = cell_at(here)
        if self._left_ticks is not None:
            played = self._position - cell_at(self._began_ticks)  # more than was left, if the machine slept
            self._left_ticks = max(0, self._left_ticks - played)
        self._rolling = False
        self._map = None
        self._whereabouts.moved = True
        self._end_ticks = None
        self._latency.arrive()
        self._stand()
        self._report(self.stats())

    def _end_clock(self, output: Output, at_ns: int, back_ns: int | None = None) -> None:
        """Tell whoever listens to our clock to stop; the first clock that was taken back was due at
        `back_ns`.
        """
        _send(output, self._clock_out.end(at_ns, stand=self._clock_goes_on, back_ns=back_ns))

    def _finish(self, now_ns: int) -> None:
        """The end that was set is reached: every cell before it has been played and closed."""
        self._halt(now_ns, self._end_ticks)
        self._conductor.finish()
        if self._left_ticks is not None and self._left_ticks <= 0:
            self._left_ticks = self._all_ticks
            self._report(Finished())

    def _end_from(self, ticks: float) -> int | None:
        """Where a roll that begins at `ticks` has to end by itself."""
        ends = []
        if self._left_ticks is not None:
            ends.append(cell_at(ticks) + self._left_ticks)
        if self._winding_down:
            ends.append(next_boundary(ticks + 1, LOOP_TICKS))
        return min(ends, default=None)

    def _limit(self, end_ticks: int | None) -> None:
        self._end_ticks = end_ticks
        self._sequencer.limit(float("inf") if end_ticks is None else end_ticks)

    def _stand(self) -> None:
        """While the song stands, what waits takes over at once."""
        self._sequencer.locate(self._position)
        self._tell(self._lineup.stand(self._position))

    def _panic(self, now_ns: int) -> None:
        output, song = self._output, self._song()
        if output is None:
            return
        self._stop_counting(now_ns)
        self._break_off(now_ns, "Panic ended the measurement of the latency.")
        due_ns = now_ns + output.lead_ns
        _, others = output.take_back(now_ns)
        self._sequencer.release(self._sequencer.position_ticks)
        here = self._position if song is None else self._latency.line(song).to_ticks(due_ns)
        output.silence(due_ns, here)
        for key in self._voicing.keys:
            output.system(midi.note_off(key), due_ns)
        output.system(midi.all_notes_off(self._voicing.channel), due_ns)
        output.resend(others)

    # --- measuring the latency ---

    def _measure(self, asked: MeasureLoopback, now_ns: int) -> None:
        ports, output = self._ports, self._output
        if self._rolling or self._count is not None:
            trouble = "The latency is measured while the song stands: stop it, then measure."
        elif ports is None or output is None or ports.inp is None:
            trouble = (
                "There is no port to send notes out of and hear them come back at: open an output and input."
            )
        elif self._loopback is not None:
            trouble = "The latency is being measured already."
        else:
            try:
                self._loopback = LoopbackTest(asked, now_ns + output.lead_ns + START_DELAY_NS)
                return
            except SettingError as error:
                trouble = str(error)
        self._report(Loopback(trouble=trouble))

    def _go_on_measuring(self, test: LoopbackTest, output: Output, now_ns: int) -> None:
        for message, due_ns in test.advance(self._soon_ns(output, now_ns)):
            output.system(message, due_ns)
        if test.is_over(now_ns):
            self._loopback = None
            self._report(test.report())

    def _break_off(self, now_ns: int, why: str) -> None:
        """Measure no further; the note that may sound is closed."""
        test, output = self._loopback, self._output
        if test is None or output is None:
            return
        self._loopback = None
        _, others = output.take_back(now_ns)
        output.close_notes(now_ns + output.lead_ns, self._position)  # a Stop's, which came back with the rest
        output.system(midi.note_off(test.key), now_ns + output.lead_ns)
        output.resend(entry for entry in others if (midi.key_struck(entry[0]) or (None,))[0] != test.key)
        self._report(test.report(why))

    # --- settings ---

    def _set_loop(self, command: SetLoop, now_ns: int) -> None:
        card = self._deck.add(command.loop, command.loop_id, command.block)
        if not self._rolling:
            self._line_up(card, 0)
            self._stand()
            return
        soonest, grid = self._soonest_ticks(now_ns), _GRID[command.at]
        boundary = None if grid is None else next_boundary(soonest, grid)
        first = max(boundary or 0, (card.block or 0) * LOOP_TICKS)
        self._take_back(max(soonest, first - HALF_CELL_TICKS))
        old = self._sequencer.playing
        self._line_up(card, boundary)
        if boundary is None and self._sequencer.playing is not old:
            self._sequencer.release(self._sequencer.position_ticks)
        self._play_anew(now_ns)

    def _line_up(self, card: Card, boundary_ticks: float | None) -> None:
        if card.block is None:
            self._sequencer.swap(card.pattern, boundary_ticks)
        else:
            self._sequencer.set_block(card.block, card.pattern, boundary_ticks)

    def _set_voicing(self, voicing: Voicing, now_ns: int) -> None:
        self._take_back(self._soonest_ticks(now_ns))
        self._voicing = voicing
        self._play_anew(now_ns)

    # --- revising what is handed over: take back, change, play anew, in one go ---

    def _soonest_ticks(self, now_ns: int) -> float:
        """The first song position that can still be decided anew."""
        song, output, cursor = self._song(), self._output, self._sequencer.position_ticks
        if song is None or output is None:
            return cursor
        soonest = self._latency.line(song).to_ticks(now_ns + output.lead_ns + REVISE_NS)
        return max(self._firm_ticks, min(soonest, cursor))

    def _take_back(self, from_ticks: float) -> None:
        """Take back what was handed over from this song position on; clock and transport stay as they are."""
        song, output = self._song(), self._output
        if song is None or output is None or from_ticks >= self._sequencer.position_ticks:
            return
        events, others = output.take_back(self._latency.line(song).to_ns(from_ticks))
        output.resend(others)
        self._sequencer.take_back(from_ticks, events)
        self._lineup.reopen(self._sequencer.position_ticks)

    def _play_anew(self, now_ns: int) -> None:
        """Close what no voice sustains any more, and hand over what is due soon, as it is decided now."""
        song, output = self._song(), self._output
        if song is None or output is None:
            return
        here = self._sequencer.position_ticks
        sustained = [voice for voice in self._sequencer.open_keys if self._voicing.heard(voice)]
        output.close_notes(self._latency.line(song).to_ns(here), here, but_for=sustained)
        self._play(output, song, now_ns)

    def _set_tempo(self, bpm: float, now_ns: int) -> None:
        check_bpm(bpm)
        cursor = self._level(now_ns) if self._leads else self._sequencer.position_ticks
        self._conductor.set_tempo(bpm, cursor)
        self._internal.bpm = bpm
        if self._unheard is not None:
            self._unheard = self._unheard.with_tempo(bpm, now_ns)
            self._whereabouts.moved = True
        if self._rolling and self._leads:
            self._firm_ticks = cursor
            self._map = self._conductor.line or self._map
            self.recorder.tempo(cursor, bpm)
            self._whereabouts.moved = True

    def _level(self, now_ns: int) -> float:
        """Hand over notes and clock to one and the same song position, and return it: from there on, the song
        may run along another line.
        """
        song, output, cursor = self._song(), self._output, self._sequencer.position_ticks
        if song is None or output is None:
            return cursor
        cursor = max(cursor, song.to_ticks(self._soon_ns(output, now_ns)))
        self._hand_over(output, song, cursor, cursor)
        return cursor if self._end_ticks is None else min(cursor, self._end_ticks)

    def _set_latency(self, latency_ms: float) -> None:
        self._latency.set(latency_ms)
        if not self._rolling:
            self._latency.arrive()

    def _set_sync(self, sync: Sync, now_ns: int) -> None:
        conductor = self._conductor_of(sync)
        self._stop_counting(now_ns)
        self._halt(now_ns)
        self._stand_unheard(now_ns)
        self._conductor.leave()
        self._conductor = conductor
        self._whereabouts.moved = True
        self._make(self._conductor.join(now_ns), now_ns)

    def _set_send_clock(self, on: bool, while_stopped: bool, now_ns: int) -> None:
        self._send_clock = on
        self._clock_while_stopped = while_stopped
        song, output = self._song(), self._output
        if song is None or output is None or on is self._clock_out.running:
            return
        from_ns = self._soon_ns(output, now_ns)
        if on:
            _send(output, self._clock_out.begin(song.to_ticks(from_ns), song))
        else:
            self._end_clock(output, from_ns)

    @property
    def _all_ticks(self) -> int | None:
        return None if self._bars is None else self._bars * TICKS_PER_BAR

    # --- reports ---

    def tell_ports(self) -> None:
        """Report which ports are open, if any are."""
        if (ports := self._ports) is not None:
            inp = ports.inp.name if ports.inp else None
            self._report(PortsOpened(ports.api, ports.out.name, inp, ports.destination, ports.source))

    def stats(self) -> Stats:
        """The figures so far."""
        return self._figures.stats(self._output, self._lineup.swaps)

    def _tell(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._report(report)

    def _tell_anchor(self, now_ns: int) -> None:
        """Report where the song is, if something about it has changed since the last report."""
        anchor = self._where(now_ns)
        self._figures.clock(anchor)
        if self._whereabouts.is_news(anchor):
            if anchor.motion is Motion.ROLLING and not self._leads:
                self.recorder.tempo(anchor.ticks, anchor.bpm)
            self._report(anchor)

    def _where(self, now_ns: int) -> Anchor:
        sync, status, song = self._conductor.sync, self._conductor.status(now_ns), self._song()
        if (unheard := self._unheard) is not None:
            return Anchor(unheard.origin_ticks, unheard.origin_ns, unheard.bpm, Motion.ROLLING, sync)
        if song is not None and status.motion is Motion.ROLLING:
            at_ns = song.origin_ns if self._leads else now_ns
            ticks, bpm, motion = song.to_ticks(at_ns), song.bpm, Motion.ROLLING
        else:
            at_ns, ticks, bpm = now_ns, self._position, status.bpm or self._internal.bpm
            armed = status.motion is Motion.ARMED or self._count is not None
            motion = Motion.ARMED if armed else Motion.STOPPED
        if self._ports is not None:
            at_ns = self._ports.clock.to_host_ns(at_ns)
        return Anchor(ticks, at_ns, bpm, motion, sync, status.clock, status.phase_ms, status.peers)


def _on_clock_of(ports: Ports, song: BeatMap, now_ns: int) -> BeatMap:
    """A song by the host's clock, by that of the ports."""
    ahead_ns = now_ns - ports.clock.to_host_ns(now_ns)
    return replace(song, origin_ns=song.origin_ns + ahead_ns)


def _send(output: Output, messages: Timed) -> None:
    """Clock and transport messages, each at its time."""
    for due_ns, message in messages:
        output.system(message, due_ns)
