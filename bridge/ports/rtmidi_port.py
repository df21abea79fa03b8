"""MIDI through RtMidi: ALSA, CoreMIDI and WinMM, which send at once and stamp nothing worth trusting.

Outgoing messages wait in a `Sender`; arriving ones are stamped with `time.perf_counter_ns` in RtMidi's
callback, since its own deltas are wrong on Windows and repeat on macOS. `rtmidi-jack` is RtMidi on JACK,
which moves every message to the start of a period: it serves the tests, `jack_port` serves the users.
"""

from __future__ import annotations

import atexit
import re
import time
from typing import Any

from bridge.ports.alsa_port import check_device
from bridge.ports.base import OTHER_API, Inbox, Incoming, OutCounters, PortError, PortLost, PortNames
from bridge.ports.jack_client import load_jack, open_client
from bridge.ports.names import match_port
from bridge.ports.sender import LEAD_NS, HostClock, Sender

_APIS = {  # RtMidi's constant, and what people call it
    "alsa": ("API_LINUX_ALSA", "ALSA"),
    "coremidi": ("API_MACOSX_CORE", "CoreMIDI"),
    "winmm": ("API_WINDOWS_MM", "Windows MIDI"),
    "rtmidi-jack": ("API_UNIX_JACK", "RtMidi's JACK"),
}
_NUMBER = re.compile(r" \d+(:\d+)?$")
_LOOPMIDI = (
    "Windows has no virtual MIDI ports of its own. Install loopMIDI (tobias-erichsen.de), press + there to "
    "make a port, choose that port here, and choose it as the MIDI input in your DAW."
)


class RtMidiOut:
    """An output that a sender thread feeds on time. See `MidiOut`."""

    lead_ns = LEAD_NS
    xruns = 0

    def __init__(self, midi: Any, name: str, sender: Sender) -> None:
        self._midi = midi
        self._name = name
        self._sender = sender
        self.send = sender.send
        self.cancel_from = sender.cancel_from

    @property
    def name(self) -> str:
        """The port's name as other programs see it, or the port that we send to."""
        return self._name

    def counters(self) -> OutCounters:
        """What the port has done since it was opened."""
        return self._sender.counters()


class RtMidiIn:
    """An input. See `MidiIn`."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """The port's name as other programs see it, or the port that we listen to."""
        return self._name


class RtMidiPorts:
    """An output and an input through one of RtMidi's APIs. See `Ports`."""

    def __init__(
        self,
        api: str,
        out: str | None,
        inp: str | None,
        inbox: Inbox,
        client_name: str,
        patient: bool = False,
    ) -> None:
        """Open both; PortError when the API, a port or virtual ports are not to be had.

        `patient`: a port that has come back may have another number behind its name.
        """
        self.api = api
        self.clock = HostClock()
        self._inbox = inbox
        self._midi_out, self._midi_in = _clients(api, client_name)
        self._closed = False
        try:
            self._open(out, inp, client_name, patient)
        except BaseException:
            self._midi_in.delete()
            self._midi_out.delete()
            raise
        atexit.register(self.close)

    def _open(self, out: str | None, inp: str | None, client_name: str, patient: bool) -> None:
        # Both are found before either is opened: some APIs list our own ports too.
        destination = _found(out, self._midi_out.get_ports(), "output", patient)
        source = _found(inp, self._midi_in.get_ports(), "input", patient)
        self.destination, self.source = destination, source
        out_name = _open_port(self._midi_out, destination, client_name)
        self._midi_in.ignore_types(sysex=True, timing=False, active_sense=True)
        self._midi_in.set_callback(self._receive)
        in_name = _open_port(self._midi_in, source, client_name)
        self._sender = Sender(self._midi_out.send_message, self._device_gone)
        self._sender.start()
        self.out = RtMidiOut(self._midi_out, out_name, self._sender)
        self.inp = RtMidiIn(in_name)

    def close(self) -> None:
        """Send what is due now, drop the rest, close both ports. Idempotent."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        ended = self._sender.close()
        # RtMidi's objects must go while the interpreter is whole: at exit they would call back into nothing.
        self._midi_in.cancel_callback()
        self._midi_in.delete()
        if ended:  # else its thread still hangs in a driver's send, which must not lose its object
            self._midi_out.delete()

    def _receive(self, event: tuple[list[int], float], _data: object) -> None:
        at_ns = time.perf_counter_ns()
        self._inbox.put(Incoming(bytes(event[0]), at_ns))

    def _device_gone(self, error: Exception) -> None:
        if self._closed:  # the last messages did not go out: no loss to the ports that take over
            return
        what = f"The MIDI output {self.out.name!r} has gone ({error})."
        self._inbox.put(PortLost(f"{what} Plug it in again: it will be found by itself."))


def _found(wanted: str | None, names: list[str], direction: str, patient: bool) -> str | None:
    """The port that is meant. `patient`: the number behind its name may be another one than it was."""
    if not wanted:
        return None
    if patient and wanted not in names:
        wanted = _NUMBER.sub("", wanted)
    return match_port(wanted, names, direction)


def open_listener(api: str, client_name: str) -> Any:
    """RtMidi's input object alone, no port opened yet; PortError when the API is not to be had."""
    midi_out, midi_in = _clients(api, client_name)
    midi_out.delete()
    midi_in.ignore_types(sysex=True, timing=True, active_sense=True)
    return midi_in


