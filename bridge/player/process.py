"""The player as a process of its own: the thin shell around `Engine`.

    studio --pipe--> reader thread --+
    MIDI callbacks ------------------+--> one inbox --> the loop (engine) --> ports
    SIGTERM -------------------------+                      |
    studio <--pipe-- writer thread <------ outbox <---------+

The loop waits for the inbox until the engine wants to be woken; nothing polls or spins, because a spinning
thread would keep the interpreter lock from JACK's process callback. The garbage collector is frozen and off:
nothing in the loop makes cycles. All threads take a low real-time priority where the system grants it.

It ends by `Quit`, by SIGTERM, or when the studio vanishes (end of file on the pipe): then it finishes its
four bars first. It is deaf to Ctrl-C and to the terminal's end, which both processes are told: the studio
decides. It writes no log.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import cast

from bridge import realtime
from bridge.errors import GroovebridgeError
from bridge.player.engine import Engine
from bridge.player.messages import Command, Ended, Fault, OpenPorts, PlayerConfig, Quit
from bridge.player.outbox import Outbox
from bridge.ports import Clock, Incoming, PortLost, Ports, open_ports
from bridge.ports.sender import HostClock

FROM_TERMINAL = tuple(getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name))
_SWITCH_INTERVAL_S = 0.0002  # so that JACK's callback waits this long at most for the interpreter lock
_BURST = 64  # inbox items between two calls of advance, where these take no longer than it may wait
_REPORTS_TIMEOUT_S = 2.0


class _StudioGone:
    """In the inbox: nobody is at the other end of the pipe any more."""


class _PortsClosed:
    """In the inbox: what arrived before this is of ports that are closed, timed by a clock that is gone."""


_Inbox = SimpleQueue[object]  # Command, Incoming, PortLost, _StudioGone or _PortsClosed


def run_player(config: PlayerConfig, pipe: Connection) -> None:
    """Play until told to end. The target of the spawned process; `pipe` carries commands in and reports out.

    Opens the ports first: `PortsOpened`, or a fatal `Fault` and `Ended`.
    """
    inbox: _Inbox = SimpleQueue()
    priority = _settle_in(inbox, config.realtime)
    outbox = Outbox(pipe.send)
    threading.Thread(target=_read, args=(pipe, inbox), name="player-commands", daemon=True).start()
    player = None
    try:
        player = _Player(config, inbox, outbox, priority)
        player.run()
    except GroovebridgeError as error:
        outbox.put(Fault(str(error), fatal=True))
    except BaseException:  # a bug: the notes are closed all the same, and its traceback goes to stderr
        outbox.put(Fault("The player failed. Try again to start a new one.", fatal=True))
        raise
    finally:
        if player is not None:
            player.end()
        else:
            outbox.put(Ended(Engine(PlayerConfig(), outbox.put).stats()))
        outbox.close(_REPORTS_TIMEOUT_S)


class _Player:
    """The engine with the ports that are open; owned by the main thread."""

    def __init__(self, config: PlayerConfig, inbox: _Inbox, outbox: Outbox, priority: str = "") -> None:
        self._config = config
        self._priority = priority
        self._inbox = inbox
        self._outbox = outbox
        self._engine = Engine(config, outbox.put)
        self._ports: Ports | None = None
        self._clock: Clock = HostClock()
        self._stale = 0  # how many _PortsClosed are in the inbox
        self._quit = False
        self._opened = False

    def run(self) -> None:
        """Open the ports and play until `Quit` or a wind-down's end. GroovebridgeError: no such ports."""
        self._open(OpenPorts(self._config.api, self._config.out, self._config.inp), resume=False)
        self._opened = True
        gc.collect()
        gc.freeze()
        gc.disable()
        engine, inbox = self._engine, self._inbox
        wake_ns = self._clock.now_ns()
        while not self._quit and not engine.done:
            with contextlib.suppress(Empty):
                item = inbox.get(timeout=max(0, wake_ns - self._clock.now_ns()) / 1e9)
                self._take(item)
                for _ in range(_BURST):
                    if self._clock.now_ns() >= wake_ns:
                        break
                    self._take(inbox.get_nowait())
            wake_ns = engine.advance(self._clock.now_ns())

    def end(self) -> None:
        """Close notes and ports, write the recording, say `Ended`."""
        self._close()
        if self._opened and self._config.record is not None:
            try:
                self._engine.recorder.write(self._config.record)
            except GroovebridgeError as error:
                self._outbox.put(Fault(str(error)))
        stats = self._engine.stats()
        self._outbox.put(Ended(replace(stats, dropped_reports=self._outbox.dropped, priority=self._priority)))

    def _take(self, item: object) -> None:
        match item:
            case Quit():
                self._quit = True
            case _StudioGone():
                self._engine.wind_down()
            case OpenPorts():
                resume = self._close()
                try:
                    self._open(item, resume)
                except GroovebridgeError as error:
                    self._outbox.put(Fault(str(error), ports_lost=True))
            case _PortsClosed():
                self._stale -= 1
            case Incoming() | PortLost() if self._stale:
                pass
            case PortLost():
                self._engine.handle(item, self._clock.now_ns())
                self._close()
            case _:
                self._engine.handle(cast(Command | Incoming, item), self._clock.now_ns())

    def _open(self, wanted: OpenPorts, resume: bool) -> None:
        ports = open_ports(wanted.api, wanted.out, wanted.inp, self._inbox, self._config.client_name)
        self._ports = ports
        self._clock = ports.clock
        self._engine.attach(ports, self._clock.now_ns(), resume)

    def _close(self) -> bool:
        """Let go of the ports, if there are any; says whether our clock was rolling."""
        rolling = self._engine.detach(self._clock.now_ns())
        if self._ports is not None:
            self._ports.close()
            self._ports = None
            self._clock = HostClock()
            self._stale += 1
            self._inbox.put(_PortsClosed())
        return rolling


def _read(pipe: Connection, inbox: _Inbox) -> None:
    """Pass commands on until the studio closes its end."""
    realtime.follow()
    while True:
        try:
            inbox.put(pipe.recv())
        except (EOFError, OSError):
            inbox.put(_StudioGone())
            return


def _settle_in(inbox: _Inbox, wants_priority: bool) -> str:
    """Signals, switch interval and priority of this process; returns how priority was granted, or "".

    Called first: threads that libraries start inherit what the system lets them inherit.
    """
    for number in FROM_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # the link held them back until we could ignore them
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FROM_TERMINAL)
    signal.signal(signal.SIGTERM, lambda _number, _frame: inbox.put(Quit()))
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    return realtime.enter() if wants_priority else ""
