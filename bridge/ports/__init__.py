"""MIDI in and out, each message with its time: JACK on exact frames, rtmidi elsewhere.

`open_ports` opens a pair of ports, `list_ports` says what other programs offer, `best_api` picks an API.
Their values and protocols are in `bridge.ports.base`.
"""

from bridge.ports.apis import API_TITLES, APIS, best_api, check_ports, list_ports, open_ports, usual_apis
from bridge.ports.base import (
    Clock,
    Heard,
    Inbox,
    Incoming,
    MidiIn,
    MidiOut,
    OthersChanged,
    OutCounters,
    PeerBack,
    PeerGone,
    PortError,
    PortLost,
    PortNames,
    Ports,
)

__all__ = [
    "APIS",
    "API_TITLES",
    "Clock",
    "Heard",
    "Inbox",
    "Incoming",
    "MidiIn",
    "MidiOut",
    "OthersChanged",
    "OutCounters",
    "PeerBack",
    "PeerGone",
    "PortError",
    "PortLost",
    "PortNames",
    "Ports",
    "best_api",
    "check_ports",
    "list_ports",
    "open_ports",
    "usual_apis",
]
