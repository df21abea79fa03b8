"""One engine's life: hours in which anything may happen, by chance, and the same again from the same seed."""

from __future__ import annotations

import gc
import random
import types
from collections import Counter, deque
from collections.abc import Callable

from benchmarks.hours.ears import Ears
from benchmarks.hours.loops import Written, marked
from benchmarks.hours.score import Broken, Score
from benchmarks.hours.sender import Sender
from benchmarks.hours.wire import Clock, WireOut, Wires
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP
from bridge.player import midi
from bridge.player.ahead import LOOKAHEAD_NS
from bridge.player.engine import Engine
from bridge.player.messages import (
    Anchor,
    Command,
    Fault,
    Finished,
    Motion,
    Panic,
    PlayerConfig,
    Report,
    SetLatency,
    SetLoop,
    SetSendClock,
    SetSync,
    SetTempo,
    SetVoicing,
    Start,
    Stats,
    Stop,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.ports.base import Incoming, PortLost

MS = 1_000_000
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
POOL = 24
"""How many loops there are; a life gives them to its player again and again, under new numbers."""

MOST_OBJECTS = 600_000
"""The player remembers 512 loops, of up to 230 hits in this pool: no more objects than that takes."""

FOLLOW_MS = 8.0
"""How far a followed song may be from a steady sender's, beside five deviations of its jitter: this is no
benchmark of the follower, it only catches the one that runs away."""

_MISSES_NS = 200 * MS
"""Woken later than this, a player may skip what it missed."""

_TELL = 60


class Life:
    """An engine, its port, a foreign clock, and somebody who cannot keep his hands off either."""

    def __init__(self, seed: str, pool: list[Written]) -> None:
        self.counts: Counter[str] = Counter()
        self.told: deque[str] = deque(maxlen=_TELL)
        """What happened last, for whoever has to find out why."""
        self._chance = chance = random.Random(seed)
        self._pool = pool
        self._loops: dict[int, Written] = {}
        self._loop_id = 0
        self.clock = Clock(chance.randrange(SECOND, 10 * HOUR))
        self.began_ns = self.clock.ns
        bars = chance.choice([None, None, None, None, 7, 100, 5000])
        config = PlayerConfig(
            sync=chance.choice([Sync.INTERNAL, Sync.CLOCK]),
            bpm=self._any_bpm(),
            send_clock=chance.random() < 0.7,
            clock_while_stopped=chance.random() < 0.3,
            voicing=self._any_voicing(),
            bars=bars,
        )
        self.told.append(f"config {config}")
        self._score = Score(self._loops)
        self._score.voice(config.voicing, self.clock.ns)
        self._sync = config.sync
        self._stands_since_ns = self.clock.ns
        self._anchor: Anchor | None = None
        self._faults = 0
        self._engine = Engine(config, self._on_report)
        self._sender = Sender(chance, self.clock.ns)
        self._wire: WireOut | None = None
        self._ears = Ears(self._score, self.clock.ns)
        self._wake_ns = self.clock.ns
        self._look_ns = self.clock.ns
        self._count_ns = self.clock.ns
        self._busy = chance.random() < 0.6
        self._haste_ns = 0
        self._latency_ns = 0  # the largest so far: how far notes may be from the song
        self._open()
        self._do(self._new_loop())

    # --- time ---------------------------------------------------------------------------------------------

    def run(self, hours: float, hour_passed: Callable[[], None] = lambda: None) -> None:
        """Let so much time pass, then end in order. Raises Broken."""
        end_ns = self.clock.ns + round(hours * HOUR)
        next_ns = self._when()
        hour_ns = self.clock.ns + HOUR
        while self.clock.ns < end_ns:
            self._pass(min(next_ns, end_ns))
            if self.clock.ns >= next_ns:
                self._something()
                next_ns = self._when()
            if self.clock.ns >= hour_ns:
                hour_ns += HOUR
                hour_passed()
        self._end()

    def _pass(self, until_ns: int) -> None:
        """Until then, or until the player is next woken: by its own wish, by a message, or late."""
        clock, engine = self.clock, self._engine
        wake_ns = min(max(self._wake_ns, clock.ns + 1), until_ns)
        hears = self._sync is Sync.CLOCK and self._wire is not None
        if hears:
            wake_ns = min(wake_ns, self._sender.next_ns())
        before_ns, late_ns = clock.ns, self._lateness()
        clock.ns = max(clock.ns, wake_ns) + late_ns
        if late_ns > _MISSES_NS:
            self._touch(before_ns)
        self._listen()
        if hears:
            for at_ns, message in self._sender.arrived(clock.ns):
                engine.handle(Incoming(message, at_ns), clock.ns)
        self._advance()
        self._score.steady = self._sender.position_ticks(clock.ns) is not None
        if clock.ns >= self._look_ns:
            self._look_ns = clock.ns + SECOND
            self._look()

    def _lateness(self) -> int:
        """How late a busy machine wakes us."""
        chance = self._chance.random()
        if chance < 0.999 and self._busy:
            return int(chance * 28 * MS)
        if chance < 0.9:
            return int(chance * MS)
        if chance < 0.9995:
            return int(self._chance.random() * 25 * MS)
        return int(self._chance.expovariate(1) * 100 * MS)

    def _listen(self) -> None:
        if self._wire is not None:
            for at_ns, sent in self._wire.due():
                self._ears.hear(at_ns, sent)

    def _advance(self) -> None:
        self._wake_ns = self._engine.advance(self.clock.ns)
        self._score.passed(self.clock.ns)

    def _when(self) -> int:
        """When the next thing happens: people come in bursts and leave the song alone for minutes."""
        chance = self._chance
        if self.clock.ns >= self._haste_ns and chance.random() < 0.05:
            self._haste_ns = self.clock.ns + round(chance.expovariate(1 / 10) * SECOND)
        mean_s = 0.15 if self.clock.ns < self._haste_ns else 12
        return self.clock.ns + round(chance.expovariate(1 / mean_s) * SECOND)

    # --- what is told and seen ----------------------------------------------------------------------------

    def _on_report(self, report: Report) -> None:
        if isinstance(report, Anchor):
            self._anchor = report
        elif isinstance(report, Stats):
            self._stands_since_ns = self.clock.ns
        elif isinstance(report, Fault):
            self._faults += 1
        elif isinstance(report, Finished):
            self.counts["finished"] += 1
        self._note("  tells", report)
        if self._wire is not None or not isinstance(report, Anchor):
            self._score.report(report, self.clock.ns)
        if self._wire is not None:
            self._wire.roll = self._score.roll

    def _note(self, what: str, value: object) -> None:
        text = "SetLoop" if isinstance(value, SetLoop) else repr(value)
        if isinstance(value, SetLoop):
            text = f"SetLoop({value.loop_id}, {value.at}, block={value.block})"
        self.told.append(f"{self.clock.ns - self.began_ns:>18,} {what} {text}")

    def _look(self) -> None:
        """What has to hold at any time."""
        now_ns, line = self.clock.ns, self._score.line
        self._ears.check_lengths(now_ns)
        armed = self._anchor is not None and self._anchor.motion is Motion.ARMED  # beat 1 may be on its way
        if line is None and self._wire is not None and not armed:
            if now_ns - self._stands_since_ns > self._wire.lead_ns + 500 * MS:
                self._ears.check_silence()
                self._check_counts()
        else:
            self._stands_since_ns = now_ns
        true = self._sender.position_ticks(now_ns) if self._sync is Sync.CLOCK else None
        if true is not None and line is not None:
            error_ms = abs(line.to_ticks(now_ns) - true) * line.ns_per_tick / 1e6
            self.counts["places compared"] += 1
            if error_ms > 20 + FOLLOW_MS + 5 * self._sender.jitter_ms:  # 20 ms are not worth an anchor
                raise Broken(f"we are {error_ms:.1f} ms from a steady clock of {self._sender.bpm:.1f} BPM")
        if now_ns >= self._count_ns:
            self._count_ns = now_ns + 600 * SECOND
            objects = reachable(self._engine)
            self.counts["most objects"] = max(self.counts["most objects"], objects)
            if objects > MOST_OBJECTS:
                raise Broken(f"the engine has grown to {objects} objects")

    def _check_counts(self) -> None:
        stats = self._engine.stats()
        known = self._known_notes()
        if stats.notes_sent != known:
            raise Broken(f"{stats.notes_sent} notes are counted, and {known} were heard or lost")
        if stats.open_notes:
            raise Broken(f"the song stands, and {stats.open_notes} notes count as open")

    def _known_notes(self) -> int:
        both = self.counts + self._ears.counts
        return both["notes"] + both["note-ons lost"]

    # --- what happens -------------------------------------------------------------------------------------

    def _something(self) -> None:
        actions, weights = _WEIGHTS[self._sync]
        self.counts["happenings"] += 1
        if self._score.line is None and self._chance.random() < 0.5:  # who stands wants to play
            actions, weights = [Life._start if self._sync is Sync.INTERNAL else Life._sender_does], [1]
        self._chance.choices(actions, weights)[0](self)
        self._listen()
        self._advance()

    def _do(self, *commands: Command | Incoming | PortLost, touches: bool = True) -> None:
        for command in commands:
            self._note("does", command)
            if touches:
                self._touch()
            self._engine.handle(command, self.clock.ns)

    def _touch(self, from_ns: int | None = None) -> None:
        """What is on its way, or due since `from_ns`, may be otherwise than it is written."""
        now_ns = self.clock.ns
        lead_ns = 0 if self._wire is None else self._wire.lead_ns
        from_ns = now_ns if from_ns is None else from_ns
        self._score.touch(from_ns - self._latency_ns, now_ns + lead_ns + LOOKAHEAD_NS + self._latency_ns)

    def _any_bpm(self) -> float:
        return round(
            self._chance.choice([120.0, self._chance.uniform(20, 400), self._chance.uniform(70, 180)]), 2
        )

    def _any_voicing(self) -> Voicing:
        """A note of its own for each voice, and now and then silence for some. Trims would hide the marks."""
        chance = self._chance
        notes = tuple(chance.sample(range(128), 9))
        muted, soloed = (
            tuple(chance.random() < share for _ in range(9))
            for share in chance.choice([(0, 0), (0.3, 0), (0, 0.2)])
        )
        return Voicing(notes, chance.randrange(16), muted=muted, soloed=soloed)

    def _here(self) -> float:
        line = self._score.line
        return 0.0 if line is None else max(0.0, line.to_ticks(self.clock.ns))

    def _new_loop(self, block: int | None = None) -> SetLoop:
        self._loop_id += 1
        written = self._chance.choice(self._pool)
        self._loops[self._loop_id] = written
        if len(self._loops) > 4096:
            del self._loops[next(iter(self._loops))]
        return SetLoop(written.loop, self._loop_id, self._chance.choice(list(SwapAt)), block)

    def _swap(self) -> None:
        self._do(self._new_loop())

    def _evolve(self) -> None:
        here = int(self._here()) // LOOP_TICKS
        block = max(0, here + self._chance.choice([-1, 0, 1, 1, 2, 3, 50]))
        self._do(self._new_loop(block))

    def _tempo(self) -> None:
        self._do(*(SetTempo(self._any_bpm()) for _ in range(self._chance.choice([1, 1, 5]))))

    def _start(self) -> None:
        ticks = self._chance.choice([0, None, self._chance.randrange(2000) * TICKS_PER_BAR])
        if ticks and self._chance.random() < 0.3:
            ticks += self._chance.randrange(16) * TICKS_PER_STEP
        self._do(Start(ticks))

    def _stop(self) -> None:
        self._do(Stop())

    def _panic(self) -> None:
        if self._wire is not None:
            self._ears.pardon(self.clock.ns + 2 * self._wire.lead_ns + 100 * MS)
        self._do(Panic())

    def _revoice(self) -> None:
        voicing = self._any_voicing()
        self._do(SetVoicing(voicing))
        self._score.voice(voicing, self.clock.ns)

    def _latency(self) -> None:
        ms = self._chance.choice([0.0, 0.0, 5.0, self._chance.uniform(-200, 200)])
        self._latency_ns = max(self._latency_ns, round(abs(ms) * MS)) if ms else self._latency_ns
        self._score.latency_ns = self._latency_ns
        self._do(SetLatency(ms))
        self._score.shift(self.clock.ns, ms != 0)

    def _send_clock(self) -> None:
        self._do(SetSendClock(self._chance.random() < 0.7, self._chance.random() < 0.3))

    def _resync(self) -> None:
        self._sync = self._chance.choice([Sync.INTERNAL, Sync.CLOCK])
        self._sender.skip_to(self.clock.ns)
        self._do(SetSync(self._sync))

    def _nonsense(self) -> None:
        """Settings out of range, and bytes that mean nothing: a fault is told, or nothing is."""
        before = self._faults
        wrong: list[Command] = [SetTempo(19.0), SetTempo(1e9), SetLatency(201.0)]
        self._do(self._chance.choice(wrong), touches=False)
        if self._faults != before + 1:
            raise Broken("a setting out of range was taken without a word")
        junk = self._chance.randbytes(self._chance.randrange(1, 4))
        if junk[0] not in _TRANSPORT:
            self._do(Incoming(junk, self.clock.ns), touches=False)

    # --- ports

    def _open(self) -> None:
        lead_ns = self._chance.choice([2 * MS, 5_333_333, 42_666_667])
        self._wire = WireOut(self.clock, lead_ns, self._chance)
        self._wire.roll = self._score.roll
        self._score.lead_ns = lead_ns
        self._ears = Ears(self._score, self.clock.ns)
        self._sender.skip_to(self.clock.ns)
        self._note("opens", f"ports with a lead of {lead_ns}")
        self._ears.pardon(self.clock.ns + 2 * lead_ns)  # what hung at ports that were lost is closed here
        self._engine.attach(Wires(self.clock, self._wire), self.clock.ns)

    def _forget_ears(self) -> None:
        self.counts.update(self._ears.counts)
        self._ears = Ears(self._score, self.clock.ns)

    def _reopen(self) -> None:
        """Other ports, in order: what was sent comes out before they go."""
        wire = self._wire
        self._engine.detach(self.clock.ns)
        if wire is not None:
            self._close_in_order(wire)
        self.clock.ns += self._chance.randrange(50 * MS)
        self._open()

    def _close_in_order(self, wire: WireOut) -> None:
        self.clock.ns += wire.lead_ns
        self._listen()
        if any(message != midi.CLOCK for message, _ in wire.cancel_from(self.clock.ns)):
            raise Broken("messages are left in a port that closes")
        self._ears.check_silence()
        self._forget_ears()
        self._wire = None
        self._score.lose(self.clock.ns)

    def _unplug(self) -> None:
        """The port is gone, with all that was in it; some time later there is another."""
        if self._wire is None:
            return
        self._engine.handle(PortLost("It is gone."), self.clock.ns)
        self._note("does", "unplug")
        self._forget_ears()
        self.counts["note-ons lost"] += self._engine.stats().notes_sent - self._known_notes()
        self._wire = None
        self._score.lose(self.clock.ns)
        for _ in range(self._chance.randrange(4)):
            self._pass(self.clock.ns + self._chance.randrange(5 * SECOND))
            self._do(self._new_loop(), Start(), Panic(), touches=False)
        self._open()

    def _xrun(self) -> None:
        if self._wire is None:
            return
        share = self._chance.random()
        self._note("loses", share)
        self._wire.xrun(share)
        self._touch()
        self._ears.pardon(
            self.clock.ns + 2 * self._wire.lead_ns + 1200 * MS
        )  # while standing it wakes slowly

    def _suspend(self) -> None:
        """The lid is closed: the clock goes on, nothing else does."""
        before_ns = self.clock.ns
        asleep_s = self._chance.choice([0.3, 1, 5, 60, 3600]) * self._chance.random()
        self._note("sleeps", asleep_s)
        self.clock.ns += round(asleep_s * SECOND)
        self._sender.skip_to(self.clock.ns)
        self._listen()
        self._ears.sleep(before_ns, self.clock.ns)
        self._stands_since_ns = self.clock.ns
        self._touch(before_ns)

    # --- the foreign clock

    def _sender_does(self) -> None:
        sender, chance = self._sender, self._chance
        sixteenths = chance.choice([0, 16, 64 * chance.randrange(20), chance.randrange(1 << 14)])
        what = chance.choices(
            ["start", "stop", "continue", "locate", "loop", "tempo", "ramp", "jitter", "drop", "quiet"],
            [8, 3, 3, 2, 4, 3, 2, 1, 2, 1],
        )[0]
        self._note("sender", f"{what} {sixteenths}")
        self._touch()
        if what == "start":
            sender.start()
        elif what == "stop":
            sender.stop()
        elif what == "continue":
            sender.resume()
        elif what == "locate" and not sender.rolls:
            sender.locate(sixteenths)
            sender.resume()
        elif what == "loop" and sender.rolls:
            sender.loop(sixteenths, chance.randrange(4))
        elif what == "tempo":
            sender.set_tempo(self._any_bpm())
        elif what == "ramp":
            sender.set_tempo(self._any_bpm(), chance.randrange(24, 400))
        elif what == "jitter":
            sender.jitter_ms = chance.choice([0, 0.3, 1, 3])
        elif what == "drop":
            sender.drop_out(chance.choice([1, 24, chance.randrange(500)]))
        elif what == "quiet":
            sender.quiet_when_standing = not sender.quiet_when_standing

    # --- the end

    def _end(self) -> None:
        """The studio goes: the last four bars are played out, and that is all."""
        engine = self._engine
        self._note("does", "wind down")
        self._touch()
        engine.wind_down()
        deadline_ns = self.clock.ns + 60 * SECOND
        while not engine.done:
            self._pass(self.clock.ns + 10 * MS)
            if self.clock.ns > deadline_ns:
                if self._sync is Sync.INTERNAL:
                    raise Broken("the player does not wind down")
                break
        engine.detach(self.clock.ns)
        if self._wire is not None:
            self._close_in_order(self._wire)
        self.counts.update(self._score.counts)
        self.counts["engine swaps"] = engine.stats().swaps


_TRANSPORT = frozenset((0xF2, 0xF8, 0xFA, 0xFB, 0xFC))

_ALWAYS: dict[Callable[[Life], None], float] = {
    Life._swap: 10,
    Life._evolve: 8,
    Life._tempo: 5,
    Life._panic: 1,
    Life._revoice: 3,
    Life._latency: 0.3,
    Life._send_clock: 1,
    Life._nonsense: 0.5,
    Life._reopen: 0.5,
    Life._unplug: 0.3,
    Life._xrun: 3,
    Life._suspend: 0.2,
}


_WEIGHTS = {
    Sync.INTERNAL: (
        [*_ALWAYS, Life._start, Life._stop, Life._resync],
        [*_ALWAYS.values(), 8, 2, 0.4],
    ),
    Sync.CLOCK: (
        [*_ALWAYS, Life._sender_does, Life._start, Life._resync],
        [*_ALWAYS.values(), 14, 1, 1],
    ),
}


def reachable(root: object) -> int:
    """How many objects hang on this one: data, not code."""
    seen = {id(root)}
    new = [root]
    count = 0
    while new:
        count += len(new)
        found = gc.get_referents(*new)
        new = []
        for each in found:
            if id(each) not in seen and not isinstance(
                each,
                type | types.ModuleType | types.FunctionType | types.BuiltinFunctionType | types.MethodType,
            ):
                seen.add(id(each))
                new.append(each)
    return count


def a_pool() -> list[Written]:
    """The loops of all lives."""
    return [marked(number) for number in range(POOL)]


def life_hours(seed: str) -> float:
    """How long a life of this seed is: mostly minutes, some many hours."""
    return random.Random(f"{seed} length").choice([0.05, 0.2, 0.2, 0.5, 0.5, 1, 1, 2, 6])
