"""Inputs for controllers: they listen to several ports of other programs or devices, and send nothing.

On JACK a client `Groovebridge controls` with one port; its callback is Python in JACK's real-time thread, so
it belongs in a process that does little else (see `jack_port`): `control_process`. Elsewhere RtMidi, whose
callback comes from an ordinary thread. RtMidi does not tell when a device comes or goes, so we look once a
second. On ALSA, CoreMIDI and Windows this is untested on real hardware.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Protocol

from bridge.ports.base import Inbox, Incoming, PortError, PortLost
from bridge.ports.jack_client import load_jack, open_client
from bridge.ports.jack_life import JackLife
from bridge.ports.jack_midi import MidiReader
from bridge.ports.jack_patch import JackPatch
from bridge.ports.patch import Patch, Wire
from bridge.ports.rtmidi_port import find_source, open_listener

CLIENT = "Groovebridge controls"
"""What other programs see."""

LOOK_S = 1.0
_GONE = "JACK has gone, and the controllers with it. Once back, they are heard again."
_SWITCH_INTERVAL_S = 0.0001


class ControlInputs(Protocol):
    """Open inputs."""

    def close(self) -> None:
        """Listen no more. Idempotent."""


def listen(api: str, sources: Sequence[str], inbox: Inbox) -> ControlInputs:
    """Listen to ports by their exact names; what arrives, goes and comes back is put into the inbox.

    A port that is not there is told (`PeerGone`) and awaited (`PeerBack`). PortError where the API is not to
    be had.
    """
    if api == "jack":
        return JackInputs(sources, inbox)
    if api == "none":
        raise PortError("There is no MIDI system here, so no controller can be heard.")
    return RtMidiInputs(api, sources, inbox)


class JackInputs:
    """One client with one input, to which every source is connected. See `ControlInputs`."""

    def __init__(self, sources: Sequence[str], inbox: Inbox) -> None:
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL_S))
        jack = load_jack()
        self._inbox = inbox
        self._closed = False
        self._client: Any = open_client(jack, CLIENT)
        self._life = JackLife(self._client)
        try:
            self._port = self._client.midi_inports.register("in")
            self._reader = MidiReader(jack, self._port)
            self._patch = JackPatch(jack, self._client, inbox)
            self._client.set_port_registration_callback(self._patch.note_change, only_available=False)
            self._client.set_process_callback(self._process)
            self._client.set_shutdown_callback(self._server_gone)
            self._client.activate()
            self._patch.listen(self._port.name, sources)
        except BaseException:
            self._client.close()
            raise

    def close(self) -> None:
        """End the client."""
        if self._closed:
            return
        self._closed = True
        self._patch.close()
        self._life.leave()

    def _process(self, frames: int) -> None:
        for _, message in self._reader.events(frames):
            self._inbox.put(Incoming(message, time.perf_counter_ns()))
        self._life.cycle()

    def _server_gone(self, _status: object, _reason: str) -> None:
        self._life.lose()
        self._patch.end()
        if not self._closed:
            self._inbox.put(PortLost(_GONE))


class RtMidiInputs:
    """An RtMidi input for each source. See `ControlInputs`."""

    def __init__(self, api: str, sources: Sequence[str], inbox: Inbox) -> None:
        self._inbox = inbox
        self._sources = tuple(sources)
        self._inputs: list[Any] = []
        self._over = threading.Event()
        self._ears = open_listener(api, CLIENT)  # looks which ports there are
        self._inputs.append(self._ears)
        try:
            self._patch = Patch([self._wire(api, source) for source in self._sources], inbox)
            self._look()
        except BaseException:
            self._delete()
            raise
        self._thread = threading.Thread(target=self._keep_looking, name="controls-look", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close every input."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        self._delete()

    def _delete(self) -> None:
        for midi in self._inputs:
            midi.cancel_callback()
            midi.delete()
        self._inputs = []

    def _wire(self, api: str, source: str) -> Wire:
        midi = open_listener(api, CLIENT)
        midi.set_callback(self._receive)
        self._inputs.append(midi)

        def connect() -> bool:
            names = midi.get_ports()
            found = find_source(source, names)
            if found is None:
                return False
            midi.close_port()  # one that has gone is still open here
            midi.open_port(names.index(found), CLIENT)
            return True

        return Wire(source, connect)

    def _receive(self, event: tuple[list[int], float], _data: object) -> None:
        self._inbox.put(Incoming(bytes(event[0]), time.perf_counter_ns()))

    def _look(self) -> None:
        names = self._ears.get_ports()
        self._patch.look({source for source in self._sources if find_source(source, names) is not None})

    def _keep_looking(self) -> None:
        while not self._over.wait(LOOK_S):
            self._patch.try_to(self._look)
