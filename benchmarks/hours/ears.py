"""An instrument at the other end of the port: it keeps its own notes and its own song position."""

from __future__ import annotations

from collections import Counter

from benchmarks.hours.score import Broken, Score
from benchmarks.hours.wire import Sent
from bridge.player import midi
from bridge.timing import TICKS_PER_CLOCK, TICKS_PER_SIXTEENTH
from bridge.timing.transport import SPP_TICKS

LONGEST_NS = 2_000_000_000
"""No note is longer: an eighth of a quarter, at 20 BPM."""

_SONG_POSITION = 0xF2


class Ears:
    """Hears one port. Raises Broken at what no instrument should have to hear."""

    def __init__(self, score: Score, now_ns: int) -> None:
        self.counts: Counter[str] = Counter()
        self.open: dict[int, int] = {}
        """The keys that sound, and since when."""
        self._score = score
        self._torn: set[int] = set()  # the keys of which a message was lost
        self._pardon_ns = now_ns  # until then a note-off for a key that is silent is no mistake
        self._rolls = False
        self._armed = False
        self._ticks: int | None = None  # of the next F8; None: a clock was lost

    def pardon(self, until_ns: int) -> None:
        """Panic, or an xrun: keys that are silent will be closed to be sure."""
        self._pardon_ns = max(self._pardon_ns, until_ns)

    def _miss(self, sent: Sent) -> None:
        self.counts["lost"] += 1
        struck = midi.key_struck(sent.message)
        if struck is not None:
            self._torn.add(struck[0])
            self.counts["note-ons lost"] += struck[1]
        elif sent.message[0] >= 0xF0:
            self._ticks = None
            if sent.message != midi.CLOCK:
                self._rolls = self._armed = False

    def sleep(self, from_ns: int, now_ns: int) -> None:
        """The machine slept: nobody could close a note meanwhile, nor make good what an xrun tore."""
        self.open = dict.fromkeys(self.open, now_ns)
        if self._pardon_ns > from_ns:
            self._pardon_ns += now_ns - from_ns

    def hear(self, at_ns: int, sent: Sent) -> None:
        """A message comes out of the port, or would have."""
        if sent.lost:
            self._miss(sent)
            return
        status = sent.message[0]
        if status >= 0xF0:
            self._clock(sent)
        elif status < 0xA0:
            self._note(at_ns, sent)

    def check_lengths(self, now_ns: int) -> None:
        """Nothing sounds for longer than a note is long."""
        for key, since_ns in self.open.items():
            if now_ns - since_ns > LONGEST_NS:
                raise Broken(f"key {key} hangs")

    def check_silence(self) -> None:
        """The song stands, and all has come out: nothing sounds."""
        if hanging := self.open.keys() - self._torn:
            raise Broken(f"the song stands, and keys {sorted(hanging)} sound")

    def _note(self, at_ns: int, sent: Sent) -> None:
        message = sent.message
        key, on = (message[0] & 15) << 7 | message[1], message[0] >= 0x90 and message[2] > 0
        if on:
            if key in self.open and key not in self._torn:
                raise Broken(f"key {key} is struck while it sounds")
            self.open[key] = at_ns
            self.counts["notes"] += 1
            if sent.roll == self._score.roll:
                self._score.struck(key, message[2], sent.due_ns)
        elif key in self.open:
            del self.open[key]
        elif key not in self._torn and at_ns > self._pardon_ns:
            raise Broken(f"key {key} is closed while it is silent")
        if not on:
            self._torn.discard(key)

    def _clock(self, sent: Sent) -> None:
        message = sent.message
        if message == midi.CLOCK:
            self.counts["clocks"] += 1
            if self._ticks is not None and (self._rolls or self._armed):
                if self._armed:
                    self._rolls, self._armed = True, False
                if sent.roll == self._score.roll:
                    self._score.clocked(self._ticks, sent.due_ns)
                self._ticks += TICKS_PER_CLOCK
            return
        if message == midi.STOP:
            self._rolls = self._armed = False
        elif message[0] == _SONG_POSITION:
            self._locate((message[1] | message[2] << 7) * TICKS_PER_SIXTEENTH)
        elif self._rolls:
            raise Broken(f"{message.hex(' ')} is sent to a listener that rolls")
        elif message == midi.START:
            self._ticks, self._armed = 0, True
        elif message == midi.CONTINUE:
            self._armed = True

    def _locate(self, ticks: int) -> None:
        """A song position: while the song rolls, it names the next F8, which we know, or we have lost one."""
        if self._rolls and self._ticks is not None and (ticks - self._ticks) % SPP_TICKS:
            raise Broken(f"a listener at {self._ticks} is told to be at {ticks}")
        self._ticks = ticks
