"""The session a person works in: what the sliders are set to, the loop that follows from it, and the player.

    change, set_slider ... --> sketch --> decoding thread (the newest only) --> SetLoop --> player
    state <-- reports (LoopPlaying, Anchor, Fault, ...) <-------------------------------------+

A loop is *next* from the moment it is sent until the player reports that it has taken over. With `evolve`,
block n (four bars) of the song plays the draw (seed, index + n): a function of song position alone, so that a
song that is rewound or bounced plays the same drums again. The player is then kept `AHEAD_BLOCKS` blocks
ahead.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop, Voice
from bridge.groove.notes import LOOP_TICKS
from bridge.model import Settings
from bridge.player.ableton import require_link
from bridge.player.limits import check_bpm, check_count_in, check_latency
from bridge.player.link import PlayerLink
from bridge.player.meeting import Orphan
from bridge.player.messages import (
    Alone,
    Anchor,
    Command,
    Ended,
    FallIn,
    Fault,
    Finished,
    Loopback,
    LoopPlaying,
    MeasureLoopback,
    Motion,
    Notice,
    OpenPorts,
    Panic,
    Played,
    PlayerConfig,
    PortsChanged,
    PortsOpened,
    Remember,
    Report,
    SetLatency,
    SetLoop,
    SetSendClock,
    SetSound,
    SetSync,
    SetTempo,
    SetVoicing,
    Sound,
    SoundWhen,
    Start,
    Stats,
    Stop,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.studio.decoder import Decoder, Job
from bridge.studio.generate import LoopMaker
from bridge.studio.history import History, Take
from bridge.studio.memo import Memo
from bridge.studio.repertoire import Repertoire
from bridge.studio.replacing import QUICK_CRASHES, Crashes, Held
from bridge.studio.sketch import Given, Maker, Sketch
from bridge.studio.state import NO_SOUND, StudioState
from bridge.studio.tape import Tape
from bridge.studio.undo import Undo

AHEAD_BLOCKS = 2
_TAKEN_UP = "A player was still playing since Groovebridge last ended unexpectedly: going on with its song."
_REPLACED = "The player stopped unexpectedly. Another one has taken its place, in time with the song."
_CRASHES_TOO_OFTEN = (
    f"The player stopped unexpectedly, {QUICK_CRASHES} times in a row. Choose the ports again to start "
    "another; `groovebridge doctor` may say what is wrong."
)

FILL = "fill"
"""The named slider that a fill pushes."""

Subscriber = Callable[[StudioState], None]


class Link(Protocol):
    """A running player: `PlayerLink` is one."""

    def send(self, command: Command) -> None:
        """Have the player carry out a command; never blocks."""

    def close(self) -> Stats | None:
        """End the player and wait for it."""


class LinkFactory(Protocol):
    """Starts a player, or takes up one that plays on without a studio: `PlayerLink` is one."""

    def __call__(
        self, config: PlayerConfig, on_report: Callable[[Report], None], orphan: Orphan | None = None, /
    ) -> Link:
        """A player with this config; what it reports is handed to `on_report`, from a thread."""


class Studio:
    """One session with one player. All methods are thread-safe; none blocks for long but the constructor,
    `close`, and the calls that start another player after one has ended (`open_ports`, `play`).

    The constructor decodes the first loop and starts the player. It raises what the model raises
    for settings that it does not have; setters raise GroovebridgeError for values out of range and change
    nothing then.

    sketch   what to begin with, in place of `settings`
    orphan   a player to take up in place of starting one: all is set as it was for the studio that died, but
             for settings that this model does not have; `config`, `settings`, `sketch`, `swap_at` and
             `evolve` are not looked at

    A player that crashes is replaced by another at the same ports, in time with the song.
    """

    def __init__(
        self,
        model: LoopMaker,
        link_factory: LinkFactory = PlayerLink,
        config: PlayerConfig | None = None,
        settings: Settings | None = None,
        swap_at: SwapAt = SwapAt.BAR,
        evolve: bool = False,
        orphan: Orphan | None = None,
        make: Callable[[Sketch], DrumLoop] | None = None,
        history: History | None = None,
        sketch: Sketch | None = None,
    ) -> None:
        memo = Memo(sketch or Sketch(settings or Settings()), None, swap_at, evolve)
        self._make = make or Maker(model).loop
        self._history = history or History()
        self._undo: Undo[tuple[Sketch, Voicing]] = Undo()
        self._link_factory = link_factory
        self._config = config or PlayerConfig() if orphan is None else orphan.legacy.config
        self._lock = threading.RLock()
        self._telling = threading.RLock()
        self._subscribers: dict[object, Subscriber] = {}
        self._repertoire = Repertoire()
        self._block = 0  # evolve: the block that the song is in
        self._at: SwapAt | None = None  # when the last change of settings wants to be heard
        self._closed = False

        self._tape = Tape(self._config.bpm)
        self._crashes = Crashes()
        self._replacer: threading.Thread | None = None
        self._news = None if orphan is None else _TAKEN_UP  # a sentence for when the ports are open

        loop_id = None
        if orphan is not None:
            loop_id = self._repertoire.inherit(orphan.legacy.loops)
            memo = self._known(Memo.of(orphan.legacy.memo) or memo)
        self._decoded = memo.decoded
        if loop_id is None:
            loop_id = self._repertoire.add_base(self._make(memo.sketch), memo.sketch)
            self._decoded = memo.sketch
        self._state = StudioState(
            sketch=memo.sketch,
            loop=self._loop(loop_id),
            loop_id=loop_id,
            sync=self._config.sync,
            bpm=self._config.bpm,
            swap_at=memo.swap_at,
            next_at=memo.swap_at,
            voicing=self._config.voicing,
            send_clock=self._config.send_clock,
            sound_when=self._config.sound,
            latency_ms=self._config.latency_ms,
            count_in=self._config.count_in,
            clock_while_stopped=self._config.clock_while_stopped,
            evolve=memo.evolve,
            takes=self._history.takes,
        )
        self._remembered: Memo | None = None
        self._decoder = Decoder(self._lock, self._make, self._next_job, self._on_decoded)
        self._link: Link = Held()
        with self._changing():  # the player's first reports wait for this
            self._start_player(orphan)
        self._decoder.start()

    # --- what there is to see ---

    @property
    def state(self) -> StudioState:
        """The newest picture."""
        return self._state

    @property
    def config(self) -> PlayerConfig:
        """How the player is set: what one that takes its place would start with."""
        return self._config

    @property
    def tape(self) -> Tape:
        """What went out."""
        return self._tape

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new state after each change; returns what ends that.

        Calls come from any thread, one at a time; the last one always carries the newest state. A callback
        must not block, and must not call `close`.
        """
        token = object()
        with self._telling:
            self._subscribers[token] = callback

        def unsubscribe() -> None:
            with self._telling:
                self._subscribers.pop(token, None)

        return unsubscribe

    # --- transport ---

    def play(self, at_ticks: int | None = 0) -> None:
        """Roll from a song position (None: from where we stand). Nothing while we follow a clock: the DAW
        leads. With `evolve`, a block that the player does not know yet is decoded first.
        """
        self._revive()
        if at_ticks is not None:
            self._prepare(at_ticks // LOOP_TICKS)
        with self._changing():
            if self._state.sync.leads:
                self._set(finished=False)
                if at_ticks is not None:
                    self._block = at_ticks // LOOP_TICKS
                    self._decoder.wake()
                self._link.send(Start(at_ticks, self._config.count_in))

    def stop(self) -> None:
        """Stop and close all notes. Nothing while we follow a clock."""
        with self._lock:
            self._link.send(Stop())

    def panic(self) -> None:
        """Silence now."""
        with self._lock:
            self._link.send(Panic())

    def set_tempo(self, bpm: float) -> None:
        """Tempo of the internal clock, 20..400; on Link, that of the session."""
        check_bpm(bpm)
        with self._changing():
            self._config = replace(self._config, bpm=bpm)
            if self._state.sync is Sync.INTERNAL:
                self._set(bpm=bpm)
            self._link.send(SetTempo(bpm))

    def set_sync(self, sync: Sync) -> None:
        """Lead, follow MIDI clock at the input, or share a Link session. Stops. LinkMissingError."""
        if sync is Sync.LINK:
            require_link()
        with self._changing():
            self._config = replace(self._config, sync=sync)
            self._set(sync=sync, bpm=self._config.bpm)
            self._link.send(SetSync(sync))

    def set_send_clock(self, on: bool, while_stopped: bool | None = None) -> None:
        """Send MIDI clock on the output, or do not; `while_stopped`: also while the song stands (None: as
        before).
        """
        with self._changing():
            goes_on = self._config.clock_while_stopped if while_stopped is None else while_stopped
            self._config = replace(self._config, send_clock=on, clock_while_stopped=goes_on)
            self._set(send_clock=on, clock_while_stopped=goes_on)
            self._link.send(SetSendClock(on, goes_on))

    def set_sound(self, when: SoundWhen) -> None:
        """When the built-in drums sound; said again, it tries again what failed. `state.sound` tells how it
        went.
        """
        with self._changing():
            self._config = replace(self._config, sound=when)
            self._set(sound_when=when)
            self._link.send(SetSound(when))

    def set_count_in(self, bars: int) -> None:
        """Count 0..2 bars before a song that is started from now on, where our own clock leads."""
        check_count_in(bars)
        with self._changing():
            self._config = replace(self._config, count_in=bars)
            self._set(count_in=bars)

    def set_latency(self, latency_ms: float) -> None:
        """Send notes that much earlier than their time, -200..200 ms; negative: later."""
        check_latency(latency_ms)
        with self._changing():
            self._config = replace(self._config, latency_ms=latency_ms)
            self._set(latency_ms=latency_ms)
            self._link.send(SetLatency(latency_ms))

    def measure_loopback(self) -> None:
        """Find out how long notes take through a loop in the DAW; `state.loopback` has the outcome when
        `state.measuring` is over, and `state.latency_offer_ms` what to set. Only while the song stands;
        nothing while it is being measured.
        """
        with self._changing():
            if self._state.measuring:
                return
            self._set(measuring=True, loopback=None)
            self._link.send(MeasureLoopback(channel=self._config.voicing.channel))

    def open_ports(self, api: str, out: str | None = None, inp: str | None = None) -> None:
        """Use these ports; None is a virtual port of our own. What was playing plays on."""
        with self._changing():
            self._config = replace(self._config, api=api, out=out, inp=inp)
            ended = self._state.ended
            self._set(ports=None, fault=None)
            if not ended:
                self._link.send(OpenPorts(api, out, inp))
        if ended:
            self._revive()

    # --- the mix: heard within a step, by the loop that plays and by those that wait; undo takes it back ---

    def set_voicing(self, voicing: Voicing) -> None:
        """Notes, channel, velocity trims, mute and solo of all voices."""
        with self._changing():
            self._mix(voicing)

    def set_mute(self, voice: Voice, on: bool) -> None:
        """Silence a voice, or do not."""
        with self._changing():
            self._mix(self._state.voicing.of(voice, muted=on))

    def set_solo(self, voice: Voice, on: bool) -> None:
        """Let only this voice and others that are soloed be heard, or do not. A muted voice stays silent."""
        with self._changing():
            self._mix(self._state.voicing.of(voice, soloed=on))

    def set_note(self, voice: Voice, note: int) -> None:
        """The MIDI note of a voice, 0..127."""
        with self._changing():
            self._mix(self._state.voicing.of(voice, note=note), ("note", voice))

    def set_trim(self, voice: Voice, trim: float) -> None:
        """How hard a voice strikes: a factor 0..2 of its velocity."""
        with self._changing():
            self._mix(self._state.voicing.of(voice, trim=trim), ("trim", voice))

    def set_channel(self, channel: int) -> None:
        """The MIDI channel of all voices, 0..15."""
        with self._changing():
            self._mix(replace(self._state.voicing, channel=channel), "channel")

    # --- the loop; `at` says when this change is heard, None: as `set_swap` says for all ---

    def set_slider(self, name: str, value: float | None, at: SwapAt | None = None) -> None:
        """Hold a raw axis (z1, z2, ...) at a value, or move a named slider.

        None lets an axis go back to where the draw put it, and a named slider rest.
        """
        self.change(lambda sketch: sketch.set(sketch.settings.holding(name, value)), name, at)

    def set_temperature(self, temperature: float, at: SwapAt | None = None) -> None:
        """How freely the loop is drawn and played, 0..2."""
        self.change(
            lambda sketch: sketch.set(replace(sketch.settings, temperature=temperature)), "temperature", at
        )

    def set_style(self, style: str | None, at: SwapAt | None = None) -> None:
        """Ask for loops of a style of the model; None leaves it open. The seed and its idea stay."""
        self.change(lambda sketch: sketch.set(replace(sketch.settings, style=style)), at=at)

    def set_seed(self, seed: int, at: SwapAt | None = None) -> None:
        """Begin with the first idea of another seed."""
        self.change(lambda sketch: sketch.set(replace(sketch.settings, seed=seed, index=0)), "seed", at)

    def recall(self, settings: Settings, at: SwapAt | None = None) -> None:
        """Set all that makes a loop at once."""
        self.change(lambda sketch: sketch.set(settings), at=at)

    def new_idea(self, at: SwapAt | None = None) -> None:
        """The next idea of this seed."""
        self.change(
            lambda sketch: sketch.set(replace(sketch.settings, index=sketch.settings.index + 1)), at=at
        )

    def change(
        self, change: Callable[[Sketch], Sketch], gesture: object = None, at: SwapAt | None = None
    ) -> None:
        """Make the loop of another sketch. Undo goes back to the one before; changes of one `gesture` (a
        slider's name) that follow each other quickly are one step.
        """
        with self._changing():
            before = self._state.sketch
            after = change(before)
            if after != before:
                self._step(gesture)
                self._show(after, at)

    def undo(self) -> None:
        """Go back to what there was before the last change; nothing where there is none."""
        with self._changing():
            if self._undo.can_undo:
                self._return_to(*self._undo.undo(self._undoable))

    def redo(self) -> None:
        """Do again what `undo` took back; nothing where there is none."""
        with self._changing():
            if self._undo.can_redo:
                self._return_to(*self._undo.redo(self._undoable))

    def replay(self, number: int) -> None:
        """Play a take again, the very loop, with the sliders as they were then."""
        take = self._history.take(number)
        try:
            same = self._make(take.sketch) == take.loop
        except GroovebridgeError:  # of another model
            same = False
        self.change(lambda _: take.sketch if same else Sketch(origin=Given(take.loop)))

    def load(self, sketch: Sketch, voicing: Voicing | None = None) -> None:
        """Play what was saved, with this mix (None: as it is), in one step of undo. Raises what `make` raises
        where this model does not have it; nothing changes then.
        """
        self._make(sketch)
        with self._changing():
            there = sketch, voicing or self._state.voicing
            if there != self._undoable:
                self._step()
                self._return_to(*there)

    def name_take(self, number: int, name: str) -> None:
        """Call a take something."""
        with self._changing():
            self._history.rename(number, name)
            self._set(takes=self._history.takes)

    def pin_take(self, number: int, pinned: bool) -> None:
        """Mark a take as a favourite, or not."""
        with self._changing():
            self._history.pin(number, pinned)
            self._set(takes=self._history.takes)

    def bring_takes(self, takes: Iterable[Take]) -> tuple[int, ...]:
        """Have the takes of a session in the history; their numbers there."""
        with self._changing():
            numbers = self._history.bring(takes)
            self._set(takes=self._history.takes)
        return numbers

    def fill(self) -> None:
        """Play a fill at once, the fill slider's most, to the end of the bar; then come home."""
        with self._changing():
            block = self._block if self._state.evolve else None
            home = self._state.sketch.in_block(block or 0)
            for sketch, at in ((home.set(home.settings.holding(FILL, 1.0)), SwapAt.NOW), (home, SwapAt.BAR)):
                loop = self._make(sketch)
                if block is None:
                    loop_id = self._repertoire.add_base(loop, sketch)
                else:
                    loop_id = self._repertoire.add_block(block, loop, sketch)
                self._link.send(SetLoop(loop, loop_id, at, block))
            if block is None:
                self._decoded = home
            self._set_next()

    def set_evolve(self, on: bool) -> None:
        """New drums every four bars, or the same."""
        with self._changing():
            if on is not self._state.evolve:
                self._decoded = (
                    None  # the loop for all blocks is given anew, and forgets those for single ones
                )
                self._set(evolve=on)
                self._decoder.wake()

    def set_swap(self, swap_at: SwapAt) -> None:
        """When a new loop takes over, where the change does not say so itself."""
        with self._changing():
            self._set(swap_at=swap_at)

    # --- life ---

    def report_fault(self, text: str) -> None:
        """Have the user told of something that went wrong outside, such as a file that cannot be written."""
        with self._changing():
            self._set(fault=text)

    def report_notice(self, text: str) -> None:
        """Have the user told of something that went well outside, such as a file that was written."""
        with self._changing():
            self._set(notice=text)

    def dismiss_fault(self) -> None:
        """The user has read it: the fault, or the notice."""
        with self._changing():
            self._set(fault=None, notice=None)

    def close(self) -> Stats | None:
        """End player and threads and wait for them; the player's figures. Idempotent. Not from a callback."""
        with self._lock:
            self._closed = True
        self._decoder.close()
        if self._replacer is not None:
            self._replacer.join()
        stats = self._link.close()
        return stats or self._state.stats

    # --- inside: state ---

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Change the state under the lock, then tell the subscribers without it."""
        with self._lock:
            before = self._state
            yield
            changed = self._state is not before
            self._remember()
        if changed:
            with self._telling:
                for callback in list(self._subscribers.values()):
                    callback(self._state)

    def _set(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]

    def _remember(self) -> None:
        """Have the player keep what the next studio would need, if that has changed."""
        state = self._state
        memo = Memo(state.sketch, self._decoded, state.swap_at, state.evolve)
        if memo != self._remembered:
            self._remembered = memo
            self._link.send(Remember(memo.to_bytes()))

    def _known(self, memo: Memo) -> Memo:
        """The memo, without settings that this model does not have."""
        try:
            self._make(memo.sketch)
        except GroovebridgeError:
            return replace(memo, sketch=Sketch(), decoded=None)
        return memo

    def _loop(self, loop_id: int) -> DrumLoop:
        loop = self._repertoire.loop(loop_id)
        assert loop is not None, "the loop for all blocks is never forgotten"
        return loop

    @property
    def _undoable(self) -> tuple[Sketch, Voicing]:
        """What undo brings back."""
        return self._state.sketch, self._state.voicing

    def _step(self, gesture: object = None) -> None:
        """What there is now is about to be replaced by this gesture."""
        self._undo.did(self._undoable, gesture, time.monotonic())
        self._set(can_undo=self._undo.can_undo, can_redo=self._undo.can_redo)

    def _return_to(self, sketch: Sketch, voicing: Voicing) -> None:
        if voicing != self._state.voicing:
            self._set_voicing(voicing)
        self._show(sketch)

    def _mix(self, voicing: Voicing, gesture: object = None) -> None:
        if voicing != self._state.voicing:
            self._step(gesture)
            self._set_voicing(voicing)

    def _set_voicing(self, voicing: Voicing) -> None:
        self._config = replace(self._config, voicing=voicing)
        self._set(voicing=voicing)
        self._link.send(SetVoicing(voicing))

    def _show(self, sketch: Sketch, at: SwapAt | None = None) -> None:
        """Have the loop made of this from now on."""
        self._at = at
        self._set(sketch=sketch, can_undo=self._undo.can_undo, can_redo=self._undo.can_redo)
        self._decoder.wake()

    # --- inside: loops ---

    def _next_job(self) -> Job | None:
        """What to decode next: the loop for all blocks, or that of a block that is still missing."""
        sketch = self._state.sketch
        if sketch != self._decoded:
            return Job(sketch, at=self._at)
        if self._state.evolve:
            for block in range(self._block, self._block + AHEAD_BLOCKS + 1):
                if self._repertoire.of_block(block) is None:
                    return Job(sketch.in_block(block), block, self._at)
        return None

    def _on_decoded(self, job: Job, result: DrumLoop | GroovebridgeError) -> None:
        """Send a loop that has been decoded, unless its sketch is history by now."""
        with self._changing():
            if isinstance(result, GroovebridgeError):
                self._decoded = self._state.sketch
                self._set(fault=str(result))
                return
            if job.block is None:
                self._decoded = job.sketch
                self._send(job, result, self._repertoire.add_base(result, job.sketch))
            elif job.sketch == self._state.sketch.in_block(job.block):
                self._send(job, result, self._repertoire.add_block(job.block, result, job.sketch))
            self._set_next()

    def _prepare(self, block: int) -> None:
        """Evolve: let the player know a block before the song begins there. Without the lock."""
        with self._lock:
            if not self._state.evolve or self._repertoire.of_block(block) is not None:
                return
            job = Job(self._state.sketch.in_block(block), block)
        try:
            loop = self._make(job.sketch)
        except GroovebridgeError:
            return  # the decoding thread meets it too, and tells
        with self._changing():
            if self._repertoire.of_block(block) is None and job.sketch == self._state.sketch.in_block(block):
                self._send(job, loop, self._repertoire.add_block(block, loop, job.sketch))

    def _send(self, job: Job, loop: DrumLoop, loop_id: int) -> None:
        at = job.at or self._state.swap_at
        if job.block is None and self._state.evolve and self._block:
            at = SwapAt.LOOP  # it is block 0's: what is heard in this block is on its way
        self._set(next_at=at)
        self._link.send(SetLoop(loop, loop_id, at, job.block))

    def _set_next(self) -> None:
        """What waits to take over: the next block's loop, or the newest one if that does not play yet."""
        repertoire = self._repertoire
        next_id = repertoire.of_block(self._block + 1) if self._state.evolve else repertoire.newest
        if next_id == self._state.loop_id:
            next_id = None
        self._set(next_loop_id=next_id, next_loop=None if next_id is None else repertoire.loop(next_id))
        if self._state.evolve:
            self._set(next_at=SwapAt.LOOP)

    # --- inside: the player ---

    def _revive(self) -> None:
        """Start another player in place of one that has ended."""
        with self._lock:
            if not self._state.ended or self._closed:
                return
            dead = self._link
        dead.close()
        with self._changing():
            if self._link is not dead or self._closed:  # somebody else was first
                return
            self._set(ended=False, fault=None, anchor=None)
            self._crashes.forgive()
            self._start_player()

    def _start_player(self, orphan: Orphan | None = None, anchor: Anchor | None = None) -> None:
        """Start a player (or take one up), give it what plays, and have it fall in with a song that rolls."""
        self._crashes.started(time.monotonic())
        self._set(measuring=False, sound=NO_SOUND)
        self._remembered = None
        self._tape.splice()
        if orphan is not None:
            self._link = self._link_factory(self._config, self._on_report, orphan)
            if orphan.legacy.loops:
                return
        else:
            self._link = self._link_factory(self._config, self._on_report)
        state = self._state
        self._link.send(SetLoop(state.loop, state.loop_id))
        if anchor is not None:
            self._link.send(Panic())  # what the dead one left open
            if anchor.motion is Motion.ROLLING:
                self._link.send(FallIn(anchor))
        for loop in self._repertoire.give_anew(self._block, state.swap_at):
            if loop.loop_id != state.loop_id or loop.block is not None:
                self._link.send(loop)

    def _on_crash(self) -> None:
        """The player has ended, though nothing that it was asked for was wrong."""
        if self._closed or self._crashes.is_enough(time.monotonic()):
            self._set(fault=_CRASHES_TOO_OFTEN)
            self._on_end()
            return
        dead, self._link = self._link, Held()
        self._set(ports=None)
        self._replacer = threading.Thread(
            target=self._replace, args=(dead, self._link, self._state.anchor), name="studio-replace"
        )
        self._replacer.start()

    def _replace(self, dead: Link, held: Held, anchor: Anchor | None) -> None:
        """Put another player in the place of one that crashed."""
        dead.close()
        with self._changing():
            if self._closed or self._link is not held:
                return
            self._news = _REPLACED
            self._start_player(anchor=anchor)
            for command in held.commands:
                self._link.send(command)

    def _on_report(self, report: Report) -> None:
        with self._changing():
            match report:
                case Anchor():
                    self._on_anchor(report)
                case LoopPlaying(loop_id, at_ticks):
                    self._go_to_block(at_ticks)
                    loop = self._repertoire.loop(loop_id) or self._state.loop
                    self._set(loop=loop, loop_id=loop_id)
                    self._set_next()
                    self._write_history()
                case Played():
                    self._tape.add(report)
                    self._set(tape_bars=self._tape.bars)
                case PortsOpened(api, _, _, destination, source):
                    self._config = replace(self._config, api=api, out=destination, inp=source)
                    self._set(ports=report)
                    if self._news is not None:
                        self._set(notice=self._news)
                        self._news = None
                case Alone(alone):
                    self._set(alone=alone)
                case PortsChanged():
                    self._set(ports_seen=self._state.ports_seen + 1)
                case Notice(text):
                    self._set(fault=None, notice=text)
                case Fault(crashed=True):
                    self._on_crash()
                case Fault(text, fatal, ports_lost):
                    self._set(fault=text, notice=None)
                    if fatal or ports_lost:
                        self._set(ports=None)
                    if fatal:
                        self._on_end()
                case Stats():
                    self._set(stats=report)
                case Sound():
                    self._set(sound=report)
                case Loopback():
                    self._set(measuring=False, loopback=report)
                case Finished():
                    self._set(finished=True)
                case Ended(stats):
                    self._set(stats=stats)
                    if not isinstance(self._link, Held):
                        self._on_end()

    def _on_anchor(self, anchor: Anchor) -> None:
        self._set(anchor=anchor)
        if anchor.motion is Motion.ROLLING:
            self._tape.roll()
        if anchor.sync is not Sync.INTERNAL:
            self._set(bpm=anchor.bpm)
        self._go_to_block(int(anchor.ticks))
        self._write_history()

    def _write_history(self) -> None:
        """What sounds is a take; what nobody has heard is none."""
        state = self._state
        if state.motion is Motion.ROLLING:
            sketch = self._repertoire.sketch(state.loop_id) or Sketch(origin=Given(state.loop))
            take = self._history.played(state.loop, sketch)
            if take.number != state.take:
                self._set(takes=self._history.takes, take=take.number)

    def _on_end(self) -> None:
        self._set(ended=True, ports=None, anchor=None, measuring=False, sound=NO_SOUND)

    def _go_to_block(self, ticks: int) -> None:
        self._block = max(0, ticks) // LOOP_TICKS
        self._decoder.wake()
