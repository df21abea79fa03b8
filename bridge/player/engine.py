"""The player without its process: commands and MIDI in, timed messages and reports out.

No threads, no clock of its own: time is an argument. Whoever leads (`Lead`) says in moves what the song does,
and the engine makes them. The song is in one of four states, and only in the first three there is a port:

    stands    counts in    rolls    rolls unheard         course.py   countin.py   rolling.py   unheard.py

What goes out of a port goes out ahead of its time: see `ahead.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.errors import GroovebridgeError
from bridge.groove.notes import LOOP_TICKS
from bridge.player import midi
from bridge.player.ableton import AbletonLink
from bridge.player.ahead import START_DELAY_NS, WAKE_NS, soon_ns
from bridge.player.conductors import LinkSession, Move, Roll, Stand
from bridge.player.countin import CountIn
from bridge.player.course import Course
from bridge.player.figures import Figures
from bridge.player.lead import Lead
from bridge.player.limits import check_bars, check_bpm, check_count_in
from bridge.player.measuring import Measuring
from bridge.player.messages import (
    Anchor,
    Command,
    FallIn,
    Fault,
    Finished,
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
    Sync,
)
from bridge.player.music import Music
from bridge.player.output import Drums, NoDrums, Output
from bridge.player.pulse import Pulse
from bridge.player.recorder import Recorder
from bridge.player.rolling import Rolling
from bridge.player.unheard import Unheard, by_host, by_port
from bridge.player.voicing import Voicing
from bridge.player.whereabouts import Whereabouts
from bridge.ports.base import Incoming, MidiOut, PortLost, Ports
from bridge.timing import BeatMap, next_boundary
from bridge.timing.pattern import cell_at


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
        self._lead = Lead(config.sync, check_bpm(config.bpm), open_link)
        self._course = Course(check_bars(config.bars))
        self._music = Music(config.voicing, config.latency_ms)
        self._pulse = Pulse(self._lead, config.send_clock, config.clock_while_stopped)
        self.recorder = Recorder(enabled=config.record is not None)
        self._ports: Ports | None = None
        self._output: Output | None = None
        self._hanging: frozenset[int] = frozenset()  # what a lost port may have left sounding

        self._roll: Rolling | None = None  # while the song rolls out of a port
        self._count: CountIn | None = None  # while it is counted in; it stands then
        self._unheard = Unheard(self._course)
        self._measuring = Measuring()
        self._settle_ns: int | None = None  # when all of a song that has stopped is out

        self._figures = Figures()
        self._whereabouts = Whereabouts()

    # --- ports ---

    def attach(self, ports: Ports, now_ns: int) -> None:
        """Play through these ports from now on. A song of ours that was cut short goes on in time."""
        self._lead.change_clock()
        self._ports = ports
        self._output = Output(ports.out, self.recorder, self._drums)
        self.tell_ports()
        self._whereabouts.moved = True
        for key in sorted(self._hanging):
            self._output.system(midi.note_off(key), now_ns + self._output.lead_ns)
        self._hanging = frozenset()
        if (song := self._unheard.song) is not None:
            self._be_heard(song, ports, now_ns)

    def detach(self, now_ns: int) -> None:
        """Stop, close all notes, let go of the ports (the caller closes them).

        Where our own clock leads, the song rolls on unheard, in time, until other ports are attached.
        """
        output = self._output
        if self._roll is not None and self._ports is not None and self._lead.is_ours:
            self._unheard.song = by_host(self._roll.song, self._ports.clock)
        self._halt(now_ns)
        self._stop_counting(now_ns)
        self._break_off("The ports were closed while the latency was measured: measure it again.", now_ns)
        if output is not None:
            self._settle(output)
            self._figures.close(output)
        self._ports = None
        self._output = None
        self._lead.change_clock()

    def leave(self) -> None:
        """Take leave of those who share the lead. The last call."""
        self._lead.conductor.leave()

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
                stands = self._roll is None and self._count is None
                self._tell(self._measuring.begin(item, self._ports, now_ns, song_stands=stands))
            case SetSendClock(on, while_stopped):
                self._set_send_clock(on, while_stopped, now_ns)
            case Start(at_ticks, count_in):
                self._stop_counting(now_ns)
                self._start(at_ticks, check_count_in(count_in), now_ns)
            case FallIn(anchor):
                self._fall_in(anchor, now_ns)
            case Stop():
                self._stop_counting(now_ns)
                self._make_all(self._lead.conductor.stop(), now_ns)
                self._stand_unheard(now_ns)
            case Panic():
                self._panic(now_ns)
            case Incoming(message, at_ns):
                self._measuring.hear(message, at_ns)
                self._make_all(self._lead.hear(message, at_ns), now_ns)
            case PortLost(reason):
                if self._output is not None:
                    self._hanging |= self._output.struck_keys
                self.detach(now_ns)
                self._whereabouts.moved = True
                self._report(Fault(reason, ports_lost=True))

    def wind_down(self) -> None:
        """Finish the running four bars, then be `done`; at once where nothing rolls."""
        if (roll := self._roll) is not None and not self._course.winding_down:
            end = next_boundary(self._music.sequencer.position_ticks, LOOP_TICKS)
            roll.limit(end if roll.end_ticks is None else min(end, roll.end_ticks))
        self._course.winding_down = True

    def play_on(self) -> None:
        """Wind down no more, if it is not too late for that."""
        if self._course.winding_down:
            self._course.winding_down = False
            if (roll := self._roll) is not None:
                roll.limit(self._course.end_from(roll.began_ticks))

    @property
    def done(self) -> bool:
        """Whether a wind-down has come to its end."""
        return self._course.winding_down and self._roll is None

    @property
    def rolling(self) -> bool:
        """Whether the song rolls, heard or (for want of a port) unheard, or is counted in."""
        return self._roll is not None or self._unheard.song is not None or self._count is not None

    # --- the passing of time ---

    def advance(self, now_ns: int) -> int:
        """Hand over what is due soon, report what has changed; return when to call again at the latest."""
        output, latency = self._output, self._music.latency
        near_ns = now_ns if output is None else soon_ns(now_ns, output.lead_ns) + latency.ahead_ns
        self._make_all(self._lead.conductor.check(now_ns, near_ns), now_ns)
        wake_ns = now_ns + self._lead.conductor.check_ns
        if output is not None and self._count is not None:
            self._go_on_counting(self._count, output, now_ns)
            wake_ns = min(wake_ns, now_ns + WAKE_NS)
        if self._roll is not None:
            wake_ns = min(wake_ns, self._go_on_rolling(self._roll, now_ns))
        elif output is not None and self._settle_ns is not None:
            wake_ns = min(wake_ns, self._settle_ns)
            if now_ns >= self._settle_ns:
                self._settle(output)
        if self._pulse.stand(output, now_ns):
            wake_ns = min(wake_ns, now_ns + WAKE_NS)
        if output is not None:
            if output.mend(now_ns) and self._roll is not None and self._roll.has_suffered:
                self._pulse.remind()
            if self._measuring.runs:
                self._tell(self._measuring.advance(output, now_ns))
                wake_ns = min(wake_ns, now_ns + WAKE_NS)
        self._tell_anchor(now_ns)
        return wake_ns

    def _go_on_counting(self, count: CountIn, output: Output, now_ns: int) -> None:
        """Strike the beats that are due soon; roll once the song's own notes are."""
        latency = self._music.latency
        near_ns = soon_ns(now_ns, output.lead_ns) + START_DELAY_NS + latency.ahead_ns
        begins = count.begins_ns <= near_ns
        count.advance(count.begins_ns if begins else near_ns, latency.shift_ns, output)
        if begins:
            self._count = None
            begins_ns = self._pulse.downbeat_ns(max(count.begins_ns, self._first_ns(output, now_ns)))
            self._make_all(self._lead.internal.start(count.ticks, begins_ns), now_ns)

    def _go_on_rolling(self, roll: Rolling, now_ns: int) -> int:
        """Hand over what is due soon, and see the song to its end; return when to go on at the latest."""
        song, output, lineup = roll.song, roll.output, self._music.lineup
        roll = self._play(roll, now_ns)
        self._tell(*lineup.heard(song, now_ns))
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
        if self._roll is not None:
            self._tell(self._roll.news(now_ns))
        return wake_ns

    def _play(self, roll: Rolling, now_ns: int) -> Rolling:
        """Hand over what is due soon; after a stall, from where the song is now; return the roll by then."""
        guessing = self._lead.conductor.guessing(now_ns)
        if not guessing and roll.is_behind(now_ns):
            here = roll.song.to_ticks(now_ns + self._music.latency.ahead_ns)
            roll = self._begin(here, roll.song, roll.output, now_ns)
        roll.play(now_ns, guessing=guessing)
        return roll

    def _settle(self, output: Output) -> None:
        """Nothing will be taken back any more."""
        output.settle_all()
        if self._settle_ns is not None:
            self._settle_ns = None
            self._report(self.recorder.news())

    # --- transport ---

    def _make_all(self, moves: Sequence[Move], now_ns: int) -> None:
        """Do what the conductor wants, and take its newest line."""
        for move in moves:
            self._make(move, now_ns)
        if self._roll is not None:
            self._roll.song = self._lead.conductor.line or self._roll.song

    def _make(self, move: Move, now_ns: int) -> None:
        match move:
            case Roll(ticks, song) if self._output is not None:
                self._begin(ticks, song, self._output, now_ns)
            case Stand(ticks):
                self._halt(now_ns)
                if ticks is not None:
                    self._stand(ticks)

    def _start(self, at_ticks: int | None, count_in: int, now_ns: int) -> None:
        lead, output = self._lead, self._output
        if at_ticks is None:
            song = self._unheard.song if self._roll is None else self._roll.song
            at_ticks = self._course.position if song is None else cell_at(song.to_ticks(now_ns))
        ticks = max(0, cell_at(at_ticks))
        if output is None:
            if lead.is_ours:
                self._stand_unheard(now_ns)  # what has passed of a song that rolls already counts
                self._unheard.begin(ticks, lead.internal.bpm, now_ns)
                self._whereabouts.moved = True
            return
        from_ns = self._pulse.downbeat_ns(self._first_ns(output, now_ns))
        if count_in and lead.is_ours:
            self._make_all(lead.conductor.stop(), now_ns)
            self._break_off("The song was started while the latency was measured: stop it first.", now_ns)
            self._count = CountIn(ticks, count_in, lead.internal.bpm, from_ns, self._music.voicing)
            self._stand(ticks)
        else:
            self._make_all(lead.conductor.start(ticks, from_ns), now_ns)

    def _stop_counting(self, now_ns: int) -> None:
        """The song is not to begin after all."""
        if self._count is not None and self._output is not None:
            self._count.break_off(self._course.position, self._output, now_ns)
            self._count = None
            self._whereabouts.moved = True

    def _fall_in(self, anchor: Anchor, now_ns: int) -> None:
        song = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns)
        if self._ports is not None and self._output is not None:
            song = by_port(song, self._ports.clock, now_ns)
            first_ns = self._first_ns(self._output, now_ns)
            self._make_all(self._lead.conductor.fall_in(song, first_ns), now_ns)
        elif self._lead.is_ours:
            self._unheard.song = song
            self._whereabouts.moved = True

    def _be_heard(self, song: BeatMap, ports: Ports, now_ns: int) -> None:
        """Have a song that rolled unheard come out of these ports. The bars that nobody heard count."""
        first_ns = self._first_ns(ports.out, now_ns)
        song = self._unheard.be_heard(song, ports.clock, first_ns, now_ns)
        if self._course.is_over():
            self._stand(self._course.position)
            self._report(Finished())
        else:
            self._make_all(self._lead.internal.fall_in(song, first_ns), now_ns)

    def _stand_unheard(self, now_ns: int) -> None:
        """Stop the song that rolls without a port."""
        if self._unheard.stand(now_ns):
            self._stand(self._course.position)

    def _first_ns(self, out: Output | MidiOut, now_ns: int) -> int:
        """The time of the first song position whose notes can be on time."""
        return now_ns + out.lead_ns + START_DELAY_NS + self._music.latency.ahead_ns

    def _begin(self, ticks: float, song: BeatMap, output: Output, now_ns: int) -> Rolling:
        """Roll from a song position, or roll on from there, along `song`."""
        self._halt(now_ns)
        self._break_off(
            "The song started while the latency was measured: stop it, and measure again.", now_ns
        )
        self._roll = roll = Rolling(ticks, song, self._music, self._pulse, output)
        roll.limit(self._course.end_from(ticks))
        self._whereabouts.moved = True
        self._settle_ns = None
        self.recorder.begin(round(ticks), song.bpm)
        if self.recorder.has_news:  # of a roll that was cut short, maybe before its first bar line
            self._report(self.recorder.news(ticks))
        self._pulse.begin(ticks, song, output)
        return roll

    def _halt(self, now_ns: int, at_ticks: float | None = None) -> None:
        """Stop rolling, and stand at the sixteenth that we were in, or at `at_ticks`. The conductor may roll
        on.
        """
        if (roll := self._roll) is None:
            return
        here = roll.halt(now_ns, at_ticks)
        self._roll = None
        self._settle_ns = now_ns + 2 * roll.output.lead_ns
        self._tell(*self._music.lineup.heard(roll.song, now_ns))
        self._course.rolled(roll.began_ticks, here)
        self._stand(self._course.position)
        self._report(self.stats())

    def _finish(self, roll: Rolling, now_ns: int) -> None:
        """The end that was set is reached: every cell before it has been played and closed."""
        self._halt(now_ns, roll.end_ticks)
        self._lead.conductor.finish()
        if self._course.is_over():
            self._report(Finished())

    def _stand(self, position_ticks: int) -> None:
        """The song stands here, and what waits takes over at once."""
        self._course.position = position_ticks
        self._whereabouts.moved = True
        self._tell(*self._music.stand(position_ticks))

    def _panic(self, now_ns: int) -> None:
        if (output := self._output) is None:
            return
        self._stop_counting(now_ns)
        self._break_off("Panic ended the measurement of the latency.", now_ns)
        due_ns, voicing, sequencer = now_ns + output.lead_ns, self._music.voicing, self._music.sequencer
        _, others = output.take_back(now_ns)
        sequencer.release(sequencer.position_ticks)
        here = self._course.position if self._roll is None else self._roll.notes.to_ticks(due_ns)
        output.silence(due_ns, here)
        for key in voicing.keys:
            output.system(midi.note_off(key), due_ns)
        output.system(midi.all_notes_off(voicing.channel), due_ns)
        output.resend(others)

    def _break_off(self, why: str, now_ns: int) -> None:
        """Measure the latency no further."""
        if (output := self._output) is not None:
            self._tell(self._measuring.break_off(why, self._course.position, output, now_ns))

    # --- settings ---

    def _set_loop(self, command: SetLoop, now_ns: int) -> None:
        card = self._music.deck.add(command.loop, command.loop_id, command.block)
        if (roll := self._roll) is None:
            self._music.line_up(card, 0)
            self._tell(*self._music.stand(self._course.position))
        else:
            roll.swap(card, command.at, now_ns)
            self._play(roll, now_ns)

    def _set_voicing(self, voicing: Voicing, now_ns: int) -> None:
        if (roll := self._roll) is None:
            self._music.voicing = voicing
        else:
            roll.revoice(voicing, now_ns)
            self._play(roll, now_ns)

    def _set_tempo(self, bpm: float, now_ns: int) -> None:
        check_bpm(bpm)
        lead = self._lead
        roll = self._roll if lead.is_ours else None
        cursor = self._music.sequencer.position_ticks if roll is None else roll.level(now_ns)
        lead.conductor.set_tempo(bpm, cursor)
        lead.internal.bpm = bpm
        if self._unheard.song is not None:
            self._unheard.song = self._unheard.song.with_tempo(bpm, now_ns)
            self._whereabouts.moved = True
        if roll is not None:
            roll.bend(lead.conductor.line or roll.song, cursor)
            self.recorder.tempo(cursor, bpm)
            self._whereabouts.moved = True

    def _set_latency(self, latency_ms: float) -> None:
        self._music.latency.set(latency_ms)
        if self._roll is None:
            self._music.latency.arrive()

    def _set_sync(self, sync: Sync, now_ns: int) -> None:
        conductor = self._lead.of(sync)
        self._stop_counting(now_ns)
        self._halt(now_ns)
        self._stand_unheard(now_ns)
        self._whereabouts.moved = True
        self._make(self._lead.give(conductor, now_ns), now_ns)

    def _set_send_clock(self, on: bool, while_stopped: bool, now_ns: int) -> None:
        self._pulse.set(on, while_stopped)
        if (roll := self._roll) is not None:
            self._pulse.set_amid(roll.song, roll.output, now_ns)

    # --- reports ---

    def tell_ports(self) -> None:
        """Report which ports are open, if any are."""
        if (ports := self._ports) is not None:
            inp = ports.inp.name if ports.inp else None
            self._report(PortsOpened(ports.api, ports.out.name, inp, ports.destination, ports.source))

    def stats(self) -> Stats:
        """The figures so far."""
        return self._figures.stats(self._output, self._music.lineup.swaps)

    def _tell(self, *reports: Report | None) -> None:
        """Report what there is to report."""
        for report in reports:
            if report is not None:
                self._report(report)

    def _tell_anchor(self, now_ns: int) -> None:
        """Report where the song is, if something about it has changed since the last report."""
        anchor = self._where(now_ns)
        self._figures.clock(anchor)
        if self._whereabouts.is_news(anchor):
            if anchor.motion is Motion.ROLLING and not self._lead.is_ours:
                self.recorder.tempo(anchor.ticks, anchor.bpm)
            self._report(anchor)

    def _where(self, now_ns: int) -> Anchor:
        conductor, roll = self._lead.conductor, self._roll
        sync, status = conductor.sync, conductor.status(now_ns)
        if (unheard := self._unheard.song) is not None:
            return Anchor(unheard.origin_ticks, unheard.origin_ns, unheard.bpm, Motion.ROLLING, sync)
        if roll is not None and status.motion is Motion.ROLLING:
            at_ns = roll.song.origin_ns if self._lead.is_ours else now_ns
            ticks, bpm, motion = roll.song.to_ticks(at_ns), roll.song.bpm, Motion.ROLLING
        else:
            at_ns, ticks, bpm = now_ns, self._course.position, status.bpm or self._lead.internal.bpm
            armed = status.motion is Motion.ARMED or self._count is not None
            motion = Motion.ARMED if armed else Motion.STOPPED
        if self._ports is not None:
            at_ns = self._ports.clock.to_host_ns(at_ns)
        return Anchor(ticks, at_ns, bpm, motion, sync, status.clock, status.phase_ms, status.peers)
