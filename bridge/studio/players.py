"""The player's life: started or taken up, replaced when it crashes, started anew when it has ended.

begin --> plays --Fault(crashed)--> Held: commands wait --> another plays, in time with the song
            |  ^
      Ended |  | revive (a port is chosen, or play)
            v  |
           ended
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from bridge.player.link import PlayerLink
from bridge.player.meeting import Orphan
from bridge.player.messages import (
    Alone,
    Anchor,
    Command,
    Ended,
    FallIn,
    Fault,
    Loopback,
    Motion,
    Notice,
    Panic,
    PlayerConfig,
    PortsChanged,
    PortsOpened,
    Priority,
    Remember,
    Report,
    SetLoop,
    Sound,
    Stats,
)
from bridge.studio.memo import Memo
from bridge.studio.picture import Picture
from bridge.studio.replacing import QUICK_CRASHES, Crashes, Held
from bridge.studio.state import NO_SOUND
from bridge.studio.tape import Tape

_TAKEN_UP = "A player was still playing since Groovebridge last ended unexpectedly: going on with its song."
_REPLACED = "The player stopped unexpectedly. Another one has taken its place, in time with the song."
_CRASHES_TOO_OFTEN = (
    f"The player stopped unexpectedly, {QUICK_CRASHES} times in a row. Choose the ports again to start "
    "another; `groovebridge doctor` may say what is wrong."
)


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


class Players:
    """Owns the link to the player that lives, and how it is set. The lock is held where a method does not say
    otherwise.

    loops   what another player is given: what plays, then what waits
    hear    takes reports of the song, of which this knows nothing; with the lock held
    tape    is spliced where another player goes on
    """

    def __init__(
        self,
        picture: Picture,
        config: PlayerConfig,
        loops: Callable[[], Sequence[SetLoop]],
        hear: Callable[[Report], None],
        tape: Tape,
        factory: LinkFactory = PlayerLink,
    ) -> None:
        self._picture = picture
        self._config = config
        self._loops = loops
        self._hear = hear
        self._tape = tape
        self._factory = factory
        self._link: Link = Held()
        self._crashes = Crashes()
        self._replacer: threading.Thread | None = None
        self._news: str | None = None  # a sentence for when the ports are open
        self._remembered: Memo | None = None
        self._closed = False

    @property
    def config(self) -> PlayerConfig:
        """How the player is set: what one that takes its place would start with. Needs no lock."""
        return self._config

    def configure(self, **changes: object) -> None:
        """Set it otherwise; the player that lives is told by who calls."""
        self._config = replace(self._config, **changes)  # type: ignore[arg-type]

    def send(self, command: Command) -> None:
        """Have the player carry out a command; while there is none, the next one does."""
        self._link.send(command)

    def remember(self, memo: Memo) -> None:
        """Have the player keep what the next studio would need, if that has changed."""
        if memo != self._remembered:
            self._remembered = memo
            self._link.send(Remember(memo.to_bytes()))

    def begin(self, orphan: Orphan | None) -> None:
        """Start the first player, or take this one up."""
        if orphan is not None:
            self._news = _TAKEN_UP
        self._start(orphan)

    def revive(self) -> None:
        """Start another player in place of one that has ended. Without the lock."""
        with self._picture.lock:
            if not self._picture.state.ended or self._closed:
                return
            dead = self._link
        dead.close()
        with self._picture.changing():
            if self._link is not dead or self._closed:  # somebody else was first
                return
            self._picture.set(ended=False, fault=None, anchor=None)
            self._crashes.forgive()
            self._start()

    def close(self) -> Stats | None:
        """End the player for good and wait for it; its figures. Without the lock. Idempotent."""
        with self._picture.lock:
            self._closed = True
        self.wait()
        return self._link.close()

    def wait(self) -> None:
        """Wait until a player that crashed has been replaced. Without the lock."""
        if self._replacer is not None:
            self._replacer.join()

    # --- inside ---

    def _start(self, orphan: Orphan | None = None, anchor: Anchor | None = None) -> None:
        """Start a player (or take one up), give it what plays, and have it fall in with a song that rolls."""
        self._crashes.started(time.monotonic())
        self._forget_the_last()
        self._remembered = None
        self._tape.splice()
        if orphan is None:
            self._link = self._factory(self._config, self._on_report)
        else:
            self._link = self._factory(self._config, self._on_report, orphan)
            if orphan.legacy.loops:
                return
        playing, *waiting = self._loops()
        self._link.send(playing)
        if anchor is not None:
            self._link.send(Panic())  # what the dead one left open
            if anchor.motion is Motion.ROLLING:
                self._link.send(FallIn(anchor))
        for loop in waiting:
            self._link.send(loop)

    def _on_report(self, report: Report) -> None:
        """The player tells something. From a thread of the link; without the lock."""
        picture = self._picture
        with picture.changing():
            match report:
                case PortsOpened(api, _, _, destination, source):
                    self.configure(api=api, out=destination, inp=source)
                    picture.set(ports=report)
                    if self._news is not None:
                        picture.set(notice=self._news)
                        self._news = None
                case Alone(alone):
                    picture.set(alone=alone)
                case Priority(granted):
                    picture.set(priority=granted)
                case PortsChanged():
                    picture.set(ports_seen=picture.state.ports_seen + 1)
                case Notice(text):
                    picture.set(fault=None, notice=text)
                case Fault(crashed=True):
                    self._on_crash()
                case Fault(text, fatal, ports_lost):
                    picture.set(fault=text, notice=None)
                    if fatal or ports_lost:
                        picture.set(ports=None)
                    if fatal:
                        self._on_end()
                case Sound():
                    picture.set(sound=report)
                case Loopback():
                    picture.set(measuring=False, loopback=report)
                case Stats():
                    picture.set(stats=report)
                case Ended(stats):
                    picture.set(stats=stats)
                    if not isinstance(self._link, Held):
                        self._on_end()
                case _:
                    self._hear(report)

    def _on_crash(self) -> None:
        """The player has ended, though nothing that it was asked for was wrong."""
        if self._closed or self._crashes.is_enough(time.monotonic()):
            self._picture.set(fault=_CRASHES_TOO_OFTEN)
            self._on_end()
            return
        dead, self._link = self._link, Held()
        self._picture.set(ports=None)
        self._replacer = threading.Thread(
            target=self._replace, args=(dead, self._link, self._picture.state.anchor), name="studio-replace"
        )
        self._replacer.start()

    def _replace(self, dead: Link, held: Held, anchor: Anchor | None) -> None:
        """Put another player in the place of one that crashed."""
        dead.close()
        with self._picture.changing():
            if self._closed or self._link is not held:
                return
            self._news = _REPLACED
            self._start(anchor=anchor)
            for command in held.commands:
                self._link.send(command)

    def _on_end(self) -> None:
        self._picture.set(ended=True, ports=None, anchor=None)
        self._forget_the_last()

    def _forget_the_last(self) -> None:
        """What a player told of itself is true of no other: each tells only what changes."""
        self._picture.set(alone=False, measuring=False, sound=NO_SOUND)
