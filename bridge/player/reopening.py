"""What may take long about ports, and so happens beside the player's loop: finding them, opening them anew.

A MIDI server that stands still does not answer, and its library asks without a time limit. So each question
is asked in a thread of its own, and its answer comes through the inbox like everything else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import GroovebridgeError
from bridge.player.messages import OpenPorts
from bridge.ports import Inbox, PeerGone, Ports, check_ports
from bridge.realtime import follow

RETRY_S = 1.0
"""How often lost ports are looked for."""

_BROKEN = "Opening the ports broke ({error}). Please report it."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """In the inbox: whether there are such ports; `error` is the sentence that says what is missing."""

    wanted: OpenPorts
    error: str | None


def check(wanted: OpenPorts, inbox: Inbox) -> None:
    """Ask whether these ports can be opened, and put the answer into the inbox. Returns at once."""

    def ask() -> None:
        follow()
        try:
            check_ports(wanted.api, wanted.out, wanted.inp)
        except GroovebridgeError as error:
            inbox.put(Checked(wanted, str(error)))
        except Exception as error:  # whoever asked waits for an answer
            inbox.put(Checked(wanted, _broken(error)))
        else:
            inbox.put(Checked(wanted, None))

    threading.Thread(target=ask, name="player-check-ports", daemon=True).start()


@dataclass(frozen=True, slots=True)
class Reopened:
    """In the inbox: lost ports are open again, for whoever asked `by`. Take them with `by.take`."""

    by: Reopener


class Reopener:
    """Tries to open lost ports once a second, in a thread, until it has them or is told to give up.

    `open_them` raises GroovebridgeError while they are not to be had; anything else that it raises is told
    once, and it is tried again all the same. All methods are for the player's thread and never block.
    """

    def __init__(self, open_them: Callable[[], Ports], inbox: Inbox) -> None:
        self._open = open_them
        self._inbox = inbox
        self._lock = threading.Lock()
        self._given_up = threading.Event()
        self._found: Ports | None = None
        threading.Thread(target=self._run, name="player-reopen", daemon=True).start()

    def take(self) -> Ports | None:
        """The open ports, once; None after `give_up`, or while there are none."""
        with self._lock:
            found, self._found = self._found, None
            return found

    def give_up(self) -> None:
        """Look no more; ports that were found and not taken are closed."""
        self._given_up.set()
        if (found := self.take()) is not None:
            found.close()

    def _run(self) -> None:
        follow()
        told = False
        while not self._given_up.wait(RETRY_S):
            try:
                found = self._open()
            except GroovebridgeError:
                continue
            except Exception as error:  # without this thread they would never be found
                if not told:
                    told = True
                    self._inbox.put(PeerGone(f"{_broken(error)} It is tried again by itself."))
                continue
            with self._lock:
                if not self._given_up.is_set():
                    self._found = found
                    self._inbox.put(Reopened(self))
                    return
            found.close()


def _broken(error: Exception) -> str:
    log.exception("the ports could not be opened")
    return _BROKEN.format(error=f"{type(error).__name__}: {error}")
