"""MIDI through CoreMIDI, which sends on time by itself and stamps what arrives.

Untested on real hardware: it was built from Apple's documentation, and is tested against a double of its C
functions.

Out to a device or another program's destination: each message is handed to the MIDI server 8 ms before it is
due, with its time (`Scheduler`), and the server or the driver sends it then. Out through our own virtual
source: who listens there gets a message the moment we give it, whatever its time says, and a program may look
at the moment and not at the time; so there a `Sender` gives each at its time.

In: packets carry the time at which they were heard, by the same clock as Python's `perf_counter_ns`.

Another program's port that vanishes is no loss to ours, which stay open. We ask the server once a second
which ports there are: one that goes is told, and connected again when it is back.
"""

from __future__ import annotations

import atexit
import platform
import threading
import time
from collections.abc import Sequence

from bridge.ports.base import OTHER_API, Inbox, Incoming, PortError, PortLost, PortNames
from bridge.ports.coremidi import READ_PROC, CoreMidi, CoreMidiError, load, packets
from bridge.ports.midi_bytes import Splitter
from bridge.ports.names import match_port
from bridge.ports.patch import Patch, Wire
from bridge.ports.plain import PlainIn, PlainOut
from bridge.ports.scheduler import LEAD_NS, Scheduler
from bridge.ports.sender import LEAD_NS as SENDER_LEAD_NS
from bridge.ports.sender import HostClock, Sender
from bridge.realtime import follow

LOOK_S = 1.0
"""How often we ask which ports there are."""

_LOOKS = 5
_LEAVE_S = 2.0


