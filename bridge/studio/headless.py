"""A studio that plays by itself until it is done or stopped: what `groovebridge play` does."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

import platformdirs

from bridge.files import FileWriteError
from bridge.groove import BARS, DrumLoop
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR
from bridge.model import Settings
from bridge.player.link import PlayerLink
from bridge.player.meeting import take_up
from bridge.player.messages import ClockState, Motion, PlayerConfig, SoundStage, SoundWhen, Stats, Sync
from bridge.studio.generate import LoopMaker, generate
from bridge.studio.players import LinkFactory
from bridge.studio.state import StudioState
from bridge.studio.studio import Studio
from bridge.timing import BeatMap

FIRST_RUN_LOOPS = 2
FIRST_RUN_FILES = 8
_STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_LISTEN_S = 0.5 if sys.platform == "win32" else None  # on Windows Ctrl-C does not end a wait without limit

Say = Callable[[str], None]
Watch = Callable[[StudioState], None]
Show = Callable[[BeatMap, Callable[[int], DrumLoop], int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a performance ended.

    stats         the player's figures; None if it never played, or could not tell them any more
    interrupted   Ctrl-C, or a polite kill, ended it
    fault         what went wrong, for the user; None if all went well
    """

    stats: Stats | None
    interrupted: bool = False
    fault: str | None = None