def find_source(wanted: str, names: list[str]) -> str | None:
    """The input that is meant, whatever number it has now; None where it is not there."""
    try:
        return _found(wanted, names, "input", patient=True)
    except PortError:
        return None


def rtmidi_works(api: str) -> bool:
    """Whether this machine has the API: its library is in this build and its system answers."""
    try:
        midi_out, midi_in = _clients(api, "Groovebridge-probe")
    except PortError:
        return False
    midi_in.delete()
    midi_out.delete()
    return True


def rtmidi_ports(api: str) -> PortNames:
    """The ports of other programs that the API offers; PortError when it is not to be had."""
    midi_out, midi_in = _clients(api, "Groovebridge-list")
    try:
        return PortNames(api, tuple(midi_out.get_ports()), tuple(midi_in.get_ports()))
    finally:
        midi_in.delete()
        midi_out.delete()


def _clients(api: str, name: str) -> tuple[Any, Any]:
    """RtMidi's output and input object for an API, no port opened yet; PortError when it is not to be had."""
    import rtmidi

    constant, title = _APIS[api]
    wanted = getattr(rtmidi, constant)
    if wanted not in rtmidi.get_compiled_api():
        raise PortError(f"{title} is not available on this system: {OTHER_API}.")
    if api == "alsa":
        check_device()
    if api == "rtmidi-jack":  # RtMidi would start a server, and libjack would talk: ask first
        open_client(load_jack(), name).close()
    try:
        midi_out = rtmidi.MidiOut(wanted, name=name)
        try:
            return midi_out, rtmidi.MidiIn(wanted, name=name)
        except BaseException:
            midi_out.delete()
            raise
    except rtmidi.RtMidiError as error:
        raise PortError(f"{title} would not start ({error}): {OTHER_API}.") from None


def _open_port(midi: Any, other: str | None, own_name: str) -> str:
    """Open another program's port, or (None) a virtual port of our own; return its name."""
    import rtmidi

    try:
        if other is None:
            midi.open_virtual_port(own_name)
            return own_name
        midi.open_port(midi.get_ports().index(other), own_name)
        return other
    except rtmidi.UnsupportedOperationError:
        raise PortError(_LOOPMIDI) from None
    except rtmidi.RtMidiError as error:
        raise PortError(f"The MIDI port {other or own_name!r} would not open: {error}.") from None
