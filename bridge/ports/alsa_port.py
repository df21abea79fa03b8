"""MIDI through the ALSA sequencer, which sends on time by itself. Needs the package alsa-midi.

Untested on real hardware: it was built from the documentation and sources of alsa-midi and the kernel, and is
tested against a double of that package.

Out: each message goes into a kernel queue 8 ms before it is due, with its time (`Scheduler`). The kernel
sends it at the queue's next tick; we ask for the fastest timer that it allows, 6250 ticks a second, so that
is 0.16 ms late at most (at 1000 a second, which is the default, 1 ms).

In: the kernel stamps what arrives by the same queue, so a thread that reads it late does no harm.

Another program's port that vanishes (it quits, it is unplugged) is no loss to ours, which stay open: ALSA
announces every port that comes and goes, so it is told, and connected again when it is back.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import threading
import time
from pathlib import Path
from typing import Any

from bridge.ports.base import OTHER_API, Inbox, Incoming, PortError, PortLost, PortNames
from bridge.ports.names import match_port
from bridge.ports.patch import Patch, Wire
from bridge.ports.plain import PlainIn, PlainOut
from bridge.ports.scheduler import LEAD_NS, Scheduler
from bridge.ports.sender import HostClock
from bridge.realtime import follow

DEVICE = Path("/dev/snd/seq")
_UNHEARD = (0xF0, 0xFE)  # system exclusive, active sensing
_TICKS_HZ = 6250  # MAX_FREQUENCY in the kernel's sound/core/seq/seq_timer.c
_LOOKS = 5
_RENEW_NS = 1_000_000_000
_LEAVE_S = 1.0


def is_installed() -> bool:
    """Whether alsa-midi is there."""
    return importlib.util.find_spec("alsa_midi") is not None


def check_device() -> None:
    """PortError, with what to do, where this machine has no ALSA sequencer for us."""
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        raise PortError(
            f"This machine has no usable ALSA MIDI ({DEVICE} is missing or closed to you): load the "
            f"kernel's snd-seq module (modprobe snd-seq), join the group audio, or {OTHER_API}."
        )


class QueueClock:
    """The queue's time beside `time.perf_counter_ns`. They run alike; where they do not, `renew` follows."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._looked_ns = 0
        self._ahead_ns = 0  # of perf_counter_ns
        self._look()

    def to_queue_ns(self, host_ns: int) -> int:
        """A moment of the host's clock in the queue's time; never negative, for the queue began at 0."""
        return max(0, host_ns + self._ahead_ns)

    def to_host_ns(self, queue_ns: int) -> int:
        """A moment of the queue's time by the host's clock."""
        return queue_ns - self._ahead_ns

    def renew(self) -> None:
        """Compare the clocks again, about once a second. For one thread; takes microseconds."""
        if time.perf_counter_ns() - self._looked_ns > _RENEW_NS:
            self._look()

    def _look(self) -> None:
        """Ask for the queue's time a few times: the answer that came soonest says most."""
        answers = []
        for _ in range(_LOOKS):
            asked_ns = time.perf_counter_ns()
            there = self._queue.get_status().real_time
            took_ns = time.perf_counter_ns() - asked_ns
            queue_ns = there.seconds * 1_000_000_000 + there.nanoseconds
            answers.append((took_ns, queue_ns - asked_ns - took_ns // 2))
        self._ahead_ns = min(answers)[1]
        self._looked_ns = time.perf_counter_ns()


class AlsaPorts:
    """One client with two ports of its name. See `Ports`."""

    api = "alsa"

    def __init__(
        self, out: str | None, inp: str | None, inbox: Inbox, client_name: str, patient: bool = False
    ) -> None:
        """Open both, and connect them to other programs' ports where such are named.

        PortError when ALSA is not to be had, and, if not `patient`, when there is no such port.
        """
        self.clock = HostClock()
        self._inbox = inbox
        self._closed = False
        self._alsa, self._client = _client(client_name)
        try:
            self._open(out, inp, client_name, patient)
        except self._alsa.Error as error:
            self._client.close()
            raise PortError(f"ALSA MIDI would not start ({error}): {OTHER_API}.") from None
        except BaseException:
            self._client.close()
            raise
        atexit.register(self.close)

    def _open(self, out: str | None, inp: str | None, name: str, patient: bool) -> None:
        alsa, client = self._alsa, self._client
        self.destination, self.source = out or None, inp or None
        if not patient:
            outputs, inputs = _others(client, output=True), _others(client, input=True)
            self.destination = match_port(out, list(outputs), "output") if out else None
            self.source = match_port(inp, list(inputs), "input") if inp else None
        self._queue = client.create_queue(name)
        self._hurry()
        self._queue.start()
        client.drain_output()
        self._times = QueueClock(self._queue)
        self._out_port = client.create_port(name, caps=alsa.READ_PORT)
        self._in_port = client.create_port(
            name,
            caps=alsa.WRITE_PORT,
            timestamping=True,
            timestamp_real=True,
            timestamp_queue=self._queue,
        )
        self._patch = Patch(self._wires(), self._inbox)
        self._look()
        self._in_port.connect_from(alsa.SYSTEM_ANNOUNCE)
        self._scheduler = Scheduler(self._hand, self._system_gone)
        self.out = PlainOut(name, self._scheduler, LEAD_NS)
        self.inp = PlainIn(name)
        self._scheduler.start()
        self._reader = threading.Thread(target=self._read, name="alsa-in", daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Send what is due now, drop the rest, close the client. Idempotent."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        ended = self._scheduler.close()
        if ended:
            self._wake_reader()
            self._reader.join(_LEAVE_S)
            ended = not self._reader.is_alive()
        if ended:  # else a thread still hangs in a call, which must not lose its client
            self._client.close()

    def _hurry(self) -> None:
        """The fastest timer that the kernel gives us; where it refuses, its default keeps time."""
        try:
            timer = self._queue.get_timer()
            timer.resolution = _TICKS_HZ
            self._queue.set_timer(timer)
        except self._alsa.Error:
            return

    # --- out: the scheduler's thread -----------------------------------------------------------------------

    def _hand(self, message: bytes, due_ns: int) -> None:
        self._times.renew()
        seconds, nanoseconds = divmod(self._times.to_queue_ns(due_ns), 1_000_000_000)
        event = self._alsa.MidiBytesEvent(
            message, time=self._alsa.RealTime(seconds, nanoseconds), relative=False
        )
        try:
            self._client.event_output(event, queue=self._queue, port=self._out_port)
            self._client.drain_output()
        except self._alsa.Error as error:
            raise OSError(str(error)) from error

    def _system_gone(self, error: Exception) -> None:
        if not self._closed:
            what = f"ALSA MIDI takes nothing from us any more ({error})."
            self._inbox.put(PortLost(f"{what} It is tried again by itself."))

    # --- in: the reader's thread ---------------------------------------------------------------------------

    def _read(self) -> None:
        follow()
        kinds = self._alsa.EventType
        moves = (kinds.PORT_START, kinds.PORT_EXIT)
        while True:
            try:
                event = self._client.event_input(prefer_bytes=True)
            except self._alsa.Error as error:
                self._system_gone(error)
                return
            if self._closed:
                return
            if event.type in moves:
                self._patch.try_to(self._look)
            elif isinstance(event, self._alsa.MidiBytesEvent) and event.time is not None:
                self._receive(event)

    def _receive(self, event: Any) -> None:
        message = bytes(event.midi_bytes)
        if message and message[0] >= 0x80 and message[0] not in _UNHEARD:
            queue_ns = event.time.seconds * 1_000_000_000 + event.time.nanoseconds
            self._inbox.put(Incoming(message, self._times.to_host_ns(queue_ns)))

    def _wake_reader(self) -> None:
        """Have it see that we close: a message from us to ourselves."""
        try:
            nudge = self._alsa.Event(self._alsa.EventType.USR0)
            self._client.event_output(nudge, port=self._out_port, dest=self._in_port)
            self._client.drain_output()
        except self._alsa.Error:
            return

    # --- other programs ------------------------------------------------------------------------------------

    def _wires(self) -> list[Wire]:
        wires = []
        if (far := self.destination) is not None:
            wires.append(Wire(far, lambda: self._connect(self._out_port.connect_to, far, output=True)))
        if (source := self.source) is not None:
            wires.append(Wire(source, lambda: self._connect(self._in_port.connect_from, source, input=True)))
        return wires

    def _connect(self, connect: Any, far: str, **direction: bool) -> bool:
        there = _others(self._client, **direction)
        try:
            connect(there[far])
        except (KeyError, self._alsa.Error):  # gone again, or busy: the next change of ports asks again
            return False
        return True

    def _look(self) -> None:
        try:
            here = {*_others(self._client, output=True), *_others(self._client, input=True)}
        except self._alsa.Error:  # a port left while we asked for its name: its leaving is told next
            return
        self._patch.look(here)


def alsa_ports() -> PortNames:
    """The ports of other programs; PortError when ALSA is not to be had. Takes under a millisecond a port."""
    _alsa, client = _client("Groovebridge-list")
    try:
        return PortNames("alsa", tuple(_others(client, output=True)), tuple(_others(client, input=True)))
    finally:
        client.close()


def _client(name: str) -> tuple[Any, Any]:
    """The package, and a client of the sequencer."""
    check_device()
    try:
        import alsa_midi
    except (ImportError, OSError):  # it looks for libasound when it is imported
        raise PortError(
            "ALSA's library (libasound) is not installed. Install it (on Debian and Ubuntu: "
            f"apt install libasound2) or {OTHER_API}."
        ) from None
    try:
        return alsa_midi, alsa_midi.SequencerClient(name)
    except alsa_midi.Error as error:
        raise PortError(f"ALSA MIDI would not start ({error}): {OTHER_API}.") from None


def _others(client: Any, **direction: bool) -> dict[str, Any]:
    """The ports of other clients that one may connect to, by name.

    A name is `client:port`. Where several are called the same, their numbers are added; those are others when
    a device comes back.
    """
    listed = client.list_ports(type=0, include_no_export=False, sort=False, **direction)
    found = [port for port in listed if port.client_id != client.client_id]
    names = [f"{port.client_name}:{port.name}" for port in found]
    return {
        name if names.count(name) == 1 else f"{name} {port.client_id}:{port.port_id}": port
        for name, port in zip(names, found, strict=True)
    }