def perform(
    model: LoopMaker,
    config: PlayerConfig,
    settings: Settings,
    say: Say,
    *,
    evolve: bool = False,
    watch: Watch | None = None,
    warn: Say | None = None,
    link_factory: LinkFactory = PlayerLink,
    attach: Callable[[Studio], Callable[[], None]] | None = None,
) -> Outcome:
    """Play until `config.bars` are done, Ctrl-C, SIGTERM, or a fault; then close every note and port.

    A player that plays on since its studio died, at the same ports, with the same sync, number of bars and
    recording, is taken up; its song goes on where it is, with what is asked for now.

    Main thread only. `say` gets sentences on what is going on; `watch` is called once, when the song first
    rolls, and may take as long as it likes. `warn` gets the sentences on what went wrong, and is right again
    (None: `say` gets them). `attach` lets others, such as controllers, work at the studio; what it returns
    ends that. Raises what the model raises for settings that it does not have.
    """
    interrupted, fault = False, None

    def interrupt(_number: int, _frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    orphan = None if config.api == "none" else take_up(config)
    studio = Studio(model, link_factory, config, settings, evolve=evolve, orphan=orphan)
    if orphan is not None:
        _set(studio, config, settings, evolve)
    detach = attach(studio) if attach is not None else lambda: None
    try:
        with _stopping_by(interrupt):
            fault = _attend(studio, say, warn or say, watch, goes_on=orphan is not None)
    except KeyboardInterrupt:
        interrupted = True
    except OSError:
        if not interrupted:  # else the terminal has closed, and what was drawing there could not end in order
            raise
    finally:
        with _stopping_by(signal.SIG_IGN):  # nobody's impatience leaves a note open
            detach()
            stats = studio.close()
    if stats is not None and fault and not stats.notes_sent:
        stats = None
    late = studio.state.fault  # the recording is written at the very end
    return Outcome(stats, interrupted, fault or late)


def summary(stats: Stats) -> str:
    """How it went, in a sentence or two. Pure."""
    sentences = [
        f"Played {stats.notes_sent} notes, {stats.open_notes} left open; "
        f"99 of 100 went out at most {stats.lateness_ms['p99']:.2f} ms late."
    ]
    troubles = []
    if stats.late_handover:
        troubles.append(
            f"{stats.late_handover} of {stats.messages} messages were ready only after their time"
        )
    if stats.xruns:
        troubles.append(f"JACK itself was late (xruns: {stats.xruns})")
    if troubles:
        sentences.append(f"{' and '.join(troubles)}: `groovebridge doctor` says how this machine keeps time.")
    if stats.dropped_input:
        sentences.append(
            f"{stats.dropped_input} messages came in too fast to be heard: look for what floods the input, "
            "such as two ports that echo each other."
        )
    return " ".join(sentences)


def first_run(model: LoopMaker, config: PlayerConfig, settings: Settings, say: Say, show: Show) -> Outcome:
    """Make music without any MIDI system: loops as files, and two of them played in the terminal.

    Settings, tempo, number of bars, recording and statistics are as for `perform`; without a number of bars
    two loops are played. `show(song, loop_at, end_ticks)` draws: `Monitor.play` does.
    """
    bars = config.bars or FIRST_RUN_LOOPS * BARS
    say(
        "There is no MIDI system here (neither a JACK server nor a sequencer), so this plays in the "
        "terminal; `groovebridge doctor` says more."
    )
    files = _first_files(model, settings, config)
    say(f"{len(files)} loops as MIDI files are in {files[0].parent}: drag them into your DAW.")

    @lru_cache(maxsize=2)
    def block(number: int) -> DrumLoop:
        return model.loop(replace(settings, index=settings.index + number))

    def watch(state: StudioState) -> None:
        anchor = state.anchor
        if anchor is not None:
            song = BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns)
            show(song, lambda ticks: block(ticks // LOOP_TICKS), bars * TICKS_PER_BAR)

    nowhere = replace(config, api="none", bars=bars)
    return perform(model, nowhere, settings, lambda _: None, evolve=True, watch=watch, warn=say)


def _first_files(model: LoopMaker, settings: Settings, config: PlayerConfig) -> list[Path]:
    """Save loops where a musician looks for music; where that cannot be written, in the current folder."""
    music = platformdirs.user_music_path() / "Groovebridge"
    where = config.voicing.notes, config.voicing.channel
    try:
        return generate(model, settings, FIRST_RUN_FILES, music, config.bpm, *where)
    except FileWriteError:
        here = Path.cwd() / "groovebridge-loops"
        return generate(model, settings, FIRST_RUN_FILES, here, config.bpm, *where)


def _set(studio: Studio, config: PlayerConfig, settings: Settings, evolve: bool) -> None:
    """What was asked for, in place of what the dead studio was set to; a Link session keeps its tempo."""
    if config.sync is Sync.INTERNAL:
        studio.set_tempo(config.bpm)
    studio.set_voicing(config.voicing)
    studio.set_latency(config.latency_ms)
    studio.set_sound(config.sound)
    studio.set_send_clock(config.send_clock, config.clock_while_stopped)
    studio.set_evolve(evolve)
    studio.recall(settings)


def _attend(studio: Studio, say: Say, warn: Say, watch: Watch | None, goes_on: bool) -> str | None:
    """Start the song once ports are open, and it is known whether drums that were asked for are heard; stay
    until it is done; return the fault that ended it, if any.

    goes_on   the song rolls already, unless the player says otherwise
    """
    states: SimpleQueue[StudioState] = SimpleQueue()
    studio.subscribe(states.put)
    state = studio.state
    opened = watched = False
    news: str | None = None
    told = _SyncNews()
    sounding = False
    while True:
        if state.ended:
            return state.fault or "The player ended unexpectedly. Run `groovebridge doctor` for the reason."
        news, told_before = state.fault or state.refusal or state.notice, news
        if news is not None and news != told_before:  # a state that was waiting may carry it once more
            warn(news)
            studio.dismiss_fault()
        if state.finished:
            return None
        waiting = state.ports is None or _opens_sound(state) or (goes_on and state.anchor is None)
        if not opened and not waiting:
            opened = True
            say(_opening(state))
            if not (goes_on and state.playing):
                studio.play()
        if opened and (latest := _SYNC_NEWS[state.sync](state)) != told:
            told = latest
            if latest.sentence:
                say(latest.sentence)
        if state.sounding and not sounding:
            say(f"The drums sound through {state.sound.text}.")
        sounding = state.sounding
        if watch is not None and not watched and state.motion is Motion.ROLLING:
            watched = True
            watch(state)
        state = _next(states)


def _opens_sound(state: StudioState) -> bool:
    """Whether it will turn out soon if the drums can be heard: the first beat is not to be missed."""
    return state.sound_when is SoundWhen.ON and state.sound.stage in (SoundStage.OFF, SoundStage.OPENING)


def _next(states: SimpleQueue[StudioState]) -> StudioState:
    while True:
        with contextlib.suppress(Empty):
            return states.get(timeout=_LISTEN_S)


def _opening(state: StudioState) -> str:
    ports = state.ports
    assert ports is not None
    heard = f" on {ports.inp}" if ports.inp else ""
    how = {
        Sync.INTERNAL: f" at {state.bpm:g} BPM",
        Sync.CLOCK: f", waiting for MIDI clock{heard}",
        Sync.LINK: " with Ableton Link",
    }
    return f"Playing on {ports.out} ({ports.api}){how[state.sync]}. Ctrl-C stops."


@dataclass(frozen=True, slots=True)
class _SyncNews:
    """What happened to the sync; the sentence may name figures that alone are no news."""

    key: tuple[object, ...] = ()
    sentence: str | None = field(default=None, compare=False)


def _clock_news(state: StudioState) -> _SyncNews:
    sentence = None
    match state.clock:
        case ClockState.LOCKED if state.motion is Motion.ROLLING:
            sentence = f"Locked to the clock at {state.bpm:.1f} BPM."
        case ClockState.LOST:
            sentence = "The clock is gone: waiting for it to come back."
    return _SyncNews((state.clock, state.motion), sentence)


def _link_news(state: StudioState) -> _SyncNews:
    sentence = None
    match state.clock:
        case ClockState.WAITING:
            sentence = f"No one else is on Link yet. The tempo is {state.bpm:.1f} BPM."
        case ClockState.LOCKED:
            others = "one other" if state.peers == 1 else f"{state.peers} others"
            sentence = f"On Link with {others} at {state.bpm:.1f} BPM."
    return _SyncNews((state.clock, state.peers), sentence)


_SYNC_NEWS: dict[Sync, Callable[[StudioState], _SyncNews]] = {
    Sync.INTERNAL: lambda _: _SyncNews(),
    Sync.CLOCK: _clock_news,
    Sync.LINK: _link_news,
}


@contextlib.contextmanager
def _stopping_by(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> Iterator[None]:
    """Have Ctrl-C, kill and a closed terminal all do this for the time being. Only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
