"""The MIDI ports that one can choose from, and those that were chosen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from PyQt6.QtCore import QObject, pyqtSignal

from bridge.ports.base import PortNames
from gui.models.worker import Worker, sentence

Open = Callable[[str, str | None, str | None], bool]


class PortModel(QObject):
    """Lists the ports of other programs in the background, and has the chosen ones opened.

    `changed` tells of a new list or choice, `failed` a sentence when the list cannot be had. Qt thread only.
    """

    changed = pyqtSignal()
    failed = pyqtSignal(str)

    def __init__(
        self,
        worker: Worker,
        list_ports: Callable[[str], PortNames],
        open_ports: Open,
        preferred: Callable[[], str],
    ) -> None:
        """Use `list_ports(api)` to list, `open_ports(api, out, inp)` to open; it says whether the studio took
        it. `preferred` gives the MIDI system to use; "auto": the best that answers.
        """
        super().__init__()
        self._worker = worker
        self._list_ports = list_ports
        self._open_ports = open_ports
        self._preferred = preferred
        self._names: PortNames | None = None
        self._looking = False
        self._quiet = False
        self._outdated = False  # ports have changed since the answer that is on its way was asked for
        self._out: str | None = None
        self._inp: str | None = None

    @property
    def names(self) -> PortNames | None:
        """The ports of other programs when last asked; None before the first answer."""
        return self._names

    @property
    def out(self) -> str | None:
        """The output that was chosen; None is our own virtual port."""
        return self._out

    @property
    def inp(self) -> str | None:
        """The input that was chosen; None is our own virtual port."""
        return self._inp

    def look(self, quiet: bool = False) -> None:
        """Ask again which ports there are. `quiet`: nobody waits for the answer, or whoever opens ports tells
        the same, so a failure is not told.
        """
        self._outdated = self._looking
        if not self._looking:
            self._looking, self._quiet = True, quiet
            self._worker.run(partial(self._list_ports, self._preferred()), self._on_listed)

    def show_opened(self, out: str | None, inp: str | None) -> None:
        """These are open, whatever was chosen: a choice may have been refused."""
        if (out, inp) != (self._out, self._inp):
            self._out, self._inp = out, inp
            self.changed.emit()

    def choose_output(self, name: str | None) -> None:
        """Send to this port."""
        self._open(name, self._inp, self._listed_api)

    def choose_input(self, name: str | None) -> None:
        """Listen to this port."""
        self._open(self._out, name, self._listed_api)

    def change_api(self) -> None:
        """Another MIDI system is preferred now: use it, with virtual ports of our own, since the ports of
        others are not the same there.
        """
        self.look(quiet=True)
        self._open(None, None, self._preferred())

    def reopen(self) -> None:
        """Try what was chosen again, through the API that is preferred; "auto": whichever works now."""
        self.look(quiet=True)
        self._open(self._out, self._inp, self._preferred())

    @property
    def _listed_api(self) -> str:
        """The API whose port names are on offer."""
        return self._preferred() if self._names is None or self._names.api == "none" else self._names.api

    def _open(self, out: str | None, inp: str | None, api: str) -> None:
        if self._open_ports(api, out, inp):
            self._out, self._inp = out, inp
        self.changed.emit()

    def _on_listed(self, done: Future[PortNames]) -> None:
        self._looking = False
        error = done.exception()
        if error is not None and not self._quiet:
            self.failed.emit(sentence(error, "The MIDI ports could not be listed"))
        if error is None:
            self._names = done.result()
        self.changed.emit()
        if self._outdated:
            self.look(self._quiet)
