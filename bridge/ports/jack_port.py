"""MIDI through JACK (or PipeWire's JACK), every event on its exact frame.

The process callback is Python that runs in JACK's real-time thread. What that costs: it needs the
interpreter lock once a period and a moment at each call into libjack, so a Python thread of ours that
computes without pause can hold it up by the interpreter's switch interval (set to 0.1 ms here; the 5 ms that
Python starts with would be an xrun a period), and a garbage collection that starts inside it would hold it
up for as long as it takes. So these ports belong in a process that does little else and has its collector
frozen: the player. The callback itself takes no lock, waits for nothing, and keeps nothing but the
`Incoming` that it hands over.

Time: the ports' clock is the server's frame counter, unwrapped from JACK's 32 bits to 64 and counted in
nanoseconds. JACK's frame time follows the sound card, not the computer's clock, so the two drift; after an
xrun the counter jumps ahead, and what was due in the gap goes out at once.

Two programs that are connected both ways form a loop, and JACK delays the connection that was made last by
one period: both ports are exact, and what comes (or goes) through that connection is a period late.
"""

from __future__ import annotations

import atexit
import sys
import time
from typing import Any

from bridge.ports.base import Inbox, Incoming, OutCounters, PortError, PortLost
from bridge.ports.frames import FrameRate, unwrap
from bridge.ports.jack_client import load_jack, open_client, port_names
from bridge.ports.jack_life import JackLife
from bridge.ports.jack_midi import MidiReader
from bridge.ports.jack_patch import JackPatch
from bridge.ports.names import match_port
from bridge.ports.placing import Placer

_SWITCH_INTERVAL_S = 0.0001
_FLUSH_PERIODS = 4
_FLUSH_S = 0.5  # a server on a busy machine may be that late, and what waits are note-offs


class JackClock:
    """The server's frame counter in ns, 64 bits wide. Thread-safe; never goes back within a thread.

    Between two periods JACK interpolates along a smoothed line, which lags by milliseconds after the server
    was woken late. A period that has begun is never in the future, so `begun` bounds that lag. When the
    server has gone, or the client was closed, the clock runs on at the pace of the computer's own.
    """

    def __init__(self, client: Any, rate: FrameRate) -> None:
        self.begun = int(client.frame_time)
        """The first frame of the newest period, 64 bits; the process callback writes it."""
        self._client: Any = client
        self._rate = rate
        self._now_ns = rate.to_ns(self.begun)
        self._ahead_ns = self._now_ns - time.perf_counter_ns()  # of perf_counter_ns

    def now_ns(self) -> int:
        """The present, in ns of frames."""
        client = self._client
        if client is None:
            return max(self._now_ns, time.perf_counter_ns() + self._ahead_ns)
        begun = self.begun
        frame = max(unwrap(client.frame_time, begun), begun)
        now_ns = max(self._now_ns, self._rate.to_ns(frame))
        self._ahead_ns = now_ns - time.perf_counter_ns()
        self._now_ns = now_ns
        return now_ns

    def to_host_ns(self, at_ns: int) -> int:
        """The same moment on `time.perf_counter_ns`, to about a frame; the two clocks drift apart."""
        self.now_ns()
        return at_ns - self._ahead_ns

    def detach(self) -> None:
        """Ask the server no more."""
        self._client = None


class JackOut:
    """The client's port `out`. See `MidiOut`."""

    def __init__(self, ports: JackPorts, name: str) -> None:
        self._ports = ports
        self._name = name

    @property
    def name(self) -> str:
        """The port's full name, such as `Groovebridge:out`."""
        return self._name

    @property
    def lead_ns(self) -> int:
        """Two periods of the server, as they are now.

        A message handed over before the server starts the period in which it is due is on its frame: that is
        one period ahead at most, and the second is for the hand-over itself.
        """
        return self._ports.period_ns * 2

    def send(self, message: bytes, due_ns: int) -> None:
        """Have the message go out on the frame nearest to `due_ns`. Never blocks. See `MidiOut.send`."""
        self._ports.send(message, due_ns)

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        """Take back what is due at or after `at_ns` and not out. Never blocks. See `MidiOut.cancel_from`."""
        return self._ports.cancel_from(at_ns)

    @property
    def xruns(self) -> int:
        """How many xruns the server has told of since the first message was handed over."""
        return self._ports.xruns

    def counters(self) -> OutCounters:
        """What the port has done since it was opened."""
        return self._ports.counters()


class JackIn:
    """The client's port `in`. See `MidiIn`."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """The port's full name, such as `Groovebridge:in`."""
        return self._name


