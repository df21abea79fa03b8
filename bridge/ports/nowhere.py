"""Ports that lead nowhere, for machines without MIDI: they keep time and count, and that is all."""

from __future__ import annotations

from bridge.ports.sender import LEAD_NS, HostClock, Sender


class NowhereOut(Sender):
    """An output that takes every message at its time and sends it to nobody. See `MidiOut`."""

    name = "nowhere"
    lead_ns = LEAD_NS

    def __init__(self) -> None:
        super().__init__(emit=lambda _message: None, on_failure=lambda _error: None)
        self.start()


class NowherePorts:
    """The pair: an output to nowhere and no input. See `Ports`."""

    api = "none"
    inp = None
    destination = None
    source = None

    def __init__(self) -> None:
        self.clock = HostClock()
        self.out = NowhereOut()

    def close(self) -> None:
        """Let go what is due now, drop the rest. Idempotent."""
        self.out.close()
