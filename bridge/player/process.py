"""The player as a process of its own: the thin shell around `Engine`.

    studio --pipe--> lifeline -------+
    MIDI callbacks ------------------+--> one inbox --> the loop (engine) --> ports
    SIGTERM -------------------------+                      |
    studio <--pipe-- lifeline <-----------------------------+

The loop waits for the inbox until the engine wants to be woken; nothing polls or spins, because a spinning
thread would keep the interpreter lock from JACK's process callback. The garbage collector is frozen and off:
nothing in the loop makes cycles. All threads take a low real-time priority where the system grants it.

It ends by `Quit`, by SIGTERM, or some time after the studio has vanished: it plays on alone for a minute (see
`lifeline`), and finishes its four bars then. It is deaf to Ctrl-C and to the terminal's end, which both
processes are told: the studio decides. It writes no log.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import cast

from bridge import realtime
from bridge.errors import GroovebridgeError
from bridge.player.engine import Engine
from bridge.player.intake import Intake
from bridge.player.lifeline import Lifeline, StudioCame, StudioGone
from bridge.player.messages import (
    Alone,
    Command,
    Ended,
    Fault,
    Notice,
    OpenPorts,
    PlayerConfig,
    PortsChanged,
    Priority,
    Quit,
    SetSound,
)
from bridge.player.reopening import Checked, Reopened, Reopener, check
from bridge.player.speaker import SoundTold, Speaker
from bridge.ports import (
    Clock,
    Heard,
    Incoming,
    OthersChanged,
    PeerBack,
    PeerGone,
    PortLost,
    Ports,
    open_ports,
)
from bridge.ports.sender import HostClock

FROM_TERMINAL = tuple(getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name))
_SWITCH_INTERVAL_S = 0.0002  # so that JACK's callback waits this long at most for the interpreter lock
_BURST = 64  # inbox items between two calls of advance, where these take no longer than it may wait
_REPORTS_TIMEOUT_S = 2.0


class _PortsClosed:
    """In the inbox: what arrived before this is of ports that are closed, timed by a clock that is gone."""


_Inbox = SimpleQueue[object]  # Command, Incoming, PortLost, StudioGone, StudioCame, SoundTold or _PortsClosed


def run_player(config: PlayerConfig, pipe: Connection) -> None:
    """Play until told to end. The target of the spawned process; `pipe` carries commands in and reports out.

    Opens the ports first: `PortsOpened`, or a fatal `Fault` and `Ended`.
    """
    inbox: _Inbox = SimpleQueue()
    priority = _settle_in(inbox, config.realtime)
    studio = Lifeline(config, pipe, inbox, on_alone=_let_go_of_terminal)
    player = None
    try:
        player = _Player(config, inbox, studio, priority)
        player.run()
    except GroovebridgeError as error:
        studio.report(Fault(str(error), fatal=True))
    except BaseException:  # a bug: the notes are closed all the same, and its traceback goes to stderr
        studio.report(Fault("The player failed.", fatal=True, crashed=True))
        raise
    finally:
        if player is not None:
            player.end()
        else:
            studio.report(Ended(Engine(PlayerConfig(), studio.report).stats()))
        studio.close(_REPORTS_TIMEOUT_S)


class _Player:
    """The engine with the ports that are open; owned by the main thread."""

    def __init__(self, config: PlayerConfig, inbox: _Inbox, studio: Lifeline, priority: str = "") -> None:
        self._config = config
        self._priority = priority
        self._inbox = inbox
        self._intake = Intake(inbox)
        self._studio = studio
        self._speaker = Speaker(config.sound, studio.report, inbox.put)
        self._engine = Engine(config, studio.report, drums=self._speaker)
        self._ports: Ports | None = None
        self._clock: Clock = HostClock()
        self._stale = 0  # how many _PortsClosed are in the inbox
        self._remembered: OpenPorts | None = None  # what is open, or was until it was lost
        self._asked: OpenPorts | None = None  # what is to be opened if there are such ports
        self._reopener: Reopener | None = None  # while the ports are lost
        self._alone = False
        self._quit = False
        self._opened = False

    def run(self) -> None:
        """Open the ports and play until `Quit` or a wind-down's end. GroovebridgeError: no such ports."""
        gc.collect()  # before JACK calls us back: it would be kept waiting, which is an xrun
        gc.freeze()
        gc.disable()
        self._open(OpenPorts(self._config.api, self._config.out, self._config.inp))
        self._opened = True
        self._tell_priority()
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
            if self._studio.is_over(engine.rolling):
                engine.wind_down()

    def end(self) -> None:
        """Close notes, ports and sound, leave a Link session, write the recording, say `Ended`."""
        self._give_up()
        self._close()
        self._engine.leave()
        self._speaker.close()
        if self._opened and self._config.record is not None:
            try:
                self._engine.recorder.write(self._config.record)
            except GroovebridgeError as error:
                self._studio.report(Fault(str(error)))
        stats = replace(
            self._engine.stats(),
            dropped_reports=self._studio.dropped,
            dropped_input=self._intake.dropped,
            priority=self._priority,
        )
        self._studio.report(Ended(stats))

    def _take(self, item: object) -> None:
        match item:
            case Quit():
                self._quit = True
            case StudioGone():
                self._studio.gone()
            case StudioCame(pipe):
                self._studio.came(pipe)
                self._engine.play_on()
                self._studio.report(Alone(self._alone))
                self._tell_priority()
            case OpenPorts() if self._ports is None:
                self._change(item)
            case OpenPorts():  # what plays plays on until we know that there are such ports
                self._asked = item
                check(item, self._inbox)
            case Checked(wanted, error):
                self._answer(wanted, error)
            case Reopened(by):
                self._take_over(by)
            case _PortsClosed():
                self._stale -= 1
            case Incoming() | PortLost() | PeerGone() | PeerBack() | OthersChanged() | Heard() if self._stale:
                pass
            case Heard(connected):
                self._speaker.heard(connected)
                self._tell_alone(not connected)
            case SoundTold():
                self._speaker.told(item)
            case SetSound(when):
                self._speaker.set(when)
                self._studio.obeyed(item)
            case OthersChanged():
                self._studio.report(PortsChanged())
            case PeerGone(text):
                self._studio.report(Fault(text))
            case PeerBack(text):
                self._studio.report(Notice(text))
            case Incoming() if self._ports is None:  # open again but not yet ours: another clock's time
                pass
            case PortLost() if self._ports is None:  # open again, and lost again before we took them over
                self._reopen()
            case PortLost():
                self._engine.handle(item, self._clock.now_ns())
                self._close()
                self._reopen()
            case Incoming():
                self._engine.handle(item, self._clock.now_ns())
            case _:
                command = cast(Command, item)
                self._engine.handle(command, self._clock.now_ns())
                self._studio.obeyed(command)

    def _open(self, wanted: OpenPorts) -> None:
        """Open ports and play through them. GroovebridgeError: there are none such."""
        self._attach(open_ports(wanted.api, wanted.out, wanted.inp, self._intake, self._config.client_name))

    def _attach(self, ports: Ports) -> None:
        self._ports = ports
        self._clock = ports.clock
        self._remembered = OpenPorts(ports.api, ports.destination, ports.source)
        self._speaker.attach(ports)
        self._engine.attach(ports, self._clock.now_ns())
        self._tell_alone(ports.api == "jack" and ports.destination is None)

    def _tell_priority(self) -> None:
        if self._config.realtime:
            self._studio.report(Priority(self._priority))

    def _tell_alone(self, alone: bool) -> None:
        if alone is not self._alone:
            self._alone = alone
            self._studio.report(Alone(alone))

    def _close(self) -> None:
        """Let go of the ports, if there are any."""
        self._engine.detach(self._clock.now_ns())
        self._speaker.detach()
        if self._ports is not None:
            self._ports.close()
            self._ports = None
            self._clock = HostClock()
            self._stale += 1
            self._inbox.put(_PortsClosed())
            gc.collect()  # what they leave behind; there is no beat now that this could hold up

    def _answer(self, wanted: OpenPorts, error: str | None) -> None:
        """We know whether there are such ports."""
        if wanted is not self._asked:  # others were asked for meanwhile
            return
        self._asked = None
        if error is None:
            self._change(wanted)
        else:
            self._studio.report(Fault(error))
            self._engine.tell_ports()

    def _change(self, wanted: OpenPorts) -> None:
        """Open these ports in place of what is open; where that fails, what was open comes back."""
        self._give_up()
        before = self._remembered
        self._close()
        try:
            self._open(wanted)
        except GroovebridgeError as error:
            self._remembered = before
            self._studio.report(Fault(str(error), ports_lost=True))
            self._reopen()
        else:
            self._studio.obeyed(wanted)

    def _reopen(self) -> None:
        """Look for what was open until it is there again."""
        wanted, name = self._remembered, self._config.client_name
        if wanted is None:
            return

        def open_them() -> Ports:
            return open_ports(wanted.api, wanted.out, wanted.inp, self._intake, name, patient=True)

        self._give_up()
        self._reopener = Reopener(open_them, self._inbox)

    def _give_up(self) -> None:
        """Look for lost ports no more."""
        self._asked = None
        if self._reopener is not None:
            self._reopener.give_up()
            self._reopener = None

    def _take_over(self, by: Reopener) -> None:
        """Lost ports are open again."""
        ports = by.take()
        if ports is None:  # we gave up meanwhile
            return
        self._reopener = None
        self._attach(ports)
        self._studio.report(Notice(f"The MIDI port {ports.out.name} is back."))


def _let_go_of_terminal() -> None:
    """Hold on to no terminal or pipe of a studio that has died: whoever reads it would wait for us.

    multiprocessing's resource tracker has it too, and lives as long as we hold the pipe to it.
    """
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        tracker = None if sys.platform == "win32" else resource_tracker.getfd()
        if tracker is not None:
            os.dup2(nowhere, tracker)
        os.close(nowhere)


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