class JackPorts:
    """The client with its two ports. See `Ports`.

    Methods are for the player's thread; `_process` runs in JACK's real-time thread, the other callbacks in
    its notification thread. What the threads share is `pending` (see there) and plain integers that one of
    them writes.
    """

    api = "jack"

    def __init__(
        self, out: str | None, inp: str | None, inbox: Inbox, client_name: str, patient: bool = False
    ) -> None:
        """Open the client and connect it.

        Raises PortError when there is no server, and, if not `patient`, when there is no such port.
        """
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL_S))
        self._jack = load_jack()
        self._inbox = inbox
        self._client: Any = open_client(self._jack, client_name)
        try:
            self._open(out, inp, patient)
        except BaseException:
            self._client.close()
            raise
        atexit.register(self.close)

    def _open(self, out: str | None, inp: str | None, patient: bool) -> None:
        client = self._client
        self._rate = FrameRate(int(client.samplerate))
        self._period = int(client.blocksize)
        self._out_port = client.midi_outports.register("out")
        self._in_port = client.midi_inports.register("in")
        self._reader = MidiReader(self._jack, self._in_port)
        self._placer = Placer(self._rate)
        self.xruns = self._dropped = 0
        self._closed = self._has_sent = False
        self._life = JackLife(client)
        self.clock = JackClock(client, self._rate)
        self.out = JackOut(self, self._out_port.name)
        self.inp = JackIn(self._in_port.name)
        self.destination, self.source = out or None, inp or None
        if not patient:
            self.destination = match_port(out, port_names(client, is_input=True), "output") if out else None
            self.source = match_port(inp, port_names(client, is_output=True), "input") if inp else None
        self._patch = JackPatch(self._jack, client, self._inbox)
        client.set_port_registration_callback(self._patch.note_change, only_available=False)
        client.set_port_connect_callback(self._patch.note_connection, only_available=False)
        client.set_process_callback(self._process)
        client.set_blocksize_callback(self._set_period)
        client.set_xrun_callback(self._count_xrun)
        client.set_shutdown_callback(self._server_gone)
        client.activate()
        try:
            self._patch.start(self.out.name, self.destination, self.source, self.inp.name, patient)
        except self._jack.JackError as error:
            raise PortError(f"JACK would not connect our ports: {error}.") from None

    # --- the player's thread -------------------------------------------------------------------------------

    @property
    def period_ns(self) -> int:
        """How long the server's period is now."""
        return self._rate.to_ns(self._period)

    def send(self, message: bytes, due_ns: int) -> None:
        """Hand a message to the callback; when the server has gone, count it as dropped."""
        if self._life.lost or self._closed:
            self._dropped += 1
        else:
            self._has_sent = True
            self._placer.pending.put(message, due_ns)

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        """Take back what is due at or after `at_ns` and not out."""
        return self._placer.pending.cancel_from(at_ns)

    def counters(self) -> OutCounters:
        """A snapshot of the figures."""
        placer = self._placer
        p50, p99, worst = placer.lateness.percentiles_ms()
        return OutCounters(
            messages=placer.lateness.count,
            lateness_p50_ms=p50,
            lateness_p99_ms=p99,
            lateness_max_ms=worst,
            late_handover=placer.late_handover,
            xruns=self.xruns,
            dropped=self._dropped + placer.refused,
        )

    def close(self) -> None:
        """Send what is due by now plus the lead, drop the rest, close the client. Idempotent.

        Takes two or three periods; when the server stands still, about three seconds.
        """
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        # One ns later: where the server was woken late its clock stands, and a note-off that was handed over
        # a lead ahead just now is due at this very time.
        self.cancel_from(self.clock.now_ns() + self.out.lead_ns + 1)
        self._flush()
        self._patch.close()
        self.clock.detach()
        self._life.leave()

    def _flush(self) -> None:
        deadline = time.perf_counter() + max(_FLUSH_S, _FLUSH_PERIODS * self.period_ns / 1e9)
        quiet = 0  # cycles since the last message was written: after two, whoever listens has had it
        while quiet < 2 and self._life.next_cycle(max(0.0, deadline - time.perf_counter())):
            quiet = 0 if self._placer.pending.waiting() else quiet + 1

    # --- JACK's threads ------------------------------------------------------------------------------------

    def _process(self, frames: int) -> None:
        try:
            self._cycle(frames)
        except Exception as error:
            self._lose(f"The JACK port stopped on an internal error ({error!r}). Please report it.")
            raise  # JACK-Client prints it and JACK calls us no more

    def _cycle(self, frames: int) -> None:
        start = self.clock.begun = unwrap(self._client.last_frame_time, self.clock.begun)
        self._out_port.clear_buffer()
        self._placer.place(start, frames, self._write)
        for offset, message in self._reader.events(frames):
            if not self._closed:
                self._inbox.put(Incoming(message, self._rate.to_ns(start + offset)))
        self._life.cycle()

    def _write(self, offset: int, message: bytes) -> bool:
        try:
            self._out_port.write_midi_event(offset, message)
        except self._jack.JackError:  # the port's buffer is full
            return False
        return True

    def _set_period(self, frames: int) -> None:
        self._period = frames

    def _count_xrun(self, _delayed_us: float) -> None:
        if self._has_sent:  # before, we were joining, which may cost JACK a period, and nothing could be lost
            self.xruns += 1

    def _server_gone(self, _status: object, reason: str) -> None:
        why = f" ({reason.strip()})" if reason.strip() else ""
        self._lose(
            f"The connection to JACK is lost{why}. Start its server again: it will be found by itself."
        )

    def _lose(self, sentence: str) -> None:
        if not self._life.lost:
            self._life.lose()
            self._patch.end()
            if not self._closed:  # a hung server that goes later is no loss to the ports that took over
                self._inbox.put(PortLost(sentence))