class CoreMidiPorts:
    """A client with an output and an input. See `Ports`."""

    api = "coremidi"

    def __init__(
        self, out: str | None, inp: str | None, inbox: Inbox, client_name: str, patient: bool = False
    ) -> None:
        """Open both, or connect to other programs' ports where such are named.

        PortError when CoreMIDI is not to be had, and, if not `patient`, when there is no such port.
        """
        self.clock = HostClock()
        self._inbox = inbox
        self._splitter = Splitter()
        self._closed = False
        self._over = threading.Event()
        self._destination = 0  # while it is there
        self._core = _core()
        self._behind_ns = _behind_ns(self._core)
        try:
            self._core.open(client_name)
            self._open(out, inp, client_name, patient)
        except CoreMidiError as error:
            self._core.close()
            raise PortError(f"CoreMIDI would not start ({error}): {OTHER_API}.") from None
        except BaseException:
            self._core.close()
            raise
        atexit.register(self.close)

    def _open(self, out: str | None, inp: str | None, name: str, patient: bool) -> None:
        core = self._core
        self.destination, self.source = out or None, inp or None
        if not patient:
            outputs, inputs = core.others("Destination"), core.others("Source")
            self.destination = match_port(out, _names(outputs), "output") if out else None
            self.source = match_port(inp, _names(inputs), "input") if inp else None
        self._sending: Scheduler | Sender
        if self.destination is not None:
            self._port = core.make("MIDIOutputPortCreate", name)
            self._sending = Scheduler(self._hand, self._system_gone)
            self.out = PlainOut(self.destination, self._sending, LEAD_NS)
        else:
            self._port = core.make("MIDISourceCreate", name)
            self._sending = Sender(self._give, self._system_gone)
            self.out = PlainOut(name, self._sending, SENDER_LEAD_NS)
        self._callback = READ_PROC(self._receive)  # must live as long as the client
        if self.source is not None:
            self._in_port = core.make("MIDIInputPortCreate", name, self._callback, None)
        else:
            core.make("MIDIDestinationCreate", name, self._callback, None)
        self.inp = PlainIn(self.source or name)
        self._patch = Patch(self._wires(), self._inbox)
        self._look()
        self._sending.start()
        self._watch = threading.Thread(target=self._keep_looking, name="coremidi-watch", daemon=True)
        self._watch.start()

    def close(self) -> None:
        """Send what is due now, drop the rest, end the client. Idempotent."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._over.set()
        ended = self._sending.close()
        self._watch.join(_LEAVE_S)
        # A thread that still hangs in a call must not lose its client.
        if ended and not self._watch.is_alive():
            self._core.close()

    # --- out: the sending thread ---------------------------------------------------------------------------

    def _hand(self, message: bytes, due_ns: int) -> None:
        if destination := self._destination:  # else it has gone, and that was told
            self._core.send(self._port, destination, message, self._core.to_ticks(due_ns - self._behind_ns))

    def _give(self, message: bytes) -> None:
        self._core.receive(self._port, message, self._core.to_ticks(self._core.now_ns()))

    def _system_gone(self, error: Exception) -> None:
        if not self._closed:
            what = f"CoreMIDI takes nothing for {self.out.name!r} any more ({error})."
            self._inbox.put(PortLost(f"{what} It is tried again by itself."))

    # --- in: CoreMIDI's thread -----------------------------------------------------------------------------

    def _receive(self, address: int, _port: object, _source: object) -> None:
        now_ns = time.perf_counter_ns()
        for ticks, data in packets(address):
            at_ns = self._core.to_ns(ticks) + self._behind_ns if ticks else now_ns
            for message in self._splitter.split(data):
                if not self._closed:
                    self._inbox.put(Incoming(message, at_ns))

    # --- other programs: the watching thread ---------------------------------------------------------------

    def _keep_looking(self) -> None:
        follow()
        while not self._over.wait(LOOK_S):
            self._patch.try_to(self._look)

    def _look(self) -> None:
        here = {*_names(self._core.others("Destination")), *_names(self._core.others("Source"))}
        if self.destination not in here:
            self._destination = 0
        self._patch.look(here)

    def _wires(self) -> list[Wire]:
        wires = []
        if self.destination is not None:
            wires.append(Wire(self.destination, self._connect_destination))
        if self.source is not None:
            wires.append(Wire(self.source, self._connect_source))
        return wires

    def _connect_destination(self) -> bool:
        self._destination = dict(self._core.others("Destination")).get(self.destination or "", 0)
        return bool(self._destination)

    def _connect_source(self) -> bool:
        source = dict(self._core.others("Source")).get(self.source or "", 0)
        try:
            if source:
                self._core.connect_source(self._in_port, source)
        except CoreMidiError:  # gone again: we ask again in a second
            return False
        return bool(source)


def coremidi_works() -> bool:
    """Whether this is a machine with CoreMIDI."""
    if platform.system() != "Darwin":
        return False
    try:
        _core()
    except PortError:
        return False
    return True


def coremidi_ports() -> PortNames:
    """The ports of other programs; PortError when CoreMIDI is not to be had. Takes milliseconds."""
    core = _core()
    try:
        core.open("Groovebridge-list")
        outputs, inputs = _names(core.others("Destination")), _names(core.others("Source"))
    except CoreMidiError as error:
        raise PortError(f"CoreMIDI would not start ({error}): {OTHER_API}.") from None
    finally:
        core.close()
    return PortNames("coremidi", tuple(outputs), tuple(inputs))


def _core() -> CoreMidi:
    try:
        return CoreMidi(load())
    except (OSError, AttributeError, ValueError):  # no such library, function or constant
        raise PortError(f"CoreMIDI is not available on this system: {OTHER_API}.") from None


def _names(endpoints: Sequence[tuple[str, int]]) -> list[str]:
    return [name for name, _ in endpoints]


def _behind_ns(core: CoreMidi) -> int:
    """How far CoreMIDI's clock is behind `perf_counter_ns`: by the pair of looks that took the least time."""
    answers = []
    for _ in range(_LOOKS):
        asked_ns = time.perf_counter_ns()
        there_ns = core.now_ns()
        took_ns = time.perf_counter_ns() - asked_ns
        answers.append((took_ns, asked_ns + took_ns // 2 - there_ns))
    return min(answers)[1]
