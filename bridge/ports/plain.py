"""Ports that are no more than a name and whoever sends, without a server: a `MidiOut` and a `MidiIn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bridge.ports.base import OutCounters


class Sending(Protocol):
    """A `Sender` or a `Scheduler`."""

    def send(self, message: bytes, due_ns: int) -> None:
        """See `MidiOut.send`."""

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        """See `MidiOut.cancel_from`."""

    def counters(self) -> OutCounters:
        """See `MidiOut.counters`."""


class PlainOut:
    """An output by name. See `MidiOut`."""

    xruns = 0

    def __init__(self, name: str, sending: Sending, lead_ns: int) -> None:
        self.name = name
        self.lead_ns = lead_ns
        self.send = sending.send
        self.cancel_from = sending.cancel_from
        self.counters = sending.counters


@dataclass(frozen=True, slots=True)
class PlainIn:
    """An input by name. See `MidiIn`."""

    name: str
