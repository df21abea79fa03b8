"""The player without its process: commands and MIDI in, timed messages and reports out.

No threads, no clock of its own: time is an argument. Here is who does what; the song itself is in
`transport.py`, and how far ahead of its time it goes out, in `ahead.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import GroovebridgeError
from bridge.player import midi
from bridge.player.ableton import AbletonLink
from bridge.player.conductors import LinkSession
from bridge.player.lead import Lead
from bridge.player.limits import check_bars, check_bpm
from bridge.player.messages import (
    Command,
    FallIn,
    Fault,
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
)
from bridge.player.music import Music
from bridge.player.output import Drums, NoDrums, Output
from bridge.player.pulse import Pulse
from bridge.player.recorder import Recorder
from bridge.player.teller import Teller
from bridge.player.transport import Transport
from bridge.player.voicing import Voicing
from bridge.ports.base import Incoming, PortLost, Ports


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
        self._lead = Lead(config.sync, check_bpm(config.bpm), open_link)
        bars = check_bars(config.bars)
        self._music = Music(config.voicing, config.latency_ms)
        self._pulse = Pulse(self._lead, config.send_clock, config.clock_while_stopped)
        self._teller = Teller(report)
        self._transport = Transport(bars, self._lead, self._music, self._pulse, self._teller)
        self.recorder = Recorder(enabled=config.record is not None)
        """Writes down what went out."""
        self._drums = drums or NoDrums()
        self._ports: Ports | None = None
        self._hanging: frozenset[int] = frozenset()  # what a lost port may have left sounding

    # --- ports ---

    def attach(self, ports: Ports, now_ns: int) -> None:
        """Play through these ports from now on. A song of ours that was cut short goes on in time."""
        self._lead.change_clock()
        self._ports = ports
        output = Output(ports.out, self.recorder, self._drums)
        self.tell_ports()
        self._teller.moved()
        for key in sorted(self._hanging):
            output.system(midi.note_off(key), now_ns + output.lead_ns)
        self._hanging = frozenset()
        self._transport.attach(output, ports.clock, now_ns)

    def detach(self, now_ns: int) -> None:
        """Stop, close all notes, let go of the ports (the caller closes them).

        Where our own clock leads, the song rolls on unheard, in time, until other ports are attached.
        """
        output = self._transport.output
        self._transport.detach(now_ns)
        if output is not None:
            self._teller.close(output)
        self._ports = None
        self._lead.change_clock()

    def _lose(self, reason: str, now_ns: int) -> None:
        """The ports are gone, with what was in them."""
        if (output := self._transport.output) is not None:
            self._hanging |= output.struck_keys
        self.detach(now_ns)
        self._teller.moved()
        self._teller.tell(Fault(reason, ports_lost=True))

    def leave(self) -> None:
        """Take leave of those who share the lead. The last call."""
        self._lead.conductor.leave()

    # --- what comes in ---

    def handle(self, item: Command | Incoming | PortLost, now_ns: int) -> None:
        """Act on a command, a MIDI message or a port's end. What cannot be set becomes a `Fault`."""
        try:
            self._handle(item, now_ns)
        except GroovebridgeError as error:
            self._teller.tell(Fault(str(error)))

    def _handle(self, item: Command | Incoming | PortLost, now_ns: int) -> None:
        transport = self._transport
        match item:
            case SetLoop():
                self._set_loop(item, now_ns)
            case SetTempo(bpm):
                transport.set_tempo(check_bpm(bpm), now_ns)
            case SetSync(sync):
                transport.follow(self._lead.of(sync), now_ns)
            case SetVoicing(voicing):
                self._set_voicing(voicing, now_ns)
            case SetLatency(latency_ms):
                self._set_latency(latency_ms)
            case MeasureLoopback():
                hears = self._ports is not None and self._ports.inp is not None
                transport.measure(item, now_ns, hears=hears)
            case SetSendClock(on, while_stopped):
                self._set_send_clock(on, while_stopped, now_ns)
            case Start(at_ticks, count_in):
                transport.start(at_ticks, count_in, now_ns)
            case FallIn(anchor):
                transport.fall_in(anchor, now_ns)
            case Stop():
                transport.stop(now_ns)
            case Panic():
                transport.panic(now_ns)
            case Incoming(message, at_ns):
                transport.hear(message, at_ns, now_ns)
            case PortLost(reason):
                self._lose(reason, now_ns)

    def wind_down(self) -> None:
        """Finish the running four bars, then be `done`; at once where nothing rolls."""
        self._transport.wind_down()

    def play_on(self) -> None:
        """Wind down no more, if it is not too late for that."""
        self._transport.play_on()

    @property
    def done(self) -> bool:
        """Whether a wind-down has come to its end."""
        return self._transport.done

    @property
    def rolling(self) -> bool:
        """Whether the song rolls, heard or (for want of a port) unheard, or is counted in."""
        return self._transport.rolling

    # --- settings ---

    def _set_loop(self, command: SetLoop, now_ns: int) -> None:
        music, transport = self._music, self._transport
        card = music.deck.add(command.loop, command.loop_id, command.block)
        if (roll := transport.roll) is None:
            music.line_up(card, 0)
            self._teller.tell(*music.stand(transport.position_ticks))
        else:
            roll.swap(card, command.at, now_ns)
            transport.play(roll, now_ns)

    def _set_voicing(self, voicing: Voicing, now_ns: int) -> None:
        if (roll := self._transport.roll) is None:
            self._music.voicing = voicing
        else:
            roll.revoice(voicing, now_ns)
            self._transport.play(roll, now_ns)

    def _set_latency(self, latency_ms: float) -> None:
        self._music.latency.set(latency_ms)
        if self._transport.roll is None:
            self._music.latency.arrive()

    def _set_send_clock(self, on: bool, while_stopped: bool, now_ns: int) -> None:
        self._pulse.set(on, while_stopped)
        if (roll := self._transport.roll) is not None:
            self._pulse.set_amid(roll.song, roll.output, now_ns)

    # --- time, and what is told ---

    def advance(self, now_ns: int) -> int:
        """Hand over what is due soon, report what has changed; return when to call again at the latest."""
        wake_ns = self._transport.advance(now_ns)
        anchor = self._transport.where(now_ns)
        if self._teller.tell_anchor(anchor) and anchor.motion is Motion.ROLLING and not self._lead.is_ours:
            self.recorder.tempo(anchor.ticks, anchor.bpm)
        return wake_ns

    def tell_ports(self) -> None:
        """Report which ports are open, if any are."""
        if (ports := self._ports) is not None:
            inp = ports.inp.name if ports.inp else None
            self._teller.tell(PortsOpened(ports.api, ports.out.name, inp, ports.destination, ports.source))

    def stats(self) -> Stats:
        """The figures so far."""
        return self._teller.stats(self._transport.output, self._music.lineup.swaps)
