"""The session a person works in: what the sliders are set to, the loop that follows from it, and the player.

    change, set_slider ... --> sketch --> decoding thread (the newest only) --> SetLoop --> player
    state <-- reports (LoopPlaying, Anchor, Fault, ...) <-------------------------------------+

A loop is *next* from the moment it is sent until the player reports that it has taken over. With `evolve`,
block n (four bars) of the song plays the draw (seed, index + n): a function of song position alone, so that a
song that is rewound or bounced plays the same drums again. The player is then kept `AHEAD_BLOCKS` blocks
ahead.

`Studio` is what the window and the command line talk to. Its parts share one lock, that of the `Picture`, and
each owns its state: `Changes` what undo brings back, `Supply` the loops on their way, `Players` the player's
life, `Heard` what is kept of what sounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop, Voice
from bridge.model import Settings
from bridge.player.ableton import require_link
from bridge.player.limits import check_bpm, check_count_in, check_latency
from bridge.player.link import PlayerLink
from bridge.player.meeting import Orphan
from bridge.player.messages import (
    MeasureLoopback,
    OpenPorts,
    Panic,
    PlayerConfig,
    SetLatency,
    SetSendClock,
    SetSound,
    SetSync,
    SetTempo,
    SoundWhen,
    Start,
    Stats,
    Stop,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.studio.changes import Changes, Turn
from bridge.studio.flags import Flags
from bridge.studio.generate import LoopMaker
from bridge.studio.heard import Heard
from bridge.studio.history import History, Take
from bridge.studio.memo import Memo
from bridge.studio.picture import Picture, Subscriber
from bridge.studio.players import LinkFactory, Players
from bridge.studio.repertoire import Repertoire
from bridge.studio.sketch import Given, Maker, Sketch
from bridge.studio.state import StudioState
from bridge.studio.supply import Supply
from bridge.studio.tape import Tape


class Studio:
    """One session with one player. All methods are thread-safe; none blocks for long but the constructor,
    `close`, and the calls that start another player after one has ended (`open_ports`, `play`).

    The constructor decodes the first loop and starts the player. It raises what the model raises
    for settings that it does not have; setters raise GroovebridgeError for values out of range and change
    nothing then.

    sketch   what to begin with, in place of `settings`; flags: on the map
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
        flags: Flags = (),
    ) -> None:
        self._make = make or Maker(model).loop
        self._history = history or History()
        memo = Memo(sketch or Sketch(settings or Settings()), None, swap_at, evolve)
        config = config or PlayerConfig()
        repertoire = Repertoire()
        loop_id = None
        if orphan is not None:
            config = orphan.legacy.config
            loop_id = repertoire.inherit(orphan.legacy.loops)
            memo = self._known(Memo.of(orphan.legacy.memo) or memo)
        if loop_id is None:
            loop_id = repertoire.add_base(self._make(memo.sketch), memo.sketch)
            memo = replace(memo, decoded=memo.sketch)
        loop = repertoire.loop(loop_id)
        assert loop is not None, "the loop for all blocks is never forgotten"

        self._tape = Tape(config.bpm)
        self._picture = Picture(
            StudioState(
                sketch=memo.sketch,
                loop=loop,
                loop_id=loop_id,
                sync=config.sync,
                bpm=config.bpm,
                swap_at=memo.swap_at,
                next_at=memo.swap_at,
                voicing=config.voicing,
                send_clock=config.send_clock,
                sound_when=config.sound,
                latency_ms=config.latency_ms,
                count_in=config.count_in,
                clock_while_stopped=config.clock_while_stopped,
                evolve=memo.evolve,
                flags=flags,
                takes=self._history.takes,
            ),
            leaving=lambda: self._players.remember(self._supply.memo),
        )
        self._supply = Supply(
            self._picture,
            self._make,
            repertoire,
            memo.decoded,
            send=lambda command: self._players.send(command),
        )
        heard = Heard(self._picture, self._supply, self._history, self._tape)
        self._players = Players(
            self._picture, config, self._supply.loops, heard.hear, self._tape, link_factory
        )
        self._changes = Changes(self._picture, self._supply, self._players)
        with self._picture.changing():  # the player's first reports wait for this
            self._players.begin(orphan)
        self._supply.start()

    # --- what there is to see ---

    @property
    def state(self) -> StudioState:
        """The newest picture."""
        return self._picture.state

    @property
    def config(self) -> PlayerConfig:
        """How the player is set: what one that takes its place would start with."""
        return self._players.config

    @property
    def tape(self) -> Tape:
        """What went out."""
        return self._tape

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called with the new state after each change; returns what ends that.

        Calls come from any thread, one at a time; the last one always carries the newest state. A callback
        must not block, and must not call `close`, `load`, `undo` or `redo`.
        """
        return self._picture.subscribe(callback)

    # --- transport ---

    def play(self, at_ticks: int | None = 0) -> None:
        """Roll from a song position (None: from where we stand). Nothing while we follow a clock: the DAW
        leads. With `evolve`, a block that the player does not know yet is decoded first.
        """
        self._players.revive()
        if at_ticks is not None:
            self._supply.prepare(at_ticks)
        with self._picture.changing():
            if self.state.sync.leads:
                self._picture.set(finished=False)
                if at_ticks is not None:
                    self._supply.go_to(at_ticks)
                self._players.send(Start(at_ticks, self._players.config.count_in))

    def stop(self) -> None:
        """Stop and close all notes. Nothing while we follow a clock."""
        with self._picture.lock:
            self._players.send(Stop())

    def panic(self) -> None:
        """Silence now."""
        with self._picture.lock:
            self._players.send(Panic())

    def set_tempo(self, bpm: float) -> None:
        """Tempo of the internal clock, 20..400; on Link, that of the session."""
        check_bpm(bpm)
        with self._picture.changing():
            self._players.configure(bpm=bpm)
            if self.state.sync is Sync.INTERNAL:
                self._picture.set(bpm=bpm)
            self._players.send(SetTempo(bpm))

    def set_sync(self, sync: Sync) -> None:
        """Lead, follow MIDI clock at the input, or share a Link session. Stops. LinkMissingError."""
        if sync is Sync.LINK:
            require_link()
        with self._picture.changing():
            self._players.configure(sync=sync)
            self._picture.set(sync=sync, bpm=self._players.config.bpm)
            self._players.send(SetSync(sync))

    def set_send_clock(self, on: bool, while_stopped: bool | None = None) -> None:
        """Send MIDI clock on the output, or do not; `while_stopped`: also while the song stands (None: as
        before).
        """
        with self._picture.changing():
            goes_on = self._players.config.clock_while_stopped if while_stopped is None else while_stopped
            self._players.configure(send_clock=on, clock_while_stopped=goes_on)
            self._picture.set(send_clock=on, clock_while_stopped=goes_on)
            self._players.send(SetSendClock(on, goes_on))

    def set_sound(self, when: SoundWhen) -> None:
        """When the built-in drums sound; said again, it tries again what failed. `state.sound` tells how it
        went.
        """
        with self._picture.changing():
            self._players.configure(sound=when)
            self._picture.set(sound_when=when)
            self._players.send(SetSound(when))

    def set_count_in(self, bars: int) -> None:
        """Count 0..2 bars before a song that is started from now on, where our own clock leads."""
        check_count_in(bars)
        with self._picture.changing():
            self._players.configure(count_in=bars)
            self._picture.set(count_in=bars)

    def set_latency(self, latency_ms: float) -> None:
        """Send notes that much earlier than their time, -200..200 ms; negative: later."""
        check_latency(latency_ms)
        with self._picture.changing():
            self._players.configure(latency_ms=latency_ms)
            self._picture.set(latency_ms=latency_ms)
            self._players.send(SetLatency(latency_ms))

    def measure_loopback(self) -> None:
        """Find out how long notes take through a loop in the DAW; `state.loopback` has the outcome when
        `state.measuring` is over, and `state.latency_offer_ms` what to set. Only while the song stands;
        nothing while it is being measured.
        """
        with self._picture.changing():
            if self.state.measuring:
                return
            self._picture.set(measuring=True, loopback=None)
            self._players.send(MeasureLoopback(channel=self._players.config.voicing.channel))

    def open_ports(self, api: str, out: str | None = None, inp: str | None = None) -> None:
        """Use these ports; None is a virtual port of our own. What was playing plays on."""
        with self._picture.changing():
            self._players.configure(api=api, out=out, inp=inp)
            ended = self.state.ended
            self._picture.set(ports=None, fault=None)
            if not ended:
                self._players.send(OpenPorts(api, out, inp))
        if ended:
            self._players.revive()

    # --- the mix: heard within a step, by the loop that plays and by those that wait; undo takes it back ---

    def set_voicing(self, voicing: Voicing) -> None:
        """Notes, channel, velocity trims, mute and solo of all voices."""
        with self._picture.changing():
            self._changes.mix(voicing)

    def set_mute(self, voice: Voice, on: bool) -> None:
        """Silence a voice, or do not."""
        with self._picture.changing():
            self._changes.mix(self.state.voicing.of(voice, muted=on))

    def set_solo(self, voice: Voice, on: bool) -> None:
        """Let only this voice and others that are soloed be heard, or do not. A muted voice stays silent."""
        with self._picture.changing():
            self._changes.mix(self.state.voicing.of(voice, soloed=on))

    def set_note(self, voice: Voice, note: int) -> None:
        """The MIDI note of a voice, 0..127."""
        with self._picture.changing():
            self._changes.mix(self.state.voicing.of(voice, note=note), ("note", voice))

    def set_trim(self, voice: Voice, trim: float) -> None:
        """How hard a voice strikes: a factor 0..2 of its velocity."""
        with self._picture.changing():
            self._changes.mix(self.state.voicing.of(voice, trim=trim), ("trim", voice))

    def set_channel(self, channel: int) -> None:
        """The MIDI channel of all voices, 0..15."""
        with self._picture.changing():
            self._changes.mix(replace(self.state.voicing, channel=channel), "channel")

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
        self.change(lambda sketch: sketch.set(replace(sketch.settings, style=style)), "style", at)

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
        with self._picture.changing():
            self._changes.change(change, gesture, at)

    def turn(self, turn: Turn, gesture: object = None) -> None:
        """Set something beside sketch, mix and flags in a step of undo: `turn` is called now, and whenever
        undo or redo goes over it. `gesture`: as in `change`.
        """
        self._changes.turn(turn, gesture)

    def undo(self) -> None:
        """Go back to what there was before the last change; nothing where there is none."""
        self._changes.undo()

    def redo(self) -> None:
        """Do again what `undo` took back; nothing where there is none."""
        self._changes.redo()

    def replay(self, number: int) -> None:
        """Play a take again, the very loop, with the sliders as they were then."""
        take = self._history.take(number)
        try:
            same = self._make(take.sketch) == take.loop
        except GroovebridgeError:  # of another model
            same = False
        self.change(lambda _: take.sketch if same else Sketch(origin=Given(take.loop)))

    def load(
        self,
        sketch: Sketch,
        voicing: Voicing | None = None,
        turn: Turn | None = None,
        flags: Flags | None = None,
    ) -> None:
        """Play what was saved, with this mix and these flags (None: as they are), in one step of undo. `turn`
        is part of that: it is called now, and whenever undo or redo goes over this step. Raises what `make`
        raises where this model does not have the sketch; nothing changes then.
        """
        self._make(sketch)
        self._changes.load(sketch, voicing, flags, turn)

    def set_flags(self, change: Callable[[Flags], Flags], gesture: object = None) -> None:
        """Have other flags on the map, made of those that there are; changes of one gesture are one step of
        undo.
        """
        with self._picture.changing():
            self._changes.flag(change(self.state.flags), gesture)

    def name_take(self, number: int, name: str) -> None:
        """Call a take something."""
        with self._picture.changing():
            self._history.rename(number, name)
            self._picture.set(takes=self._history.takes)

    def pin_take(self, number: int, pinned: bool) -> None:
        """Mark a take as a favourite, or not."""
        with self._picture.changing():
            self._history.pin(number, pinned)
            self._picture.set(takes=self._history.takes)

    def bring_takes(self, takes: Iterable[Take]) -> tuple[int, ...]:
        """Have the takes of a session in the history; their numbers there."""
        with self._picture.changing():
            numbers = self._history.bring(takes)
            self._picture.set(takes=self._history.takes)
        return numbers

    def fill(self) -> None:
        """Play a fill at once, the fill slider's most, to the end of the bar; then come home."""
        with self._picture.changing():
            self._supply.fill()

    def set_evolve(self, on: bool) -> None:
        """New drums every four bars, or the same."""
        with self._picture.changing():
            if on is not self.state.evolve:
                self._picture.set(evolve=on)
                self._supply.begin_anew()

    def set_swap(self, swap_at: SwapAt) -> None:
        """When a new loop takes over, where the change does not say so itself."""
        with self._picture.changing():
            self._picture.set(swap_at=swap_at)

    # --- life ---

    def report_fault(self, text: str) -> None:
        """Have the user told of something that went wrong outside, such as a file that cannot be written."""
        with self._picture.changing():
            self._picture.set(fault=text)

    def report_refusal(self, text: str | None) -> None:
        """Have the user told why a gesture was not done; None: one was done since."""
        if self.state.refusal != text:
            with self._picture.changing():
                self._picture.set(refusal=text)

    def report_notice(self, text: str) -> None:
        """Have the user told of something that went well outside, such as a file that was written."""
        with self._picture.changing():
            self._picture.set(notice=text)

    def dismiss_fault(self) -> None:
        """The user has read it: the fault, the refusal, the notice."""
        with self._picture.changing():
            self._picture.set(fault=None, refusal=None, notice=None)

    def close(self) -> Stats | None:
        """End player and threads and wait for them; the player's figures. Idempotent. Not from a callback."""
        self._supply.close()
        stats = self._players.close()
        return stats or self.state.stats

    # --- inside ---

    def _known(self, memo: Memo) -> Memo:
        """The memo, without settings that this model does not have."""
        try:
            self._make(memo.sketch)
        except GroovebridgeError:
            return replace(memo, sketch=Sketch(), decoded=None)
        return memo
