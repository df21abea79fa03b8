"""A MIDI port under a simulated clock: messages go out when they are due, and sometimes are lost."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, replace

from bridge.ports.base import OutCounters


@dataclass(slots=True)
class Clock:
    """Stands still unless moved. See `bridge.ports.base.Clock`."""

    ns: int = 1_000_000_000

    def now_ns(self) -> int:
        """The present."""
        return self.ns

    def to_host_ns(self, at_ns: int) -> int:
        """One clock for all."""
        return at_ns


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way: when it is due, in which roll of the song it was sent, whether it gets lost."""

    due_ns: int
    message: bytes
    roll: int
    lost: bool = False


class WireOut:
    """A `MidiOut`. What is due within `grip` can no longer be taken back, like what JACK holds already."""

    name = "wire"

    def __init__(self, clock: Clock, lead_ns: int, chance: random.Random) -> None:
        self.lead_ns = lead_ns
        self.xruns = 0
        self._roll = 0
        self._given_back: dict[tuple[bytes, int], int] = {}  # since the roll began: what roll it is of
        self._clock = clock
        self._chance = chance
        self._waiting: list[tuple[int, int, Sent]] = []
        self._sent = 0
        self._late = 0
        self._grip_ns = 0

    @property
    def roll(self) -> int:
        """What is written on what is sent from now on, but for what was given back and comes again."""
        return self._roll

    @roll.setter
    def roll(self, roll: int) -> None:
        if roll != self._roll:
            self._roll = roll
            self._given_back.clear()

    def send(self, message: bytes, due_ns: int) -> None:
        """Late messages go out at once."""
        now_ns = self._clock.ns
        self._late += due_ns < now_ns
        self._sent += 1
        roll = self._given_back.pop((message, due_ns), self._roll)
        entry = (max(due_ns, now_ns), self._sent, Sent(due_ns, message, roll))
        heapq.heappush(self._waiting, entry)

    def cancel_from(self, at_ns: int) -> list[tuple[bytes, int]]:
        """Give back what is still here."""
        grip_ns = self._clock.ns + 1 + round(self._chance.random() * self.lead_ns / 2)
        self._grip_ns = max(self._grip_ns, grip_ns)  # what the port has taken once, it has for good
        firm_ns = max(at_ns, self._grip_ns)
        back = sorted(each for each in self._waiting if each[2].due_ns >= firm_ns and not each[2].lost)
        self._waiting = sorted(each for each in self._waiting if each[2].due_ns < firm_ns or each[2].lost)
        self._given_back = {(sent.message, sent.due_ns): sent.roll for _, _, sent in back}
        return [(sent.message, sent.due_ns) for _, _, sent in back]

    def counters(self) -> OutCounters:
        """What it counts."""
        return OutCounters(messages=self._sent, late_handover=self._late, xruns=self.xruns)

    def due(self) -> list[tuple[int, Sent]]:
        """What has gone out by now and was not asked for before, with the time at which it did."""
        out: list[tuple[int, Sent]] = []
        waiting, now_ns = self._waiting, self._clock.ns
        while waiting and waiting[0][0] <= now_ns:
            at_ns, _, sent = heapq.heappop(waiting)
            out.append((at_ns, sent))
        return out

    def xrun(self, share: float) -> None:
        """A torn period: of what is to go out within half the lead, a share is lost."""
        self.xruns += 1
        until_ns = self._clock.ns + self.lead_ns // 2
        self._waiting = [
            (at_ns, serial, replace(sent, lost=sent.lost or self._chance.random() < share))
            if at_ns <= until_ns
            else (at_ns, serial, sent)
            for at_ns, serial, sent in self._waiting
        ]  # the order is what it was, so this is still a heap


@dataclass(slots=True)
class Wires:
    """A pair of ports with only an output. See `bridge.ports.base.Ports`."""

    clock: Clock
    out: WireOut
    api: str = "simulated"
    inp: None = None
    destination: None = None
    source: None = None

    def close(self) -> None:
        """Nothing to close."""
