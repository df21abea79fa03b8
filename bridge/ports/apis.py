"""Which MIDI APIs there are, which of them this machine should use, and how ports are opened through them."""

from __future__ import annotations

import sys

from bridge.ports.alsa_port import AlsaPorts, alsa_ports
from bridge.ports.alsa_port import is_installed as alsa_is_installed
from bridge.ports.base import Inbox, PortError, PortNames, Ports
from bridge.ports.coremidi_port import CoreMidiPorts, coremidi_ports, coremidi_works
from bridge.ports.jack_client import jack_answers, jack_ports
from bridge.ports.jack_port import JackPorts
from bridge.ports.names import match_port
from bridge.ports.nowhere import NowherePorts

APIS = ("jack", "alsa", "coremidi", "winmm", "rtmidi-jack", "none")
"""All API names that `open_ports` knows. `rtmidi-jack` is for tests: it snaps to JACK's periods."""

API_TITLES = {"jack": "JACK", "alsa": "ALSA", "coremidi": "CoreMIDI", "winmm": "Windows MIDI"}
"""What the APIs are called."""

_PLATFORM_API = {"linux": "alsa", "darwin": "coremidi", "win32": "winmm"}


def best_api() -> str:
    """The API to use when none is asked for: JACK if a server answers, else the platform's, else none."""
    if jack_answers():
        return "jack"
    from bridge.ports.rtmidi_port import rtmidi_works

    platform = _PLATFORM_API.get(sys.platform)
    return platform if platform is not None and rtmidi_works(platform) else "none"


def usual_apis() -> tuple[str, ...]:
    """The APIs that a user of this platform may choose from, the best one first."""
    platform = _PLATFORM_API.get(sys.platform)
    return ("jack",) if platform is None else ("jack", platform)


def open_ports(
    api: str,
    out: str | None,
    inp: str | None,
    inbox: Inbox,
    client_name: str = "Groovebridge",
    patient: bool = False,
) -> Ports:
    """Open an output and an input through one API and put what arrives into `inbox`.

    api          one of `APIS`, or "auto" for `best_api()`
    out, inp     another program's port to connect to: its exact name, or a part of it in any case that fits
    no other.
                 None: only a virtual port of our own, for other programs to connect to
    client_name  what other programs see
    patient      where the API can wait for another program's port (JACK, ALSA), do: open ours, tell
    `PeerGone`, and connect when that port is there. `out` and `inp` are then exact names

    Raises PortError with a sentence that says what is missing and what to do.
    """
    if api == "auto":
        api = best_api()
    _check(api)
    if api == "jack":
        return JackPorts(out, inp, inbox, client_name, patient)
    if api == "none":
        _check_nowhere(out, inp)
        return NowherePorts()
    if api == "alsa" and alsa_is_installed():
        return AlsaPorts(out, inp, inbox, client_name, patient)
    if api == "coremidi" and coremidi_works():
        return CoreMidiPorts(out, inp, inbox, client_name, patient)
    from bridge.ports.rtmidi_port import RtMidiPorts

    return RtMidiPorts(api, out, inp, inbox, client_name, patient)


def check_ports(api: str, out: str | None, inp: str | None) -> None:
    """PortError where `open_ports` could not find the API or such ports. Opens none, disturbs none."""
    names = list_ports(api)
    if names.api == "none":
        _check_nowhere(out, inp)
    if out is not None:
        match_port(out, names.outputs, "output")
    if inp is not None:
        match_port(inp, names.inputs, "input")


def list_ports(api: str) -> PortNames:
    """The ports of other programs that an API offers; PortError when it is not to be had."""
    if api == "auto":
        api = best_api()
    _check(api)
    if api == "jack":
        return jack_ports()
    if api == "none":
        return PortNames("none", (), ())
    if api == "alsa" and alsa_is_installed():
        return alsa_ports()
    if api == "coremidi" and coremidi_works():
        return coremidi_ports()
    from bridge.ports.rtmidi_port import rtmidi_ports

    return rtmidi_ports(api)


def _check_nowhere(out: str | None, inp: str | None) -> None:
    for wanted in (out, inp):
        if wanted is not None:
            raise PortError(
                f"There is no port {wanted!r} without a MIDI system: choose --api, or leave the port out."
            )


def _check(api: str) -> None:
    if api not in APIS:
        raise PortError(f"There is no MIDI API {api!r}: choose one of auto, {', '.join(APIS)}.")
