"""The built-in drum sound, as the player has it: a process that hears of every note that is handed over.

    output --strike, cancel, silence--> speaker --host time--> SoundLink --pipe--> bridge.sound
    inbox <------------------- SoundTold ----------------------------+

A cancel says which blows are meant by the ports' clock, in which they were handed over: translated into host
time twice, the same moment may differ by a frame, and a blow would sound twice or not at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.player.messages import Fault, Report, Sound, SoundStage, SoundWhen
from bridge.ports.base import Clock, Ports
from bridge.ports.sender import HostClock
from bridge.sound import SoundFailed, SoundLink, SoundNews, SoundOpened

TELLING = ("jack", "none")
"""The APIs that can tell whether anything is connected to a virtual output: nothing ever is to "none"."""

_BLOWS = 512  # that may still be taken back: all voices on each step of a second


class _Link(Protocol):
    """A process that sounds: `SoundLink` is one. Times are those of the host; only `close` blocks."""

    def strike(self, voice: int, velocity: int, host_ns: int) -> None: ...

    def cancel_from(self, host_ns: int) -> None: ...

    def silence(self, host_ns: int) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class SoundTold:
    """In the inbox: what a drum sound has to say; `to` is what it was started for."""

    to: object
    news: SoundNews


class Speaker:
    """Starts and ends the drum sound as it is wanted, and passes on what is to sound. See `Drums`.

    All methods are for the player's loop, and none blocks but `close`. `tell` is called from other threads.
    """

    def __init__(
        self,
        when: SoundWhen,
        report: Callable[[Report], None],
        tell: Callable[[SoundTold], None],
        start: Callable[[Callable[[SoundNews], None]], _Link] = SoundLink,
    ) -> None:
        self._when = when
        self._report = report
        self._tell = tell
        self._start = start
        self._told = Sound(SoundStage.OFF)
        self._clock: Clock = HostClock()
        self._alone = False  # nothing is connected to our output, as far as we know, and we would know
        self._link: _Link | None = None
        self._for: object = None  # what the link was started for
        self._open = False
        self._blows: deque[tuple[int, int]] = deque(maxlen=_BLOWS)  # due, by the ports' clock and the host's

    # --- whether it sounds ---

    def set(self, when: SoundWhen) -> None:
        """Sound then; what failed is tried again."""
        self._when = when
        self._settle(anew=True)

    def attach(self, ports: Ports) -> None:
        """These ports are played through; a sound that failed is tried again, since JACK brings both."""
        self._clock = ports.clock
        self._blows.clear()
        self._alone = ports.api in TELLING and ports.destination is None
        self._settle(anew=True)

    def detach(self) -> None:
        """There are no ports; what sounds does so till there are others."""
        self._clock = HostClock()
        self._blows.clear()

    def heard(self, connected: bool) -> None:
        """Another program has been connected to our virtual output, or the last one is so no more."""
        self._alone = not connected
        self._settle()

    def told(self, told: SoundTold) -> None:
        """The drum sound has said something."""
        if told.to is not self._for:  # one that was ended meanwhile
            return
        match told.news:
            case SoundOpened(name):
                self._open = True
                self._say(SoundStage.ON, name)
            case SoundFailed(_, again=True):  # headphones unplugged: there may be speakers
                self._end()
                self._say(SoundStage.OFF)
                self._settle()
            case SoundFailed(reason):
                self._end()
                if self._when is SoundWhen.ON:
                    self._report(Fault(reason))
                self._say(SoundStage.FAILED, reason)

    def close(self) -> None:
        """End it and wait for that, a few seconds at most."""
        if self._link is not None:
            self._link.close()

    def _settle(self, *, anew: bool = False) -> None:
        """Start or end the sound, as it is wanted now; `anew`: also one that has failed."""
        if anew and self._told.stage is SoundStage.FAILED:
            self._say(SoundStage.OFF)
        wanted = self._when is SoundWhen.ON or (self._when is SoundWhen.AUTO and self._alone)
        if not wanted:
            self._end()
            self._say(SoundStage.OFF)
        elif self._told.stage is SoundStage.OFF:
            self._for = to = object()
            self._say(SoundStage.OPENING)
            self._link = self._start(lambda news: self._tell(SoundTold(to, news)))

    def _end(self) -> None:
        if self._link is not None:
            self._link.end()
        self._link = self._for = None
        self._open = False
        self._blows.clear()

    def _say(self, stage: SoundStage, text: str = "") -> None:
        sound = Sound(stage, text)
        if sound != self._told:
            self._told = sound
            self._report(sound)

    # --- what sounds ---

    def strike(self, voice: int, velocity: int, due_ns: int) -> None:
        """A blow on a voice, at a time of the ports' clock; dropped while nothing is open."""
        if self._open and self._link is not None:
            host_ns = self._clock.to_host_ns(due_ns)
            self._blows.append((due_ns, host_ns))
            self._link.strike(voice, velocity, host_ns)

    def cancel_from(self, from_ns: int) -> None:
        """Take back the blows that are due at or after a time of the ports' clock."""
        gone = [host_ns for due_ns, host_ns in self._blows if due_ns >= from_ns]
        if gone and self._link is not None:
            self._link.cancel_from(min(gone))
            kept = [blow for blow in self._blows if blow[0] < from_ns]
            self._blows.clear()
            self._blows.extend(kept)

    def silence(self, due_ns: int) -> None:
        """Let all that sounds die away, at a time of the ports' clock."""
        if self._open and self._link is not None:
            self._link.silence(self._clock.to_host_ns(due_ns))
