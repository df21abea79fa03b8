"""How long notes take out of here and back in: a state machine that sends some, listens, and reckons.

    sent    |     |        |   |      |         at random times, each with a velocity of its own
    heard       |     |         |  |      |
            <-->  <-->     <-->             ...  the median is the latency, the spread around it the jitter

A note is known by its velocity, which no other of a measurement has, so notes may come back later than the
next one goes out, and a drum that plays in the DAW meanwhile is no echo. What comes by chance with a velocity
that is still awaited comes at no fixed distance: the times are random, and the median is not moved by a few.

What to make up for. When we follow the DAW's clock, its clock comes in as late as any message does, and the
notes go out by it: they are late by the way in and the way out, which is the whole round. When we lead by
MIDI clock, notes and clock go the same way out, and are late together. On Ableton Link, which tells time and
not messages, notes are late by the way out alone; how the round divides cannot be heard, and half of it is
the guess that errs least.
"""

from __future__ import annotations

import random
import statistics

from bridge.player import midi
from bridge.player.limits import MAX_LATENCY_MS, check_loopback
from bridge.player.messages import Loopback, MeasureLoopback, Sync

LENGTH_NS = 20_000_000
GAP_NS = (40_000_000, 110_000_000)
"""From one note to the next: at least and at most. Never less than a note lasts."""

LIMIT_NS = 1_000_000_000
"""A note that has not come back by then is lost."""

_EARLY_NS = 1_000_000  # a time may be rounded to a frame
_VELOCITIES = range(32, 128)  # soft notes may be cut off by an instrument's curve


class LoopbackTest:
    """One measurement. Pure; owned by the player's loop.

    All times are ns of the ports' clock. Raises SettingError for what cannot be sent. Whoever hands over what
    `advance` returns can end a measurement at any time: a note-on is never without its note-off.
    """

    def __init__(self, asked: MeasureLoopback, from_ns: int, chance: random.Random | None = None) -> None:
        """The first note is due at `from_ns`; `chance` decides on times and velocities."""
        check_loopback(asked.count, asked.note, asked.channel)
        chance = chance or random.Random()
        self.key = midi.key_of(asked.channel, asked.note)
        """The one key that is struck."""
        self._note = asked.note
        self._due_ns: dict[int, int] = {}  # by velocity
        self._came_ns: dict[int, int] = {}
        for velocity in chance.sample(_VELOCITIES, asked.count):
            self._due_ns[velocity] = from_ns
            from_ns += chance.randint(*GAP_NS)
        self._to_send = list(self._due_ns.items())[::-1]

    def advance(self, until_ns: int) -> list[tuple[bytes, int]]:
        """The notes due before `until_ns` that are new, as (message, due_ns): on and off, always both."""
        messages = []
        while self._to_send and self._to_send[-1][1] < until_ns:
            velocity, due_ns = self._to_send.pop()
            messages.append((midi.note_on(self.key, velocity), due_ns))
            messages.append((midi.note_off(self.key), due_ns + LENGTH_NS))
        return messages

    def hear(self, message: bytes, at_ns: int) -> None:
        """A message came in. On another channel it counts too: a DAW's track may have one of its own."""
        struck = midi.key_struck(message)
        if struck is None or not struck[1] or struck[0] & 127 != self._note:
            return
        due_ns = self._due_ns.get(message[2])
        if due_ns is not None and -_EARLY_NS <= at_ns - due_ns <= LIMIT_NS:
            self._came_ns.setdefault(message[2], at_ns)

    def is_over(self, now_ns: int) -> bool:
        """Whether all is out and has come back, or was waited for long enough."""
        last_ns = max(self._due_ns.values())
        all_came = len(self._came_ns) == len(self._due_ns)
        return now_ns > last_ns + (LENGTH_NS if all_came else LIMIT_NS)

    def report(self, trouble: str = "") -> Loopback:
        """What has been found so far."""
        rounds_ms = [(at_ns - self._due_ns[velocity]) / 1e6 for velocity, at_ns in self._came_ns.items()]
        sent = len(self._due_ns) - len(self._to_send)
        if not rounds_ms:
            return Loopback(sent, trouble=trouble)
        latency_ms = statistics.median(rounds_ms)
        return Loopback(
            sent=sent,
            heard=len(rounds_ms),
            latency_ms=latency_ms,
            jitter_ms=statistics.pstdev(rounds_ms),
            jitter_max_ms=max(abs(each - latency_ms) for each in rounds_ms),
            trouble=trouble,
        )


def setting_ms(found: Loopback, sync: Sync) -> float:
    """The latency to set so that notes are in time with the DAW, 0..200 ms, by who leads; see above. Pure."""
    share = {Sync.CLOCK: 1.0, Sync.LINK: 0.5, Sync.INTERNAL: 0.0}[sync]
    return max(0.0, min(float(MAX_LATENCY_MS), round(share * found.latency_ms, 1)))
