"""The session as one frozen picture."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.groove import DrumLoop
from bridge.model import Settings
from bridge.player.loopback import setting_ms
from bridge.player.messages import (
    Anchor,
    ClockState,
    Loopback,
    Motion,
    PortsOpened,
    Sound,
    SoundStage,
    SoundWhen,
    Stats,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.studio.flags import Flags
from bridge.studio.history import Take
from bridge.studio.sketch import Sketch
from bridge.timing import BeatMap

NO_SOUND = Sound(SoundStage.OFF)


@dataclass(frozen=True, slots=True)
class StudioState:
    """What a window or a command line shows of the session.

    sketch       what the loop is made of; the newest, which `loop` follows with a short delay
    loop         what sounds (or would, on play); next_loop what waits to take over, with the numbers of both
    next_at      when next_loop takes over; swap_at when changes do that do not say so themselves
    voicing      the mix: notes, channel, velocity trims, mute and solo by voice
    anchor       where the song is; None until the player has told
    ports        what is open; None while opening, or after the ports were lost
    alone        nothing is connected to our own virtual output, where that can be told
    ports_seen   grows when ports of other programs have come or gone: a list of them is out of date
    fault        what the user must know, until it is dismissed
    refusal      why what a hand asked for last was not done, until something is done or it is dismissed
    notice       that what a fault told of is over, until it is dismissed
    priority     how real-time priority was granted to the player, such as "SCHED_FIFO"; "" if it was not,
                 None while it has not told, or was not asked for
    stats        the player's figures, told at each stop and at the end
    sound        the built-in drums: how far they are, and the output's name or what is wrong;
                 sound_when when they are to sound
    count_in     how many bars are counted before the song
    latency_ms   how much earlier than their time notes go out
    measuring    notes are sent out and listened for; loopback the outcome of the last time
    finished     the number of bars that was asked for has been played
    ended        the player process has ended (opening ports or `play` starts another)
    can_undo     there is something to go back to; can_redo: something was taken back
    tape_bars    how many of the last bars can be had back as they were played
    flags        the places of the map that were marked
    takes        the loops that were played (`History.takes`), oldest first; take the number of what sounds
    """

    sketch: Sketch
    loop: DrumLoop
    loop_id: int
    next_loop: DrumLoop | None = None
    next_loop_id: int | None = None
    next_at: SwapAt = SwapAt.BAR
    anchor: Anchor | None = None
    sync: Sync = Sync.INTERNAL
    bpm: float = 120.0
    swap_at: SwapAt = SwapAt.BAR
    voicing: Voicing = field(default_factory=Voicing)
    send_clock: bool = False
    clock_while_stopped: bool = False
    evolve: bool = False
    ports: PortsOpened | None = None
    alone: bool = False
    ports_seen: int = 0
    fault: str | None = None
    refusal: str | None = None
    notice: str | None = None
    priority: str | None = None
    stats: Stats | None = None
    sound: Sound = NO_SOUND
    sound_when: SoundWhen = SoundWhen.OFF
    latency_ms: float = 0.0
    count_in: int = 0
    measuring: bool = False
    loopback: Loopback | None = None
    finished: bool = False
    ended: bool = False
    can_undo: bool = False
    can_redo: bool = False
    tape_bars: int = 0
    flags: Flags = ()
    takes: tuple[Take, ...] = ()
    take: int | None = None

    @property
    def settings(self) -> Settings:
        """What the sliders are set to."""
        return self.sketch.settings

    @property
    def motion(self) -> Motion:
        """What the transport is doing."""
        return Motion.STOPPED if self.anchor is None else self.anchor.motion

    @property
    def playing(self) -> bool:
        """Whether the song rolls, or will at the next clock."""
        return self.motion is not Motion.STOPPED

    @property
    def sounding(self) -> bool:
        """Whether the built-in drums can be heard."""
        return self.sound.stage is SoundStage.ON

    @property
    def latency_offer_ms(self) -> float | None:
        """The latency to set, by the last measurement and by who leads; None where nothing came back, or it
        was broken off.
        """
        if self.loopback is None or not self.loopback.heard or self.loopback.trouble:
            return None
        return setting_ms(self.loopback, self.sync)

    @property
    def clock(self) -> ClockState:
        """How well the foreign clock is held."""
        return ClockState.OFF if self.anchor is None else self.anchor.clock

    @property
    def peers(self) -> int:
        """How many others share the Link session."""
        return 0 if self.anchor is None else self.anchor.peers


def position_ticks(anchor: Anchor, now_ns: int) -> float:
    """The song position at a moment of `time.perf_counter_ns`, in ticks, never below 0; pure."""
    if anchor.motion is not Motion.ROLLING:
        return max(0.0, anchor.ticks)
    return max(0.0, BeatMap.at(anchor.bpm, anchor.ticks, anchor.at_ns).to_ticks(now_ns))
